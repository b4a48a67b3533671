/**
 * The shipped designs, made small: interpreter, native C and WebAssembly agree on every output and gradient. A design's
 * trace and its training step are built together, as they are for users.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { interpret } from "../../src/3-graph/interpreter.js";
import { graphsOf } from "../../src/pipeline.js";
import { built, distance } from "./agree.js";
import { compareAll, withPrefix } from "./agree-many.js";
import { designCases, designOf, leavesFor } from "./designs.js";

type DesignCase = (typeof designCases)[number];
const programs = ["trace", "train"] as const;

function casesOf({ spec, set, visible }: DesignCase, names: readonly (typeof programs)[number][], prefix = "") {
  const { graphs } = graphsOf(designOf(spec, set), { batch: 2, programs: names });
  return names.map((name) => withPrefix(`${prefix}${name}`, graphs[name]!, leavesFor(graphs[name]!, 261, visible)));
}

const wrong = (far: ReadonlyMap<string, number>, program: string, limit: number) => {
  const mine = [...far].filter(([name]) => name.startsWith(`${program} `));
  expect(mine.length).toBeGreaterThan(20);
  return mine.filter(([, d]) => !(d < limit));
};

describe.each(designCases)("$name", (each) => {
  let far: ReadonlyMap<string, number>;
  beforeAll(async () => {
    far = await compareAll(casesOf(each, programs), built);
  });

  it(`trace (${built})`, () => expect(wrong(far, "trace", 1e-4)).toEqual([]));
  it(`one training step (${built})`, () => expect(wrong(far, "train", 2e-4)).toEqual([]));

  it("the chosen dispatch equals the one-hot oracle", () => {
    const { spec, set, visible } = each;
    const design = designOf(spec, set);
    const chosen = graphsOf(design, { batch: 1, programs: ["trace"] }).graphs.trace!;
    const oracle = graphsOf(design, { batch: 1, programs: ["trace"], dispatch: { Mixture: "one-hot" } }).graphs.trace!;
    const leaves = leavesFor(oracle, 261, visible);
    const [a, b] = [interpret(oracle, leaves), interpret(chosen, leaves)];
    const far = [...a.outputs].map(([k, t]) => [k, distance(t.data, b.outputs.get(k)!.data)] as const);
    expect(far.filter(([, d]) => !(d < 1e-9))).toEqual([]);
  });
});

describe.runIf(built === "native")("as WebAssembly", () => {
  const chosen = designCases.filter(({ name }) => name === "MaskMoE" || name.endsWith("three heads"));
  let far: ReadonlyMap<string, number>;
  beforeAll(async () => {
    far = await compareAll(
      chosen.flatMap((each, i) => casesOf(each, ["trace"], `w${i}`)),
      "wasm",
    );
  });
  it.each(chosen.map(({ name }, i) => ({ name, i })))("$name: trace", ({ i }) => {
    expect(wrong(far, `w${i}trace`, 1e-4)).toEqual([]);
  });
});
