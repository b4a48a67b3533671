/** Experts in a latent width: two matrices around them are the same as experts into which the matrices were multiplied. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../../src/3-graph/interpreter.js";
import { distance } from "../run.js";
import { designOf, type Leaves, leavesOf, programOf, type Words } from "./designs.js";

const [D, L, F, E] = [8, 3, 5, 4];
const at = "layers.0.mixture";
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const router = "score linear\ngate softmax\nselect top(2) per token\nweight gate\nbalance switch(0.1)";
const words = (latent: string, rest: Partial<Words> = {}): Words => ({
  layers: 1,
  router,
  experts: `${latent}experts ${E} of relu(hidden: ${F})`,
  shared: "shared 1 of relu(hidden: 2)",
  ...rest,
});

/** [rows, inner] · [inner, columns] of row-major numbers. */
const times = (a: ArrayLike<number>, b: ArrayLike<number>, rows: number, inner: number, columns: number): number[] =>
  range(rows * columns).map((i) => {
    const [r, c] = [Math.floor(i / columns), i % columns];
    return range(inner).reduce((sum, n) => sum + a[r * inner + n]! * b[n * columns + c]!, 0);
  });

const part = (all: ArrayLike<number>, e: number): number[] => {
  const size = all.length / E;
  return Array.from(all).slice(e * size, (e + 1) * size);
};

/** The leaves of the design without a latent width that computes the same. */
function folded(narrow: Leaves, wide: Leaves): Leaves {
  const [down, up] = ["down", "up"].map((name) => narrow.get(`${at}.latent.${name}.weight`)!.data) as [
    Float64Array,
    Float64Array,
  ];
  const leaves = new Map([...wide].map(([name, leaf]) => [name, narrow.get(name) ?? leaf]));
  const into = (name: string, expert: (e: number) => number[]): void => {
    const own = wide.get(`${at}.experts.${name}.weight`)!;
    leaves.set(`${at}.experts.${name}.weight`, { ...own, data: Float64Array.from(range(E).flatMap(expert)) });
  };
  const inner = (name: string) => narrow.get(`${at}.experts.${name}.weight`)!.data;
  into("up", (e) => times(part(inner("up"), e), down, F, L, D));
  into("down", (e) => times(up, part(inner("down"), e), D, L, F));
  return leaves;
}

describe("a latent width", () => {
  it.each([
    ["tokens", {}],
    ["units left out", { router: router.replace("top(2) per token", "above(0.3) at most 2") }],
  ])("%s", (_, rest) => {
    const [narrow, wide] = [`latent = ${L}\n  `, ""].map((latent) =>
      programOf(designOf(words(latent, rest as Partial<Words>)), "trace"),
    );
    const leaves = leavesOf(narrow!);
    const want = interpret(wide!, folded(leaves, leavesOf(wide!))).outputs;
    const got = interpret(narrow!, leaves).outputs;
    const shared = [...want.keys()].filter((key) => got.has(key) && !key.includes(".experts."));
    expect(shared.length).toBeGreaterThan(10);
    expect(shared.filter((key) => !(distance(want.get(key)!, got.get(key)!) < 1e-10))).toEqual([]);
  });

  it("has gradients that are differences of the loss", () => {
    const graph = programOf(designOf(words(`latent = ${L}\n  `)), "trace");
    const leaves = leavesOf(graph);
    const { outputs } = interpret(graph, leaves);
    for (const name of ["latent.down.weight", "latent.up.weight", "experts.up.weight"]) {
      const { data } = leaves.get(`${at}.${name}`)!;
      for (const i of [0, data.length - 1]) {
        const [x, h] = [data[i]!, 1e-5];
        const [more, less] = [x + h, x - h].map((value) => {
          data[i] = value;
          return interpret(graph, leaves).outputs.get("loss")!.data[0]!;
        });
        data[i] = x;
        expect(Math.abs(outputs.get(`grad.${at}.${name}`)!.data[i]! - (more! - less!) / (2 * h))).toBeLessThan(1e-7);
      }
    }
  });
});
