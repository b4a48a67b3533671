/** A comparison for a terminal: five layers, the empty ones in one line each. */
import type { Comparison } from "../compare.js";
import type { CostKey, CostRow } from "../cost-layer.js";
import type { SiteDiff } from "../dispatch-layer.js";
import type { KernelRow, KernelStatus } from "../kernels-layer.js";
import type { WeightsLayer } from "../weights-layer.js";
import { bySection, changeWords, designCounts, isTelling, quietDetails, type SectionChanges } from "./design-text.js";
import { kernelWords } from "./kernel-words.js";
import { plural, quantity, ratioText, signed } from "./numbers.js";
import { type Cell, cut, heading, painter, type Style, type StyledRow, styledLines } from "./styled.js";
import { weightLines } from "./weights-text.js";

export interface TerminalOptions {
  readonly colour: boolean;
  /** everything there is, in lines as long as they are; otherwise what tells the most, on one screen */
  readonly all?: boolean;
  /** of the screen; 100 unless said */
  readonly columns?: number;
}

/** What all layers are told. */
interface Telling {
  readonly colour: boolean;
  readonly all: boolean;
  /** undefined: lines are as long as they are */
  readonly columns: number | undefined;
}

const mark = { added: "+", removed: "-", changed: "~", moved: ">" } as const;

/** The whole comparison; ends with a line end. */
export function renderTerminal(comparison: Comparison, options: TerminalOptions): string {
  const { colour, all = false } = options;
  const tell: Telling = { colour, all, columns: all ? undefined : (options.columns ?? 100) };
  const paint = painter(colour);
  const { before, after } = comparison;
  const title = `${paint.bold(before.label)} → ${paint.bold(after.label)}`;
  if (comparison.same)
    return `${title}\n\nno difference: ${comparison.design.unchanged} lines, ${tensors(comparison.weights)}${kernelCount(comparison)} are the same\n`;
  const layers = [
    designLines(comparison, tell),
    weightLines(comparison.weights, all ? "all" : "short", colour, tell.columns),
    costLines(comparison, tell),
    dispatchLines(comparison, tell),
    kernelLines(comparison, tell),
    fileLines(comparison, colour),
    runLines(comparison, colour),
  ];
  const told = [[title], ...layers.filter((lines) => lines.length > 0)].map((lines) => lines.join("\n"));
  return `${[told.join("\n\n"), ...promiseLines(comparison, colour)].join("\n")}\n`;
}

const tensors = ({ totals }: WeightsLayer): string => plural(totals.same.tensors, "tensor");
const kernelCount = ({ kernels }: Comparison): string =>
  kernels ? ` and ${plural(kernels.rows.length, "kernel")}` : "";

function designLines({ design }: Comparison, { colour, columns }: Telling): readonly string[] {
  const renames = design.renamed.map(({ before, after }) => `; ${before} is called ${after}`);
  const rows = bySection(design).flatMap(sectionRows);
  const counts = designCounts(design) + renames.join("");
  return [
    heading("design", columns === undefined ? counts : cut(counts, columns - 9), colour),
    ...styledLines(rows, "  ", colour, columns),
  ];
}

function sectionRows({ kind, name, whole, changes }: SectionChanges): readonly StyledRow[] {
  if (whole) {
    const telling = [...changes].sort((a, b) => Number(isTelling(b)) - Number(isTelling(a)));
    const texts = telling.map((change) => `${change.slot} ${changeWords(change)}`);
    return [[{ text: `${mark[whole]} ${kind} ${name}`, style: whole }, texts.join("; ")]];
  }
  return changes.map((change) => {
    const quiet = quietDetails(change);
    const extra: Cell[] = quiet.length > 0 ? [{ text: quiet.join(", "), style: "dim" }] : [];
    return [{ text: `${mark[change.status]} ${change.path}`, style: change.status }, changeWords(change), ...extra];
  });
}

/** Those that follow from others are told with `--all`: twice the forward pass, bytes of weights, tokens times edges. */
const telling: Readonly<Record<"whole" | "mixture", ReadonlySet<CostKey>>> = {
  whole: new Set(["parameters", "active", "flops_forward", "launches", "bytes_moved", "peak_memory"]),
  mixture: new Set(["parameters", "active", "edges", "flops_forward"]),
};

function costLines({ cost }: Comparison, { colour, all }: Telling): readonly string[] {
  const differ = (rows: readonly CostRow[]) => rows.filter(({ before, after }) => before !== after);
  const show = (rows: readonly CostRow[], keys: ReadonlySet<CostKey>) =>
    differ(rows).filter(({ key }) => all || keys.has(key));
  const whole = show(cost.whole, telling.whole).map((row) => costRow(row, ""));
  const parts = cost.mixtures.flatMap(({ name, rows }) => show(rows, telling.mixture).map((row) => costRow(row, name)));
  if (cost.whole.length === 0) return [];
  const rows = [cost.whole, ...cost.mixtures.map((each) => each.rows)].flat();
  const others = differ(rows).length - whole.length - parts.length;
  const same = rows.length - differ(rows).length;
  if (differ(rows).length === 0) return [heading("cost", "the same", colour)];
  const notes = [
    ...(same > 0 ? [`${plural(same, "number")} the same`] : ["every number differs"]),
    ...(others > 0 ? [`${others} more with --all`] : []),
  ];
  return [heading("cost", notes.join("; "), colour), ...styledLines([...whole, ...parts], "  ", colour)];
}

function costRow({ label, unit, before, after, delta, ratio }: CostRow, mixture: string): StyledRow {
  const value = (number: number | undefined) => (number === undefined ? "none" : quantity(number, unit));
  const change = delta === undefined ? "" : signed(delta, unit);
  const style: Style = delta === undefined ? "plain" : delta > 0 ? "removed" : "added";
  const times = ratio === undefined ? "" : ratioText(ratio);
  return [
    mixture === "" ? label : `${mixture}, one layer: ${label}`,
    value(before),
    "→",
    value(after),
    { text: change, style },
    times,
  ];
}

function dispatchLines({ dispatch, refused }: Comparison, tell: Telling): readonly string[] {
  const { colour } = tell;
  if (refused.length > 0) {
    const why = refused.map(
      ({ side, code, message }) =>
        `  the ${side === "before" ? "first" : "second"} cannot be compiled: ${message} (${code})`,
    );
    return [heading("dispatch", "and kernels not compared", colour), ...why];
  }
  if (!dispatch) return [];
  const changed = dispatch.sites.filter(({ same }) => !same);
  if (changed.length === 0)
    return [heading("dispatch", `${plural(dispatch.sites.length, "mixture")} as before`, colour)];
  const [first, ...rest] = changed.flatMap((site) => siteLines(site, tell)) as [string, ...string[]];
  return [heading("dispatch", first.trimStart(), colour), ...rest];
}

function siteLines(
  { site, before, after, gained, lost, rewrites }: SiteDiff,
  { colour, columns }: Telling,
): readonly string[] {
  const strategy =
    before?.strategy === after?.strategy
      ? `${after?.strategy} as before`
      : `${before?.strategy ?? "none"} → ${after?.strategy ?? "none"}`;
  const losers =
    after && before && before.strategy !== after.strategy
      ? [before.strategy].flatMap((name) => loserText(name, after))
      : [];
  const fact =
    (style: "added" | "removed") =>
    (each: { readonly text: string; readonly because: string }): StyledRow => {
      return [
        { text: `${mark[style]} ${each.text}`, style },
        { text: each.because, style: "dim" },
      ];
    };
  const fates = rewrites.map(
    (each): StyledRow => [
      { text: `~ rewrite ${each.name}`, style: "changed" },
      `${each.before ?? "none"} → ${each.after ?? "none"}`,
    ],
  );
  const rows = [...lost.map(fact("removed")), ...gained.map(fact("added")), ...fates];
  return [`  ${site}: ${strategy}${losers.join("")}`, ...styledLines(rows, "    ", colour, columns)];
}

/** Why the strategy of before is not the one of after. */
function loserText(name: string, after: NonNullable<SiteDiff["after"]>): readonly string[] {
  const loser = after.losers.find((each) => each.name === name);
  return loser ? [` (${name}: ${loser.reason})`] : [];
}

const statuses: readonly KernelStatus[] = ["same", "retuned", "changed", "moved", "added", "removed"];

function kernelLines({ kernels }: Comparison, { colour, all, columns }: Telling): readonly string[] {
  if (!kernels) return [];
  const counts = statuses.flatMap((status) =>
    kernels.totals[status] > 0 ? [`${kernels.totals[status]} ${status}`] : [],
  );
  const shown = statuses.filter((status) => all || status !== "same");
  const rows = shown.flatMap((status) => {
    const own = kernels.rows.filter((row) => row.status === status).sort((a, b) => work(b) - work(a));
    if (all || own.length <= 2) return own.map(kernelRow);
    return [kernelRow(own[0]!), moreRow(own.slice(1))];
  });
  return [heading("kernels", counts.join(", ") || "none", colour), ...styledLines(rows, "  ", colour, columns)];
}

/** FLOPs of a kernel in one run of all programs. */
function work({ before, after }: KernelRow): number {
  const { flops, launches } = (after ?? before)!;
  return flops * Object.values(launches).reduce((sum, count) => sum + count, 0);
}

/** Kernels by name, those with the most work first. */
function moreRow(rows: readonly KernelRow[]): StyledRow {
  const { status } = rows[0]!;
  const names = `${plural(rows.length, "more kernel")}: ${rows.map(({ role }) => role).join(", ")}`;
  return [
    { text: status, style: kernelStyle[status] },
    { text: names, style: "dim" },
  ];
}

const kernelStyle: Readonly<Record<KernelStatus, Style>> = {
  same: "dim",
  retuned: "plain",
  changed: "changed",
  added: "added",
  removed: "removed",
  moved: "moved",
};

function kernelRow(row: KernelRow): StyledRow {
  return [{ text: row.status, style: kernelStyle[row.status] }, row.role, kernelWords(row)];
}

const fileWords = {
  edited: "edited by hand",
  missing: "gone",
  absent: "not there: kernels are those that the design gives now",
} as const;

function fileLines({ files, before, after }: Comparison, colour: boolean): readonly string[] {
  if (files.length === 0) return [];
  const rows = files.map(({ side, path, how }): StyledRow => {
    const folder = (side === "before" ? before : after).label;
    return [`${folder}/${path}`, { text: fileWords[how], style: how === "absent" ? "dim" : "changed" }];
  });
  return [heading("files", "not as compile wrote them", colour), ...styledLines(rows, "  ", colour)];
}

function runLines({ runs }: Comparison, colour: boolean): readonly string[] {
  if (!runs || runs.curves.length === 0) return [];
  const number = (value: number | undefined) => (value === undefined ? "none" : String(Number(value.toPrecision(4))));
  const rows = runs.curves.map(({ name, ends }): StyledRow => [name, number(ends.before), "→", number(ends.after)]);
  return [heading("runs", "means of the last tenth of the steps", colour), ...styledLines(rows, "  ", colour)];
}

function promiseLines({ keeps, breaks }: Comparison, colour: boolean): readonly string[] {
  const what = {
    numerics: "numerics: the same mathematics from the first step to the last",
    weights: "weights: checkpoints load as they are; what is computed differs",
    interface: "interface: the same tokens in, the same scores out; checkpoints do not load as they are",
    none: `nothing: ${breaks[0]?.because ?? ""}`,
  };
  return [heading("keeps", what[keeps], colour)];
}
