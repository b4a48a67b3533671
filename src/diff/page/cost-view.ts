/** Costs as pairs of bars: the larger of the two is full length. */
import type { CostLayer, CostRow } from "../cost-layer.js";
import { quantity, ratioText, signed } from "../render/numbers.js";

export interface CostView {
  readonly headline: string;
  readonly groups: readonly { readonly name: string; readonly rows: readonly CostRowView[] }[];
}

export interface CostRowView {
  readonly label: string;
  readonly same: boolean;
  readonly before: BarView;
  readonly after: BarView;
  readonly delta: string;
  readonly ratio: string;
  readonly more: boolean;
}

export interface BarView {
  readonly text: string;
  readonly percent: string;
  /** the arithmetic */
  readonly because: string;
}

/** The whole model first, then one layer of each mixture. */
export function costView({ whole, mixtures }: CostLayer): CostView {
  const groups = [
    { name: "whole model", rows: whole.map(rowView) },
    ...mixtures.map(({ name, rows }) => ({ name: `${name}, one layer`, rows: rows.map(rowView) })),
  ].filter(({ rows }) => rows.length > 0);
  return { headline: headline(whole), groups };
}

function headline(rows: readonly CostRow[]): string {
  const wanted = rows.filter(({ key }) => key === "parameters" || key === "active" || key === "flops_forward");
  const texts = wanted.map(
    ({ label, ratio, before, after }) =>
      `${label} ${before === after ? "the same" : ratio === undefined ? "new" : ratioText(ratio)}`,
  );
  return texts.join(", ") || "unknown without a model";
}

function rowView({ label, unit, before, after, delta, ratio, because }: CostRow): CostRowView {
  const most = Math.max(before ?? 0, after ?? 0, Number.MIN_VALUE);
  const bar = (value: number | undefined, reason: string | undefined): BarView => {
    const text = value === undefined ? "none" : quantity(value, unit);
    return { text, percent: ((100 * (value ?? 0)) / most).toFixed(1), because: reason ?? "" };
  };
  return {
    label,
    same: before === after,
    before: bar(before, because.before),
    after: bar(after, because.after),
    delta: delta === undefined ? "" : signed(delta, unit),
    ratio: ratio === undefined ? "" : ratioText(ratio),
    more: (delta ?? 0) > 0,
  };
}
