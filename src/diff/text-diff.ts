/**
 * Two texts line by line, and inside lines that changed word by word. White space never makes a difference. The
 * longest common subsequence is the library's; what a line and a word is, and who stands beside whom, is ours.
 */
import { diffArrays } from "diff";

export interface TextRow {
  readonly status: "same" | "changed" | "added" | "removed";
  readonly before?: TextLine;
  readonly after?: TextLine;
}

export interface TextLine {
  /** 1-based */
  readonly number: number;
  readonly words: readonly Word[];
}

export interface Word {
  readonly text: string;
  /** only this side has it */
  readonly only: boolean;
}

/** The rows of two texts side by side. */
export function diffText(before: string, after: string): readonly TextRow[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const rows: TextRow[] = [];
  let [i, j] = [0, 0];
  const parts = diffArrays(a.map(squeezed), b.map(squeezed));
  for (let at = 0; at < parts.length; at++) {
    const { value, added, removed } = parts[at]!;
    const next = parts[at + 1];
    if (removed && next?.added) {
      rows.push(...hunk(a.slice(i, i + value.length), b.slice(j, j + next.value.length), i, j));
      [i, j] = [i + value.length, j + next.value.length];
      at++;
    } else if (removed) {
      rows.push(...hunk(a.slice(i, i + value.length), [], i, j));
      i += value.length;
    } else if (added) {
      rows.push(...hunk([], b.slice(j, j + value.length), i, j));
      j += value.length;
    } else {
      value.forEach((_, n) => {
        rows.push({ status: "same", before: plainLine(a[i + n]!, i + n), after: plainLine(b[j + n]!, j + n) });
      });
      [i, j] = [i + value.length, j + value.length];
    }
  }
  return rows;
}

const squeezed = (line: string): string => line.trim().replace(/\s+/g, " ");

function plainLine(text: string, index: number): TextLine {
  return { number: index + 1, words: [{ text, only: false }] };
}

/** Lines that were replaced: alike ones stand beside each other, in order; the others alone. */
function hunk(before: readonly string[], after: readonly string[], i: number, j: number): readonly TextRow[] {
  const rows: TextRow[] = [];
  let [x, y] = [0, 0];
  const alone = (toX: number, toY: number): void => {
    for (; x < toX; x++) rows.push({ status: "removed", before: wholeLine(before[x]!, i + x) });
    for (; y < toY; y++) rows.push({ status: "added", after: wholeLine(after[y]!, j + y) });
  };
  for (const [a, b] of alignment(before, after)) {
    alone(a, b);
    rows.push(changedRow(before[a]!, after[b]!, i + a, j + b));
    [x, y] = [a + 1, b + 1];
  }
  alone(before.length, after.length);
  return rows;
}

/** Hunks with more pairs of lines than this are not aligned: they are another text. */
const MOST_PAIRS = 10_000;

/** The pairs of lines, in order, that are alike the most in sum. */
function alignment(before: readonly string[], after: readonly string[]): readonly (readonly [number, number])[] {
  if (before.length * after.length > MOST_PAIRS) return [];
  const likeness = before.map((a) => after.map((b) => likenessOf(a, b)));
  // best[x][y]: the most that the lines from x and from y on can reach
  const best = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  for (let x = before.length - 1; x >= 0; x--) {
    for (let y = after.length - 1; y >= 0; y--) {
      best[x]![y] = Math.max(best[x + 1]![y]!, best[x]![y + 1]!, likeness[x]![y]! + best[x + 1]![y + 1]!);
    }
  }
  const pairs: (readonly [number, number])[] = [];
  let [x, y] = [0, 0];
  while (x < before.length && y < after.length) {
    const own = likeness[x]![y]!;
    if (own > 0 && best[x]![y] === own + best[x + 1]![y + 1]!) pairs.push([x++, y++]);
    else if (best[x]![y] === best[x + 1]![y]!) x++;
    else y++;
  }
  return pairs;
}

function wholeLine(text: string, index: number): TextLine {
  return { number: index + 1, words: [{ text, only: true }] };
}

/** Share of the words that both lines have, in order; 0 below a half: such lines are others. */
function likenessOf(a: string, b: string): number {
  const [x, y] = [wordsOf(a).filter(isWord), wordsOf(b).filter(isWord)];
  const all = x.length + y.length;
  if (all === 0) return 1;
  const common = diffArrays(x, y).reduce((sum, part) => sum + (part.added || part.removed ? 0 : part.value.length), 0);
  return 4 * common >= all ? (2 * common) / all : 0;
}

const wordsOf = (line: string): string[] => line.match(/\s+|[A-Za-z_]\w*|\d[\w.]*|./g) ?? [];
const isWord = (word: string): boolean => word.trim() !== "";

function changedRow(before: string, after: string, i: number, j: number): TextRow {
  const parts = diffArrays(wordsOf(before), wordsOf(after), {
    comparator: (x, y) => x === y || (!isWord(x) && !isWord(y)),
  });
  const side = (skip: "added" | "removed"): readonly Word[] =>
    parts.flatMap((part) => (part[skip] ? [] : [{ text: part.value.join(""), only: part.added || part.removed }]));
  return {
    status: "changed",
    before: { number: i + 1, words: side("added") },
    after: { number: j + 1, words: side("removed") },
  };
}

export interface TextHunk {
  readonly rows: readonly TextRow[];
  /** equal rows left out before it */
  readonly skipped: number;
}

/** Rows with what differs and `context` equal rows around it. */
export function hunksOf(rows: readonly TextRow[], context: number): readonly TextHunk[] {
  const near = rows.map((_, i) =>
    rows.slice(Math.max(0, i - context), i + context + 1).some(({ status }) => status !== "same"),
  );
  const hunks: { rows: TextRow[]; skipped: number }[] = [];
  let skipped = 0;
  rows.forEach((row, i) => {
    if (!near[i]) skipped++;
    else if (skipped > 0 || hunks.length === 0) {
      hunks.push({ rows: [row], skipped });
      skipped = 0;
    } else hunks.at(-1)!.rows.push(row);
  });
  return hunks;
}
