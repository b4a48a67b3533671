/**
 * Colours for editors: a TextMate grammar whose patterns come from the tokens. Like the parser it knows shapes, not
 * words, so it needs no change when the vocabulary grows.
 */
import type { TokenType } from "chevrotain";
import { Comment, Doc, Let, Name, NumberToken, StringToken, UnclosedString } from "./tokens.js";

const source = (token: TokenType): string => (token.PATTERN as RegExp).source;

/** The TextMate grammar as an object, ready for `JSON.stringify`. */
export function textMateGrammar(): object {
  const name = source(Name);
  return {
    $comment: "Generated from grammar/tokens.ts by grammar/generate.ts. Do not edit.",
    name: "moe",
    scopeName: "source.moe",
    fileTypes: ["moe"],
    patterns: [
      { name: "comment.line.documentation.moe", match: source(Doc) },
      { name: "comment.line.double-slash.moe", match: source(Comment) },
      { name: "string.quoted.double.moe", match: source(StringToken) },
      { name: "invalid.illegal.unclosed.moe", match: source(UnclosedString) },
      { name: "keyword.other.let.moe", match: `\\b${source(Let)}` },
      { name: "variable.other.property.moe", match: `(?:^|(?<=[;{]))\\s*${name}(?=\\s*=(?!=))` },
      {
        match: `(?:^|(?<=[;{]))\\s*(${name})\\s+(${name})(?=[^;{}]*\\{)`,
        captures: { 1: { name: "storage.type.moe" }, 2: { name: "entity.name.type.moe" } },
      },
      { name: "keyword.control.moe", match: `(?:^|(?<=[;{]))\\s*${name}\\b` },
      { name: "variable.parameter.moe", match: `\\b${name}(?=\\s*:)` },
      { name: "entity.name.function.moe", match: `\\b${name}(?=[(\\[])` },
      { name: "constant.numeric.moe", match: `(?<![A-Za-z0-9_])${source(NumberToken)}` },
      { name: "keyword.operator.moe", match: "<=|>=|==|!=|[-+*/<>=]" },
    ],
  };
}
