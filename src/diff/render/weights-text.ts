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

/** The second layer: counts, then every tensor that is not the same, under what forces it. */
export function weightLines({ rows, totals }: WeightsLayer, colour: boolean, all: boolean): readonly string[] {
  const counts = weightStatuses.flatMap((status) => {
    const { tensors, numbers } = totals[status];
    return tensors > 0 ? [`${tensors} ${status} (${quantity(numbers, "count")})`] : [];
  });
  if (counts.length === 0) return [];
  const shown = rows.filter(({ status }) => all || status !== "same");
  const reasons = [...new Set(shown.map(({ because }) => because.join("; ")))];
  const groups = reasons.flatMap((reason) => {
    const own = shown.filter(({ because }) => because.join("; ") === reason);
    return [
      ...(reason === "" ? [] : [`  ${reason}`]),
      ...styledLines(own.map(weightRow), reason === "" ? "  " : "    ", colour),
    ];
  });
  return [heading("weights", `tensors: ${counts.join(", ")}`, colour), ...groups];
}

function weightRow({ name, status, before, after }: WeightRow): StyledRow {
  const shapes =
    !before || !after || shapeText(before) === shapeText(after)
      ? shapeText(after ?? before)
      : `${shapeText(before)} → ${shapeText(after)}`;
  return [{ text: status, style: weightStyle[status] }, name, shapes];
}
