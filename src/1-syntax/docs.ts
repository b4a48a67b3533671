/**
 * Which comments belong to which entry, judged by lines alone: a `///` line directly above an entry documents it;
 * plain comments between do not separate them, an empty line does.
 */
import type { IToken } from "chevrotain";
import { tokenMatcher } from "../../grammar/chevrotain.js";
import { Doc } from "../../grammar/tokens.js";
import { endOf } from "./spans.js";

/** Whether only spaces (and `;`, which the formatter removes) are before an offset on its line. */
export function isFirstOnLine(text: string, offset: number): boolean {
  for (let at = offset - 1; at >= 0; at--) {
    const character = text[at]!;
    if (character === "\n" || character === "\r") return true;
    if (!/[\s;\ufeff]/.test(character)) return false;
  }
  return true;
}

/** The line ends between two offsets; two or more mean that something is between: an empty line, or a lone `;`. */
export function countLineEnds(text: string, from: number, to: number): number {
  return text.slice(from, to).match(/\r\n|\r|\n/g)?.length ?? 0;
}

/** Answers, for the offset at which an entry starts, the text of its `///` lines without the slashes. */
export function docsBefore(text: string, comments: readonly IToken[]): (offset: number) => string | undefined {
  const ownLine = comments.filter((comment) => isFirstOnLine(text, comment.startOffset));
  return (offset) => {
    if (!isFirstOnLine(text, offset)) return undefined;
    const lines: string[] = [];
    let below = offset;
    for (let at = lastBefore(ownLine, offset); at >= 0; at--) {
      const comment = ownLine[at]!;
      if (countLineEnds(text, endOf(comment), below) !== 1) break;
      if (tokenMatcher(comment, Doc)) lines.unshift(comment.image.slice(3).replace(/^ /, "").trimEnd());
      below = comment.startOffset;
    }
    return lines.length > 0 ? lines.join("\n") : undefined;
  };
}

function lastBefore(comments: readonly IToken[], offset: number): number {
  let low = 0;
  let high = comments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comments[middle]!.startOffset < offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
