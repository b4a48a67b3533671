/** Sorting by more experts than shared memory has counts for, as PEER may have: runs, loads, tiles and fixed room. */
import { describe, expect, it } from "vitest";
import { createBuilder } from "../../../src/3-graph/builder.js";
import type { Graph } from "../../../src/3-graph/graph.js";
import { tensor } from "../../../src/3-graph/tensor.js";
import { graphsOf } from "../../../src/pipeline.js";
import { axes } from "../../graph/run.js";
import { designOf, leavesFor } from "../../numerics/designs.js";
import { compareEmulated, emit, runEmulated } from "./agree.js";
import { whyNoEmulation } from "./fake.js";

const [units, K, E, room] = [1500, 2, 9000, 3];

/** One expert with a crowd, most with nobody, some edges to nobody. */
const edgeOf = (i: number): number => (i % 7 === 0 ? -1 : i % 3 === 0 ? 4096 : (i * 37) % E);

function sorts(): Graph {
  const g = createBuilder();
  const [experts, places] = axes(`E ${E}`, `P ${room}`);
  const edges = g.input("edges", axes(`T ${units}`, `K ${K}`), "i32");
  const named = (prefix: string, values: object) =>
    Object.entries(values).map(([n, v]) => [`${prefix}.${n}`, v] as const);
  const { offsets, rows, slots } = g.partition(edges, experts!);
  const load = g.histogram(edges, experts!);
  const fixed = g.bucket(edges, experts!, places!);
  return g.finish({ outputs: new Map([...named("run", { offsets, rows, slots, load }), ...named("room", fixed)]) });
}

describe.skipIf(whyNoEmulation !== undefined)(`${E} experts`, () => {
  const graph = sorts();
  const program = emit({ run: graph });
  const all = Array.from({ length: units * K }, (_, i) => edgeOf(i));
  const leaves = new Map([["edges", tensor(axes(`T ${units}`, `K ${K}`), all, "i32")]]);

  it("equals the interpreter", async () => {
    const counts = program.buffers.filter((b) => b.name.includes("chunk_counts"));
    // three chunks of edges and their totals: not one for each thousand
    expect(counts.map((b) => b.bytes / 4 / E)).toEqual(counts.map(() => 1 + Math.ceil((units * K) / 1152)));
    const far = await compareEmulated(graph, leaves, "f32", program);
    expect(far.size).toBe(6);
    expect([...far].filter(([, d]) => d !== 0)).toEqual([]);
  });
  it("is the same bit by bit, whichever thread and block goes first", async () => {
    const [one, two] = [await runEmulated(program, leaves), await runEmulated(program, leaves, true)];
    expect([...one].filter(([name, bytes]) => Buffer.compare(bytes, two.get(name)!) !== 0)).toEqual([]);
  });
});

/** PEER, one block of it; its products find their tiles by what the sort leaves. */
const peer = {
  "Peer.vocab": "261",
  "Peer.context": "6",
  "Peer.d_model": "12",
  "Peer.repeat": "1 of Sparse",
  "Attend.heads": "2",
  "Mixture.experts": "6400 of neuron",
  "Mixture.router.score": "product_keys(80, width: 4, heads: 2)",
  "Mixture.router.select": "top(2) per token",
  "Pretrain.tokenizer": "bpe(vocab: 261)",
};

it.skipIf(whyNoEmulation !== undefined)("PEER with 6,400 experts: forward and backward", async () => {
  const options = { batch: 1, programs: ["trace"], dispatch: { Mixture: "sorted-grouped" } } as const;
  const graph = graphsOf(designOf("peer", peer), options).graphs.trace!;
  const far = await compareEmulated(
    graph,
    leavesFor(graph, 261, () => 1),
  );
  expect([...far].filter(([, d]) => !(d < 2e-4))).toEqual([]);
});
