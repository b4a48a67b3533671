/** Two kernel texts for a terminal: one column, changed words in colour, or marked with `[-…-]` and `{+…+}` without. */
import { diffText, hunksOf, type TextLine, type TextRow } from "../text-diff.js";
import { plural } from "./numbers.js";
import { painter } from "./styled.js";

export interface KernelTexts {
  readonly target: string;
  /** name of the kernel in each design; undefined where it has none */
  readonly names: readonly [string | undefined, string | undefined];
  readonly before: string;
  readonly after: string;
}

/** One kernel on one target; ends with a line end. */
export function renderText({ target, names, before, after }: KernelTexts, colour: boolean): string {
  const paint = painter(colour);
  const [a, b] = names;
  const title = paint.bold(`${target}: ${a === b ? a : `${a ?? "none"} → ${b ?? "none"}`}`);
  const rows =
    a === undefined ? onlyOne(after, "added") : b === undefined ? onlyOne(before, "removed") : diffText(before, after);
  if (rows.every(({ status }) => status === "same")) return `${title}\nthe same text, ${plural(rows.length, "line")}\n`;
  const lines = hunksOf(rows, 3).flatMap(({ rows: own, skipped }) => [
    ...(skipped > 0 ? [paint.dim(`  … ${plural(skipped, "line")} the same`)] : []),
    ...own.flatMap((row) => rowLines(row, colour)),
  ]);
  return `${[title, ...lines].join("\n")}\n`;
}

function onlyOne(text: string, status: "added" | "removed"): readonly TextRow[] {
  return text.split("\n").map((line, i) => {
    const only = { number: i + 1, words: [{ text: line, only: false }] };
    return status === "added" ? { status, after: only } : { status, before: only };
  });
}

function rowLines({ status, before, after }: TextRow, colour: boolean): readonly string[] {
  if (status === "same") return [`  ${text(after!)}`];
  return [
    ...(before ? [lineText(before, "removed", status === "changed", colour)] : []),
    ...(after ? [lineText(after, "added", status === "changed", colour)] : []),
  ];
}

const text = ({ words }: TextLine): string => words.map((word) => word.text).join("");

function lineText(line: TextLine, style: "added" | "removed", marked: boolean, colour: boolean): string {
  const paint = painter(colour);
  const sign = style === "added" ? "+" : "-";
  if (!marked) return paint[style](`${sign} ${text(line)}`);
  const [open, close] = style === "added" ? ["{+", "+}"] : ["[-", "-]"];
  const show = (word: string) => (colour ? paint.bold(paint[style](word)) : `${open}${word}${close}`);
  return `${paint[style](sign)} ${line.words.map((word) => (word.only && word.text.trim() !== "" ? show(word.text) : word.text)).join("")}`;
}
