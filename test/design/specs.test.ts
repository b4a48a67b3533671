/** The shipped specs resolve to what they say, without a word of complaint. */
import { describe, expect, it } from "vitest";
import { layerCount } from "../../src/2-design/layers.js";
import { sizesOf } from "../../src/2-design/sizes.js";
import { buffersOf, weightsOf } from "../../src/2-design/weights.js";
import { designOf, resolveText, specText } from "./resolve-text.js";

describe("shipped specs", () => {
  it.each(["mask-moe", "mh-moe"])("%s has no diagnostics", (name) => {
    const { design, diagnostics } = resolveText(specText(name));
    expect(diagnostics).toEqual([]);
    expect(design).toBeDefined();
  });

  it("MaskMoE is what the spec says", () => {
    const design = designOf(specText("mask-moe"));
    expect(layerCount(design.model!)).toBe(6);
    expect(design.attentions.Attend).toMatchObject({ heads: 8, kvHeads: 8, headDim: 32, rope: { base: 10_000 } });
    expect(design.mixtures.Mixture).toMatchObject({ expertCount: 16, width: 256, unit: { kind: "token" } });
    expect(design.tables.Visible).toMatchObject({
      of: "Mixture",
      assign: { kind: "random", seed: 17, perLayer: true },
      counts: { kind: "from", train: "Pretrain" },
      tiers: [
        { name: "frequent", coverage: 0.8, sees: 4 },
        { name: "infrequent", coverage: undefined, sees: 1 },
      ],
    });
    const texts = design.mixtures.Mixture!.router.rules.map(({ slot, text }) => `${slot} ${text}`);
    expect(texts).toEqual([
      "score linear",
      "mask Visible[token_id]",
      "gate softmax over visible",
      "select top(1) per token",
      "rest copy",
      "weight gate",
      "limit none",
      "balance switch(0.01) over visible",
    ]);
    expect(design.train).toMatchObject({
      batch: 8,
      steps: 300,
      seed: 1337,
      clip: 1,
      evaluate: { every: 50, heldOut: 0.02 },
    });
    expect(design.train?.schedule).toEqual({ warmup: 40, decay: { kind: "cosine", to: 0.1 } });
  });

  it("MH-MoE routes slices of half the width", () => {
    const design = designOf(specText("mh-moe"));
    expect(design.mixtures.Mixture).toMatchObject({
      width: 128,
      expertCount: 32,
      unit: { kind: "subtoken", heads: 2, split: "linear", merge: "linear", residualInside: false },
      // biome-ignore lint/suspicious/noApproximativeNumericConstant: what the spec says
      init: { split: { kind: "xavier_uniform", gain: 0.7071 }, merge: { kind: "xavier_uniform", gain: 1 } },
    });
  });
});

describe("weights", () => {
  it("have the names, shapes, classes and starts of the language page", () => {
    const design = designOf(specText("mh-moe"), ["MHMoE.repeat=1"]);
    const rows = weightsOf(design).map(({ name, shape, class: kind, init }) => {
      const start =
        "std" in init
          ? `${init.kind} ${init.std.toFixed(6)}`
          : "gain" in init
            ? `${init.kind} ${init.gain}`
            : init.kind;
      return `${name} [${shape}] ${kind} ${start}`;
    });
    expect(rows).toEqual([
      "embed.weight [4096,256] embeddings normal 0.020000",
      "layers.0.attend.norm.weight [256] norms ones",
      "layers.0.attend.q.weight [256,256] matrices normal 0.020000",
      "layers.0.attend.k.weight [256,256] matrices normal 0.020000",
      "layers.0.attend.v.weight [256,256] matrices normal 0.020000",
      "layers.0.attend.o.weight [256,256] matrices normal 0.014142",
      "layers.0.mixture.norm.weight [256] norms ones",
      "layers.0.mixture.split.weight [256,256] matrices xavier_uniform 0.7071",
      "layers.0.mixture.router.weight [32,128] router normal 0.020000",
      "layers.0.mixture.experts.gate.weight [32,512,128] matrices normal 0.020000",
      "layers.0.mixture.experts.up.weight [32,512,128] matrices normal 0.020000",
      "layers.0.mixture.experts.down.weight [32,128,512] matrices normal 0.014142",
      "layers.0.mixture.merge.weight [256,256] matrices xavier_uniform 1",
      "norm.weight [256] norms ones",
    ]);
  });

  it("of six layers start smaller where they write into the residual stream", () => {
    const weights = weightsOf(designOf(specText("mask-moe")));
    const down = weights.find(({ name }) => name === "layers.5.mixture.experts.down.weight");
    expect(down?.init).toEqual({ kind: "normal", std: 0.02 / Math.sqrt(12) });
    expect(down).toMatchObject({ layer: 5, path: "Mixture" });
  });

  it("tables are buffers, one a layer", () => {
    const buffers = buffersOf(designOf(specText("mask-moe")));
    expect(buffers).toHaveLength(6);
    expect(buffers[3]).toEqual({ name: "layers.3.mixture.visible", shape: [4096, 16], dtype: "u8" });
  });
});

describe("sizes", () => {
  const mask = sizesOf(designOf(specText("mask-moe")))!;
  const heads = sizesOf(designOf(specText("mh-moe")))!;

  it("of MaskMoE are those counted by hand", () => {
    const experts = 16 * 3 * 512 * 256;
    const layer = 4 * 256 * 256 + 2 * 256 + 16 * 256 + experts;
    expect(mask.parameters.value).toBe(4096 * 256 + 6 * layer + 256);
    expect(mask.mixtures.Mixture!.active.value).toBe(3 * 512 * 256 + 16 * 256);
    expect(mask.active.value).toBe(mask.parameters.value - 6 * 15 * 3 * 512 * 256);
    const attention = 2 * 4 * 256 * 256 + 4 * 256 * (513 / 2);
    expect(mask.flopsForward.value).toBe(6 * (attention + 6 * 256 * 512) + 2 * 256 * 4096);
    expect(mask.flopsBackward.value).toBe(2 * mask.flopsForward.value);
    expect(mask.bytes.value).toBe(4 * mask.parameters.value);
  });

  it("of the experts are equal in both designs, as the comment in mh-moe.moe says", () => {
    const expertsOf = (name: string) =>
      weightsOf(designOf(specText(name)))
        .filter((weight) => weight.name.includes(".experts."))
        .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(expertsOf("mh-moe")).toBe(expertsOf("mask-moe"));
    expect(heads.parameters.value - mask.parameters.value).toBe(6 * 2 * 256 * 256);
  });

  it("of MH-MoE count two sub-tokens with two experts each", () => {
    expect(heads.mixtures.Mixture!.edges.value).toBe(4);
    expect(heads.mixtures.Mixture!.flops.value).toBe(4 * 6 * 128 * 512 + 2 * 2 * 256 * 256);
  });

  it("agree with the list of weights", () => {
    for (const name of ["mask-moe", "mh-moe"]) {
      const design = designOf(specText(name));
      const listed = weightsOf(design).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
      expect(sizesOf(design)!.parameters.value).toBe(listed);
    }
  });
});
