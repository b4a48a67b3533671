/** Tuning: what is measured under which loads, in turns; what is kept, and what is decided from it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { run } from "../../src/cli/run.js";
import { tunedLines } from "../../src/cli/tune.js";
import { memoryHost } from "../../src/host/memory.js";
import { graphsOf } from "../../src/pipeline.js";
import type { Engine } from "../../src/runtime/engine.js";
import { edgesUnder, LOADS } from "../../src/tune/loads.js";
import { cpuTuning, type TuneTarget } from "../../src/tune/targets.js";
import { fastest, type Tuned, tune } from "../../src/tune/tune.js";
import { designOf } from "../dispatch/router.js";

const sizes = { units: 40, experts: 6, edgesPerUnit: 2, room: undefined, edgesInPlace: false };
const rowsOf = (edges: Int32Array, k: number) =>
  Array.from({ length: edges.length / k }, (_, u) => Array.from(edges.slice(u * k, u * k + k)));

describe("loads", () => {
  it.each(LOADS)("%s: different experts for a unit, the same every time", (load) => {
    const edges = edgesUnder(load, sizes);
    for (const row of rowsOf(edges, 2)) {
      expect(new Set(row).size).toBe(2);
      expect(row.every((e) => e >= 0 && e < 6)).toBe(true);
    }
    expect(edgesUnder(load, sizes)).toEqual(edges);
  });

  it.each(LOADS)("%s: nobody gets more than there is room for", (load) => {
    const edges = edgesUnder(load, { ...sizes, room: 5 });
    const counts = Array.from({ length: 6 }, (_, e) => edges.filter((each) => each === e).length);
    expect(Math.max(...counts)).toBeLessThanOrEqual(5);
  });

  it("one-hot gives the first experts everything, Zipf more than an even share", () => {
    const share = (load: (typeof LOADS)[number]) => edgesUnder(load, sizes).filter((e) => e === 0).length;
    expect(share("one-hot")).toBe(40);
    expect(share("zipf")).toBeGreaterThan(share("uniform"));
  });

  it("every unit to every expert stays in order", () => {
    const edges = edgesUnder("uniform", { ...sizes, edgesPerUnit: 6, edgesInPlace: true });
    expect(rowsOf(edges, 6)).toEqual(Array.from({ length: 40 }, () => [0, 1, 2, 3, 4, 5]));
  });
});

/** A device on which nothing happens, and a list of the programs it was asked to run. */
function idleDevice(name = "idle") {
  const ran: string[] = [];
  let opened = 0;
  const views = new Map<string, Int32Array>();
  const engine = {
    kept: () => [],
    view: (_: string, of: string) => views.get(of) ?? views.set(of, new Int32Array(64 * 2)).get(of)!,
    push: async () => {},
    run: async (program: string) => void ran.push(program),
    close: async () => {},
  } as unknown as Engine;
  const device: TuneTarget = {
    name,
    planning: { fusion: { hotRow: 0 } },
    build: async (plan) => ({
      text: JSON.stringify(plan.kernels),
      open: async () => {
        opened++;
        return engine;
      },
    }),
  };
  return { device, ran, opened: () => opened };
}

const design = designOf({ router: "score linear\ngate softmax\nselect top(2) per token\nweight gate" });
const size = { batch: 8, seq: 8 };

describe("tune", () => {
  it("runs the strategies in turns and keeps what it found", async () => {
    const host = memoryHost();
    const first = idleDevice();
    const rounds: number[] = [];
    const options = {
      ...size,
      host,
      device: first.device,
      progress: (_: string, done: number) => void rounds.push(done),
    };
    const [found] = await tune(design, options);
    const names = [...new Set(found!.measured.map(({ strategy }) => strategy))];
    expect(names).toContain("sorted-grouped");
    expect(names.length).toBeGreaterThan(1);
    expect(found!.measured).toHaveLength(names.length * LOADS.length);
    // one after the other, never one strategy several times in a row
    expect(first.ran.slice(0, 2 * names.length)).toEqual([
      ...first.ran.slice(0, names.length),
      ...first.ran.slice(0, names.length),
    ]);
    expect(rounds.at(-1)).toBe(LOADS.length * 7);
    expect(found!.cached).toBe(false);

    const second = idleDevice();
    const [again] = await tune(design, { ...size, host, device: second.device });
    expect(second.opened()).toBe(0);
    expect(again).toEqual({ ...found, cached: true });
  });

  it("another device is measured anew, and so is a broken file", async () => {
    const host = memoryHost({ env: { MOEC_CACHE: "cache" } });
    await tune(design, { ...size, host, device: idleDevice("one").device });
    const other = idleDevice("two");
    await tune(design, { ...size, host, device: other.device });
    expect(other.opened()).toBe(1);
    for (const file of host.list("cache")) host.write(`cache/${file}`, "[{}]");
    const repaired = idleDevice("two");
    await tune(design, { ...size, host, device: repaired.device });
    expect(repaired.opened()).toBe(1);
  });

  it("leaves mixtures alone for which a strategy was asked for", async () => {
    const wish = { dispatch: { Mixture: "one-hot" } };
    expect(await tune(design, { ...size, ...wish, host: memoryHost(), device: idleDevice().device })).toEqual([]);
  });

  it("measures on this machine", async () => {
    const [found] = await tune(design, { ...size, host: memoryHost(), device: await cpuTuning(1) });
    expect(found!.device).toMatch(/^cpu /);
    expect(found!.measured.every(({ milliseconds }) => milliseconds > 0)).toBe(true);
    expect(tunedLines(found!)[0]).toBe(`Mixture: ${found!.strategy} is the fastest on ${found!.device}`);
    // what was measured is what is compiled, and said to be
    const wishes = { dispatch: { Mixture: found!.strategy }, measured: ["Mixture"] };
    const [choice] = graphsOf(design, { ...size, ...wishes }).choices;
    expect([choice!.strategy.name, choice!.why]).toEqual([found!.strategy, "fastest, as measured"]);
  }, 60_000);

  it("decides by all loads together, and the first of equals", () => {
    const measured: Tuned["measured"] = [
      { strategy: "a", load: "uniform", milliseconds: 2 },
      { strategy: "a", load: "zipf", milliseconds: 2 },
      { strategy: "b", load: "uniform", milliseconds: 1 },
      { strategy: "b", load: "zipf", milliseconds: 2.5 },
      { strategy: "c", load: "uniform", milliseconds: 2.5 },
      { strategy: "c", load: "zipf", milliseconds: 1 },
    ];
    expect(fastest(measured)).toBe("b");
  });
});

describe("--no-rewrite and --dispatch on the command line", () => {
  const files = { "mask.moe": readFileSync("specs/mask-moe.moe", "utf8") };
  const explained = async (...flags: readonly string[]) => {
    const host = memoryHost({ files });
    const code = await run(["explain", "mask.moe", "--stage", "dispatch", ...flags], host);
    return { code, text: [...host.output, ...host.errors].join("") };
  };

  it("leaves out what is named, once or several times", async () => {
    const { code, text } = await explained("--no-rewrite", "skip-known-scores", "--no-rewrite", "score-visible");
    expect(code).toBe(0);
    expect(text).toMatch(/skip-known-scores +left out +turned off with --no-rewrite/);
    expect(text).toMatch(/score-visible +left out +turned off with --no-rewrite/);
    expect((await explained()).text).toMatch(/score-visible +applied/);
  });

  it("answers a wrong name with the nearest", async () => {
    const { code, text } = await explained("--no-rewrite", "skip-known-score");
    expect(code).toBe(1);
    expect(text).toContain("error[MOE5010]: there is no rewrite `skip-known-score`");
    expect(text).toContain("did you mean `skip-known-scores`?");
    expect((await explained("--dispatch", "Mixture=densee")).text).toContain("did you mean `dense`?");
    expect((await explained("--dispatch", "Mixture=dense")).text).toContain("error[MOE5003]");
  });
});
