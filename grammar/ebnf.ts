/** The grammar as text: the rules of parser.ts in extended Backus–Naur form, then the tokens with their patterns. */
import type { IProduction, Rule, TokenType } from "chevrotain";
import {
  Alternation,
  Alternative,
  NonTerminal,
  Option,
  Repetition,
  RepetitionWithSeparator,
  Terminal,
} from "./chevrotain.js";

/** The whole grammar in EBNF, one rule a line. */
export function printEbnf(rules: Readonly<Record<string, Rule>>, tokens: readonly TokenType[]): string {
  const names = Object.keys(rules);
  const width = Math.max(...names.map((name) => name.length));
  const productions = names.map((name) => `${name.padEnd(width)} = ${printSequence(rules[name]!.definition)} ;`);
  return [
    "(* Generated from grammar/parser.ts and grammar/tokens.ts by grammar/generate.ts. Do not edit. *)",
    "(* args and index only where the bracket touches the name; which line ends count: grammar/line-ends.ts *)",
    "",
    ...productions,
    "",
    ...tokens.filter((token) => token.PATTERN instanceof RegExp).map(printToken),
    "",
  ].join("\n");
}

/** How a terminal is written in a rule: a literal as itself, any other token by its name. */
export function terminalText(token: TokenType): string {
  return typeof token.PATTERN === "string" ? `"${token.PATTERN}"` : token.name;
}

function printToken(token: TokenType): string {
  const skipped = token.GROUP === undefined || token.GROUP === "default" ? "" : " (* not seen by the rules *)";
  return `${token.name} = ? ${(token.PATTERN as RegExp).source} ? ;${skipped}`;
}

function printSequence(parts: readonly IProduction[]): string {
  return parts.map(print).join(" ");
}

function print(part: IProduction): string {
  if (part instanceof Terminal) return terminalText(part.terminalType);
  if (part instanceof NonTerminal) return part.nonTerminalName;
  if (part instanceof Option) return `[ ${printSequence(part.definition)} ]`;
  if (part instanceof Repetition) return `{ ${printSequence(part.definition)} }`;
  if (part instanceof RepetitionWithSeparator) {
    const item = printSequence(part.definition);
    return `[ ${item} { ${terminalText(part.separator)} ${item} } ]`;
  }
  if (part instanceof Alternation) return part.definition.map(print).join(" | ");
  if (part instanceof Alternative) return printSequence(part.definition);
  throw new Error(`no text for the grammar part ${part.constructor.name}`);
}
