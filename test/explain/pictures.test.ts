/** What the pictures of a design are made from: stages, layout, bounds, memory. */
import { describe, expect, it } from "vitest";
import type { Design } from "../../src/2-design/design.js";
import { type Profile, profileOf } from "../../src/4-dispatch/profile.js";
import type { KernelView } from "../../src/diff/kernel-view.js";
import { layeredLayout } from "../../src/explain/layered-layout.js";
import { liveAt, memoryTimeline } from "../../src/explain/memory-timeline.js";
import { rooflineOf } from "../../src/explain/roofline.js";
import { rooflineView } from "../../src/explain/roofline-view.js";
import { routingDrawing } from "../../src/explain/routing-drawing.js";
import { stageGraph } from "../../src/explain/stage-graph.js";
import { stagesView } from "../../src/explain/stages-view.js";
import { graphsOf } from "../../src/pipeline.js";
import { designOf, specText } from "../diff/designs.js";
import { sideOf } from "../diff/sides.js";

const sides = ["mask-moe", "mh-moe", "deepseek-v3", "hash-layer"].map((name) => sideOf(specText(name), name));
const [mask, heads] = sides as [(typeof sides)[number], (typeof sides)[number]];

const graphOf = (design: Design) => graphsOf(design, { programs: ["train"] }).graphs.train!;

describe("stages", () => {
  it.each(sides)("$label: no stage leads to itself, and every line joins stages", ({ design }) => {
    const { stages, edges } = stageGraph(graphOf(design), "layers.1.");
    const ids = stages.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { from, to } of edges)
      expect([ids.includes(from), ids.includes(to), from !== to]).toEqual([true, true, true]);
    const left = new Set(ids);
    for (let removed = true; removed; ) {
      const free = [...left].filter((id) => !edges.some(({ from, to }) => to === id && left.has(from)));
      for (const id of free) left.delete(id);
      removed = free.length > 0;
    }
    expect([...left]).toEqual([]);
  });

  it("cuts sub-tokens before the router and joins them after the experts", () => {
    const { stages, edges } = stageGraph(graphOf(heads.design), "layers.0.");
    expect(stages.find(({ id }) => id === "mixture.split")).toMatchObject({
      kind: "product",
      shape: "T 4096 × DS 256",
    });
    const reach = (from: string): ReadonlySet<string> => {
      const seen = new Set([from]);
      for (const id of seen) for (const edge of edges) if (edge.from === id) seen.add(edge.to);
      return seen;
    };
    expect(reach("mixture.split").has("mixture.router.scores")).toBe(true);
    expect(reach("mixture.experts.combine").has("mixture.merge")).toBe(true);
    expect(reach("mixture.experts.combine").has("mixture.router.scores")).toBe(false);
  });

  it.each(sides)("$label: every stage that computes is written by a kernel", (side) => {
    const order = side.compiled!.plan.kernels.map(({ name }) => name);
    for (const { boxes } of stagesView(side, side.compiled!, order).blocks) {
      const lost = boxes.filter(({ kernel, look }) => kernel < 0 && !look.startsWith("outside"));
      expect(lost.map(({ label }) => label)).toEqual([]);
    }
  });
});

describe("layout", () => {
  const boxes = [..."abcdef"].map((id) => ({ id, width: 60 }));
  const links = ["ab", "ac", "bd", "cd", "ad", "ef"].map(([from, to]) => ({ from: from!, to: to! }));
  const layout = layeredLayout(boxes, links);
  const at = (id: string) => layout.boxes.find((each) => each.id === id)!;

  it("puts every box below those that lead to it, and none upon another", () => {
    for (const { from, to } of links) expect(at(to).rank).toBeGreaterThan(at(from).rank);
    for (const a of layout.boxes) {
      for (const b of layout.boxes) {
        if (a !== b && a.rank === b.rank) expect(Math.abs(a.x - b.x)).toBeGreaterThanOrEqual(60);
      }
    }
    expect(Math.min(...layout.boxes.map(({ x }) => x))).toBeGreaterThanOrEqual(30);
  });

  it("bends long lines once a rank, and is the same twice", () => {
    const long = layout.lines.find(({ from, to }) => from === "a" && to === "d")!;
    expect(long.points.map(({ rank }) => rank)).toEqual([0, 1, 2]);
    expect(layeredLayout(boxes, links)).toEqual(layout);
    expect(layeredLayout([], [])).toMatchObject({ boxes: [], lines: [] });
  });
});

describe("bounds", () => {
  const profile: Profile = { ...profileOf("cpu"), flops: 50, bytes: 5, threads: 2, launch: 1 };
  const kernel = (name: string, flops: number, bytes: number, launches: number): KernelView => ({
    ...({} as KernelView),
    name,
    flops,
    bytes,
    launches: { train: launches },
  });
  const roof = rooflineOf(
    [kernel("long", 1000, 10, 1), kernel("wide", 10, 200, 3), kernel("short", 1, 1, 2), kernel("none", 1, 1, 0)],
    "train",
    profile,
  );

  it("are the longer of arithmetic and bytes, and a launch", () => {
    expect(roof.kernels.map(({ name, seconds, by }) => [name, seconds, by])).toEqual([
      ["wide", 3 * (200 / 10 + 1), "memory"],
      ["long", 1000 / 100 + 1, "arithmetic"],
      ["short", 2 * (1 / 10 + 1), "launches"],
    ]);
    expect(roof.ridge).toBe(10);
    expect(roof.seconds).toBeCloseTo(63 + 11 + 2.2, 10);
    expect(roof.kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it("stand on the roof", () => {
    const view = rooflineView(roof, "step", ["long", "wide", "short"]);
    const [, x1, y1, x2, y2, x3, y3] = /M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)/
      .exec(view.roof)!
      .map(Number);
    for (const { x, y } of view.dots) {
      const slope = x <= x2! ? y1! + ((x - x1!) / (x2! - x1!)) * (y2! - y1!) : y2!;
      expect(Math.abs(y - slope)).toBeLessThan(0.3);
      expect(x).toBeLessThanOrEqual(x3!);
      expect(y).toBeGreaterThanOrEqual(y3!);
    }
  });

  it("of a real step are less than what its launches' FLOPs take on one thread", () => {
    const { kernels, program, step } = mask.compiled!;
    const real = rooflineOf(kernels, program, profileOf("cpu"));
    expect(real.seconds).toBeGreaterThan(step.flops / real.flops);
    expect(real.kernels.reduce((sum, { launches }) => sum + launches, 0)).toBe(step.launches);
  });
});

describe("memory", () => {
  const { plan } = mask.compiled!;
  const timeline = memoryTimeline(plan, "train")!;

  it("buffers that live at the same time never overlap, and fit the workspace", () => {
    const { lives, own, peak } = timeline;
    expect(lives.length).toBeGreaterThan(100);
    for (let at = 0; at < timeline.launches.length; at += 7) {
      const live = [...liveAt(lives, at)].sort((a, b) => a.offset - b.offset);
      live.forEach((life, i) => {
        const next = live[i + 1];
        if (next && next.offset !== life.offset) expect(life.offset + life.bytes).toBeLessThanOrEqual(next.offset);
      });
      expect(timeline.launches[at]!.live).toBe(live.reduce((sum, { bytes }) => sum + bytes, 0));
    }
    expect(Math.max(...lives.map(({ offset, bytes }) => offset + bytes))).toBeLessThanOrEqual(own);
    expect(peak.bytes).toBeGreaterThan(0.5 * own);
    expect(memoryTimeline(plan, "no_such_program")).toBeUndefined();
  });
});

describe("drawing", () => {
  const count = (name: string) => {
    const design = designOf(specText(name));
    const drawing = routingDrawing(Object.values(design.mixtures)[0]!, design)!;
    return drawing.rows.map(({ y }) => {
      const row = drawing.cells.filter((cell) => cell.y === y);
      const of = (look: string) => row.filter((cell) => cell.look === look).length;
      return [of("taken"), of("taken") + of("legal")];
    });
  };
  it("has as many experts taken and legal as the design says", () => {
    // MaskMoE: one of 4 for frequent ids, one of 1 for the others
    expect(new Set(count("mask-moe").map(String))).toEqual(new Set(["1,4", "1,1"]));
    expect(new Set(count("mh-moe").map(String))).toEqual(new Set(["2,32"]));
    expect(new Set(count("deepseek-v3").map(String))).toEqual(new Set(["8,256"]));
  });
});
