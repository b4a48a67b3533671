/** A comparison in five lines of Markdown, for a pull request: one for each layer. */
import type { Comparison } from "../compare.js";
import type { CostKey } from "../cost-layer.js";
import type { DesignChange } from "../design-layer.js";
import type { KernelStatus } from "../kernels-layer.js";
import { bySection, changeWords } from "./design-text.js";
import { plural, quantity, ratioText } from "./numbers.js";

/** Exactly five lines; ends with a line end. */
export function renderSummary(comparison: Comparison): string {
  const { before, after } = comparison;
  const lines = [
    `**Design** \`${before.label}\` → \`${after.label}\`: ${designText(comparison)}`,
    `**Weights** ${weightsText(comparison)}`,
    `**Cost** ${costText(comparison)}`,
    `**Dispatch** ${dispatchText(comparison)}`,
    `**Kernels** ${kernelsText(comparison)}; keeps ${comparison.keeps === "none" ? "no promise" : `the promise \`${comparison.keeps}\``}`,
  ];
  return `${lines.map((line) => `- ${line}`).join("\n")}\n`;
}

/** How many changes a line names before it counts the rest. */
const NAMED = 6;

function designText({ design }: Comparison): string {
  const texts = bySection(design).flatMap(({ kind, name, whole, changes }) => {
    if (whole) return [`${kind} \`${name}\` ${whole}`];
    return changes.filter(isSpoken).map((change) => `\`${change.path}\` ${words(change)}`);
  });
  if (texts.length === 0)
    return design.changes.length === 0 ? "no change" : plural(design.changes.length, "derived change");
  const rest = texts.length - NAMED;
  return [...texts.slice(0, NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
}

/** Derived sizes follow from what was written. */
const isSpoken = ({ before, after }: DesignChange): boolean => (after ?? before)!.from !== "derived";

function words(change: DesignChange): string {
  if (change.status === "added" || change.status === "removed") return `${change.status} (\`${changeWords(change)}\`)`;
  return changeWords(change)
    .split(" → ")
    .map((text) => `\`${text}\``)
    .join(" → ");
}

function weightsText({ weights: { totals } }: Comparison): string {
  const texts = Object.entries(totals).flatMap(([status, { tensors, numbers }]) => {
    return tensors > 0 ? [`${plural(tensors, "tensor")} ${status} (${quantity(numbers, "count")})`] : [];
  });
  return texts.join(", ") || "none";
}

const named: readonly CostKey[] = ["parameters", "active", "flops_forward", "expert_rows", "launches", "peak_memory"];

function costText({ cost }: Comparison): string {
  const rows = cost.whole.filter(({ key, before, after }) => named.includes(key) && before !== after);
  const texts = rows.map(({ label, unit, before, after, ratio }) => {
    const value = (number: number | undefined) => (number === undefined ? "none" : quantity(number, unit));
    return `${label} ${value(before)} → ${value(after)}${ratio === undefined ? "" : ` (${ratioText(ratio)})`}`;
  });
  return texts.join(", ") || "the same";
}

function dispatchText({ dispatch, refused }: Comparison): string {
  if (!dispatch) return refused[0] ? `not compared: ${refused[0].message}` : "nothing to dispatch";
  const texts = dispatch.sites.map(({ site, before, after }) => {
    if (before?.strategy === after?.strategy) return `\`${site}\` ${after?.strategy} as before`;
    return `\`${site}\` ${before?.strategy ?? "none"} → ${after?.strategy ?? "none"}`;
  });
  return texts.join(", ") || "no mixtures";
}

const statuses: readonly KernelStatus[] = ["same", "retuned", "changed", "moved", "added", "removed"];

function kernelsText({ kernels }: Comparison): string {
  if (!kernels) return "not compared";
  const texts = statuses.flatMap((status) =>
    kernels.totals[status] > 0 ? [`${kernels.totals[status]} ${status}`] : [],
  );
  return texts.join(", ") || "none";
}
