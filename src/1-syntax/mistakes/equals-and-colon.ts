/** `=` and `:` in places where the other one, or neither, belongs. */
import { tokenMatcher } from "../../../grammar/chevrotain.js";
import { isOneOf } from "../../../grammar/line-ends.js";
import { Colon, CompareOperator, Equals, LeftSquare, Name, NumberToken, StringToken } from "../../../grammar/tokens.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import type { Help } from "../../diagnostics/diagnostic.js";
import {
  type Explanation,
  insideArguments,
  isAssign,
  type Mistake,
  placeOf,
  type Slip,
  spliced,
  textOf,
} from "../slip.js";
import { madeUp, spanOf } from "../spans.js";
import { replace, unexpected } from "./unexpected.js";

/** `f(x = 3)`, `when (a = 3)`: an `=` where `:` or `==` is meant. */
export const equalsInArguments: Explanation = (slip) => {
  const { found, before, brackets } = slip;
  if (!isOneOf(found, [Equals]) || brackets.length === 0) return undefined;
  if (!insideArguments(slip)) return comparisonWithOneEquals(slip);
  if (!isOneOf(before, [Name])) return undefined;
  const help = [{ text: "write `:`", fix: replace(slip, found!, ":") }];
  const diagnostic = diagnose("MOE1009", { name: before!.image }, { primary: placeOf(slip, found), help });
  return { diagnostic, repaired: spliced(slip, slip.at, 1, madeUp(Colon, ":", found!.startOffset)) };
};

function comparisonWithOneEquals(slip: Slip): Mistake {
  const help = [{ text: "equality is written `==`", fix: replace(slip, slip.found!, "==") }];
  const mistake = unexpected(slip, help);
  return { ...mistake, repaired: spliced(slip, slip.at, 1, madeUp(CompareOperator, "==", slip.found!.startOffset)) };
}

/** `a =` and `router = { … }`. */
export const noValue: Explanation = (slip) => {
  const { found, before, open, head } = slip;
  if (!isOneOf(before, [Equals]) || slip.brackets.length > 0) return undefined;
  if (found && found !== open) return undefined;
  const name = head[slip.at - 2]!;
  const help = open
    ? [{ text: "a block follows its name without `=`", fix: replace(slip, before!, "") }]
    : [`give it one: \`${name.image} = …\``];
  const diagnostic = diagnose("MOE1007", { name: name.image }, { primary: placeOf(slip, before), help });
  return open ? { diagnostic, repaired: spliced(slip, slip.at - 1, 1) } : { diagnostic };
};

/** `d model = 256`: more than one name is set. */
export const equalsAfterWords: Explanation = (slip) => {
  const { found, head, at, brackets } = slip;
  if (!isOneOf(found, [Equals]) || brackets.length > 0 || isAssign(slip)) return undefined;
  const before = head.slice(0, at);
  const words = before.every((token) => tokenMatcher(token, Name));
  const joined = before.map((token) => token.image).join("_");
  const span = spanOf(before[0]!, before.at(-1)!);
  const help = words
    ? [{ text: `a name is one word: \`${joined}\``, fix: { source: slip.source, span, text: joined } }]
    : ["a value is set on a line of its own: `name = value`"];
  const params = { before: textOf(slip, before[0]!, before.at(-1)!).slice(0, 60) };
  const diagnostic = diagnose("MOE1018", params, { primary: placeOf(slip, found), help });
  if (!words) return { diagnostic };
  return { diagnostic, repaired: [madeUp(Name, joined, span.start), ...head.slice(at)] };
};

/** `heads: 8`: a colon that names no argument. */
export const colonOutside: Explanation = (slip) => {
  const { found, before, brackets, head, at } = slip;
  if (!isOneOf(found, [Colon]) || insideArguments(slip) || !isOneOf(before, [Name])) return undefined;
  if (brackets.length > 0 && brackets.at(-1)!.image === "(") return undefined;
  const setsName = at === 1 && brackets.length === 0;
  const help = setsName ? [colonHelp(slip)] : ["write the name without `:`"];
  const diagnostic = diagnose("MOE1011", { name: before!.image }, { primary: placeOf(slip, found), help });
  const looksLikeValue = setsName && isOneOf(head[at + 1], [NumberToken, StringToken, LeftSquare]);
  const instead = looksLikeValue ? [madeUp(Equals, "=", found!.startOffset)] : [];
  return { diagnostic, repaired: spliced(slip, at, 1, ...instead) };
};

function colonHelp(slip: Slip): Help {
  const name = slip.before!.image;
  if (slip.head[slip.at + 1] === undefined && slip.open) {
    return { text: "a block follows its name without `:`", fix: replace(slip, slip.found!, "") };
  }
  const text = `a value is set with \`=\`: \`${name} = …\`; a rule stands behind a space: \`${name} …\``;
  return { text, fix: replace(slip, slip.found!, " =") };
}
