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
  let taken = 0;
  before.forEach((line, n) => {
    const at = after.findIndex((other, m) => m >= taken && alike(line, other));
    if (at < 0) {
      rows.push({ status: "removed", before: wholeLine(line, i + n) });
      return;
    }
    for (let m = taken; m < at; m++) rows.push({ status: "added", after: wholeLine(after[m]!, j + m) });
    rows.push(changedRow(line, after[at]!, i + n, j + at));
    taken = at + 1;
  });
  for (let m = taken; m < after.length; m++) rows.push({ status: "added", after: wholeLine(after[m]!, j + m) });
  return rows;
}

function wholeLine(text: string, index: number): TextLine {
  return { number: index + 1, words: [{ text, only: true }] };
}

/** At least half of the words of the shorter line stand in the other one, in order. */
function alike(a: string, b: string): boolean {
  const [x, y] = [wordsOf(a).filter(isWord), wordsOf(b).filter(isWord)];
  if (x.length === 0 || y.length === 0) return x.length === y.length;
  const common = diffArrays(x, y).reduce((sum, part) => sum + (part.added || part.removed ? 0 : part.value.length), 0);
  return 2 * common >= Math.min(x.length, y.length);
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
