/** Designs for tests of the diff, from text and from changed lines of a shipped spec. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { parse } from "../../src/1-syntax/parse.js";
import type { Design } from "../../src/2-design/design.js";
import { resolve } from "../../src/2-design/resolve.js";
import { renderOneLine } from "../../src/diagnostics/render/one-line.js";

/** The design of a text without mistakes. */
export function designOf(text: string, path = "test.moe"): Design {
  const { ast, diagnostics, broken } = parse({ path, text });
  const resolved = resolve(ast, { broken });
  const mistakes = [...diagnostics, ...resolved.diagnostics].filter(({ severity }) => severity === "error");
  expect(mistakes.map((each) => renderOneLine(each))).toEqual([]);
  return resolved.design!;
}

/** The text of a shipped spec. */
export function specText(name: string): string {
  return readFileSync(new URL(`../../specs/${name}.moe`, import.meta.url), "utf8");
}

export type Edit = readonly [from: string, to: string];

/** A text with parts replaced, each of which must occur. */
export function edited(text: string, edits: readonly Edit[]): string {
  return edits.reduce((all, [from, to]) => {
    expect(all).toContain(from);
    return all.replace(from, to);
  }, text);
}
