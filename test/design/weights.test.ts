/** Names and shapes of the weights that the shipped specs do not have. */
import { expect, it } from "vitest";
import { sizesOf } from "../../src/2-design/sizes.js";
import { weightsOf } from "../../src/2-design/weights.js";
import { designOf, modelWith } from "./resolve-text.js";

const text = modelWith(
  `moe Mixture {
  experts 4 of gelu(hidden: 6, bias)
  experts 2 of copy
  experts 2 of constant
  shared 2 of swiglu(hidden: 5) gated
  init router zeros
  router {
    score linear(bias)
    score linear normalized(projection: 3)
    gate softmax
    bias load_balance
    select top(2)
    weight gate
  }
}`,
  "dense Feed {\n  ffn relu(hidden: 12)\n}",
)
  .replace("residual Attend\n", "residual Attend after layer\n  residual Feed\n")
  .replace("heads = 2", "heads = 2\n  kv_heads = 1\n  qk_norm = on\n  bias = on")
  .replace("tokens tied", "tokens positions learned")
  .replace("repeat 2 of Layer", "Layer");

const design = designOf(text);
const names = weightsOf(design).map(({ name, shape, class: kind }) => `${name} [${shape}] ${kind}`);

it("are all there, in order", () => {
  expect(names).toEqual([
    "embed.weight [256,8] embeddings",
    "embed.positions [16,8] embeddings",
    "layers.0.attend.norm.weight [8] norms",
    "layers.0.attend.norm.bias [8] norms",
    "layers.0.attend.q.weight [8,8] matrices",
    "layers.0.attend.q.bias [8] norms",
    "layers.0.attend.k.weight [4,8] matrices",
    "layers.0.attend.k.bias [4] norms",
    "layers.0.attend.v.weight [4,8] matrices",
    "layers.0.attend.v.bias [4] norms",
    "layers.0.attend.o.weight [8,8] matrices",
    "layers.0.attend.o.bias [8] norms",
    "layers.0.attend.q_norm.weight [4] norms",
    "layers.0.attend.k_norm.weight [4] norms",
    "layers.0.feed.norm.weight [8] norms",
    "layers.0.feed.up.weight [12,8] matrices",
    "layers.0.feed.down.weight [8,12] matrices",
    "layers.0.mixture.norm.weight [8] norms",
    "layers.0.mixture.router.weight [8,8] router",
    "layers.0.mixture.router.bias [8] router",
    "layers.0.mixture.router.1.projection.weight [3,8] router",
    "layers.0.mixture.router.1.weight [8,3] router",
    "layers.0.mixture.router.1.temperature [] router",
    "layers.0.mixture.experts.0.up.weight [4,6,8] matrices",
    "layers.0.mixture.experts.0.up.bias [4,6] norms",
    "layers.0.mixture.experts.0.down.weight [4,8,6] matrices",
    "layers.0.mixture.experts.0.down.bias [4,8] norms",
    "layers.0.mixture.experts.2.vector.weight [2,8] matrices",
    "layers.0.mixture.experts.2.mix.weight [2,2,8] matrices",
    "layers.0.mixture.shared.gate.weight [2,5,8] matrices",
    "layers.0.mixture.shared.up.weight [2,5,8] matrices",
    "layers.0.mixture.shared.down.weight [2,8,5] matrices",
    "layers.0.mixture.shared.scale.weight [2,8] matrices",
    "norm.weight [8] norms",
    "head.weight [256,8] matrices",
  ]);
});

it("are as many as the sizes say", () => {
  const listed = weightsOf(design).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  expect(sizesOf(design)!.parameters.value).toBe(listed);
});

it("start as `init` says", () => {
  const router = weightsOf(design).filter(({ name }) => /router\.(1\.)?weight$/.test(name));
  expect(router.map(({ init }) => init.kind)).toEqual(["zeros", "zeros"]);
});
