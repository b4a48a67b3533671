/**
 * What explain pages say of specs is true: checked as a whole spec, the wrong example gives the code of its page and no
 * other, warnings included, and the right example gives nothing.
 */
import { describe, expect, it } from "vitest";
import { codes } from "../../src/diagnostics/catalogue.js";
import { checkSpec } from "../../src/pipeline.js";
import { complete } from "./complete.js";
import { examples } from "./examples.js";

/** Codes that a spec alone can raise. */
const isOfSpec = (code: string): boolean => /^MOE[234]/.test(code);

/** A missing edition (2015) is what every fragment has; commands raise 2021 and 2024. */
const NO_WRONG = ["MOE2015", "MOE2021", "MOE2024"];
/** Paths are written on the command line. */
const NO_RIGHT = ["MOE2024"];

/** The codes of a spec, each once: a mistake may show at several words. */
function codesOf(text: string): string[] {
  return [...new Set(checkSpec({ path: "example.moe", text }).diagnostics.map(({ code }) => code))];
}

describe("examples of explain pages", () => {
  it.each(examples.filter(({ code }) => isOfSpec(code)))("$code: the $kind example", ({ code, kind, text }) => {
    const spec = complete(text);
    expect(codesOf(spec), spec).toEqual(kind === "wrong" ? [code] : []);
  });

  it.each([
    ["wrong", NO_WRONG],
    ["right", NO_RIGHT],
  ])("every code has a %s one", (kind, without) => {
    const shown = new Set<string>(examples.filter((each) => each.kind === kind).map(({ code }) => code));
    expect(codes.filter((code) => isOfSpec(code) && !shown.has(code))).toEqual(without);
  });
});
