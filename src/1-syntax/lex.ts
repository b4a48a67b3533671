/**
 * From characters to tokens, and every mistake that can be seen without a grammar: stray characters, numbers that are
 * none, texts without an end, comments of other languages. Such tokens are kept in a usable form where there is one.
 */
import type { ILexingError, IToken } from "chevrotain";
import { tokenMatcher } from "../../grammar/chevrotain.js";
import { isOneOf } from "../../grammar/line-ends.js";
import {
  ForeignComment,
  ForeignString,
  lexer,
  NumberToken,
  StringToken,
  TRIVIA,
  UnclosedString,
} from "../../grammar/tokens.js";
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic, Help, Label } from "../diagnostics/diagnostic.js";
import type { SourceFile, Span } from "./ast.js";
import { readNumber, readString } from "./literals.js";
import { spanOf } from "./spans.js";

export interface Lexed {
  /** without spaces and comments, with every line end */
  readonly tokens: readonly IToken[];
  /** comments and docs, in order */
  readonly comments: readonly IToken[];
  readonly mistakes: readonly Diagnostic[];
}

/** Cuts a file into tokens; never fails. */
export function lex(source: SourceFile): Lexed {
  const { tokens, groups, errors } = lexer.tokenize(source.text);
  const comments = groups[TRIVIA] ?? [];
  const mistakes = [
    ...errors.map((error) => strayCharacters(source, error)),
    ...tokens.flatMap((token) => tokenMistake(source, token) ?? []),
    ...comments.filter((token) => tokenMatcher(token, ForeignComment)).map((token) => foreignComment(source, token)),
  ];
  return { tokens, comments, mistakes: mistakes.sort((a, b) => startOf(a) - startOf(b)) };
}

const startOf = (diagnostic: Diagnostic): number => diagnostic.primary?.span.start ?? 0;

function tokenMistake(source: SourceFile, token: IToken): Diagnostic | undefined {
  if (tokenMatcher(token, NumberToken)) return readNumber(token.image) ? undefined : badNumber(source, token);
  if (tokenMatcher(token, UnclosedString)) return unclosedString(source, token);
  if (tokenMatcher(token, ForeignString)) return foreignString(source, token);
  return isOneOf(token, [StringToken]) ? badEscape(source, token) : undefined;
}

function badNumber(source: SourceFile, token: IToken): Diagnostic {
  const span = spanOf(token);
  return diagnose("MOE1005", { text: token.image }, { primary: { source, span }, help: [numberHelp(source, span)] });
}

/** The likely number behind a bad one, or what numbers look like. */
function numberHelp(source: SourceFile, span: Span): Help {
  const text = source.text.slice(span.start, span.end);
  const guesses = [
    { text: text.replace(/^\./, "0."), why: "a number starts with a digit" },
    { text: text.replace(/\.$/, ""), why: "a point needs digits on both sides" },
    { text: text.replace(/_+/g, "_").replace(/_(?=\D|$)/g, ""), why: "`_` stands between two digits" },
    { text: text.replace(/K$/, "k"), why: "thousands are written `k`" },
    { text: text.replace(/m$/, "M"), why: "millions are written `M`" },
    { text: text.replace(/[bG]$/, "B"), why: "billions are written `B`" },
  ];
  const guess = guesses.find((each) => each.text !== text && readNumber(each.text));
  if (guess) return { text: `${guess.why}: \`${guess.text}\``, fix: { source, span, text: guess.text } };
  if (/^\d+(\.\d+)?[eE][+-]?\d+/.test(text)) return { text: "the largest number is about 1.8e308" };
  return { text: "numbers look like `12`, `1_000`, `0.5`, `1e-3`, `12.5%`, `4k`, `500M`, `7B`" };
}

function unclosedString(source: SourceFile, token: IToken): Diagnostic {
  const help = 'close the text with `"` on the same line; a quote inside a text is written `\\"`';
  return diagnose("MOE1006", {}, { primary: { source, span: spanOf(token), text: "starts here" }, help: [help] });
}

function foreignString(source: SourceFile, token: IToken): Diagnostic {
  const span = spanOf(token);
  const text = `"${token.image.slice(1, -1).replaceAll('"', '\\"')}"`;
  const help = { text: `texts stand between straight double quotes: ${text}`, fix: { source, span, text } };
  return diagnose("MOE1004", { what: `the quote \`${token.image[0]}\`` }, { primary: { source, span }, help: [help] });
}

function badEscape(source: SourceFile, token: IToken): Diagnostic | undefined {
  const { badEscape } = readString(token.image);
  if (!badEscape) return undefined;
  const start = token.startOffset + badEscape.at;
  const primary = { source, span: { start, end: start + badEscape.text.length } };
  const help = 'known are `\\"`, `\\\\`, `\\n`, `\\t` and `\\r`; a plain backslash is `\\\\`';
  return diagnose("MOE1014", { text: badEscape.text }, { primary, help: [help] });
}

function foreignComment(source: SourceFile, token: IToken): Diagnostic {
  const start = token.startOffset;
  const what = token.image.startsWith("#") ? "#" : "/*";
  const primary: Label = { source, span: { start, end: start + what.length } };
  const help: Help =
    what === "#"
      ? { text: "comments start with `//`", fix: { source, span: primary.span, text: "//" } }
      : { text: "every line of a comment starts with `//`" };
  return diagnose("MOE1004", { what: `the comment sign \`${what}\`` }, { primary, help: [help] });
}

function strayCharacters(source: SourceFile, error: ILexingError): Diagnostic {
  const span = { start: error.offset, end: error.offset + error.length };
  const text = source.text.slice(span.start, span.end);
  return diagnose("MOE1004", { what: showCharacters(text) }, { primary: { source, span }, help: strayHelp(text) });
}

/** Invisible characters are shown by number, long runs are cut. */
function showCharacters(text: string): string {
  const characters = [...text];
  if (characters.every((each) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(each))) {
    return `\`${characters.slice(0, 12).join("")}${characters.length > 12 ? "…" : ""}\``;
  }
  const invisible = characters.find((each) => !/[\p{L}\p{N}\p{P}\p{S}]/u.test(each)) ?? "";
  return `the character U+${(invisible.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function strayHelp(text: string): string[] {
  if (/[\p{L}\p{N}]/u.test(text)) return ["names are made of `a`–`z`, `A`–`Z`, `0`–`9` and `_`"];
  if (/['"“”‘’„]/u.test(text)) return ['texts stand between straight double quotes: `"…"`'];
  if (text === "^") return ["there is no power operator; write the number out"];
  if (/[×·]/u.test(text)) return ["multiplication is written `*`"];
  if (/[≤≥≠]/u.test(text)) return ["comparisons are written `<=`, `>=`, `!=`"];
  return [];
}
