/** The caps: a file that is too much in any way is refused quickly, by name, and without eating the stack. */
import { describe, expect, it } from "vitest";
import { format } from "../../src/1-syntax/fmt.js";
import { parse } from "../../src/1-syntax/parse.js";

const codesOf = (text: string): string[] => parse({ path: "big.moe", text }).diagnostics.map(({ code }) => code);

describe("limits", () => {
  it("refuse a file that is too large", () => {
    expect(codesOf("a = 1\n".repeat(200_000))).toEqual(["MOE1015"]);
  });

  it("accept a large file, and format it", () => {
    const text = "moe A {\n  experts 16 of swiglu(hidden: 512)\n}\n".repeat(2000);
    expect(codesOf(text)).toEqual([]);
    expect(format({ path: "big.moe", text })).toBe(text);
  });

  it.each([
    ["parentheses", `ok = 1\na = ${"(".repeat(100_000)}`],
    ["lists", `ok = 1\na = ${"[".repeat(65)}${"]".repeat(65)}`],
    ["calls", `ok = 1\na = ${"f(".repeat(3000)}`],
    ["blocks", `ok = 1\n${"a {\n".repeat(65)}${"}\n".repeat(65)}`],
    ["everything", `ok = 1\n${"a {".repeat(40)} b = ${"[(".repeat(20)}`],
  ])("refuse %s that are nested too deeply, and keep what is before", (_, text) => {
    const { ast, diagnostics } = parse({ path: "deep.moe", text });
    expect(diagnostics.map(({ code }) => code)).toEqual(["MOE1016"]);
    expect(ast.entries[0]!.name.text).toBe("ok");
  });

  it("accept nesting up to the limit", () => {
    expect(codesOf(`a = ${"[".repeat(64)}${"]".repeat(64)}`)).toEqual([]);
    expect(codesOf(`${"a {\n".repeat(64)}${"}\n".repeat(64)}`)).toEqual([]);
  });

  it("refuse endless expressions", () => {
    expect(codesOf(`a = 1${" + 1".repeat(256)}`)).toEqual([]);
    expect(codesOf(`a = 1${" + 1".repeat(257)}\nb = 1`)).toEqual(["MOE1021"]);
  });

  it("report at most fifty mistakes and count the rest", () => {
    const { ast, diagnostics } = parse({ path: "many.moe", text: "a = \nb = 1\n".repeat(120) });
    expect(diagnostics).toHaveLength(51);
    expect(diagnostics.at(-1)).toMatchObject({ code: "MOE1017", severity: "note", message: "and 70 more" });
    expect(ast.entries).toHaveLength(120);
  });

  it.each([
    ["openers", "(a\n".repeat(100_000)],
    ["closers", ")\n".repeat(200_000)],
    ["braces", "}\n".repeat(200_000)],
    ["blocks without heads", "{}\n".repeat(100_000)],
    ["quotes", '"'.repeat(300_000)],
    ["comment starts", "/*".repeat(300_000)],
    ["stray characters", "\u0001 ".repeat(200_000)],
    ["one long line", "a ".repeat(300_000)],
    ["one long broken line", `a = ${"1 ".repeat(200_000)}`],
    ["one long list", `a = [${"1,".repeat(200_000)}`],
    ["comments", "// c\n".repeat(150_000)],
  ])("stay quick on a file of %s", (_, text) => {
    const start = performance.now();
    expect(parse({ path: "hostile.moe", text }).diagnostics.length).toBeLessThanOrEqual(51);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
