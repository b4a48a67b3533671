/** What a text means to the parser, without places: for comparing trees of differently laid out texts. */
import { parse } from "../../src/1-syntax/parse.js";

/** The entries of a text without spans; fails on syntax errors. */
export function treeOf(text: string): unknown {
  const { ast, diagnostics } = parse({ path: "tree.moe", text });
  if (diagnostics.length > 0) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return withoutSpans(ast.entries);
}

/** A copy of a value without any `span`, and without what is undefined. */
export function withoutSpans(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === "span" ? undefined : inner)));
}
