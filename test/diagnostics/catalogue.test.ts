/** Every code is explained, and what the explanations show is true. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { format } from "../../src/1-syntax/fmt.js";
import { parse } from "../../src/1-syntax/parse.js";
import { catalogue, codes, explainPage, isCode } from "../../src/diagnostics/catalogue.js";
import { examples, explainFolder, pageOf } from "./examples.js";

const codesIn = (text: string): string[] => parse({ path: "example.moe", text }).diagnostics.map(({ code }) => code);

describe("explain pages", () => {
  it("exist for every code, and for nothing else", () => {
    expect(readdirSync(explainFolder).sort()).toEqual(codes.map(explainPage));
  });

  it.each(codes)("%s is titled like the catalogue and says something", (code) => {
    const [title, ...rest] = pageOf(code).split("\n");
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
