/** Rows of cells that are aligned by their text and coloured after that, so that colours never move a column. */
import pc from "picocolors";

export type Style = "plain" | "bold" | "dim" | "added" | "removed" | "changed" | "moved";

export interface Cell {
  readonly text: string;
  readonly style: Style;
}

export type StyledRow = readonly (Cell | string)[];

type Painter = (text: string) => string;

/** Paints cells; without colour every style is plain. */
export function painter(colour: boolean): Readonly<Record<Style, Painter>> {
  const colours = pc.createColors(colour);
  return {
    plain: String,
    bold: colours.bold,
    dim: colours.dim,
    added: colours.green,
    removed: colours.red,
    changed: colours.yellow,
    moved: colours.cyan,
  };
}

/** The name of a layer and what it comes to, in the columns that all layers share. */
export function heading(name: string, text: string, colour: boolean): string {
  return `${painter(colour).bold(name.padEnd(9))}${text}`;
}

/**
 * Lines with columns two spaces apart, indented; the last column of a row is as long as it is, unless a line may only
 * have so many columns.
 */
export function styledLines(
  rows: readonly StyledRow[],
  indent: string,
  colour: boolean,
  columns = Number.POSITIVE_INFINITY,
): readonly string[] {
  const paint = painter(colour);
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === "string" ? ({ text: cell, style: "plain" } as const) : cell)),
  );
  const widths: number[] = [];
  for (const row of cells) {
    row.slice(0, -1).forEach(({ text }, i) => {
      widths[i] = Math.max(widths[i] ?? 0, text.length);
    });
  }
  return cells.map((row) => {
    let left = columns - indent.length;
    const painted = row.map(({ text, style }, i) => {
      const pad = i < row.length - 1 ? " ".repeat(widths[i]! - text.length) : "";
      const shown = cut(text, left);
      left -= text.length + pad.length + 2;
      return paint[style](shown) + (left > 0 ? pad : "");
    });
    return `${indent}${painted.join("  ")}`.trimEnd();
  });
}

/** A text of at most so many columns; `…` where there is more. */
export function cut(text: string, columns: number): string {
  if (text.length <= columns) return text;
  return columns > 0 ? `${text.slice(0, columns - 1)}…` : "";
}
