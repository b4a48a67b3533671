/** The README of a generated folder: what `explain` says, and a table of the kernels with what they cost. */
import type { Design } from "../2-design/design.js";
import { explainDesign } from "../2-design/explain.js";
import type { Choice } from "../4-dispatch/dispatch.js";
import { explainChoice } from "../4-dispatch/explain-dispatch.js";
import type { KernelPlan, ProgramPlan } from "../5-plan/plan.js";
import { nameOf } from "../host/paths.js";
import type { CProgram } from "./cpu/program.js";
import { fill } from "./templates.js";

/** The parts of a compilation that the report shows. */
export interface ReportParts {
  readonly design: Design;
  readonly choices: readonly Choice[];
  readonly plan: KernelPlan;
  readonly c: CProgram;
}

/** What the first program of a plan does once. */
const WHAT: Readonly<Record<string, string>> = {
  train: "a training step",
  evaluate: "an evaluation",
  decode: "one token of a text",
  sample: "one token of a text",
};

/** Markdown; the same compilation gives the same bytes. */
export function reportOf({ design, choices, plan }: ReportParts, version: string): string {
  const { path: spec, hash } = design.spec;
  return fill("report/README.md", {
    title: design.model!.name,
    name: nameOf(spec).replace(/\.moe$/, ""),
    version,
    spec,
    hash,
    design: explainDesign(design).trimEnd(),
    dispatch: choices.map((choice) => explainChoice(choice).join("\n")).join("\n\n"),
    memory: memoryRows(plan),
    programs: plan.programs.map((program) => programRow(plan, program)),
    kernels: kernelRows(plan, plan.programs[0]!),
    what: WHAT[plan.programs[0]!.name] ?? "one program",
    trainable: plan.programs.some((program) => program.name === "train"),
  });
}

function memoryRows({ buffers, memory }: KernelPlan): object[] {
  const of = (role: string): number => buffers.reduce((sum, each) => sum + (each.role === role ? each.bytes : 0), 0);
  return [
    { what: "weights", bytes: of("param") },
    { what: "kept between runs: by the optimiser, routers, attention", bytes: of("state") },
    { what: "tables", bytes: of("data") },
    { what: "batch", bytes: of("input") },
    { what: "workspace, shared by all programs", bytes: memory.workspace },
    { what: "together", bytes: memory.arena },
  ].map(({ what, bytes }) => ({ what, bytes: grouped(bytes) }));
}

/** 1234567 as `1 234 567`. */
const grouped = (n: number): string => String(n).replaceAll(/\B(?=(\d{3})+$)/g, " ");

function programRow({ kernels }: KernelPlan, { name, launches }: ProgramPlan): object {
  const sum = (of: "flops" | "bytes"): number => launches.reduce((all, { kernel }) => all + kernels[kernel]![of], 0);
  return {
    name,
    launches: launches.length,
    flops: (sum("flops") / 1e9).toFixed(2),
    bytes: (sum("bytes") / 1e6).toFixed(0),
  };
}

/** Kernels of a program in the order of their first launch. */
function kernelRows({ kernels }: KernelPlan, { launches }: ProgramPlan): object[] {
  const counts = new Map<number, number>();
  for (const { kernel } of launches) counts.set(kernel, (counts.get(kernel) ?? 0) + 1);
  return [...counts].map(([id, count]) => {
    const { name, summary, flops, bytes } = kernels[id]!;
    return {
      name,
      summary: summary.replaceAll("|", "\\|"),
      launches: count,
      flops: ((count * flops) / 1e6).toFixed(2),
      bytes: ((count * bytes) / 1e6).toFixed(2),
    };
  });
}
