/** Something behind a value that is already complete. */
import type { IToken } from "chevrotain";
import { tokenMatcher } from "../../../grammar/chevrotain.js";
import { isOneOf } from "../../../grammar/line-ends.js";
import { CompareOperator, Dot, Equals, LeftCurly, LineEnd, Name } from "../../../grammar/tokens.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import type { Fix, Help } from "../../diagnostics/diagnostic.js";
import { describe, type Explanation, isAssign, placeOf, type Slip, spliced, VALUES, WANTS_VALUE } from "../slip.js";
import { endOf, madeUp } from "../spans.js";
import { replace } from "./unexpected.js";

/** `a = 1 b = 2`, `experts = 16 of swiglu`: the value ended, the line did not. */
export const afterTheValue: Explanation = (slip) => {
  const { found, before, brackets, head } = slip;
  if (!found || brackets.length > 0 || !isAssign(slip) || isOneOf(before, WANTS_VALUE)) return undefined;
  if (isOneOf(found, [CompareOperator, Dot])) return undefined;
  const name = head[head.findIndex((token) => tokenMatcher(token, Equals)) - 1]!;
  const { help, repaired } = secondEntry(slip) ?? ruleWithEquals(slip);
  const diagnostic = diagnose(
    "MOE1008",
    { name: name.image, found: describe(found) },
    { primary: placeOf(slip, found), help },
  );
  return repaired ? { diagnostic, repaired } : { diagnostic };
};

/** `a = 1 b = 2`: two entries on one line. */
function secondEntry(slip: Slip): { help: Help[]; repaired: readonly IToken[] } | undefined {
  const { found, head, at, source } = slip;
  if (!isOneOf(found, [Name]) || !isOneOf(head[at + 1], [Equals])) return undefined;
  const start = found!.startOffset;
  const fix: Fix = { source, span: { start: endOf(slip.before!), end: start }, text: "; " };
  const help = [{ text: `start a new line before \`${found!.image}\`, or write \`;\` between`, fix }];
  return { help, repaired: spliced(slip, at, 0, madeUp(LineEnd, "\n", start)) };
}

/** `experts = 16 of swiglu(…)`: a phrase with an `=` too many. */
function ruleWithEquals(slip: Slip): { help: (Help | string)[]; repaired?: readonly IToken[] } {
  const at = slip.head.findIndex((token) => tokenMatcher(token, Equals));
  if (isOneOf(slip.head[0], [Name]) && isOneOf(slip.found, [...VALUES, LeftCurly])) {
    const text = "if it is a rule, write it without `=`";
    return { help: [{ text, fix: replace(slip, slip.head[at]!, "") }], repaired: spliced(slip, at, 1) };
  }
  return { help: [] };
}
