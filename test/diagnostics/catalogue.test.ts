/** Every code is explained, and what the explanations show is true. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { format } from "../../src/1-syntax/fmt.js";
import { parse } from "../../src/1-syntax/parse.js";
import { catalogue, codes, explainPage, isCode } from "../../src/diagnostics/catalogue.js";

const folder = new URL("../../src/diagnostics/explain/", import.meta.url);
const page = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const examples = codes.flatMap((code) =>
  [...page(explainPage(code)).matchAll(/^```moe (\w+)\n([\s\S]*?)^```$/gm)].map(([, kind, text]) => ({
    code,
    kind,
    text: text!,
  })),
);
const codesIn = (text: string): string[] => parse({ path: "example.moe", text }).diagnostics.map(({ code }) => code);

describe("explain pages", () => {
  it("exist for every code, and for nothing else", () => {
    expect(readdirSync(folder).sort()).toEqual(codes.map(explainPage));
  });

  it.each(codes)("%s is titled like the catalogue and says something", (code) => {
    const [title, ...rest] = page(explainPage(code)).split("\n");
    expect(title).toBe(`# ${code}: ${catalogue[code].title}`);
    expect(rest.join("\n").trim().length).toBeGreaterThan(60);
  });

  it("only have examples marked wrong or right", () => {
    expect(examples.filter(({ kind }) => kind !== "wrong" && kind !== "right")).toEqual([]);
    expect(examples.length).toBeGreaterThan(100);
  });

  it.each(examples.filter(({ kind }) => kind === "right"))(
    "$code: the right example is right and formatted",
    ({ text }) => {
      expect(codesIn(text)).toEqual([]);
      expect(format({ path: "example.moe", text })).toBe(text);
    },
  );

  const wrong = examples.filter(({ kind }) => kind === "wrong");
  it.each(wrong.filter(({ code }) => code.startsWith("MOE1")))(
    "$code: the wrong example shows it",
    ({ code, text }) => {
      expect(codesIn(text)).toEqual([code]);
    },
  );
  it.each(wrong.filter(({ code }) => !code.startsWith("MOE1")))(
    "$code: the wrong example is not wrong in its syntax",
    ({ text }) => {
      expect(codesIn(text)).toEqual([]);
    },
  );
});

describe("catalogue", () => {
  it("knows its codes", () => {
    expect(isCode("MOE4003")).toBe(true);
    expect(isCode("MOE0000")).toBe(false);
    expect(isCode("toString")).toBe(false);
  });

  it.each(codes)("%s has a title in the house style", (code) => {
    expect(code).toMatch(/^MOE[1-69]\d{3}$/);
    expect(catalogue[code].title).toMatch(/^[a-z`]/);
    expect(catalogue[code].title).not.toMatch(/\.$/);
  });
});
