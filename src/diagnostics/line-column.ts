/**
 * From offsets to the lines and columns that people and editors count. A column counts characters (code points), so
 * an emoji is one column although JavaScript stores two units; a tab is one column, as editors report it.
 */

export interface LineColumn {
  /** 1-based */
  readonly line: number;
  /** 1-based, in characters */
  readonly column: number;
}

/** The offset at which each line starts; a line ends at `\n`, `\r\n` or a lone `\r`. */
export function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  return starts;
}

/** The 0-based index of the line that holds an offset. */
export function lineIndexAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The text of a line (0-based) without its line end. */
export function lineText(text: string, starts: readonly number[], line: number): string {
  return text.slice(starts[line], starts[line + 1]).replace(/[\r\n]+$/, "");
}

/** Line and column of an offset; offsets outside the text count as its start or end. */
export function lineColumn(source: { readonly text: string }, offset: number): LineColumn {
  const inside = Math.min(Math.max(0, offset), source.text.length);
  const starts = lineStarts(source.text);
  const line = lineIndexAt(starts, inside);
  return { line: line + 1, column: [...source.text.slice(starts[line], inside)].length + 1 };
}
