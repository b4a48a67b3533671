/**
 * The whole C program of a plan: kernels, then one function per program that launches them in order.
 * Also says how much memory the host must give it.
 */
import { align } from "../../5-plan/memory.js";
import { type Buffer, CHUNKS, type Kernel, type KernelPlan, type Launch, type ProgramPlan } from "../../5-plan/plan.js";
import { fill, readTemplate } from "../templates.js";
import { finishToC, flatToC, rowsToC } from "./elementwise.js";
import { matmulToC, outerToC } from "./matmul.js";
import { specialToC } from "./special.js";
import type { CKernel } from "./view.js";

export interface Provenance {
  /** name of the model, for people */
  readonly title: string;
  readonly spec: string;
  readonly hash: string;
  readonly version: string;
}

export interface CProgram {
  readonly source: string;
  /** header files the source includes, by name */
  readonly headers: Readonly<Record<string, string>>;
  /** programs in the order of their numbers */
  readonly programs: readonly string[];
  /** bytes of the arena for a number of threads */
  readonly arenaBytes: (threads: number) => number;
}

const HEADERS = ["core.h", "spmd.h", "rows.h"];

export function planToC(plan: KernelPlan, from: Provenance): CProgram {
  const kernels = plan.kernels.map(kernelToC);
  const floats = (pick: (k: CKernel) => number) => align(4 * Math.max(0, ...kernels.map(pick)));
  const sharedAt = align(plan.memory.arena);
  const scratchAt = sharedAt + floats((k) => k.shared);
  const scratchBytes = floats((k) => k.scratch);
  const names = bufferNames(plan);
  const programs = plan.programs.map((p, index) => ({
    name: p.name,
    index,
    summary: `${p.launches.length} launches.`,
    body: bodyOf(p, plan, names),
  }));
  const source = fill("cpu/program.c", {
    ...from,
    chunks: CHUNKS,
    noRow: Math.max(...kernels.map((k) => k.noRow ?? 0)),
    kernels: kernels.map((k) => k.text),
    programs,
  });
  const buffers = fill("cpu/buffers.h", { ...from, sharedAt, scratchAt, scratchBytes, ...bufferView(plan, names) });
  const headers = Object.fromEntries([...HEADERS.map((h) => [h, readTemplate(`cpu/${h}`)]), ["buffers.h", buffers]]);
  return {
    source,
    headers,
    programs: plan.programs.map((p) => p.name),
    arenaBytes: (threads) => scratchAt + threads * scratchBytes,
  };
}

export function kernelToC(kernel: Kernel): CKernel {
  switch (kernel.kind) {
    case "rows":
      return rowsToC(kernel);
    case "flat":
      return flatToC(kernel);
    case "finish":
      return finishToC(kernel);
    case "matmul":
      return matmulToC(kernel);
    case "outer":
      return outerToC(kernel);
    case "special":
      return specialToC(kernel);
    default:
      return kernel satisfies never;
  }
}

/** A C name for every buffer: by role; workspace names start with their program's. */
function bufferNames(plan: KernelPlan): string[] {
  const owner = ownersOf(plan);
  const taken = new Set<string>();
  return plan.buffers.map((b, i) => {
    const base = `${owner.get(i) ?? b.role}_${b.name}`.replace(/[^A-Za-z0-9]+/g, "_");
    let name = base;
    for (const letter of "bcdefghijklmnopqrstuvwxyz") {
      if (!taken.has(name)) break;
      name = `${base}_${letter}`;
    }
    for (let i = 2; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return name;
  });
}

function ownersOf(plan: KernelPlan): Map<number, string> {
  const owner = new Map<number, string>();
  for (const p of plan.programs) {
    for (const id of p.launches.flatMap((l) => l.args)) if (plan.buffers[id]!.role === "work") owner.set(id, p.name);
  }
  return owner;
}

function bufferView(plan: KernelPlan, names: readonly string[]): object {
  const owner = ownersOf(plan);
  const view = (b: Buffer, i: number) => ({
    name: names[i],
    offset: b.offset,
    shape: `${b.dtype} [${b.dims.map((d) => `${d.name} ${d.size}`).join(", ")}]`,
  });
  const of = (keep: (b: Buffer, i: number) => boolean) =>
    plan.buffers.flatMap((b, i) => (keep(b, i) ? [view(b, i)] : []));
  const programs = plan.programs.map((p) => ({
    name: p.name,
    buffers: of((b, i) => b.role === "work" && owner.get(i) === p.name),
  }));
  return { kept: of((b) => b.role !== "work"), programs };
}

function bodyOf(program: ProgramPlan, plan: KernelPlan, names: readonly string[]): string {
  const out: string[] = [];
  let scope = "";
  for (const launch of program.launches) {
    const place = launch.scope.replace(/^(layers\.\d+).*$/, "$1");
    if (place !== scope) {
      if (out.length > 0) out.push("");
      out.push(`  /* ${place} */`);
      scope = place;
    }
    const mine = launch.turn === undefined ? "" : `if (w->thread == ${launch.turn} % w->threads) `;
    out.push(`  ${launch.wait ? "RUN" : "START"}(${mine}${callOf(launch, plan, names)});`);
  }
  return out.join("\n");
}

const CAST = { f32: "F32", i32: "I32", u8: "U8" } as const;

function callOf(launch: Launch, plan: KernelPlan, names: readonly string[]): string {
  const args = launch.args.map((id) => `${CAST[plan.buffers[id]!.dtype]}(${names[id]})`);
  const count = launch.count === undefined ? [] : [String(launch.count)];
  return `${plan.kernels[launch.kernel]!.name}(${["w", ...args, ...count].join(", ")})`;
}
