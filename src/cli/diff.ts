/**
 * `moec diff A B [C…]`: what a change of design does to weights, cost, dispatch and kernels. One side and `--set`
 * compares a spec with itself under other values.
 */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { suggest } from "../diagnostics/suggest.js";
import { type Comparison, compare } from "../diff/compare.js";
import { findKernels } from "../diff/find-kernels.js";
import { tableOf } from "../diff/many.js";
import type { Compared } from "../diff/page/kernel-page-view.js";
import { pageMark, renderPage } from "../diff/page/page.js";
import { pageView } from "../diff/page/page-view.js";
import { breachesOf, type PromiseName, promises } from "../diff/promise.js";
import { renderComparisonJson } from "../diff/render/json.js";
import { renderSummary } from "../diff/render/summary.js";
import { renderTable, renderTableJson } from "../diff/render/table.js";
import { renderTerminal } from "../diff/render/terminal.js";
import { renderText } from "../diff/render/text.js";
import { type CompiledSide, compileSide, type Side } from "../diff/side.js";
import { openSide } from "../diff/sides/open-side.js";
import { kernelTargets } from "../diff/targets/index.js";
import { dispatchOptions, setOption, targetNamed } from "./flags.js";
import { type Cli, exit, note, print } from "./output.js";
import { readSpec } from "./read-spec.js";
import { writePage } from "./write-page.js";

export interface DiffFlags {
  readonly target: string;
  readonly json?: boolean;
  readonly html?: string;
  readonly summary?: boolean;
  readonly text?: string;
  readonly promise?: string;
  readonly all?: boolean;
  readonly set?: readonly string[];
  readonly dispatch?: readonly string[];
}

/** Scripts rely on it: something differs, or a promise is broken. */
const differs = 2;

/** Exit 0 when nothing differs (with `--promise`: when it is kept), 2 otherwise; mistakes are thrown. */
export async function diff(cli: Cli, names: readonly string[], flags: DiffFlags): Promise<number> {
  const target = targetNamed(
    flags.target,
    kernelTargets.map(({ name }) => name),
  );
  const promise = promiseNamed(flags.promise);
  const opened = openSides(cli, names, flags);
  const sides = opened.map((side) => compileSide(side, target));
  if (sides.length > 2) return several(cli, sides, flags);
  const [before, after] = sides as [CompiledSide, CompiledSide];
  const comparison = compare(before, after);
  if (flags.html !== undefined) {
    const others = othersCompared([opened[0]!, opened[1]!], target);
    writePage(cli, flags.html, pageOf({ comparison, before, after }, others), pageMark);
  }
  show(cli, comparison, [before, after], flags);
  if (promise === undefined) return comparison.same ? exit.ok : differs;
  const broken = breachesOf(promise, comparison.breaks);
  for (const { because, promise: weaker } of broken) note(cli, `breaks ${weaker}: ${because}`);
  return broken.length > 0 ? differs : exit.ok;
}

/** Pages that are larger are slow to open and to send. */
const largestPage = 2_000_000;

/** With the kernels of as many targets as a page can hold. */
function pageOf(first: Compared, others: readonly Compared[]): string {
  for (let count = others.length; ; count--) {
    const page = renderPage(pageView(first, others.slice(0, count)));
    if (page.length <= largestPage || count === 0) return page;
  }
}

/** The same two sides for the targets that were not asked for, where both can be compiled for them. */
function othersCompared([a, b]: readonly [Side, Side], target: string): readonly Compared[] {
  const names = kernelTargets.map(({ name }) => name).filter((name) => name !== target);
  const compared = names.map((name): Compared => {
    const [before, after] = [compileSide(a, name), compileSide(b, name)];
    return { comparison: compare(before, after), before, after };
  });
  return compared.filter(({ comparison }) => comparison.kernels);
}

/** `--set` is about the last side; a single side is compared with itself without it. */
function openSides(cli: Cli, names: readonly string[], flags: DiffFlags) {
  const { host } = cli;
  const set = (flags.set ?? []).map(setOption);
  const dispatch = dispatchOptions(flags.dispatch ?? []);
  const changes = set.length > 0 || (flags.dispatch ?? []).length > 0;
  if (names.length === 1 && !changes) {
    const help = ["two designs: `moec diff A B`", "one design under other values: `moec diff A --set path=value`"];
    throw new DiagnosticError([diagnose("MOE6036", { command: "moec diff", what: "a second design" }, { help })]);
  }
  const all = names.length === 1 ? [names[0]!, names[0]!] : names;
  return all.map((name, i) => {
    const last = i === all.length - 1;
    const side = openSide(name, {
      host,
      readSpec: (path) => readSpec(host, path),
      set: last ? set : [],
      dispatch: last ? dispatch : {},
    });
    const told = last && changes ? [...(flags.set ?? []), ...(flags.dispatch ?? [])].join(", ") : "";
    return told === "" ? side : { ...side, label: `${side.label} (${told})` };
  });
}

function promiseNamed(name: string | undefined): PromiseName | undefined {
  if (name === undefined) return undefined;
  const found = promises.find((each) => each === name);
  if (found) return found;
  throw new DiagnosticError([diagnose("MOE6021", { flag: "--promise", value: name, expected: promises.join(", ") })]);
}

function show(cli: Cli, comparison: Comparison, sides: readonly [CompiledSide, CompiledSide], flags: DiffFlags): void {
  const { host, colour } = cli;
  if (flags.text !== undefined) host.stdout(textOf(comparison, sides, flags.text, flags.target, colour));
  else if (flags.json) host.stdout(renderComparisonJson(comparison));
  else if (flags.summary) host.stdout(renderSummary(comparison));
  else if (flags.html !== undefined) print(cli, `${flags.html}: written`);
  else
    host.stdout(
      renderTerminal(comparison, { colour, all: flags.all ?? false, columns: host.terminal?.columns ?? 100 }),
    );
}

function textOf(
  comparison: Comparison,
  [before, after]: readonly [CompiledSide, CompiledSide],
  role: string,
  target: string,
  colour: boolean,
): string {
  const { found, known } = findKernels(comparison, before, after, role, target);
  if (found.length > 0) return found.map((texts) => renderText(texts, colour)).join("\n");
  const near = suggest(role, known);
  const help = known.length === 0 ? [] : near === undefined ? [someOf(known)] : [`did you mean \`${near}\`?`];
  const expected = known.length === 0 ? "designs that have kernels" : "the name of a kernel";
  throw new DiagnosticError([diagnose("MOE6021", { flag: "--text", value: role, expected }, { help })]);
}

/** A few names, so that there is something to choose from. */
function someOf(names: readonly string[]): string {
  const shown = 8;
  const rest = names.length > shown ? `, and ${names.length - shown} more` : "";
  return `kernels: ${names.slice(0, shown).join(", ")}${rest}`;
}

/** Three or more designs are a table; what is about two designs is refused. */
function several(cli: Cli, sides: readonly CompiledSide[], flags: DiffFlags): number {
  for (const flag of ["html", "summary", "text", "promise"] as const) {
    if (flags[flag] === undefined) continue;
    const [value, expected] = [
      flags[flag] === true ? "" : String(flags[flag]),
      "two designs; three or more give a table",
    ];
    throw new DiagnosticError([diagnose("MOE6021", { flag: `--${flag}`, value, expected })]);
  }
  const table = tableOf(sides);
  cli.host.stdout(flags.json ? renderTableJson(table) : renderTable(table, cli.colour));
  return table.groups.every(({ rows }) => rows.length === 0) ? exit.ok : differs;
}
