/** Where the numbers of a tensor come from when a checkpoint goes on in another design, and the arithmetic of it. */
import { describe, expect, it } from "vitest";
import { type How, type Numbers, transferNumbers } from "../../src/diff/transfer/how.js";
import { planTransfer, type TensorPlan } from "../../src/diff/transfer/plan-transfer.js";
import { checkpointTensors, volume } from "../../src/diff/transfer/tensors.js";
import { designOf, type Edit, edited } from "./designs.js";
import { base, pairs } from "./library.js";

const tensor = (shape: readonly number[], from: number): Numbers => {
  return { shape, data: Float32Array.from({ length: volume(shape) }, (_, i) => from + i) };
};

function planned(name: string, ...edits: readonly Edit[]): TensorPlan {
  const plan = planTransfer(designOf(base), designOf(edited(base, edits)));
  const found = plan.tensors.find((each) => each.tensor.name === name);
  expect(found, name).toBeDefined();
  return found!;
}

describe("arithmetic", () => {
  const start = tensor([3, 2], 100);
  const source = tensor([2, 2], 1);

  it("copies, and starts anew", () => {
    expect([...transferNumbers({ kind: "copy", from: "x" }, tensor([2, 2], 100), source)]).toEqual([1, 2, 3, 4]);
    expect([...transferNumbers({ kind: "init" }, start, undefined)]).toEqual([100, 101, 102, 103, 104, 105]);
  });

  it("takes rows, and leaves new ones as they start", () => {
    const how: How = { kind: "gather", from: "x", axis: 0, block: 1, sources: [[1], [], [0]] };
    expect([...transferNumbers(how, start, source)]).toEqual([3, 4, 102, 103, 1, 2]);
  });

  it("takes places of an inner axis", () => {
    const how: How = { kind: "gather", from: "x", axis: 1, block: 1, sources: [[1], [0], []] };
    expect([...transferNumbers(how, tensor([2, 3], 100), source)]).toEqual([2, 1, 102, 4, 3, 105]);
  });

  it("takes the mean of runs", () => {
    const how: How = { kind: "gather", from: "x", axis: 0, block: 2, sources: [[0, 1]] };
    expect([...transferNumbers(how, tensor([2, 1], 100), tensor([4, 1], 1))]).toEqual([2, 3]);
  });

  it("repeats along a new first axis", () => {
    const how: How = { kind: "repeat", from: "x", copies: 2 };
    expect([...transferNumbers(how, tensor([2, 2, 1], 0), tensor([2, 1], 5))]).toEqual([5, 6, 5, 6]);
  });
});

describe("plan", () => {
  it("grows a group of experts and its router together", () => {
    const edit: Edit = ["experts 4 of", "experts 6 of"];
    const sources = [[0], [1], [2], [3], [], []];
    expect(planned("layers.0.mixture.router.weight", edit).how).toMatchObject({ kind: "gather", axis: 0, sources });
    expect(planned("layers.1.mixture.experts.up.weight", edit).how).toMatchObject({ kind: "gather", axis: 0, sources });
    expect(planned("layers.0.attend.q.weight", edit)).toMatchObject({ status: "same", how: { kind: "copy" } });
  });

  it("lets router rows follow experts whose line moved", () => {
    const two = edited(base, [
      ["experts 4 of swiglu(hidden: 64)", "experts 4 of swiglu(hidden: 64)\n  experts 2 of copy"],
    ]);
    const turned = edited(base, [
      ["experts 4 of swiglu(hidden: 64)", "experts 2 of copy\n  experts 4 of swiglu(hidden: 64)"],
    ]);
    const { tensors, dropped } = planTransfer(designOf(two), designOf(turned));
    const of = (name: string) => tensors.find((each) => each.tensor.name === name)!;
    expect(of("layers.0.mixture.router.weight").how).toMatchObject({ sources: [[4], [5], [0], [1], [2], [3]] });
    expect(of("layers.0.mixture.experts.1.up.weight").how).toEqual({
      kind: "copy",
      from: "layers.0.mixture.experts.0.up.weight",
    });
    expect(dropped).toEqual([]);
  });

  it("joins and multiplies key and value heads", () => {
    const fewer: Edit = ["heads = 4", "heads = 4\n  kv_heads = 2"];
    expect(planned("layers.0.attend.k.weight", fewer).how).toMatchObject({
      block: 8,
      sources: [
        [0, 1],
        [2, 3],
      ],
    });
    const grown = planTransfer(designOf(edited(base, [fewer])), designOf(base));
    expect(grown.tensors.find((each) => each.tensor.name === "layers.0.attend.v.weight")!.how).toMatchObject({
      sources: [[0], [0], [1], [1]],
    });
  });

  it("starts every expert as the dense block it replaces", () => {
    const pair = pairs.find(({ name }) => name === "dense-to-mixture")!;
    const { tensors } = planTransfer(designOf(pair.before), designOf(pair.after));
    const of = (name: string) => tensors.find((each) => each.tensor.name === name)!;
    expect(of("layers.0.mixture.experts.down.weight").how).toEqual({
      kind: "repeat",
      from: "layers.0.first.down.weight",
      copies: 4,
    });
    expect(of("layers.0.mixture.norm.weight").how).toEqual({ kind: "copy", from: "layers.0.first.norm.weight" });
    expect(of("layers.0.mixture.router.weight").status).toBe("re-initialised");
  });

  it("does not carry rows over to other tokens, but to more of the same ones", () => {
    expect(planned("embed.weight", ["vocab = 256", "vocab = 320"])).toMatchObject({ status: "convertible" });
    const other = planned(
      "embed.weight",
      ["vocab = 256", "vocab = 512"],
      ["tokenizer = byte", "tokenizer = bpe(vocab: 512)"],
    );
    expect(other.status).toBe("re-initialised");
    expect(other.because).toEqual(["the ids are other tokens", "Pretrain.tokenizer: byte → bpe(vocab: 512)"]);
  });

  it.each(pairs)("$name: every source is there, and its shape fits", ({ before, after }) => {
    const [a, b] = [designOf(before), designOf(after)];
    const { tensors, dropped } = planTransfer(a, b);
    const old = new Map(checkpointTensors(a).map((each) => [each.name, each]));
    expect(tensors.map((each) => each.tensor.name)).toEqual(checkpointTensors(b).map(({ name }) => name));
    for (const { tensor: made, how, status, because } of tensors) {
      expect(because.length > 0, made.name).toBe(status !== "same");
      expect(how.kind === "init", made.name).toBe(status === "re-initialised");
      if (how.kind === "init") continue;
      const source = old.get(how.from)!;
      const loads = status === "same" || status === "loadable";
      expect(how.kind === "copy" && how.from === made.name, made.name).toBe(loads);
      if (how.kind === "copy") expect(source.shape).toEqual(made.shape);
      if (how.kind === "repeat") expect([how.copies, ...source.shape]).toEqual(made.shape);
      if (how.kind !== "gather") continue;
      expect(how.sources.length * how.block).toBe(made.shape[how.axis]);
      expect(Math.max(...how.sources.flat()) * how.block).toBeLessThan(source.shape[how.axis]!);
    }
    const used = tensors.flatMap(({ how }) => (how.kind === "init" ? [] : [how.from]));
    expect(dropped.filter((each) => used.includes(each.tensor.name))).toEqual([]);
  });
});
