/**
 * Every shipped design trains: a few steps of the whole training program on one small batch, from the weights that the
 * spec starts with. The loss falls, nothing is NaN, every edge is counted. Its C is read by the C compiler, warnings as
 * errors.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import type { Design } from "../../src/2-design/design.js";
import { mixtureSize } from "../../src/2-design/sizes.js";
import { type WeightSpec, weightsOf } from "../../src/2-design/weights.js";
import type { Graph } from "../../src/3-graph/graph.js";
import { interpret } from "../../src/3-graph/interpreter.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";
import { compileDesign } from "../../src/pipeline.js";
import { findRule } from "../../src/rules/index.js";
import { startValues } from "../../src/runtime/start-weights.js";
import { tryCompilers } from "../../src/targets/cpu/compilers.js";
import { sourceFiles, writeFiles } from "../../src/targets/cpu/sources.js";
import { papers } from "./papers/index.js";
import { type PaperCase, sequence, sequences } from "./papers/paper.js";
import { designOf, leavesOf } from "./small.js";

const steps = 6;

/** Fast enough to be seen within a few steps. */
const eager = { "Pretrain.optimize.lr": "2e-2", "Pretrain.schedule": "warmup(0) then constant" };

interface Step {
  readonly loss: number;
  /** by scope, edges per expert */
  readonly loads: ReadonlyMap<string, readonly number[]>;
  readonly finite: boolean;
}

/** Stands in for trained models: what one layer would start with. */
function notTrained(weight: WeightSpec): Float32Array {
  const init = weight.class === "norms" ? ({ kind: "ones" } as const) : ({ kind: "normal", std: 0.02 } as const);
  return startValues(1, { ...weight, init }, notTrained);
}

/** Runs the training program again and again on the same batch. */
function train(design: Design, graph: Graph, paper: PaperCase): Step[] {
  const leaves = new Map<string, Tensor>(leavesOf(graph, paper));
  for (const weight of weightsOf(design)) {
    const place = leaves.get(weight.name);
    if (place) leaves.set(weight.name, tensor(place.axes, startValues(1, weight, notTrained)));
  }
  for (const { op, outputs } of graph.nodes)
    if (op.kind === "state") leaves.set(op.name, tensor(outputs[0]!.axes, filled(outputs[0]!.axes, op.init)));
  return Array.from({ length: steps }, (_, step) => {
    leaves.get("step")?.data.fill(step);
    const { outputs, updates } = interpret(graph, leaves);
    for (const [name, value] of updates) leaves.set(name, value);
    const loads = [...outputs].filter(([name]) => name.endsWith(".load"));
    return {
      loss: outputs.get("loss")!.data[0]!,
      loads: new Map(loads.map(([name, { data }]) => [name, Array.from(data)])),
      finite: [...outputs.values(), ...updates.values()].every(({ data }) => data.every(Number.isFinite)),
    };
  });
}

/** How many edges a mixture of a scope such as `layers.0.mixture.load` has for all units of a step. */
function edgesOf(design: Design, name: string): { readonly least: number; readonly most: number } {
  const { mixtures, tables } = design;
  const mixture = Object.values(mixtures).find((each) => each.name.toLowerCase() === name.split(".")[2])!;
  const { unit, expertCount: experts, router } = mixture;
  const { rule, args } = router.rules.find(({ slot }) => slot === "select")!;
  const facts = findRule("select", rule)!.facts!(args, { experts, unit, tables });
  const tokens = sequences * sequence;
  // masks can leave fewer experts than are asked for, and what slots read are no whole edges
  const fewer = router.rules.some(({ slot }) => slot === "mask" || slot === "dispatch");
  // on average, at most or exactly so many, as the rule has it
  const each = mixtureSize(mixture, design).edges.value;
  if (facts.exactEdges && !fewer) return { least: tokens * each, most: tokens * each };
  return { least: 1, most: tokens * (unit.kind === "subtoken" ? unit.heads : 1) * experts };
}

const filled = (axes: Tensor["axes"], value: number): number[] =>
  new Array<number>(axes.reduce((n, axis) => n * axis.size, 1)).fill(value);

const { compiler } = (await tryCompilers()).at(-1) ?? {};
const folder = mkdtempSync(join(tmpdir(), "moec-designs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the compiler says; empty when it has nothing to say. */
async function complaints(source: string, headers: Readonly<Record<string, string>>): Promise<string> {
  writeFiles(folder, sourceFiles({ source, headers }));
  const [program, ...words] = compiler!.command;
  const flags = ["-std=gnu11", ...compiler!.machineFlags, "-Wall", "-Werror", "-fsyntax-only"];
  const { stderr } = await promisify(execFile)(program!, [...words, ...flags, join(folder, "program.c")]).catch(
    (failure: { stderr: string }) => failure,
  );
  return stderr;
}

describe.each(
  papers.map((paper) => [`${paper.spec} ${paper.set["Mixture.router.select"] ?? ""}`.trim(), paper] as const),
)("%s", (_, paper) => {
  const design = designOf({ ...paper, set: { ...paper.set, ...eager } });
  const { graphs, c } = compileDesign(design, { batch: sequences });

  it("trains", () => {
    const run = train(design, graphs.train!, paper);
    const losses = run.map(({ loss }) => loss);
    expect(run.every(({ finite }) => finite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.1);
    for (const [name, load] of run.flatMap(({ loads }) => [...loads])) {
      const edges = load.reduce((a, b) => a + b, 0);
      const { least, most } = edgesOf(design, name);
      expect(edges >= least && edges <= most, `${edges} edges of ${name}`).toBe(true);
    }
  });

  it.runIf(compiler)("is C without a warning", async () => {
    expect(await complaints(c.source, c.headers)).toBe("");
  });
});
