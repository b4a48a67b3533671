/** Every fixture is checked four ways: the expected text, formatting twice, the same tree, Windows line ends. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkFormat } from "../../src/1-syntax/check-format.js";
import { format } from "../../src/1-syntax/fmt.js";
import { DiagnosticError } from "../../src/diagnostics/diagnostic.js";
import { treeOf } from "../syntax/tree-of.js";

const folder = new URL("fixtures/", import.meta.url);
const specs = new URL("../../specs/", import.meta.url);
const zoo = new URL("../syntax/fixtures/zoo.moe", import.meta.url);
const inputs = readdirSync(folder).filter((name) => name.endsWith(".input.moe"));

const fmt = (text: string): string => format({ path: "input.moe", text });

describe("fmt", () => {
  it.each(inputs)("%s", async (name) => {
    const input = readFileSync(new URL(name, folder), "utf8");
    const output = fmt(input);
    await expect(output).toMatchFileSnapshot(new URL(name.replace(".input.", ".expected."), folder).pathname);
    checkStable(input, output);
  });

  const shipped = [
    ...readdirSync(specs)
      .filter((name) => name.endsWith(".moe"))
      .map((name) => new URL(name, specs)),
    zoo,
  ];
  it.each(shipped.map((url) => [url.pathname.split("/").at(-1), url] as const))("keeps %s stable", (_, url) => {
    const input = readFileSync(url, "utf8");
    checkStable(input, fmt(input));
  });

  it("keeps nothing of an empty file", () => {
    expect(fmt("")).toBe("");
    expect(fmt("\n\n;;\n \t")).toBe("");
    expect(fmt("\ufeff// only\n")).toBe("// only\n");
  });

  it("refuses a file with syntax errors", () => {
    expect(() => fmt("a = [1,\n")).toThrow(DiagnosticError);
  });
});

describe("checkFormat", () => {
  const outcome = (text: string) => checkFormat({ path: "input.moe", text });
  it("tells unchanged, changed and refused files apart", () => {
    expect(outcome("a = 1\n")).toEqual({ kind: "unchanged" });
    expect(outcome("a=1")).toEqual({ kind: "changed", text: "a = 1\n" });
    expect(outcome("a = 1\r\n")).toEqual({ kind: "changed", text: "a = 1\n" });
    expect(outcome("a =")).toMatchObject({ kind: "refused", diagnostics: [{ code: "MOE1007" }] });
  });
});

function checkStable(input: string, output: string): void {
  expect(fmt(output)).toBe(output);
  expect(treeOf(output)).toEqual(treeOf(input));
  expect(fmt(input.replaceAll("\n", "\r\n"))).toBe(output);
  expect(output).not.toMatch(/[ \t\r]\n|\n\n\n|\t/);
}
