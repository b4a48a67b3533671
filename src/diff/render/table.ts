/** The table of several designs for a terminal, and as JSON. */
import type { DesignTable } from "../many.js";
import { plural } from "./numbers.js";
import { painter, type StyledRow, styledLines } from "./styled.js";

/** Columns are designs; ends with a line end. */
export function renderTable({ labels, groups, same }: DesignTable, colour: boolean): string {
  const paint = painter(colour);
  const head: StyledRow = [{ text: "", style: "plain" }, ...labels.map((text) => ({ text, style: "bold" as const }))];
  const filled = groups.filter(({ rows }) => rows.length > 0);
  if (filled.length === 0) return `no difference between ${labels.join(", ")}\n`;
  const rows = filled.flatMap(({ name, rows: own }): readonly StyledRow[] => [
    [{ text: name, style: "bold" }],
    ...own.map(
      (row): StyledRow => [
        `  ${row.name}`,
        ...row.cells.map((cell) => cell ?? { text: "none", style: "dim" as const }),
      ],
    ),
  ]);
  return `${[...styledLines([head, ...rows], "", colour), paint.dim(`${plural(same, "row")} the same`)].join("\n")}\n`;
}

/** `{ schema, labels, groups, same }`; see docs/diff.md. */
export function renderTableJson(table: DesignTable): string {
  return `${JSON.stringify({ schema: 1, ...table }, null, 2)}\n`;
}
