/** Builds the model: sizes, number formats, the stack of layers. */
import { modelWords } from "../../words/model.js";
import type { Model, Precision } from "../design.js";
import { joinedRuns } from "../layers.js";
import type { Declaration, SourcedLine } from "../read/declarations.js";
import { find, type Reading, readLines, requireLines } from "../read/lines.js";
import type { Names } from "../read/names.js";
import { complain, type Site } from "../read/report.js";
import { noteDefault, type Reader, type Session } from "../read/session.js";
import { type Args, type File, normOf, num, refer, str, strs } from "./file.js";

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
    ...(find(readings, "init")?.sound && { merge: strs(args("init").checkpoints) }),
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

type Run = Model["stack"][number];

function stackOf(
  declaration: Declaration,
  readings: readonly Reading[],
  bare: readonly SourcedLine[],
  file: File,
): Model["stack"] {
  const runs: Run[] = [];
  for (const line of declaration.lines) {
    const repeat = readings.find((reading) => reading.line === line && reading.name === "repeat");
    if (repeat) runs.push(...repeatRuns(repeat, file));
    else if (bare.includes(line)) runs.push({ count: 1, block: line.entry.name.text });
  }
  const path = declaration.name.text;
  const damaged = [...file.session.report.damaged].some(
    (each) => each.startsWith(`${path}.repeat`) || each === `${path}.*`,
  );
  if (runs.length === 0 && !damaged) missingStack(declaration, file.session);
  const placed = placedBlocks(
    readings.filter(({ name }) => name === "layers"),
    damaged || runs.length === 0 ? undefined : runs.reduce((sum, { count }) => sum + count, 0),
    file,
  );
  return joinedRuns(placed.size === 0 ? runs : withPlaced(runs, placed));
}

function missingStack({ name }: Declaration, { source, report }: Session): void {
  complain(
    report,
    "MOE2005",
    { name: "repeat", where: `model \`${name.text}\`` },
    { source, span: name.span },
    { help: ["add a line like `repeat 6 of Layer`"] },
  );
}

/** `repeat n of [A, B]` is the list n times: A, B, A, B, … */
function repeatRuns({ args, path, sound }: Reading, file: File): readonly Run[] {
  const { session } = file;
  const count = num(args.count);
  const names = strs(args.block);
  const layers = count * names.length;
  if (layers > MAX_LAYERS) {
    complain(session.report, "MOE4012", { count, layers, limit: MAX_LAYERS }, session.sites.get(`${path}.count`));
    session.report.damaged.add(path);
  }
  const whole = session.sites.get(`${path}.block`);
  const blocks = names.flatMap((name, i) => {
    return refer(name, ["block"], session.sites.get(`${path}.block[${i}]`) ?? whole, file)?.name.text ?? [];
  });
  if (blocks.length < names.length) session.report.damaged.add(path);
  if (!sound || blocks.length < names.length || layers > MAX_LAYERS) return [];
  const once = blocks.map((block): Run => ({ count: 1, block }));
  return once.length === 1 ? [{ ...once[0]!, count }] : Array.from({ length: count }, () => once).flat();
}

/** The blocks of `layers […] of Name` lines by layer; numbers are checked where the number of layers is known. */
function placedBlocks(
  readings: readonly Reading[],
  layers: number | undefined,
  file: File,
): ReadonlyMap<number, string> {
  const placed = new Map<number, string>();
  const sites = new Map<number, Site | undefined>();
  for (const { args, path, sound } of readings) {
    const block = refer(str(args.block), ["block"], file.session.sites.get(`${path}.block`), file);
    if (!sound || !block || !Array.isArray(args.numbers)) continue;
    args.numbers.map(Number).forEach((layer, i) => {
      const site = file.session.sites.get(`${path}.numbers[${i}]`) ?? file.session.sites.get(`${path}.numbers`);
      if (!isLayerNumber(layer, layers, site, file.session)) return;
      if (sites.has(layer)) placedTwice(layer, site, sites.get(layer), file.session);
      sites.set(layer, site);
      placed.set(layer, block.name.text);
    });
  }
  return placed;
}

function isLayerNumber(layer: number, layers: number | undefined, site: Site | undefined, session: Session): boolean {
  // an earlier mistake in the number, or in the stack
  if (Number.isNaN(layer) || layers === undefined) return false;
  if (!Number.isInteger(layer)) complain(session.report, "MOE4009", { what: "layers", value: layer }, site);
  else if (layer < 0 || layer >= layers) complain(session.report, "MOE4022", { layer, layers }, site);
  else return true;
  return false;
}

function placedTwice(layer: number, site: Site | undefined, first: Site | undefined, { report }: Session): void {
  const secondary = first ? [{ ...first, text: "first given here" }] : [];
  complain(report, "MOE2004", { name: `layer ${layer}`, where: "`layers`" }, site, { secondary });
}

function withPlaced(runs: readonly Run[], placed: ReadonlyMap<number, string>): readonly Run[] {
  const blocks = runs.flatMap(({ count, block }) => Array.from({ length: count }, () => block));
  return blocks.map((block, layer) => ({ count: 1, block: placed.get(layer) ?? block }));
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
