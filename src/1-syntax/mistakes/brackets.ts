/** Brackets: one too many, the wrong one, or one that does not touch its name. */
import type { IToken } from "chevrotain";
import { isOneOf } from "../../../grammar/line-ends.js";
import { Colon, Comma, Name } from "../../../grammar/tokens.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import type { Fix } from "../../diagnostics/diagnostic.js";
import {
  CLOSERS,
  type Explanation,
  insideArguments,
  isAssign,
  type Mistake,
  OPENERS,
  openerText,
  placeOf,
  type Slip,
  spliced,
} from "../slip.js";
import { endOf } from "../spans.js";
import { replace, unexpected } from "./unexpected.js";

/** `f(1))`: nothing is open that the bracket could close. */
export const closesNothing: Explanation = (slip) => {
  const { found, brackets } = slip;
  if (!isOneOf(found, CLOSERS) || brackets.length > 0) return undefined;
  const params = { close: found!.image, open: openerText(found!) };
  const help = [{ text: "remove it", fix: replace(slip, found!, "") }];
  const diagnostic = diagnose("MOE1003", params, { primary: placeOf(slip, found), help });
  return { diagnostic, repaired: spliced(slip, slip.at, 1) };
};

/** `experts 16 of swiglu (hidden: 512)`: arguments behind a space. */
export const detachedBracket: Explanation = (slip) => {
  const { found, brackets, head } = slip;
  const open = brackets.at(-1);
  if (!open || !isOneOf(found, [Colon, Comma])) return undefined;
  if (open.image !== "(" || insideArguments(slip)) return undefined;
  return isOneOf(head[head.indexOf(open) - 1], [Name]) ? mustTouch(slip, open) : undefined;
};

/** `x = rope (10_000)`: after a complete value a bracket can only be meant as arguments. */
export const detachedArguments: Explanation = (slip) => {
  const { found, before, brackets } = slip;
  if (!isOneOf(found, OPENERS) || brackets.length > 0 || !isAssign(slip)) return undefined;
  return isOneOf(before, [Name]) ? mustTouch(slip, found!) : undefined;
};

function mustTouch(slip: Slip, open: IToken): Mistake | undefined {
  const at = slip.head.indexOf(open);
  if (at < 2) return firstWordTakesNothing(slip);
  const name = slip.head[at - 1]!;
  const fix: Fix = { source: slip.source, span: { start: endOf(name), end: open.startOffset }, text: "" };
  const shape = open.image === "(" ? `${name.image}(…)` : `${name.image}[…]`;
  const help = [{ text: `write \`${shape}\` without a space`, fix }];
  const params = { name: name.image, open: open.image };
  const diagnostic = diagnose("MOE1019", params, { primary: placeOf(slip, open), help });
  return { diagnostic, repaired: spliced(slip, at, 1, { ...open, startOffset: endOf(name) }) };
}

function firstWordTakesNothing(slip: Slip): Mistake {
  return unexpected(slip, ["the first word of a line takes no arguments: it says what the line is about"]);
}
