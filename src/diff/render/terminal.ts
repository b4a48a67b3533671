/** A comparison for a terminal: five layers, the empty ones in one line each. */
import type { Comparison } from "../compare.js";
import type { CostRow } from "../cost-layer.js";
import type { SiteDiff } from "../dispatch-layer.js";
import type { KernelRow, KernelStatus } from "../kernels-layer.js";
import type { WeightsLayer } from "../weights-layer.js";
import { bySection, changeWords, designCounts, quietDetails, type SectionChanges } from "./design-text.js";
import { kernelWords } from "./kernel-words.js";
import { plural, quantity, ratioText, signed } from "./numbers.js";
import { type Cell, heading, painter, type Style, type StyledRow, styledLines } from "./styled.js";
import { weightLines } from "./weights-text.js";

export interface TerminalOptions {
  readonly colour: boolean;
  /** every kernel and every tensor, not only the first that differ */
  readonly all?: boolean;
}

const mark = { added: "+", removed: "-", changed: "~", moved: ">" } as const;

/** The whole comparison; ends with a line end. */
export function renderTerminal(comparison: Comparison, { colour, all = false }: TerminalOptions): string {
  const paint = painter(colour);
  const { before, after } = comparison;
  const title = `${paint.bold(before.label)} → ${paint.bold(after.label)}`;
  if (comparison.same)
    return `${title}\n\nno difference: ${comparison.design.unchanged} lines, ${tensors(comparison.weights)}${kernelCount(comparison)} are the same\n`;
  const layers = [
    designLines(comparison, colour),
    weightLines(comparison.weights, colour, all),
    costLines(comparison, colour),
    dispatchLines(comparison, colour),
    kernelLines(comparison, colour, all),
    runLines(comparison, colour),
    promiseLines(comparison, colour),
  ];
  return `${[[title], ...layers.filter((lines) => lines.length > 0)].map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

const tensors = ({ totals }: WeightsLayer): string => plural(totals.same.tensors, "tensor");
const kernelCount = ({ kernels }: Comparison): string =>
  kernels ? ` and ${plural(kernels.rows.length, "kernel")}` : "";

function designLines({ design }: Comparison, colour: boolean): readonly string[] {
  const renames = design.renamed.map(({ kind, before, after }) => `  ${kind} ${before} is called ${after} now`);
  const rows = bySection(design).flatMap(sectionRows);
  return [heading("design", designCounts(design), colour), ...renames, ...styledLines(rows, "  ", colour)];
}

function sectionRows({ kind, name, whole, changes }: SectionChanges): readonly StyledRow[] {
  if (whole) {
    const texts = changes.map((change) => `${change.slot} ${changeWords(change)}`);
    return [[{ text: `${mark[whole]} ${kind} ${name}`, style: whole }, texts.join("; ")]];
  }
  return changes.map((change) => {
    const quiet = quietDetails(change);
    const extra: Cell[] = quiet.length > 0 ? [{ text: quiet.join(", "), style: "dim" }] : [];
    return [{ text: `${mark[change.status]} ${change.path}`, style: change.status }, changeWords(change), ...extra];
  });
}

function costLines({ cost }: Comparison, colour: boolean): readonly string[] {
  const differ = (rows: readonly CostRow[]) => rows.filter(({ before, after }) => before !== after);
  const whole = differ(cost.whole).map((row) => costRow(row, ""));
  const parts = cost.mixtures.flatMap(({ name, rows }) => differ(rows).map((row) => costRow(row, name)));
  if (cost.whole.length === 0) return [];
  if (whole.length + parts.length === 0) return [heading("cost", "the same", colour)];
  const same = cost.whole.length - whole.length;
  const note = same > 0 ? `${plural(same, "number")} of the whole model the same` : "every number differs";
  return [heading("cost", note, colour), ...styledLines([...whole, ...parts], "  ", colour)];
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

function dispatchLines({ dispatch, refused }: Comparison, colour: boolean): readonly string[] {
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
  return [heading("dispatch", "", colour).trimEnd(), ...changed.flatMap((site) => siteLines(site, colour))];
}

function siteLines({ site, before, after, gained, lost, rewrites }: SiteDiff, colour: boolean): readonly string[] {
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
  return [`  ${site}: ${strategy}${losers.join("")}`, ...styledLines(rows, "    ", colour)];
}

/** Why the strategy of before is not the one of after. */
function loserText(name: string, after: NonNullable<SiteDiff["after"]>): readonly string[] {
  const loser = after.losers.find((each) => each.name === name);
  return loser ? [` (${name}: ${loser.reason})`] : [];
}

const statuses: readonly KernelStatus[] = ["same", "retuned", "changed", "moved", "added", "removed"];

function kernelLines({ kernels }: Comparison, colour: boolean, all: boolean): readonly string[] {
  if (!kernels) return [];
  const counts = statuses.flatMap((status) =>
    kernels.totals[status] > 0 ? [`${kernels.totals[status]} ${status}`] : [],
  );
  const shown = statuses.filter((status) => all || status !== "same");
  const rows = shown.flatMap((status) => {
    const own = kernels.rows.filter((row) => row.status === status).sort((a, b) => work(b) - work(a));
    return all || own.length <= SHOWN + 1
      ? own.map(kernelRow)
      : [...own.slice(0, SHOWN).map(kernelRow), moreRow(status, own.length - SHOWN)];
  });
  return [heading("kernels", counts.join(", ") || "none", colour), ...styledLines(rows, "  ", colour)];
}

/** Kernels of one status that a terminal is shown, those with the most work first. */
const SHOWN = 4;

/** FLOPs of a kernel in one run of all programs. */
function work({ before, after }: KernelRow): number {
  const { flops, launches } = (after ?? before)!;
  return flops * Object.values(launches).reduce((sum, count) => sum + count, 0);
}

function moreRow(status: KernelStatus, count: number): StyledRow {
  return [
    { text: status, style: kernelStyle[status] },
    `and ${count} more`,
    { text: "all with --all or --html", style: "dim" },
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
