/**
 * Every mixture and router of the zoo as it stands, with its experts made small, in a model of two layers: three steps of
 * its training program. Nothing in the file is only there to be checked.
 */
import { expect, it } from "vitest";
import { interpret } from "../../src/3-graph/interpreter.js";
import { tensor } from "../../src/3-graph/tensor.js";
import { checkSpec, graphsOf } from "../../src/pipeline.js";
import { leavesOf, type Sees } from "../graph/whole/designs.js";
import { specText } from "./resolve-text.js";

/** Experts small enough to be interpreted; what is not named stays as the zoo has it. */
const mixtures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  DeepSeekV3: { "experts[0]": "16 of swiglu(hidden: 2)", "shared[0]": "1 of swiglu(hidden: 2)" },
  Mixtral: { "experts[0]": "8 of swiglu(hidden: 2)" },
  Soft: { "experts[0]": "3 of gelu(hidden: 2) with slots(1)" },
  Hash: { "experts[0]": "4 of relu(hidden: 2)" },
  Depth: {},
  PlusPlus: { "experts[0]": "8 of swiglu(hidden: 2)" },
  LongCat: { "experts[0]": "8 of swiglu(hidden: 2)", "experts[1]": "6 of copy" },
  V4: { "experts[0]": "9 of swiglu(hidden: 2, clamp: 10)", "shared[0]": "1 of swiglu(hidden: 2, clamp: 10)" },
};
const routers = ["Switch", "GShard", "ExpertChoice", "ReMoE", "TopP", "Sparse", "Llama4"];

const model = (mixture: string): string => `
model Tiny {
  vocab = 13
  context = 8
  d_model = 4
  embed tokens tied
  repeat 2 of Around
  head linear
}
block Around { residual Attend after rms; residual ${mixture} after rms }
block Layer { residual Attend after rms; residual Feed after rms }
attention Attend { heads = 2 }
dense Feed { ffn swiglu(hidden: 3) }
train Pretrain {
  data = text(["*.md"])
  tokenizer = file("tokenizer.json")
  batch = 2 * context
  steps = 3
  optimize adamw(lr: 2e-2)
}
`;

/** Six different experts for every id, of nine; one where the table says one. */
const rowOf =
  (sees: number): Sees =>
  (id, layer) =>
    Array.from({ length: sees }, (_, i) => (id + i + layer) % (sees === 1 ? 4 : 9));

/** Losses of three steps on the same batch. */
function train(text: string, set: Readonly<Record<string, string>>, sees: number): number[] {
  const options = Object.entries(set).map(([path, value]) => ({ path, value }));
  const { design, diagnostics } = checkSpec({ path: "zoo.moe", text }, { set: options });
  const wrong = diagnostics.filter(({ severity }) => severity === "error");
  if (!design) throw new Error(wrong.map(({ code, message }) => `${code} ${message}`).join("\n"));
  const graph = graphsOf(design, { programs: ["train"], batch: 2 }).graphs.train!;
  const leaves = leavesOf(graph, rowOf(sees));
  return Array.from({ length: 3 }, (_, step) => {
    leaves.get("step")?.data.fill(step);
    const { outputs, updates } = interpret(graph, leaves);
    for (const [name, value] of updates) leaves.set(name, tensor(value.axes, value.data, value.dtype));
    return outputs.get("loss")!.data[0]!;
  });
}

const zoo = specText("zoo");

it.each(Object.entries(mixtures))("%s", (name, small) => {
  const set = Object.fromEntries(Object.entries(small).map(([path, value]) => [`${name}.${path}`, value]));
  const losses = train(zoo + model(name), set, name === "Hash" ? 1 : 6);
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(losses[2]).toBeLessThan(losses[0]!);
});

it.each(routers)("router %s", (name) => {
  const mixture = `moe Mixture { experts 8 of swiglu(hidden: 2); router from ${name} {} }`;
  const losses = train(zoo + model("Mixture") + mixture, {}, 0);
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(losses[2]).toBeLessThan(losses[0]!);
});
