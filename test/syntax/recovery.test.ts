/** After a mistake everything else is still there, once, and in its place. */
import { describe, expect, it } from "vitest";
import type { Entry } from "../../src/1-syntax/ast.js";
import { parse } from "../../src/1-syntax/parse.js";

const outline = (entries: readonly Entry[]): string =>
  entries
    .map((entry) => {
      const block = entry.kind === "phrase" && entry.block ? `{${outline(entry.block.entries)}}` : "";
      return `${entry.name.text}${entry.kind === "assign" ? "=" : ""}${block}`;
    })
    .join(" ");

const recovered = (text: string) => {
  const { ast, diagnostics, broken } = parse({ path: "test.moe", text });
  return { outline: outline(ast.entries), codes: diagnostics.map(({ code }) => code), broken };
};

describe("recovery", () => {
  it.each([
    [
      "a forgotten brace before the next block",
      "a {\n  b {\n    c = 1\n  }\nd {\n  e = 1\n}",
      "a{b{c=}} d{e=}",
      ["MOE1002"],
    ],
    ["a forgotten inner brace", "a {\n  b {\n    c = 1\n  d = 1\n}\ne = 1", "a{b{c=} d=} e=", ["MOE1002"]],
    ["a brace too many", "a {\n  b {\n    c = 1 }\n  }\n  d = 1\n}\ne = 1", "a{b{c=} d=} e=", ["MOE1003"]],
    ["a forgotten bracket", "a = f(1\nb = 1\nc { d = 2 }", "a= b= c{d=}", ["MOE1002"]],
    ["a forgotten bracket after a comma", "a = f(1,\nb = 1\nc = 1", "a= b= c=", ["MOE1002"]],
    ["a forgotten bracket before a block", "a f(1, 2 {\n  b = 1\n}\nc = 1", "a{b=} c=", ["MOE1002"]],
    ["a broken head with a block", "a ] {\n  b = 1\n}\nc = 1", "a{b=} c=", ["MOE1003"]],
    ["a value that is missing", "a =\nb = 1", "b=", ["MOE1007"]],
    ["two entries on a line", "a = 1 b = 2 \nc = 1", "a= b= c=", ["MOE1008"]],
    ["a list without commas", "a = [\n  1\n  2\n]\nb = 1", "a= b=", ["MOE1001"]],
    ["mistakes on several lines", "a = )\nb = 1\nc = 1 +\nd : 2", "b= c= d=", ["MOE1003", "MOE1001", "MOE1011"]],
    ["no indentation to go by", "a {\nb {\nc = 1\n}\nd = 1", "a{b{c=} d=}", ["MOE1002"]],
  ])("survives %s", (_, text, expected, codes) => {
    const result = recovered(text);
    expect(result.outline).toBe(expected);
    expect(result.codes).toEqual(codes);
    expect(result.broken.length).toBeGreaterThan(0);
  });

  it("says which lines are broken", () => {
    const text = "a = 1\nb = [1\nc = 2";
    const { broken } = parse({ path: "test.moe", text });
    expect(broken.map(({ start, end }) => text.slice(start, end))).toEqual(["b = [1"]);
    expect(parse({ path: "test.moe", text: "a = 1" }).broken).toEqual([]);
  });

  it("gives fixes that mend the file", () => {
    for (const text of [
      "a = f(1",
      "a = [1, 2)",
      "a: 3",
      "a b = 3",
      "a = [1 2]",
      "a = [1,]",
      "a = 'x'",
      "a = 4K",
      "a = f(b = 1)",
    ]) {
      const [diagnostic] = parse({ path: "test.moe", text }).diagnostics;
      const fix = diagnostic!.help!.find((help) => help.fix)!.fix!;
      const mended = text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end);
      expect(parse({ path: "test.moe", text: mended }).diagnostics, `${text} → ${mended}`).toEqual([]);
    }
  });
});
