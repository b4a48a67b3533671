/** The stack of a model: what is written, how it is told, and how deep stacks are shortened. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Design } from "../../src/2-design/design.js";
import { layerBlocks, layerMixtures, segmentsOf, stackText } from "../../src/2-design/layers.js";
import { weightsOf } from "../../src/2-design/weights.js";
import { shorten } from "../../src/diff/shorten.js";
import { checkSpec } from "../../src/pipeline.js";

const designOf = (stack: string, heir = ""): Design => {
  const text = `edition 1
model M {
  vocab = 256
  context = 8
  d_model = 8
  embed tokens tied
  ${stack}
  head linear
}
${heir}
block A { residual Attend }
block B { residual Feed }
attention Attend { heads = 2 }
dense Feed { ffn swiglu(hidden: 8) }
`;
  const { design, diagnostics } = checkSpec({ path: "m.moe", text });
  if (!design) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return design;
};
it("knows the mixtures of a stack by their first layer", () => {
  const text = readFileSync("specs/cartesian-moe.moe", "utf8");
  const { design } = checkSpec({ path: "cartesian-moe.moe", text });
  const found = [...layerMixtures(design!)].map(([name, { layer, step }]) => [name, layer, step.part]);
  expect(found).toEqual([
    ["First", 0, "First"],
    ["Second", 0, "Second"],
  ]);
  expect([...layerMixtures(designOf("repeat 2 of A"))]).toEqual([]);
});

const namesOf = (design: Design): string =>
  layerBlocks(design)
    .map(({ name }) => name)
    .join("");

describe("layers by pattern", () => {
  it.each([
    ["repeat 3 of [A, B]", "ABABAB", "3 × [A, B]"],
    ["repeat 2 of [A, A, B]", "AABAAB", "2 × [2 × A, B]"],
    ["A; repeat 2 of [B, A]; B", "ABABAB", "3 × [A, B]"],
    ["repeat 5 of A; layers [0, 3] of B", "BAABA", "1 × B, 2 × A, 1 × B, 1 × A"],
    ["layers [1, 3] of B; repeat 4 of A", "ABAB", "2 × [A, B]"],
    ["repeat 2 of A; repeat 2 of B", "AABB", "2 × A, 2 × B"],
    ["repeat 2 of [A]", "AA", "2 × A"],
    ["repeat (context / 4) of [A, B]; layers [context / 2 - 1] of A", "ABAA", "1 × A, 1 × B, 2 × A"],
  ])("%s", (stack, names, told) => {
    const design = designOf(stack);
    expect(namesOf(design)).toBe(names);
    expect(stackText(design.model!.stack)).toBe(told);
    const layers = [...new Set(weightsOf(design).flatMap(({ layer }) => layer ?? []))];
    expect(layers).toEqual([...names].map((_, i) => i));
  });

  it("lets an heir place other layers in the same stack", () => {
    const heir =
      'model N from M { layers [2] of B }\ntrain T { model = N; data = text(["*.md"]); batch = 8; steps = 1; optimize adamw(lr: 1e-3) for [matrices, router, norms, embeddings] }';
    expect(namesOf(designOf("repeat 4 of A; layers [0] of B", heir))).toBe("AABA");
  });
});

describe("deep stacks", () => {
  it("are shortened to three rounds of whatever repeats, which stand for all layers", () => {
    const design = designOf("A; repeat 40 of [B, A]; repeat 9 of A");
    const { design: short, weights, deep } = shorten(design);
    expect(deep).toBe(true);
    expect(weights.length).toBe(layerBlocks(short).length);
    for (const name of ["A", "B"]) {
      const all = layerBlocks(design).filter((block) => block.name === name).length;
      const told = layerBlocks(short).reduce((sum, block, i) => sum + (block.name === name ? weights[i]! : 0), 0);
      expect(told).toBe(all);
    }
    expect(weights.length).toBeLessThan(12);
    expect(segmentsOf(short.model!.stack).length).toBe(segmentsOf(design.model!.stack).length);
  });
});
