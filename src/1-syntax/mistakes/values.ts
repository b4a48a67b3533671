/** Values, operators and commas that are missing or too many; lines that start with something else than a word. */
import type { IToken } from "chevrotain";
import { isOneOf } from "../../../grammar/line-ends.js";
import {
  AddOperator,
  Comma,
  CompareOperator,
  Dot,
  Equals,
  MultiplyOperator,
  Name,
  NumberToken,
  StringToken,
} from "../../../grammar/tokens.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import type { Help } from "../../diagnostics/diagnostic.js";
import {
  CLOSERS,
  describe,
  type Explanation,
  insideArguments,
  isAssign,
  type Mistake,
  OPERATORS,
  placeOf,
  type Slip,
  spliced,
  VALUES,
  WANTS_VALUE,
} from "../slip.js";
import { endOf, madeUp } from "../spans.js";
import { replace, unexpected } from "./unexpected.js";

/** `16 experts`, `- experts`: a line that does not start with a word. */
export const wrongStart: Explanation = (slip) => {
  if (slip.at !== 0) return undefined;
  const [first, second] = slip.head;
  const swapped = isOneOf(first, [NumberToken]) && isOneOf(second, [Name]);
  const help = swapped ? [`the word comes first: \`${second!.image} ${first!.image} …\``] : startHelp(first);
  const primary = placeOf(slip, slip.found);
  return { diagnostic: diagnose("MOE1010", { found: describe(slip.found) }, { primary, help }) };
};

function startHelp(first: IToken | undefined): string[] {
  if (isOneOf(first, [AddOperator, MultiplyOperator]))
    return ["there are no bullet points: one entry a line is enough"];
  if (isOneOf(first, [StringToken])) return ["names are written without quotes"];
  return [];
}

/** `[1, 2,]`: a comma with nothing behind it. */
export const commaBeforeCloser: Explanation = (slip) => {
  if (!isOneOf(slip.before, [Comma]) || !isOneOf(slip.found, CLOSERS)) return undefined;
  const help = [{ text: "remove it", fix: replace(slip, slip.before!, "") }];
  const diagnostic = diagnose("MOE1012", {}, { primary: placeOf(slip, slip.before), help });
  return { diagnostic, repaired: spliced(slip, slip.at - 1, 1) };
};

/** `watch loss, load` and `steps = 100,`: a comma where nothing is listed. */
export const commaOutside: Explanation = (slip) => {
  const { found, brackets, at, head } = slip;
  if (!isOneOf(found, [Comma]) || brackets.length > 0 || at === 0) return undefined;
  if (at < head.length - 1) return unexpected(slip, ["several things stand in a list: `[a, b]`"]);
  const help = [{ text: "remove it", fix: replace(slip, found!, "") }];
  return { ...unexpected(slip, help), repaired: spliced(slip, at, 1) };
};

/** `a < b < c`: a second comparison. */
export const chainedComparison: Explanation = (slip) => {
  if (!isOneOf(slip.found, [CompareOperator]) || isOneOf(slip.before, WANTS_VALUE)) return undefined;
  if (slip.brackets.length === 0 && !isAssign(slip)) return undefined;
  const help = ["compare two values; parentheses can group: `(a < b) == c`"];
  const primary = placeOf(slip, slip.found);
  return { diagnostic: diagnose("MOE1013", { op: slip.found!.image }, { primary, help }) };
};

/** `when n <= 80%`: arithmetic in a sentence, without parentheses. */
export const bareOperator: Explanation = (slip) => {
  const { found, before, brackets, at, head } = slip;
  if (!isOneOf(found, OPERATORS) || brackets.length > 0 || isAssign(slip) || at === 0) return undefined;
  if (at === 1 && found!.image === "==") return doubleEquals(slip);
  const after = head[at + 1];
  if (found!.image === "-" && after?.image === "-" && after.startOffset === found!.startOffset + 1) return dashes(slip);
  const example = at > 1 && isOneOf(after, VALUES) ? ` \`(${before!.image} ${found!.image} ${after!.image})\`` : "";
  const help = [`put the whole expression in parentheses${example && `:${example}`}`];
  const params = { operator: found!.image };
  return { diagnostic: diagnose("MOE1020", params, { primary: placeOf(slip, found), help }) };
};

/** `-- why`: a comment of other languages. */
function dashes(slip: Slip): Mistake {
  const end = endOf(slip.head[slip.at + 1]!);
  const span = { start: slip.found!.startOffset, end };
  const primary = { source: slip.source, span };
  const help = [{ text: "comments start with `//`", fix: { source: slip.source, span, text: "//" } }];
  return { diagnostic: diagnose("MOE1004", { what: "the comment sign `--`" }, { primary, help }) };
}

function doubleEquals(slip: Slip): Mistake {
  const help = [{ text: "a value is set with one `=`", fix: replace(slip, slip.found!, "=") }];
  const primary = placeOf(slip, slip.found);
  const diagnostic = diagnose("MOE1001", { expected: "`=`", found: describe(slip.found) }, { primary, help });
  return { diagnostic, repaired: spliced(slip, 1, 1, madeUp(Equals, "=", slip.found!.startOffset)) };
}

/** `[1 2]`: two items with nothing between. */
export const missingComma: Explanation = (slip) => {
  const { found, before, brackets, source } = slip;
  if (brackets.length === 0 || !isOneOf(found, VALUES) || isOneOf(before, WANTS_VALUE)) return undefined;
  const takesCommas = brackets.at(-1)!.image === "[" || insideArguments(slip);
  if (!takesCommas || isOneOf(before, [Dot])) return undefined;
  const end = endOf(before!);
  const help: Help[] = [{ text: "write a `,` between", fix: { source, span: { start: end, end }, text: "," } }];
  return { ...unexpected(slip, help), repaired: spliced(slip, slip.at, 0, madeUp(Comma, ",", end)) };
};

/** `a = -1`: the language has no negative literals. */
export const negativeNumber: Explanation = (slip) => {
  const { found, before, head, at } = slip;
  if (found?.image !== "-" || !isOneOf(before, WANTS_VALUE) || !isOneOf(head[at + 1], VALUES)) return undefined;
  const help = [`there are no negative literals: write \`(0 - ${head[at + 1]!.image})\``];
  const zero = madeUp(NumberToken, "0", found.startOffset);
  return { ...unexpected(slip, help), repaired: spliced(slip, at, 0, zero) };
};
