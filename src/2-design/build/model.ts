/** Builds the model: sizes, number formats, the stack of layers. */
import { modelWords } from "../../words/model.js";
import type { Model, Precision } from "../design.js";
import type { Declaration, SourcedLine } from "../read/declarations.js";
import { find, type Reading, readLines, requireLines } from "../read/lines.js";
import type { Names } from "../read/names.js";
import { complain } from "../read/report.js";
import { noteDefault, type Reader, type Session } from "../read/session.js";
import { type Args, type File, normOf, num, refer, str } from "./file.js";

/** More layers than anybody trains; a cap against accidents. */
export const MAX_LAYERS = 10_000;

/** Builds the model from its lines; numbers that could not be read are NaN. */
export function buildModel(declaration: Declaration, names: Names, file: File): Model {
  const { session } = file;
  const name = declaration.name.text;
  const bare: SourcedLine[] = [];
  const readings = readLines(declaration.lines, modelWords, name, names, session, (line, reader) =>
    isLayer(line, reader, file, bare),
  );
  requireLines(readings, modelWords, name, declaration.phrase.span, declaration.name.span, session);
  const args = (line: string): Args => find(readings, line)?.args ?? {};
  noteDefaults(readings, name, session);
  return {
    name,
    vocab: num(args("vocab").vocab),
    context: num(args("context").context),
    dModel: num(args("d_model").d_model),
    dtype: precision(args("dtype")),
    embed: { tied: args("embed").tied === true, positions: args("embed").positions === "learned" ? "learned" : "none" },
    stack: stackOf(declaration, readings, bare, file),
    norm: normOf(args("norm")),
    head: { bias: args("head").bias === true },
  };
}

/** A line that is only the name of a block is one layer. */
function isLayer(line: SourcedLine, reader: Reader, file: File, bare: SourcedLine[]): boolean {
  const { entry } = line;
  if (entry.kind !== "phrase" || entry.atoms.length > 0 || entry.block) return false;
  // a word that nobody declared is more likely a misspelt word of `model`
  if (!file.declarations.has(entry.name.text)) return false;
  const site = { source: reader.source, span: entry.name.span };
  if (refer(entry.name.text, ["block"], site, file)) bare.push(line);
  return true;
}

function stackOf(
  declaration: Declaration,
  readings: readonly Reading[],
  bare: readonly SourcedLine[],
  file: File,
): Model["stack"] {
  const runs: { count: number; block: string }[] = [];
  for (const line of declaration.lines) {
    const repeat = readings.find((reading) => reading.line === line && reading.name === "repeat");
    if (repeat) runs.push(...repeatRun(repeat, file));
    else if (bare.includes(line)) runs.push({ count: 1, block: line.entry.name.text });
  }
  const { session } = file;
  const path = declaration.name.text;
  if (
    runs.length === 0 &&
    ![...session.report.damaged].some((damaged) => damaged.startsWith(`${path}.repeat`) || damaged === `${path}.*`)
  ) {
    const site = { source: session.source, span: declaration.name.span };
    complain(session.report, "MOE2005", { name: "repeat", where: `model \`${path}\`` }, site, {
      help: ["add a line like `repeat 6 of Layer`"],
    });
  }
  return merged(runs);
}

function repeatRun({ args, path, sound }: Reading, file: File): { count: number; block: string }[] {
  const { session } = file;
  const count = num(args.count);
  const site = session.sites.get(`${path}.count`);
  if (count > MAX_LAYERS) {
    complain(session.report, "MOE4012", { count, limit: MAX_LAYERS }, site);
    session.report.damaged.add(path);
  }
  const block = refer(str(args.block), ["block"], session.sites.get(`${path}.block`), file);
  if (!block) session.report.damaged.add(path);
  return sound && block && count <= MAX_LAYERS ? [{ count, block: block.name.text }] : [];
}

/** Neighbours of the same block become one run, so that `Layer` twice and `repeat 2 of Layer` are one design. */
function merged(runs: readonly { count: number; block: string }[]): Model["stack"] {
  const out: { count: number; block: string }[] = [];
  for (const run of runs) {
    const last = out.at(-1);
    if (last?.block === run.block) last.count += run.count;
    else out.push({ ...run });
  }
  return out;
}

function precision(args: Args): Precision {
  if (args.dtype === "bf16") return { params: "bf16", compute: "bf16", router: "f32" };
  const format = (value: unknown) => (value === "bf16" || value === "f16" ? value : "f32");
  return { params: format(args.params), compute: format(args.compute), router: format(args.router) as "f32" };
}

function noteDefaults(readings: readonly Reading[], name: string, session: Session): void {
  if (!find(readings, "dtype")) {
    noteDefault(
      session,
      `${name}.dtype`,
      "mixed(params: f32, compute: f32, router: f32)",
      "exact unless speed is asked for",
    );
  }
  if (!find(readings, "norm")) noteDefault(session, `${name}.norm`, "rms(eps: 1e-5)", "as in Llama");
}
