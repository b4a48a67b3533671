/** Tensors as rows, those that are the same counted. */
import { plural, quantity, shapeText } from "../render/numbers.js";
import type { WeightRow, WeightsLayer } from "../weights-layer.js";

export interface WeightsView {
  readonly counts: string;
  readonly rows: readonly WeightRowView[];
  readonly same: readonly WeightRowView[];
  /** shares of all numbers after, for the bar */
  readonly shares: readonly { readonly status: string; readonly percent: string; readonly text: string }[];
}

export interface WeightRowView {
  readonly name: string;
  readonly status: WeightRow["status"];
  readonly tensors: number;
  readonly numbers: string;
  readonly before: string;
  readonly after: string;
  readonly because: readonly string[];
}

/** The rows of a page, and how much of the model goes on. */
export function weightsView({ rows, totals }: WeightsLayer): WeightsView {
  const views = rows.map(rowView);
  const kept = (["same", "loadable", "convertible", "re-initialised"] as const).filter(
    (status) => totals[status].tensors > 0,
  );
  const all = kept.reduce((sum, status) => sum + totals[status].numbers, 0);
  const shares = kept.map((status) => {
    const { numbers, tensors } = totals[status];
    return {
      status,
      percent: ((100 * numbers) / Math.max(1, all)).toFixed(2),
      text: `${quantity(numbers, "count")} in ${plural(tensors, "tensor")} ${status}`,
    };
  });
  const counts = Object.entries(totals)
    .filter(([, { tensors }]) => tensors > 0)
    .map(([status, { tensors }]) => `${tensors} ${status}`);
  return {
    counts: counts.length > 0 ? `tensors: ${counts.join(", ")}` : "none",
    rows: views.filter(({ status }) => status !== "same"),
    same: views.filter(({ status }) => status === "same"),
    shares,
  };
}

function rowView({ name, status, tensors, numbers, before, after, because }: WeightRow): WeightRowView {
  return {
    name,
    status,
    tensors,
    numbers: quantity(numbers, "count"),
    before: shapeText(before),
    after: shapeText(after),
    because,
  };
}
