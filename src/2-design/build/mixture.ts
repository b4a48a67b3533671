/** Builds a mixture: what is routed, its experts, and its router. */

import { vocabularies } from "../../words/index.js";
import { moeWords } from "../../words/moe.js";
import type { ExpertGroup, Mixture, SharedGroup, Unit } from "../design.js";
import { childrenOf, type Declaration, mergeLines, type SourcedLine } from "../read/declarations.js";
import { evaluate } from "../read/evaluate.js";
import { find, type Reading, readerOf, readLines, requireLines } from "../read/lines.js";
import type { Names, Thunk } from "../read/names.js";
import { complain, touchesBroken, trustsAbsence } from "../read/report.js";
import { noteDefault, noteDerived } from "../read/session.js";
import { type Args, type File, ffnOf, initsOf, localNames, num, optionalNum, refer, str } from "./file.js";
import { buildRouter } from "./router.js";

/** Builds a mixture; numbers that could not be read are NaN, and the width is 0 in files without a model. */
export function buildMixture(declaration: Declaration, file: File): Mixture {
  const { session } = file;
  const name = declaration.name.text;
  const routerLines = declaration.lines.filter(isRouter);
  const others = declaration.lines.filter((line) => !isRouter(line));
  const router = routerOf(routerLines, name, file);
  const names = mixtureNames(declaration, router ?? [], file);
  const readings = readLines(others, moeWords, name, names, session);
  const seen = routerLines.length > 0 ? [...readings, { ...readings[0]!, name: "router" }] : readings;
  requireExperts(readings, declaration, file);
  requireLines(seen, moeWords, name, declaration.phrase.span, declaration.name.span, session);
  const unit = unitOf(find(readings, "unit"));
  if (!find(readings, "unit")) noteDefault(session, `${name}.unit`, "token", "what most designs route");
  const experts = readings.filter((reading) => reading.name === "experts").map((reading) => group(reading, file));
  return {
    name,
    unit,
    width: widthOf(unit, name, file),
    latent: optionalNum(find(readings, "latent")?.args.latent),
    experts,
    expertCount: experts.length === 0 ? Number.NaN : experts.reduce((sum, { count }) => sum + count, 0),
    shared: readings.filter((reading) => reading.name === "shared").map((reading) => shared(reading, file)),
    ...adjugateOf(find(readings, "adjugate"), file),
    router: buildRouter(
      router ?? [],
      { name, path: `${name}.router`, unit, names, at: declaration.name.span, complete: router !== undefined },
      file,
    ),
    init: initsOf(readings),
  };
}

function requireExperts(readings: readonly Reading[], { name, phrase }: Declaration, { session }: File): void {
  const { report, source } = session;
  if (find(readings, "experts") || !trustsAbsence(report, name.text, "experts") || touchesBroken(report, phrase.span))
    return;
  report.damaged.add(`${name.text}.experts`);
  const help = ["add a line like `experts 16 of swiglu(hidden: 512)`"];
  complain(report, "MOE3019", { moe: name.text }, { source, span: name.span }, { help });
}

/** E of a mixture, for lines that use it: only the numbers of its `experts` lines are looked at. */
export function expertsOf(declaration: Declaration, names: () => Names, file: File): number {
  const { session } = file;
  const lines = declaration.lines.filter(({ entry }) => entry.kind === "phrase" && entry.name.text === "experts");
  if (lines.length === 0) return Number.NaN;
  return lines.reduce((sum, line, i) => {
    const path = `${declaration.name.text}.experts${i === 0 ? "" : `[${i}]`}.count`;
    const set = session.overrides.expression(path);
    const reader = readerOf(set ? { ...line, source: set.source } : line, names(), session);
    const expr = set?.expr ?? (line.entry.kind === "phrase" ? line.entry.atoms[0] : undefined);
    return (
      sum + (expr && expr.kind !== "string" && expr.kind !== "list" ? evaluate(expr, "experts", reader) : Number.NaN)
    );
  }, 0);
}

function mixtureNames(declaration: Declaration, router: readonly SourcedLine[], file: File): Names {
  // letters may be used in any line, and the numbers behind them may use other names of the same scope
  const k = () => selectedOf(router, () => scope, declaration.name.text, file);
  // an E in the number of experts is another one: a `let` of the file
  const outer = localNames(declaration, [], new Map([["k", k]]), file.names, file);
  const here = new Map<string, Thunk>([
    ["E", () => expertsOf(declaration, () => outer, file)],
    ["k", k],
  ]);
  const scope: Names = localNames(declaration, [], here, file.names, file);
  return scope;
}

/** k of `select top(k)`; NaN for rules without a fixed number. */
export function selectedOf(router: readonly SourcedLine[], names: () => Names, owner: string, file: File): number {
  const line = router.find(({ entry }) => entry.kind === "phrase" && entry.name.text === "select");
  const set = file.session.overrides.expression(`${owner}.router.select.k`);
  if (set && line) return evaluate(set.expr, "k", readerOf({ ...line, source: set.source }, names(), file.session));
  const rule = line?.entry.kind === "phrase" ? line.entry.atoms[0] : undefined;
  const arg = rule?.kind === "ref" && rule.path[0]?.text === "top" ? rule.args?.[0]?.value : undefined;
  if (!line || !arg || (arg.kind === "number" && arg.percent) || (arg.kind === "ref" && arg.args)) return Number.NaN;
  return evaluate(arg, "k", readerOf(line, names(), file.session));
}

function isRouter({ entry }: SourcedLine): boolean {
  return entry.kind === "phrase" && entry.name.text === "router";
}

/** The lines of the router, with those of another router underneath if it is made from one; undefined if unknown. */
function routerOf(lines: readonly SourcedLine[], owner: string, file: File): readonly SourcedLine[] | undefined {
  const { session } = file;
  const [line, second] = lines;
  if (line?.entry.kind !== "phrase") return undefined;
  if (second) {
    const secondary = [{ source: line.source, span: line.entry.name.span, text: "first given here" }];
    const site = { source: second.source, span: second.entry.name.span };
    complain(session.report, "MOE2004", { name: "router", where: vocabularies.moe.a }, site, { secondary });
  }
  const own = childrenOf(line);
  const atoms = line.entry.atoms;
  if (atoms.length === 0) {
    if (line.entry.block) return own;
    complain(session.report, "MOE2017", { word: "router" }, { source: line.source, span: line.entry.span });
    return undefined;
  }
  const words = atoms.map((atom) =>
    atom.kind === "ref" && !atom.args && !atom.index && atom.path.length === 1 ? atom.path[0]! : undefined,
  );
  const name = words[0]?.text === "from" ? words[1] : words[0];
  const extra = words[0]?.text === "from" ? atoms[2] : atoms[1];
  if (!name || extra) {
    const site = { source: line.source, span: extra?.span ?? line.entry.span };
    complain(
      session.report,
      "MOE2019",
      { word: "router", expected: "a block, or the name of a router", found: "that" },
      site,
    );
    return undefined;
  }
  const parent = refer(name.text, ["router"], { source: line.source, span: name.span }, file);
  if (!parent) {
    session.report.damaged.add(`${owner}.router.*`);
    return undefined;
  }
  // what its own parent would have given is not known
  if (session.report.damaged.has(`${parent.name.text}.*`)) session.report.damaged.add(`${owner}.router.*`);
  return mergeLines(
    parent.lines.map((each) => ({ ...each, inherited: true })),
    own,
    "router",
  );
}

function unitOf(reading: Reading | undefined): Unit {
  const args: Args = reading?.args ?? {};
  const reads = args.reads === "first" ? "first" : "mean";
  if (args.unit === "sequence") return { kind: "sequence", reads };
  if (args.unit === "chunk") return { kind: "chunk", size: num(args.size), reads };
  if (args.unit !== "subtoken") return { kind: "token" };
  const projection = (value: unknown) => (value === "identity" ? "identity" : "linear");
  return {
    kind: "subtoken",
    heads: num(args.heads),
    split: projection(args.split),
    merge: projection(args.merge),
    residualInside: args.residual === "inside",
  };
}

function widthOf(unit: Unit, name: string, { names, session, model }: File): number {
  const width = model ? names.lookup("d_model") : undefined;
  if (width === undefined) return 0;
  if (unit.kind !== "subtoken") return width;
  noteDerived(session, `${name}.width`, String(width / unit.heads), `d_model / heads = ${width} / ${unit.heads}`);
  return width / unit.heads;
}

function group(reading: Reading, file: File): ExpertGroup {
  checkPart(reading, file);
  const slots = reading.args.slots === undefined ? {} : { slots: num(reading.args.slots) };
  return { count: num(reading.args.count), ffn: ffnOf(reading.args), ...slots };
}

function shared(reading: Reading, file: File): SharedGroup {
  checkPart(reading, file);
  return { count: num(reading.args.count), ffn: ffnOf(reading.args), gated: reading.args.gated === true };
}

function adjugateOf(reading: Reading | undefined, file: File): Pick<Mixture, "adjugate"> {
  if (!reading) return {};
  checkPart(reading, file);
  const { count, scaled } = reading.args;
  return { adjugate: { count: num(count), ffn: ffnOf(reading.args), scaled: num(scaled) } };
}

/** Files without a model are libraries of mixtures: the parts their experts name may live elsewhere. */
function checkPart({ args, path }: Reading, file: File): void {
  const kind = args.kind === "block" || args.kind === "attention" ? args.kind : undefined;
  const name = kind && args[kind];
  if (kind === undefined || name === undefined) return;
  if (!file.model && !file.declarations.has(str(name))) return;
  refer(str(name), [kind], file.session.sites.get(`${path}.${kind}`), file);
}
