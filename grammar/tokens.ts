/**
 * The tokens of the language, and the lexer over them. Tokens that only mistakes produce (`'text'`, `# comment`, an
 * unclosed `"`, `12abc`) are recognised on purpose, so that a slip is named instead of cascading.
 * Which line ends count is not decided here: see line-ends.ts.
 */
import type { ITokenConfig, TokenType } from "chevrotain";
import { createToken, Lexer } from "./chevrotain.js";

const token = (name: string, pattern: RegExp | string, more: Omit<ITokenConfig, "name" | "pattern"> = {}): TokenType =>
  createToken({ name, pattern, ...more });

/** Comments and docs are kept aside for the formatter and for the docs of the AST. */
export const TRIVIA = "trivia";

export const Space = token("Space", /[ \t\v\f\u00a0\ufeff]+/, { group: Lexer.SKIPPED });
export const Doc = token("Doc", /\/\/\/(?!\/)[^\r\n]*/, { group: TRIVIA });
export const Comment = token("Comment", /\/\/[^\r\n]*/, { group: TRIVIA });

/** A line end; `;` is one too. */
export const LineEnd = token("LineEnd", /\r\n|[\r\n;]/, { line_breaks: true, label: "the end of the line" });

/** A keyword only in front of `NAME =`; anywhere else `let` is a name like any other. */
export const Let = token("Let", /let(?=[ \t]+[A-Za-z_][A-Za-z0-9_]*[ \t]*=(?!=))/, { label: "`let`" });
export const Name = token("Name", /[A-Za-z_][A-Za-z0-9_]*/, { label: "a name" });

/** Takes all that looks like one number, so that `12abc` is one mistake; `readNumber` decides whether it is a number. */
export const NumberToken = token("Number", /\.?\d(?:[eE][+-]\d|[A-Za-z0-9_.%])*/, { label: "a number" });

export const StringToken = token("String", /"(?:[^"\\\r\n]|\\[^\r\n])*"/, { label: "a text" });
export const UnclosedString = token("UnclosedString", /"(?:[^"\\\r\n]|\\[^\r\n])*\\?/, { categories: StringToken });
export const ForeignString = token("ForeignString", /'[^'\r\n]*'|[“”„][^“”"\r\n]*[“”"]|‘[^’\r\n]*’/, {
  categories: StringToken,
});
/** Comments of other languages; they end up among the trivia, so that the rest of the line is still read. */
export const ForeignComment = token("ForeignComment", /#[^\r\n]*|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\//, {
  group: TRIVIA,
  line_breaks: true,
});

export const LeftCurly = token("LeftCurly", "{", { label: "`{`" });
export const RightCurly = token("RightCurly", "}", { label: "`}`" });
export const LeftParen = token("LeftParen", "(", { label: "`(`" });
export const RightParen = token("RightParen", ")", { label: "`)`" });
export const LeftSquare = token("LeftSquare", "[", { label: "`[`" });
export const RightSquare = token("RightSquare", "]", { label: "`]`" });
export const Comma = token("Comma", ",", { label: "`,`" });
export const Colon = token("Colon", ":", { label: "`:`" });
export const Dot = token("Dot", ".", { label: "`.`" });
export const CompareOperator = token("CompareOperator", /<=|>=|==|!=|<|>/, { label: "a comparison" });
export const Equals = token("Equals", "=", { label: "`=`" });
export const AddOperator = token("AddOperator", /[+-]/, { label: "`+` or `-`" });
export const MultiplyOperator = token("MultiplyOperator", /[*/]/, { label: "`*` or `/`" });

/** In the order in which the lexer tries them. */
export const allTokens: readonly TokenType[] = [
  Space,
  Doc,
  Comment,
  ForeignComment,
  LineEnd,
  Let,
  Name,
  NumberToken,
  StringToken,
  UnclosedString,
  ForeignString,
  CompareOperator,
  LeftCurly,
  RightCurly,
  LeftParen,
  RightParen,
  LeftSquare,
  RightSquare,
  Comma,
  Colon,
  Dot,
  Equals,
  AddOperator,
  MultiplyOperator,
];

/** One lexer serves every file: it holds no state between calls. */
export const lexer = new Lexer([...allTokens], { ensureOptimizations: true, positionTracking: "onlyOffset" });
