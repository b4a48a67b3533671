/**
 * Attention as experts is computed in two ways: all heads side by side where a token has as many edges as there are
 * experts, edge by edge where it has fewer. Of four gates that add up to 1 at most two are above 0.34, so that `at most 4`
 * and `at most 2` are one design, told both ways. What they compute is compared with papers in test/designs.
 */
import { describe, expect, it } from "vitest";
import { interpret } from "../../../src/3-graph/interpreter.js";
import { checkSpec, graphsOf } from "../../../src/pipeline.js";
import { SEQ, specOf } from "./architectures.js";
import { leavesOf } from "./designs.js";

interface Case {
  readonly name: string;
  /** lines of the mixture around its router, and of the attention */
  readonly mixture?: string;
  readonly attention?: string;
  readonly weight?: string;
  readonly layer?: string;
  readonly parts?: string;
}

const cases: readonly Case[] = [
  { name: "one head and its keys" },
  {
    name: "two heads for each key, biases, norms",
    attention: "heads = 4; kv_heads = 2; head_dim = 2; bias = on; qk_norm = on",
  },
  {
    name: "weights on what queries are made of",
    weight: "gate on input",
    attention: "heads = 2; head_dim = 4; bias = on",
  },
  { name: "beside experts that copy and compute", mixture: "experts 1 of copy; experts 2 of swiglu(hidden: 3)" },
  { name: "chunks of tokens", mixture: "unit = chunk(2, reads: first)" },
  {
    name: "inside a block that half of the tokens go through",
    layer: "Depth",
    parts: `block Inner { residual Attend }
moe Depth {
  experts 1 of block(Inner)
  router { score linear; gate sigmoid; select top(50%) per sequence; rest zero; weight gate; allow lookahead because "a test" }
}`,
  },
];

function specFor(it: Case, most: number): string {
  const { mixture = "", attention = "heads = 1; head_dim = 4", weight = "gate", layer = "Attend", parts = "" } = it;
  return specOf({
    model: "embed tokens tied; repeat 2 of Layer; norm rms; head linear",
    parts: `block Layer { residual ${layer}; residual Feed }
dense Feed { ffn swiglu(hidden: 5) }
attention Heads { ${attention}; position = rope }
moe Attend {
  ${mixture}
  experts 4 of attention(Heads)
  router {
    score linear
    gate softmax
    select above(0.34) at most ${most}
    weight ${weight}
    balance switch(0.01)
  }
}
${parts}`,
  });
}

function resultsOf(it: Case, most: number) {
  const { design, diagnostics } = checkSpec({ path: "small.moe", text: specFor(it, most) });
  if (!design) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
  const graph = graphsOf(design, { batch: 2, seq: SEQ, programs: ["trace"] }).graphs.trace!;
  return interpret(graph, leavesOf(graph)).outputs;
}

describe.each(cases)("$name", (each) => {
  it("gives the same side by side and edge by edge", () => {
    const [all, few] = [resultsOf(each, 4), resultsOf(each, 2)];
    const names = [...all.keys()].filter((name) => !name.includes(".edges."));
    expect(names.filter((name) => /^grad\..*\.experts\.(\d\.)?[qo]\.weight$/.test(name))).not.toEqual([]);
    const far = names.map((name) => {
      const [a, b] = [all.get(name)!.data, few.get(name)!.data];
      return [name, Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!)))] as const;
    });
    expect(far.filter(([, d]) => !(d < 1e-9))).toEqual([]);
    const load = all.get(names.find((name) => name.endsWith("attend.load"))!)!.data;
    expect(Math.max(...load)).toBeGreaterThan(0);
  });
});
