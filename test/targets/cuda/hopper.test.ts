/**
 * Kernels for Hopper on the emulated machine, whose copy engine and tensor cores are as late as they may be: equal to the
 * interpreter as far as bf16 goes, with experts without rows, ragged tails and one expert with all.
 */
import { describe, expect, it } from "vitest";
import type { Graph } from "../../../src/3-graph/graph.js";
import type { Schedule } from "../../../src/6-emit/cuda/hopper/tiles.js";
import type { Leaves } from "../../numerics/agree.js";
import { mixture, transformer } from "../../numerics/graphs.js";
import { compareEmulated, emit, runEmulated } from "./agree.js";
import { whyNoEmulation } from "./fake.js";

const TOLERANCE = 0.03;
const all = (): number => 1;

const aLayer = () => transformer({ B: 2, S: 80, D: 64, H: 2, F: 96, V: 72 });

const [TOGETHER, IN_TURNS] = [{ inTurns: false }, { inTurns: true }];

/** Tokens of 13 kinds to experts with one tile, one, two and one: pairs of different experts, of the same, of one and none. */
const inPairs = (v: number, e: number): number => Number(e === (v < 4 ? 0 : v < 5 ? 1 : v < 6 ? 3 : 2));

interface Case {
  readonly what: string;
  readonly make: () => { readonly graph: Graph; readonly leaves: Leaves };
  readonly schedule?: Schedule;
}

const cases: readonly Case[] = [
  {
    what: "six experts, some without rows, ragged tails",
    make: () => mixture({ T: 150, D: 40, E: 6, F: 24, K: 2, V: 13 }, (_, e) => (e % 3 < 2 ? 1 : 0)),
  },
  {
    what: "one expert with everything, wide",
    make: () => mixture({ T: 140, D: 264, E: 3, F: 200, K: 1, V: 13 }, (_, e) => (e === 1 ? 1 : 0)),
    schedule: TOGETHER,
  },
  {
    what: "weight gradients with few tiles and many rows, summed in pieces",
    make: () => mixture({ T: 2100, D: 24, E: 2, F: 16, K: 1, V: 13 }, all),
  },
  {
    what: "sixteen of nineteen experts",
    make: () => mixture({ T: 33, D: 24, E: 19, F: 16, K: 16, V: 13 }, all),
    schedule: TOGETHER,
  },
  {
    what: "two blocks share weights, together",
    make: () => mixture({ T: 330, D: 136, E: 4, F: 72, K: 1, V: 13 }, inPairs),
    schedule: { shares: true, ...TOGETHER },
  },
];

/** Tiles are as wide as on a GPU with one multiprocessor, which has more of them than it can work on at once. */
const onHopper = (graph: Graph, schedule?: Schedule) =>
  emit({ run: graph }, "bf16", "hopper", schedule?.shares ? 2 : 1, schedule);

/** Every product but the routers', which are not made in bf16. */
const products = (program: ReturnType<typeof emit>) => program.kernels.filter((k) => k.tensor);

const schedules = (program: ReturnType<typeof emit>): string[] => program.kernels.flatMap((k) => k.schedule ?? []);

it("the examples have tiles of every width, made together and in turns, with and without numbers read behind products", () => {
  const more = [onHopper(aLayer().graph), onHopper(cases[1]!.make().graph, IN_TURNS)];
  const all = [
    ...more.flatMap(schedules),
    ...cases.flatMap(({ make, schedule }) => schedules(onHopper(make().graph, schedule))),
  ];
  const shapes = new Set(
    all.map((s) => `${/x (\d+)/.exec(s)![1]} ${s.includes("in turns") ? "in turns" : "together"}`),
  );
  expect([...shapes].sort()).toEqual([
    "128 in turns",
    "128 together",
    "192 in turns",
    "192 together",
    "256 together",
    "64 in turns",
    "64 together",
  ]);
  for (const word of ["ends of experts' runs", "behind products", "two blocks (a cluster) share"])
    expect([true, false].map((has) => all.some((s) => s.includes(word) === has))).toEqual([true, true]);
});

describe.skipIf(whyNoEmulation !== undefined)("products on Hopper", () => {
  it.each(cases)("$what", async ({ make, schedule }) => {
    const { graph, leaves } = make();
    const program = onHopper(graph, schedule);
    expect(products(program).filter((k) => k.whyPortable)).toEqual([]);
    const far = await compareEmulated(graph, leaves, "bf16", program);
    expect([...far].filter(([, d]) => !(d < TOLERANCE))).toEqual([]);
    expect(Math.max(...far.values())).toBeGreaterThan(1e-4);
  });
  it("add up as those for every GPU do: a transformer layer, bit by bit", async () => {
    const { graph, leaves } = aLayer();
    const ours = onHopper(graph);
    expect(products(ours).filter((k) => k.whyPortable)).toEqual([]);
    const [one, two] = [await runEmulated(ours, leaves), await runEmulated(emit({ run: graph }, "bf16"), leaves)];
    expect([...one].filter(([name, bytes]) => Buffer.compare(bytes, two.get(name)!) !== 0)).toEqual([]);
  });
  const inEveryOrder = [
    { what: "together and in turns", make: cases[1]!.make, one: TOGETHER, two: IN_TURNS },
    {
      what: "with weights shared by two blocks or not",
      make: cases[4]!.make,
      one: IN_TURNS,
      two: { shares: true, ...IN_TURNS },
    },
  ];
  it.each(inEveryOrder)("are the same bit by bit, whichever thread, block and copy goes first, $what", async (its) => {
    const { graph, leaves } = its.make();
    const [one, two] = [onHopper(graph, its.one), onHopper(graph, its.two)];
    const [want, ...others] = [
      await runEmulated(one, leaves),
      await runEmulated(one, leaves, true),
      await runEmulated(two, leaves),
      await runEmulated(two, leaves, true),
    ];
    for (const got of others)
      expect([...want!].filter(([name, bytes]) => Buffer.compare(bytes, got.get(name)!) !== 0)).toEqual([]);
  });
});
