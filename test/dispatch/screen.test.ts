/** `explain` of any design: a screen of 40 lines and 100 columns for each mixture, in words that need no source. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { uncompilable } from "../../src/2-design/compilable.js";
import type { Design } from "../../src/2-design/design.js";
import { explainDesign } from "../../src/2-design/explain.js";
import { explainChoice } from "../../src/4-dispatch/explain-dispatch.js";
import { checkSpec, graphsOf } from "../../src/pipeline.js";

const specs = [
  ...readdirSync("specs")
    .filter((name) => name.endsWith(".moe"))
    .map((name) => `specs/${name}`),
  "test/design/fixtures/zoo.moe",
];

function designOf(path: string): Design {
  const { design, diagnostics } = checkSpec({ path, text: readFileSync(path, "utf8") });
  if (design) return design;
  throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
}

/** Lines that do not fit, and screens that are too long. */
function tooLarge(screens: readonly string[]): readonly string[] {
  return screens.flatMap((screen) => {
    const lines = screen.trimEnd().split("\n");
    const wide = lines.filter((line) => line.length > 100);
    return lines.length > 40 ? [`${lines.length} lines: ${lines[0]}`, ...wide] : wide;
  });
}

/** A dense model, and a mixture whose only expert is a block: nothing to dispatch. */
const UNDISPATCHED = ["specs/branch.moe", "specs/mixture-of-depths.moe"];

describe.each(specs)("%s", (path) => {
  const design = designOf(path);

  it("what each mixture is fits a screen", () => {
    const screens = explainDesign(design).split(/\n\n(?=moe |router )/);
    expect(screens.length).toBeGreaterThan(Object.keys(design.mixtures).length);
    expect(tooLarge(screens)).toEqual([]);
  });

  it.runIf(design.model && uncompilable(design).length === 0)("how each mixture is run fits a screen", () => {
    // no gradient, few tokens: what is said is the same
    const { choices } = graphsOf(design, { programs: ["evaluate"], batch: 1, seq: 16 });
    const screens = choices.map((choice) => explainChoice(choice).join("\n"));
    expect(screens.length > 0).toBe(!UNDISPATCHED.includes(path));
    expect(tooLarge(screens)).toEqual([]);
    for (const screen of screens) {
      expect(screen).toMatch(/^known$/m);
      expect(screen).toMatch(/^dispatch by /m);
      expect(screen).toMatch(/^rewrites$/m);
      expect(screen).not.toMatch(/undefined|NaN|Infinity|\[object/);
    }
  });
});
