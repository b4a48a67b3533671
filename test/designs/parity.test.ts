/**
 * The arithmetic of MH-MoE at equal cost (arXiv 2411.16205), at the paper's own sizes: head and merge layers cost 4 D²
 * FLOPs a token, so experts must be narrower for the layer to cost what a plain mixture does. Equation 8 for two
 * matrices an expert, k·F' = k·F − D; for three of them k'·F' = k·F − ⅔ D. Equation 9 is the same for weights.
 */
import { describe, expect, it } from "vitest";
import { mixtureSize } from "../../src/2-design/sizes.js";
import { weightsOf } from "../../src/2-design/weights.js";
import { designOf } from "./small.js";

const D = 768;

interface Layer {
  readonly heads: number;
  readonly k: number;
  readonly experts: number;
  readonly hidden: number;
  readonly kind?: "swiglu" | "relu";
}

/** FLOPs of a token in one mixture, and the weights of the mixture without its router. */
function costOf({ heads, k, experts, hidden, kind = "swiglu" }: Layer): { flops: number; weights: number } {
  const plain = heads === 1;
  const model = plain ? "OLMoE" : "MHMoE";
  const set = {
    [`${model}.d_model`]: String(D),
    "Mixture.experts": `${experts} of ${kind}(hidden: ${hidden})`,
    "Mixture.router.select": `top(${k}) per ${plain ? "token" : "subtoken"}`,
    ...(!plain && { "Mixture.unit": `subtoken(heads: ${heads}, split: linear, merge: linear)` }),
  };
  const design = designOf({ spec: plain ? "olmoe" : "mh-moe-v2-h2", set });
  const layer = weightsOf(design)
    .find(({ name }) => name.endsWith("mixture.router.weight"))!
    .name.split(".")[1]!;
  const own = weightsOf(design).filter(({ name }) =>
    new RegExp(`^layers\\.${layer}\\.mixture\\.(experts|split|merge)\\.`).test(name),
  );
  const weights = own.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return { flops: mixtureSize(design.mixtures.Mixture!, design).flops.value, weights };
}

describe("the four configurations of the paper's experiments", () => {
  it.each([
    { name: "plain, top-1", layer: { heads: 1, k: 1, experts: 8, hidden: 2048 }, weights: 37_748_736 },
    { name: "fine-grained, top-2", layer: { heads: 1, k: 2, experts: 16, hidden: 1024 }, weights: 37_748_736 },
    { name: "two heads, top-2", layer: { heads: 2, k: 2, experts: 40, hidden: 768 }, weights: 36_569_088 },
    { name: "three heads, top-3", layer: { heads: 3, k: 3, experts: 96, hidden: 512 }, weights: 38_928_384 },
  ])("$name: 9 437 184 FLOPs a token", ({ layer, weights }) => {
    expect(costOf(layer)).toEqual({ flops: 9_437_184, weights });
    const { heads, k, hidden } = layer;
    // k'·F' = k·F − ⅔ D, with k·F = 2048
    if (heads > 1) expect(k * hidden).toBe(2048 - (2 / 3) * D);
  });

  it("the shipped specs are the last two at a quarter of the width", () => {
    const [two, three] = ["mh-moe-v2-h2", "mh-moe-v2-h3"].map((spec) => designOf({ spec, set: {} }));
    for (const design of [two!, three!]) {
      expect(design.model!.dModel).toBe(D / 4);
      expect(mixtureSize(design.mixtures.Mixture!, design).flops.value).toBe(9_437_184 / 16);
    }
    expect(two!.mixtures.Mixture).toMatchObject({ expertCount: 40, experts: [{ ffn: { hidden: 768 / 4 } }] });
    expect(three!.mixtures.Mixture).toMatchObject({ expertCount: 96, experts: [{ ffn: { hidden: 512 / 4 } }] });
  });
});

describe("two matrices an expert, F = 4 D", () => {
  const plain = costOf({ heads: 1, k: 1, experts: 8, hidden: 4 * D, kind: "relu" });

  it("equation 8: with F' = F − D/k the FLOPs are the same", () => {
    expect(plain.flops).toBe(16 * D * D);
    for (const heads of [2, 3])
      expect(costOf({ heads, k: 1, experts: 8, hidden: 3 * D, kind: "relu" }).flops).toBe(plain.flops);
    expect(costOf({ heads: 2, k: 2, experts: 8, hidden: (3 * D) / 2, kind: "relu" }).flops).toBe(plain.flops);
  });

  it("equation 9: with three heads 4 E − 1 experts hold as many weights as E", () => {
    const { weights } = costOf({ heads: 3, k: 1, experts: 4 * 8 - 1, hidden: 3 * D, kind: "relu" });
    expect(weights).toBe(plain.weights);
  });
});
