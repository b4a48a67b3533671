/** The programs that write text, as generated C: what is kept and what comes out are the interpreter's, design by design. */
import { describe, expect, it } from "vitest";
import { whyNoCache } from "../../src/3-graph/cacheable.js";
import type { Tensor } from "../../src/3-graph/tensor.js";
import { checkSpec, graphsOf } from "../../src/pipeline.js";
import { papers } from "../designs/papers/index.js";
import { designOf, leavesOf } from "../designs/small.js";
import { architectures } from "../graph/whole/architectures.js";
import { built } from "./agree.js";
import { type Case, compareAll, withPrefix } from "./agree-many.js";

/** Both programs of a design, two sequences at different places. */
function casesOf(name: string, { design, sees }: Ready, programs: readonly ("prefill" | "decode")[]): Case[] {
  const { graphs } = graphsOf(design, { batch: 2, programs });
  return programs.map((program) => {
    const graph = graphs[program]!;
    const leaves = new Map<string, Tensor>(leavesOf(graph, { ...(sees && { sees }) } as never));
    const at = leaves.get("position");
    if (at) leaves.set("position", { ...at, data: Int32Array.of(4, 2) });
    return withPrefix(`${name}_${program}`, graph, leaves);
  });
}

interface Ready {
  readonly name: string;
  readonly design: NonNullable<ReturnType<typeof checkSpec>["design"]>;
  readonly sees?: (typeof papers)[number]["sees"];
}

const shipped = papers.map((each, i): Ready => ({ name: `p${i}`, design: designOf(each), ...(each.sees && { sees: each.sees }) }));
const words = architectures
  .filter(({ name }) => /^grouped|^GPT/.test(name))
  .map(({ text }, i): Ready => ({ name: `w${i}`, design: checkSpec({ path: "small.moe", text }).design! }));

describe("as generated C", () => {
  it(`steps of every design that allows them (${built})`, async () => {
    const ready = [...shipped, ...words].filter(({ design }) => !whyNoCache(design));
    const far = await compareAll(ready.flatMap((each) => casesOf(each.name, each, ["decode"])), built);
    expect(far.size).toBeGreaterThan(100);
    expect([...far].filter(([, d]) => !(d < 2e-5))).toEqual([]);
  });

  it.runIf(built === "native")("as WebAssembly, and what the prompt leaves", async () => {
    const far = await compareAll(words.flatMap((each) => casesOf(each.name, each, ["prefill", "decode"])), "wasm");
    expect([...far].filter(([, d]) => !(d < 2e-5))).toEqual([]);
  });
});
