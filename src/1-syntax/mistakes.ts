/**
 * What probably was meant: one small function per mistake, tried in the order of the list at the end. Each either
 * recognises its mistake and says so, or passes. The last one always answers.
 */
import { type IToken, tokenMatcher } from "chevrotain";
import { isOneOf } from "../../grammar/line-ends.js";
import {
  AddOperator,
  Colon,
  Comma,
  CompareOperator,
  Dot,
  Equals,
  LeftCurly,
  LeftSquare,
  LineEnd,
  MultiplyOperator,
  Name,
  NumberToken,
  StringToken,
} from "../../grammar/tokens.js";
import { diagnose } from "../diagnostics/diagnose.js";
import type { Fix, Help, Label } from "../diagnostics/diagnostic.js";
import {
  CLOSERS,
  closerOf,
  describe,
  insideArguments,
  isAssign,
  type Mistake,
  OPENERS,
  OPERATORS,
  openBrackets,
  openerText,
  placeOf,
  type Slip,
  spliced,
  textOf,
  VALUES,
  WANTS_VALUE,
  withoutLooseEnds,
} from "./slip.js";
import { endOf, madeUp, spanOf } from "./spans.js";

type Explanation = (slip: Slip) => Mistake | undefined;

/** Names the mistake at the place where the grammar had to stop. */
export function explainMistake(slip: Slip): Mistake {
  for (const explanation of explanations) {
    const mistake = explanation(slip);
    if (mistake) return mistake;
  }
  return unexpected(slip);
}

// --- brackets ---------------------------------------------------------------

const closesNothing: Explanation = (slip) => {
  const { found, brackets } = slip;
  if (!isOneOf(found, CLOSERS) || brackets.length > 0) return undefined;
  const params = { close: found!.image, open: openerText(found!) };
  const help = [{ text: "remove it", fix: replace(slip, found!, "") }];
  const diagnostic = diagnose("MOE1003", params, { primary: placeOf(slip, found), help });
  return { diagnostic, repaired: spliced(slip, slip.at, 1) };
};

const closesTheWrongBracket: Explanation = (slip) => {
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

/** The line (or the file) goes on as if the bracket had been closed. */
const forgottenCloser: Explanation = (slip) => {
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

const detachedBracket: Explanation = (slip) => {
  const { found, brackets, head } = slip;
  const open = brackets.at(-1);
  if (!open || !isOneOf(found, [Colon, Comma])) return undefined;
  if (open.image !== "(" || insideArguments(slip)) return undefined;
  return isOneOf(head[head.indexOf(open) - 1], [Name]) ? mustTouch(slip, open) : undefined;
};

/** `x = rope (10_000)`: after a complete value a bracket can only be meant as arguments. */
const detachedArguments: Explanation = (slip) => {
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

// --- the start of a line ------------------------------------------------------

const wrongStart: Explanation = (slip) => {
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

// --- `=` and `:` ----------------------------------------------------------------

const equalsInArguments: Explanation = (slip) => {
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

const noValue: Explanation = (slip) => {
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

const afterTheValue: Explanation = (slip) => {
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

const equalsAfterWords: Explanation = (slip) => {
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

const colonOutside: Explanation = (slip) => {
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

// --- values and operators -------------------------------------------------------

const commaBeforeCloser: Explanation = (slip) => {
  if (!isOneOf(slip.before, [Comma]) || !isOneOf(slip.found, CLOSERS)) return undefined;
  const help = [{ text: "remove it", fix: replace(slip, slip.before!, "") }];
  const diagnostic = diagnose("MOE1012", {}, { primary: placeOf(slip, slip.before), help });
  return { diagnostic, repaired: spliced(slip, slip.at - 1, 1) };
};

const chainedComparison: Explanation = (slip) => {
  if (!isOneOf(slip.found, [CompareOperator]) || isOneOf(slip.before, WANTS_VALUE)) return undefined;
  if (slip.brackets.length === 0 && !isAssign(slip)) return undefined;
  const help = ["compare two values; parentheses can group: `(a < b) == c`"];
  const primary = placeOf(slip, slip.found);
  return { diagnostic: diagnose("MOE1013", { op: slip.found!.image }, { primary, help }) };
};

const bareOperator: Explanation = (slip) => {
  const { found, before, brackets, at, head } = slip;
  if (!isOneOf(found, OPERATORS) || brackets.length > 0 || isAssign(slip) || at === 0) return undefined;
  if (at === 1 && found!.image === "==") return doubleEquals(slip);
  const after = head[at + 1];
  const example = at > 1 && isOneOf(after, VALUES) ? ` \`(${before!.image} ${found!.image} ${after!.image})\`` : "";
  const help = [`put the whole expression in parentheses${example && `:${example}`}`];
  const params = { operator: found!.image };
  return { diagnostic: diagnose("MOE1020", params, { primary: placeOf(slip, found), help }) };
};

function doubleEquals(slip: Slip): Mistake {
  const help = [{ text: "a value is set with one `=`", fix: replace(slip, slip.found!, "=") }];
  const primary = placeOf(slip, slip.found);
  const diagnostic = diagnose("MOE1001", { expected: "`=`", found: describe(slip.found) }, { primary, help });
  return { diagnostic, repaired: spliced(slip, 1, 1, madeUp(Equals, "=", slip.found!.startOffset)) };
}

const missingComma: Explanation = (slip) => {
  const { found, before, brackets, source } = slip;
  if (brackets.length === 0 || !isOneOf(found, VALUES) || isOneOf(before, WANTS_VALUE)) return undefined;
  const takesCommas = brackets.at(-1)!.image === "[" || insideArguments(slip);
  if (!takesCommas || isOneOf(before, [Dot])) return undefined;
  const end = endOf(before!);
  const help: Help[] = [{ text: "write a `,` between", fix: { source, span: { start: end, end }, text: "," } }];
  return { ...unexpected(slip, help), repaired: spliced(slip, slip.at, 0, madeUp(Comma, ",", end)) };
};

const negativeNumber: Explanation = (slip) => {
  const { found, before, head, at } = slip;
  if (found?.image !== "-" || !isOneOf(before, WANTS_VALUE) || !isOneOf(head[at + 1], VALUES)) return undefined;
  const help = [`there are no negative literals: write \`(0 - ${head[at + 1]!.image})\``];
  const zero = madeUp(NumberToken, "0", found.startOffset);
  return { ...unexpected(slip, help), repaired: spliced(slip, at, 0, zero) };
};

/** The plain truth: what could have come here, and what came. */
function unexpected(slip: Slip, help: readonly (Help | string)[] = []): Mistake {
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

function replace(slip: Slip, token: IToken, text: string): Fix {
  return { source: slip.source, span: spanOf(token), text };
}

const explanations: readonly Explanation[] = [
  closesNothing,
  wrongStart,
  closesTheWrongBracket,
  commaBeforeCloser,
  forgottenCloser,
  detachedBracket,
  equalsInArguments,
  noValue,
  equalsAfterWords,
  colonOutside,
  negativeNumber,
  chainedComparison,
  bareOperator,
  missingComma,
  detachedArguments,
  afterTheValue,
];
