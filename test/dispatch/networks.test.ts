/**
 * Blocks of networks as experts under every strategy, and with weights inside: the numbers are those of `one-hot`, which
 * loops over the equations check in test/graph/whole (`blocks as experts`).
 */
import { describe, expect, it } from "vitest";
import { interpret } from "../../src/3-graph/interpreter.js";
import { type CompileOptions, checkSpec, graphsOf } from "../../src/pipeline.js";
import { SEQ, specOf } from "../graph/whole/architectures.js";
import { leavesOf } from "../graph/whole/designs.js";

interface Case {
  readonly name: string;
  /** steps of the block that is an expert */
  readonly steps: string;
  readonly select?: string;
  readonly weight?: string;
}

const cases: readonly Case[] = [
  { name: "one network", steps: "residual Feed" },
  { name: "two, with biases and another norm", steps: "residual Second after layer(eps: 1e-5); residual Feed" },
  {
    name: "weights on the input, no norm",
    steps: "residual Feed after none; residual Second",
    weight: "gate on input",
  },
  { name: "experts that choose", steps: "residual Feed; residual Second", select: "top(2) per expert within batch" },
];

const designOf = ({ steps, select = "top(2) per token", weight = "gate" }: Case) => {
  const text = specOf({
    model: "embed tokens tied; repeat 2 of Deep; head linear",
    parts: `block Deep { residual Mixture after none }
block Inner { ${steps} }
dense Feed { ffn swiglu(hidden: 7) }
dense Second { ffn gelu(hidden: 6, bias) }
moe Mixture {
  experts 3 of block(Inner)
  experts 1 of copy
  router { score linear; gate softmax; select ${select}; weight ${weight}; balance switch(0.01); allow lookahead because "a test" }
}`,
  });
  const { design, diagnostics } = checkSpec({ path: "small.moe", text });
  if (!design) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
  return design;
};

describe.each(cases)("$name", (each) => {
  const design = designOf(each);
  const run = (options: CompileOptions) => {
    const graph = graphsOf(design, { batch: 2, seq: SEQ, programs: ["trace"], ...options }).graphs.trace!;
    return interpret(graph, leavesOf(graph)).outputs;
  };
  const oracle = run({ dispatch: { Mixture: "one-hot" } });
  const ways: Record<string, CompileOptions> = {
    "sorted-grouped": { dispatch: { Mixture: "sorted-grouped" } },
    "gather-gemv": { dispatch: { Mixture: "gather-gemv" } },
    ...(each.select && { "padded-batched": { dispatch: { Mixture: "padded-batched" } } }),
    "weights inside": { dispatch: { Mixture: "sorted-grouped" }, always: ["weigh-inside"] },
  };

  it.each(Object.keys(ways))("%s", (name) => {
    const got = run(ways[name]!);
    const far = [...oracle].map(([output, { data }]) => {
      const other = got.get(output)!.data;
      return [output, Math.max(...Array.from(data, (x, i) => Math.abs(x - other[i]!)))] as const;
    });
    expect(far.filter(([, d]) => !(d < 1e-9))).toEqual([]);
    expect([...oracle.keys()].filter((output) => /^grad.*experts\.0\.feed\.down/.test(output))).toHaveLength(2);
  });
});
