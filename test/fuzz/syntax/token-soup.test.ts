/** Whatever is thrown at stage 1, it answers with a tree and diagnostics: never an exception, never our own bug. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Block, Entry, Span } from "../../../src/1-syntax/ast.js";
import { format } from "../../../src/1-syntax/fmt.js";
import { parse } from "../../../src/1-syntax/parse.js";
import { DiagnosticError } from "../../../src/diagnostics/diagnostic.js";
import { renderGithub } from "../../../src/diagnostics/render/github.js";
import { renderJson } from "../../../src/diagnostics/render/json.js";
import { renderOneLine } from "../../../src/diagnostics/render/one-line.js";
import { renderAllPretty } from "../../../src/diagnostics/render/pretty.js";
import { treeOf } from "../../syntax/tree-of.js";

const WORDS = [
  ..."{}()[],:.=+-*/<>;%\"'#\\&",
  ...["\n", "\r\n", "\t", "==", "<=", "!=", "//", "///", "// note", "/// doc", "/*", "*/", "\ufeff", "é", "“", "𝒳"],
  ...[
    "let",
    "letter",
    "model",
    "A",
    "router",
    "top",
    "x",
    "of",
    "1",
    "4k",
    "12.5%",
    "1_000",
    "1e-3",
    "12abc",
    ".5",
    "5.",
  ],
  ...['"text"', '"open', "'t'", "  ", "let x =", "f(", "t[", "a = ", "b {\n", "}\n"],
];

const soup = fc
  .array(fc.tuple(fc.constantFrom(...WORDS), fc.constantFrom("", " ", "\n  ")), { maxLength: 60 })
  .map((parts) => parts.flat().join(""));

const specs = ["mask-moe", "mh-moe"].map((name) =>
  readFileSync(new URL(`../../../specs/${name}.moe`, import.meta.url), "utf8"),
);

/** A real spec with a piece cut out, or written twice, or with some soup in it. */
const damaged = fc
  .tuple(
    fc.constantFrom(...specs),
    fc.nat(3000),
    fc.nat(40),
    fc.constantFrom("cut", "twice", "insert"),
    fc.constantFrom(...WORDS),
  )
  .map(([spec, at, length, how, word]) => {
    const piece = spec.slice(at, at + length);
    const instead = { cut: "", twice: piece + piece, insert: word + piece }[how];
    return spec.slice(0, at) + instead + spec.slice(at + length);
  });

describe("any text", () => {
  it("of tokens", () => fc.assert(fc.property(soup, check), { numRuns: 1500, seed: 1 }));
  it("of characters", () =>
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), check), { numRuns: 800, seed: 2 }));
  it("that once was a spec", () => fc.assert(fc.property(damaged, check), { numRuns: 300, seed: 3 }));
});

function check(text: string): void {
  const source = { path: "soup.moe", text };
  const { ast, diagnostics, broken } = parse(source);
  expect(diagnostics.map(({ code }) => code)).not.toContain("MOE9001");
  expect(diagnostics.length).toBeLessThanOrEqual(51);
  for (const { primary } of diagnostics) if (primary) expectInside(primary.span, text);
  for (const span of broken) expectInside(span, text);
  checkEntries(ast.entries, { start: 0, end: text.length });
  renderAll(diagnostics);
  if (diagnostics.length > 0) {
    expect(() => format(source)).toThrow(DiagnosticError);
    return;
  }
  const formatted = format(source);
  expect(treeOf(formatted)).toEqual(treeOf(text));
  expect(format({ path: "again.moe", text: formatted })).toBe(formatted);
}

function renderAll(diagnostics: ReturnType<typeof parse>["diagnostics"]): void {
  renderAllPretty(diagnostics, { color: true });
  expect(JSON.parse(renderJson(diagnostics))).toHaveLength(diagnostics.length);
  for (const diagnostic of diagnostics) {
    expect(renderOneLine(diagnostic)).not.toMatch(/[\r\n]/);
    expect(renderGithub(diagnostic)).not.toMatch(/[\r\n]/);
  }
}

function checkEntries(entries: readonly Entry[], around: Span): void {
  for (const entry of entries) {
    expect(entry.span.start).toBeGreaterThanOrEqual(around.start);
    expect(entry.span.end).toBeLessThanOrEqual(around.end + 1);
    const block: Block | undefined = entry.kind === "phrase" ? entry.block : undefined;
    if (block) checkEntries(block.entries, block.span);
  }
}

/** A label may stand one character behind the end: that is where something is missing. */
function expectInside({ start, end }: Span, text: string): void {
  expect(start).toBeGreaterThanOrEqual(0);
  expect(end).toBeGreaterThanOrEqual(start);
  expect(end).toBeLessThanOrEqual(text.length + 1);
}
