/**
 * Every mistake stage 2 finds, as a `.moe` file that carries its expectations in caret comments (see
 * test/diagnostics/expectations.ts); `npm run accept` rewrites them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/1-syntax/parse.js";
import { resolve } from "../../src/2-design/resolve.js";
import { codes } from "../../src/diagnostics/catalogue.js";
import { annotate, stripExpectations } from "../diagnostics/expectations.js";

const folder = new URL("fixtures/", import.meta.url);
const fixtures = readdirSync(folder).sort();

/** Not made by resolving a file: commands that need a model (2021), `--set` (2024, set.test.ts). */
const ELSEWHERE = ["MOE2021", "MOE2024"];

describe("mistakes of design", () => {
  it.each(fixtures)("%s", async (name) => {
    const text = stripExpectations(readFileSync(new URL(name, folder), "utf8"));
    const { ast, broken, diagnostics } = parse({ path: name, text });
    expect(diagnostics).toEqual([]);
    const resolved = resolve(ast, { broken });
    expect(resolved.diagnostics.length).toBeGreaterThan(0);
    expect(resolved.design === undefined).toBe(resolved.diagnostics.some(({ severity }) => severity === "error"));
    await expect(annotate(text, resolved.diagnostics)).toMatchFileSnapshot(new URL(name, folder).pathname);
  });

  it("covers every code of the families 2, 3 and 4", () => {
    const seen = fixtures.map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
    const missing = codes.filter((code) => /^MOE[234]/.test(code) && !seen.includes(`[${code}]`));
    expect(missing).toEqual(ELSEWHERE);
  });
});
