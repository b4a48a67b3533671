/** Every syntax mistake as a fixture that carries its expectation; `npm run accept` rewrites them. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/1-syntax/parse.js";
import { codes } from "../../src/diagnostics/catalogue.js";
import { annotate, stripExpectations } from "./expectations.js";

const folder = new URL("fixtures/syntax/", import.meta.url);
const fixtures = readdirSync(folder).sort();

/** Codes that need a huge file; test/syntax/limits.test.ts has them. */
const ELSEWHERE = ["MOE1015", "MOE1016", "MOE1017", "MOE1021"];

describe("syntax mistakes", () => {
  it.each(fixtures)("%s", async (name) => {
    const text = stripExpectations(readFileSync(new URL(name, folder), "utf8"));
    const { diagnostics } = parse({ path: name, text });
    expect(diagnostics.length).toBeGreaterThan(0);
    await expect(annotate(text, diagnostics)).toMatchFileSnapshot(new URL(name, folder).pathname);
  });

  it("covers every code of the family", () => {
    const seen = fixtures.map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
    const missing = codes.filter((code) => code.startsWith("MOE1") && !seen.includes(`[${code}]`));
    expect(missing).toEqual(ELSEWHERE);
  });
});
