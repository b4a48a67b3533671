/** What becomes of the weights, for a terminal: shown by `moec diff`, and by those who load a checkpoint of another design. */
import type { WeightRow, WeightsLayer } from "../weights-layer.js";
import { quantity, shapeText } from "./numbers.js";
import { heading, type Style, type StyledRow, styledLines } from "./styled.js";

const weightStatuses = ["same", "loadable", "convertible", "re-initialised", "dropped"] as const;

const weightStyle: Readonly<Record<WeightRow["status"], Style>> = {
  same: "dim",
  loadable: "plain",
  convertible: "changed",
  "re-initialised": "added",
  dropped: "removed",
};

/** `all`: every tensor; `listed`: those that are not the same; `short`: tensors of the same fate in one line. */
export type WeightDetail = "all" | "listed" | "short";

/** The second layer: counts, then tensors under what forces their fate. */
export function weightLines(
  { rows, totals }: WeightsLayer,
  detail: WeightDetail,
  colour: boolean,
  columns?: number,
): readonly string[] {
  const counts = weightStatuses.flatMap((status) => {
    const { tensors, numbers } = totals[status];
    return tensors > 0 ? [`${tensors} ${status} (${quantity(numbers, "count")})`] : [];
  });
  if (counts.length === 0) return [];
  const shown = rows.filter(({ status }) => detail === "all" || status !== "same");
  const title = heading("weights", `tensors: ${counts.join(", ")}`, colour);
  if (detail === "short") return [title, ...styledLines(shortRows(shown), "  ", colour, columns)];
  const reasons = [...new Set(shown.map(({ because }) => because.join("; ")))];
  const groups = reasons.flatMap((reason) => {
    const own = shown.filter(({ because }) => because.join("; ") === reason);
    const lines = styledLines(own.map(weightRow), reason === "" ? "  " : "    ", colour, columns);
    return [...(reason === "" ? [] : [`  ${reason}`]), ...lines];
  });
  return [title, ...groups];
}

/** One row for each status, place and reason: `layers.{0-5}.mixture: split, merge`, and what forces it. */
function shortRows(rows: readonly WeightRow[]): readonly StyledRow[] {
  const places = new Map<string, WeightRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.status, placeOf(row.name), row.because]);
    places.set(key, [...(places.get(key) ?? []), row]);
  }
  return [...places.values()].map((own): StyledRow => {
    const { status, name, because } = own[0]!;
    const place = placeOf(name);
    const names = own.map((row) => row.name.slice(place === "" ? 0 : place.length + 1).replace(/\.weight$/, ""));
    const text = `${place === "" ? "" : `${place}: `}${names.join(", ")}`;
    // the setting; what it was and is stands in the first layer
    const why = because.map((each) => each.split(": ")[0]!).join(", ");
    return [{ text: status, style: weightStyle[status] }, { text: why, style: "dim" }, text];
  });
}

/** `layers.{0-5}.mixture` of `layers.{0-5}.mixture.experts.up.weight`; nothing outside the layers. */
const placeOf = (name: string): string => /^layers\.[^.]+\.[^.]+/.exec(name)?.[0] ?? "";

function weightRow({ name, status, before, after }: WeightRow): StyledRow {
  const shapes =
    !before || !after || shapeText(before) === shapeText(after)
      ? shapeText(after ?? before)
      : `${shapeText(before)} → ${shapeText(after)}`;
  return [{ text: status, style: weightStyle[status] }, name, shapes];
}
