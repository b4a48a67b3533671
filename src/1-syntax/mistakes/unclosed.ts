/** A `(` or `[` that is never closed: where its line ends, and how the rest goes on as a line of its own. */
import type { IToken } from "chevrotain";
import { isOneOf } from "../../../grammar/line-ends.js";
import { Comma, LineEnd } from "../../../grammar/tokens.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import type { Fix, Help, Label } from "../../diagnostics/diagnostic.js";
import {
  CLOSERS,
  closerOf,
  describe,
  type Explanation,
  type Mistake,
  openBrackets,
  placeOf,
  type Slip,
  spliced,
  withoutLooseEnds,
} from "../slip.js";
import { endOf, madeUp } from "../spans.js";
import { replace } from "./unexpected.js";

/** `[1, 2)`, `f([1)`: a closer of the other kind. */
export const closesTheWrongBracket: Explanation = (slip) => {
  const { found, before, brackets } = slip;
  const open = brackets.at(-1);
  if (!open || !isOneOf(found, CLOSERS) || closerOf(open).image === found!.image) return undefined;
  if (isOneOf(before, [Comma])) return undefined;
  const outer = brackets.some((bracket) => closerOf(bracket).image === found!.image);
  return outer ? neverClosed(slip, open, found) : wrongCloser(slip, open, found!);
};

function wrongCloser(slip: Slip, open: IToken, found: IToken): Mistake {
  const { type, image } = closerOf(open);
  const help = [{ text: `write \`${image}\``, fix: replace(slip, found, image) }];
  const secondary = [placeOf(slip, open, "opened here")];
  const params = { expected: `\`${image}\``, found: describe(found) };
  const diagnostic = diagnose("MOE1001", params, { primary: placeOf(slip, found), secondary, help });
  return { diagnostic, repaired: spliced(slip, slip.at, 1, madeUp(type, image, found.startOffset)) };
}

/** The line, or the file, goes on as if the bracket had been closed. */
export const forgottenCloser: Explanation = (slip) => {
  const open = openBrackets(slip.head).at(0);
  const inner = slip.brackets.at(-1);
  if (!open || !inner) return undefined;
  if (slip.at < slip.head.length && !brokenBetween(slip, inner, slip.found!)) return undefined;
  return neverClosed(slip, inner, slip.found);
};

function neverClosed(slip: Slip, open: IToken, found: IToken | undefined): Mistake {
  const { source } = slip;
  const split = splitAt(slip, open, found);
  const kept = withoutLooseEnds(slip.head.slice(0, split));
  const end = endOf(kept.at(-1)!);
  const missing = closerOf(open);
  const fix: Fix = { source, span: { start: end, end }, text: missing.image };
  const secondary: Label[] = [
    { source, span: { start: end, end: end + 1 }, text: `\`${missing.image}\` expected here` },
  ];
  const help: Help[] = [{ text: `close it with \`${missing.image}\``, fix }];
  const diagnostic = diagnose("MOE1002", { open: open.image }, { primary: placeOf(slip, open), secondary, help });
  return { diagnostic, repaired: closeAndSplit(slip, kept, split, found) };
}

/** Where the unclosed line really ends: before the line of the text that does not fit any more. */
function splitAt(slip: Slip, open: IToken, found: IToken | undefined): number {
  if (found && isOneOf(found, CLOSERS)) return slip.at;
  let at = Math.min(slip.at, slip.head.length);
  if (found && brokenBetween(slip, open, found)) {
    while (at > 0 && !brokenBetween(slip, slip.head[at - 1]!, slip.head[at] ?? found)) at--;
  }
  return at;
}

function closeAndSplit(slip: Slip, kept: readonly IToken[], split: number, found: IToken | undefined): IToken[] {
  const rest = slip.head.slice(split);
  const end = endOf(kept.at(-1)!);
  const close = (open: IToken): IToken => madeUp(closerOf(open).type, closerOf(open).image, end);
  const open = openBrackets(kept).reverse();
  // in front of another bracket's closer only the inner brackets are missing
  if (isOneOf(found, CLOSERS)) {
    const inner = open.slice(
      0,
      open.findIndex((bracket) => closerOf(bracket).image === found!.image),
    );
    return [...kept, ...inner.map(close), ...rest];
  }
  const next = rest[0];
  return [...kept, ...open.map(close), ...(next ? [madeUp(LineEnd, "\n", next.startOffset), ...rest] : [])];
}

/** Whether a line of the file ends between two tokens. */
function brokenBetween(slip: Slip, before: IToken, after: IToken): boolean {
  return /[\r\n]/.test(slip.source.text.slice(endOf(before), after.startOffset));
}
