/** The shipped designs, made small: interpreter, native C and WebAssembly agree on every output and gradient. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../src/3-graph/interpreter.js";
import { graphsOf } from "../../src/pipeline.js";
import { built, compare, distance } from "./agree.js";
import { designCases, designOf, leavesFor } from "./designs.js";

describe("shipped designs", () => {
  for (const { name, spec, set, visible } of designCases) {
    it(`${name}: trace (${built})`, async () => {
      const design = designOf(spec, set);
      const { graphs } = graphsOf(design, { batch: 2, programs: ["trace"] });
      const leaves = leavesFor(graphs.trace!, 261, visible);
      const far = await compare(graphs.trace!, leaves, built);
      expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
    });
    it.runIf(built === "native" && (name === "MaskMoE" || name.endsWith("three heads")))(
      `${name}: trace as WebAssembly`,
      async () => {
        const { graphs } = graphsOf(designOf(spec, set), { batch: 2, programs: ["trace"] });
        const far = await compare(graphs.trace!, leavesFor(graphs.trace!, 261, visible), "wasm");
        expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
      },
    );
    it(`${name}: the chosen dispatch equals the one-hot oracle`, () => {
      const design = designOf(spec, set);
      const chosen = graphsOf(design, { batch: 1, programs: ["trace"] }).graphs.trace!;
      const oracle = graphsOf(design, { batch: 1, programs: ["trace"], dispatch: { Mixture: "one-hot" } }).graphs
        .trace!;
      const leaves = leavesFor(oracle, 261, visible);
      const [a, b] = [interpret(oracle, leaves), interpret(chosen, leaves)];
      const far = [...a.outputs].map(([k, t]) => [k, distance(t.data, b.outputs.get(k)!.data)] as const);
      expect(far.filter(([, d]) => !(d < 1e-9))).toEqual([]);
    });
    it(`${name}: one training step (${built})`, async () => {
      const design = designOf(spec, set);
      const graph = graphsOf(design, { batch: 2, programs: ["train"] }).graphs.train!;
      const leaves = leavesFor(graph, 261, visible);
      const far = await compare(graph, leaves, built);
      expect([...far].filter(([, d]) => !(d < 2e-4))).toEqual([]);
    });
  }
});
