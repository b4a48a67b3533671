/** Both seed designs, small: the graph gives what plain loops over the equations give, and its gradients are slopes. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../../src/3-graph/interpreter.js";
import type { Tensor } from "../../../src/3-graph/tensor.js";
import { modelByLoops, type Sizes } from "./by-loops.js";
import { B, designOf, leavesOf, programOf, S, type Sees, V, type Words } from "./designs.js";

const sees: Sees = (id, layer) => (id % 3 === 0 ? [0, 2, 3] : [(id + layer) % 4]);
const maskMoe = (k: number): Words => ({
  tiers: "tier frequent when (coverage <= 80%) sees 3\n  tier rare otherwise sees 1",
  router: `score linear\nmask Visible[token_id]\ngate softmax over visible\nselect top(${k}) per token\nweight gate\nlimit none\nbalance switch(0.01) over visible`,
});
const mhMoe = (heads: number): Words => ({
  unit: `subtoken(heads: ${heads}, split: linear, merge: linear)`,
  router: "score linear\ngate softmax\nselect top(2) per subtoken\nweight gate\nlimit none\nbalance switch(0.01)",
});

const sizes = { batch: B, seq: S, width: 8, vocab: V, heads: 2, layers: 2, experts: 4, hidden: 5, alpha: 0.01 };
const cases: readonly { name: string; words: Words; sizes: Sizes; sees: Sees | undefined }[] = [
  { name: "MaskMoE", words: maskMoe(1), sizes: { ...sizes, k: 1, parts: 1, sees }, sees },
  {
    name: "MaskMoE, two experts where rare tokens see one",
    words: maskMoe(2),
    sizes: { ...sizes, k: 2, parts: 1, sees },
    sees,
  },
  { name: "MH-MoE, two heads", words: mhMoe(2), sizes: { ...sizes, k: 2, parts: 2, sees: undefined }, sees: undefined },
  {
    name: "MH-MoE, four heads",
    words: mhMoe(4),
    sizes: { ...sizes, k: 2, parts: 4, sees: undefined },
    sees: undefined,
  },
];

const far = (got: Tensor | undefined, want: readonly number[]): number =>
  got?.data.length === want.length
    ? want.reduce((worst, x, i) => Math.max(worst, Math.abs(x - got.data[i]!)), 0)
    : Number.POSITIVE_INFINITY;

describe.each(cases)("$name", ({ words, sizes: it_, sees: table }) => {
  const design = designOf(words);
  const graph = programOf(design, "trace");
  const leaves = leavesOf(graph, table);
  const want = modelByLoops(it_, leaves);
  const got = interpret(graph, leaves).outputs;

  it("gives the losses and logits of the equations", () => {
    // rotary tables are rounded to f32, as on every target
    expect(far(got.get("loss"), [want.loss])).toBeLessThan(1e-7);
    expect(far(got.get("cross_entropy"), [want.crossEntropy])).toBeLessThan(1e-7);
    expect(far(got.get("logits"), want.logits.flat())).toBeLessThan(1e-6);
  });

  it("routes as the equations do", () => {
    want.layers.forEach(({ scores, experts, weights, load }, i) => {
      const at = `layers.${i}.mixture`;
      expect(Array.from(got.get(`${at}.edges.expert`)!.data)).toEqual(experts.flat());
      expect(Array.from(got.get(`${at}.load`)!.data)).toEqual(load);
      expect(Array.from(got.get(`${at}.dropped`)!.data)).toEqual([0]);
      expect(far(got.get(`${at}.router.scores`), scores.flat())).toBeLessThan(1e-6);
      expect(far(got.get(`${at}.edges.weight`), weights.flat())).toBeLessThan(1e-6);
    });
  });

  it("has a gradient for every weight, and it is the slope of the loss", () => {
    const params = graph.nodes.flatMap(({ op }) => (op.kind === "param" ? [op.name] : []));
    expect([...got.keys()].filter((name) => name.startsWith("grad.")).length).toBe(params.length);
    const wrong = params.flatMap((name) => {
      const data = leaves.get(name)!.data;
      const grad = got.get(`grad.${name}`)!.data;
      return [0, Math.floor(data.length / 3), data.length - 1]
        .filter((i) => {
          const slope = slopeByLoops(it_, leaves, data, i);
          return !(Math.abs(grad[i]! - slope) < 1e-6 * Math.max(1, Math.abs(slope)));
        })
        .map((i) => `${name}[${i}]`);
    });
    expect(wrong).toEqual([]);
  });
});

/** Central difference through the loops, not through the graph. */
function slopeByLoops(sizes_: Sizes, leaves: ReturnType<typeof leavesOf>, data: Tensor["data"], i: number): number {
  const [was, h] = [data[i]!, 1e-5];
  data[i] = was + h;
  const up = modelByLoops(sizes_, leaves).loss;
  data[i] = was - h;
  const down = modelByLoops(sizes_, leaves).loss;
  data[i] = was;
  return (up - down) / (2 * h);
}
