/** The programs that write text, as generated C: what is kept and what comes out are the interpreter's, design by design. */
import { expect, it } from "vitest";
import { createBuilder } from "../../src/3-graph/builder.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";
import { checkSpec, graphsOf } from "../../src/pipeline.js";
import { papers } from "../designs/papers/index.js";
import type { PaperCase } from "../designs/papers/paper.js";
import { designOf, leavesOf } from "../designs/small.js";
import { architectures } from "../graph/whole/architectures.js";
import { built, randomLeaves } from "./agree.js";
import { type Case, compareAll, withPrefix } from "./agree-many.js";

/** Both programs of a design, two sequences at different places. */
function casesOf({ name, design, sees }: Ready, programs: readonly ("prefill" | "decode")[]): Case[] {
  const { graphs } = graphsOf(design, { batch: 2, programs });
  return programs.map((program) => {
    const graph = graphs[program]!;
    const leaves = new Map<string, Tensor>(leavesOf(graph, { sees } as PaperCase));
    const at = leaves.get("position");
    if (at) leaves.set("position", { ...at, data: Int32Array.of(4, 2) });
    return withPrefix(`${name}_${program}`, graph, leaves);
  });
}

interface Ready {
  readonly name: string;
  readonly design: NonNullable<ReturnType<typeof checkSpec>["design"]>;
  readonly sees?: PaperCase["sees"] | undefined;
}

/** One of each way to route a few tokens: by table, by score, sub-tokens, a memory, any number of experts. */
const chosen = ["mask-moe", "mh-moe", "hash-layer", "deepseek-v3", "peer", "remoe"];
const shipped = papers
  .filter(({ spec }, i) => chosen.includes(spec) && papers.findIndex((other) => other.spec === spec) === i)
  .map((each): Ready => ({ name: each.spec.replace("-", "_"), design: designOf(each), sees: each.sees }));
const words = architectures
  .filter(({ name }) => /^grouped|^GPT/.test(name))
  .map(({ text }, i): Ready => ({ name: `words_${i}`, design: checkSpec({ path: "small.moe", text }).design! }));

it(`steps and prompts as generated C (${built})`, async () => {
  const steps = [...shipped, ...words].flatMap((each) => casesOf(each, ["decode"]));
  const far = await compareAll([...steps, ...casesOf(words[0]!, ["prefill"])], built);
  expect(far.size).toBeGreaterThan(30);
  expect([...far].filter(([, d]) => !(d < 2e-5))).toEqual([]);
});

/** Rows put into what is kept, in place and beside it, and queries that look at it: odd sizes, several of a sequence. */
function queriesOf(name: string, window: number | undefined): Case {
  const g = createBuilder();
  const [Q, KV, T, N] = [
    { name: "Q", size: 20 },
    { name: "KV", size: 10 },
    { name: "T", size: 4 },
    { name: "N", size: 46 },
  ];
  const shape = { heads: 4, kvHeads: 2, headDim: 5, seq: 23, causal: true, window, scale: 0.4 };
  const [q, rows, at, row] = [
    g.input("q", [T, Q]),
    g.input("rows", [T, KV]),
    g.input("at", [T], "i32"),
    g.input("row", [T], "i32"),
  ];
  const [keys, values] = [g.state("keys", [N, KV]), g.input("values", [N, KV])];
  const now = g.put(keys, row, rows);
  const o = g.attention(q, now, g.put(values, row, rows), shape, at);
  const graph = g.finish({ outputs: new Map([["o", o]]), updates: [{ target: keys, value: now }] });
  const places = [
    ["at", tensor([T], [0, 22, 17, 5], "i32")],
    ["row", tensor([T], [0, 22, 40, 28], "i32")],
  ] as const;
  const leaves = randomLeaves(graph, new Map(places));
  // what was kept before is there
  const kept = tensor(
    [N, KV],
    Array.from({ length: 460 }, (_, i) => Math.sin(i)),
  );
  return withPrefix(name, graph, new Map([...leaves, ["keys", kept]]));
}

it.each(built === "native" ? (["native", "wasm"] as const) : (["wasm"] as const))(
  "queries at places, as %s",
  async (kind) => {
    const far = await compareAll([queriesOf("all", undefined), queriesOf("window", 6)], kind);
    expect(far.size).toBe(4);
    expect([...far].filter(([, d]) => !(d < 1e-6))).toEqual([]);
  },
);
