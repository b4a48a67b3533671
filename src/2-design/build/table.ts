/** Builds a routing table: its tiers, and how experts are assigned to token ids. */
import { tableWords } from "../../words/table.js";
import type { Table, Tier } from "../design.js";
import type { Declaration } from "../read/declarations.js";
import { defaultSetting, find, type Reading, readLines, requireLines } from "../read/lines.js";
import type { Thunk } from "../read/names.js";
import { complain } from "../read/report.js";
import { noteDefault } from "../read/session.js";
import { type Args, type File, localNames, num, optionalNum, refer, str } from "./file.js";

/** Builds a table; `expertsOf` gives the E of a mixture for expressions. */
export function buildTable(declaration: Declaration, expertsOf: (mixture: string) => number, file: File): Table {
  const { session } = file;
  const name = declaration.name.text;
  const of = mixtureOf(declaration);
  const extra = new Map<string, Thunk>([["E", () => expertsOf(of)]]);
  const names = localNames(declaration, [], extra, file.names, file);
  const readings = readLines(declaration.lines, tableWords, name, names, session);
  requireLines(readings, tableWords, name, declaration.phrase.span, declaration.name.span, session);
  const args = (line: string): Args => find(readings, line)?.args ?? {};
  if (!find(readings, "key")) defaultSetting(tableWords, "key", name, session, names);
  checkValue(find(readings, "value"), file);
  const tiers = readings.filter((reading) => reading.name === "tier").map((reading) => buildTier(reading, file));
  const counts = countsOf(args("counts"), find(readings, "counts"), file);
  return {
    name,
    key: "token_id",
    of,
    tiers,
    assign: assignOf(find(readings, "assign"), name, file),
    ...(counts && { counts }),
  };
}

/** The mixture in `value = subset(of: Mixture.experts)`, read ahead because the other lines may use its E. */
function mixtureOf({ lines }: Declaration): string {
  const entry = lines.find((line) => line.entry.name.text === "value")?.entry;
  const value = entry?.kind === "assign" && entry.value.kind === "ref" ? entry.value.args?.[0]?.value : undefined;
  return value?.kind === "ref" ? (value.path[0]?.text ?? "") : "";
}

function checkValue(reading: Reading | undefined, file: File): void {
  if (!reading?.sound) return;
  const { session } = file;
  const site = session.sites.get(`${reading.path}.of`);
  const path = str(reading.args.of);
  const [mixture = "", last, more] = path.split(".");
  if (last !== "experts" || more !== undefined) {
    complain(
      session.report,
      "MOE2006",
      { what: "of", expected: "the experts of a mixture, e.g. `Mixture.experts`", found: `\`${path}\`` },
      site,
      {
        help:
          site && file.declarations.get(mixture)?.kind === "moe"
            ? [{ text: `write \`${mixture}.experts\``, fix: { ...site, text: `${mixture}.experts` } }]
            : [],
      },
    );
    session.report.damaged.add(reading.path);
  } else if (!refer(mixture, ["moe"], site, file)) session.report.damaged.add(reading.path);
}

function buildTier({ args, path, line, reader }: Reading, { session }: File): Tier {
  const coverage = optionalNum(args.coverage);
  const name = str(args.tier);
  const both = coverage !== undefined && args.otherwise === true;
  const neither = coverage === undefined && args.otherwise !== true && !session.report.damaged.has(path);
  if (both || neither) {
    const found = both ? "both" : "`sees`";
    const expected = "`when (coverage <= …)` or `otherwise`";
    complain(
      session.report,
      "MOE2019",
      { word: name, expected, found },
      { source: reader.source, span: line.entry.span },
    );
    session.report.damaged.add(path);
  }
  return { name, coverage: args.otherwise === true ? undefined : coverage, sees: num(args.sees) };
}

function countsOf(args: Args, reading: Reading | undefined, file: File): Table["counts"] {
  if (!reading?.sound) return undefined;
  if (args.counts === "file") return { kind: "file", path: str(args.counts_file) };
  const site = file.session.sites.get(`${reading.path}.run`);
  return refer(str(args.run), ["train"], site, file) ? { kind: "from", train: str(args.run) } : undefined;
}

function assignOf(reading: Reading | undefined, table: string, { session }: File): Table["assign"] {
  if (!reading) {
    noteDefault(session, `${table}.assign`, "random(seed: 0)", "uniform drawing favours no expert");
    return { kind: "random", seed: 0, perLayer: false };
  }
  const { args } = reading;
  const perLayer = args.per_layer === true;
  if (args.assign === "file") return { kind: "file", path: str(args.path) };
  const seed = num(args.seed);
  if (args.balanced === true || args.assign === "balanced") return { kind: "balanced", seed, perLayer };
  return { kind: args.assign === "hash" ? "hash" : "random", seed, perLayer };
}
