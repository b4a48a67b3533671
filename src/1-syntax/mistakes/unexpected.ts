/** The plain truth, where nothing better is known: what could have come here, and what came. */
import type { IToken } from "chevrotain";
import { tokenMatcher } from "../../../grammar/chevrotain.js";
import { isOneOf } from "../../../grammar/line-ends.js";
import { Dot, LeftSquare, Name } from "../../../grammar/tokens.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import type { Fix, Help } from "../../diagnostics/diagnostic.js";
import {
  CLOSERS,
  closerOf,
  describe,
  insideArguments,
  type Mistake,
  placeOf,
  type Slip,
  WANTS_VALUE,
} from "../slip.js";
import { endOf, spanOf } from "../spans.js";

/** The answer that always fits; with help, where there is some. */
export function unexpected(slip: Slip, help: readonly (Help | string)[] = []): Mistake {
  const params = { expected: expected(slip), found: describe(slip.found) };
  return { diagnostic: diagnose("MOE1001", params, { primary: placeOf(slip, slip.found), help }) };
}

function expected({ before, brackets, ...slip }: Slip): string {
  if (isOneOf(before, [Dot])) return "a name";
  if (isOneOf(before, WANTS_VALUE)) return "a value";
  const open = brackets.at(-1);
  if (!open) return "the end of the line";
  const separated = insideArguments({ before, brackets, ...slip }) || isListBracket(slip.head, open);
  return separated ? `\`,\` or \`${closerOf(open).image}\`` : `\`${closerOf(open).image}\``;
}

function isListBracket(head: readonly IToken[], open: IToken): boolean {
  const before = head[head.indexOf(open) - 1];
  const touchesName = before !== undefined && endOf(before) === open.startOffset && isOneOf(before, [Name, ...CLOSERS]);
  return tokenMatcher(open, LeftSquare) && !touchesName;
}

/** A fix that writes something else instead of a token. */
export function replace(slip: Slip, token: IToken, text: string): Fix {
  return { source: slip.source, span: spanOf(token), text };
}
