/**
 * The workspace of one program over its launches: when each buffer lives and where it lies. From the plan alone; what
 * is kept between steps (weights, optimiser, tables) lies before the workspace and is told as sums.
 */
import type { Buffer, BufferRole, KernelPlan } from "../5-plan/plan.js";

export interface MemoryTimeline {
  readonly launches: readonly { readonly kernel: string; readonly scope: string; readonly live: number }[];
  readonly lives: readonly BufferLife[];
  /** bytes by role, of what is kept */
  readonly kept: readonly { readonly role: Exclude<BufferRole, "work">; readonly bytes: number }[];
  /** most bytes that live at once, and the first launch where they do */
  readonly peak: { readonly bytes: number; readonly launch: number };
  /** bytes of the workspace that all programs share, and of this program */
  readonly workspace: number;
  readonly own: number;
}

export interface BufferLife {
  readonly name: string;
  readonly bytes: number;
  /** from the start of the workspace */
  readonly offset: number;
  /** first and last launch that touches it */
  readonly from: number;
  readonly to: number;
}

const roles = ["param", "state", "data", "input"] as const;

/** The lives of all work buffers that a program touches; undefined when the plan has no such program. */
export function memoryTimeline(plan: KernelPlan, name: string): MemoryTimeline | undefined {
  const program = plan.programs.find((each) => each.name === name);
  if (!program) return undefined;
  const ends = new Map<number, [from: number, to: number]>();
  program.launches.forEach(({ args }, at) => {
    for (const id of args) {
      const known = ends.get(id);
      if (known) known[1] = at;
      else ends.set(id, [at, at]);
    }
  });
  const start = Math.min(...plan.buffers.filter(({ role }) => role === "work").map(({ offset }) => offset));
  const lives = [...ends].flatMap(([id, [from, to]]) => lifeOf(plan.buffers[id]!, from, to, start));
  const live = program.launches.map((_, at) => liveAt(lives, at).reduce((sum, { bytes }) => sum + bytes, 0));
  const most = Math.max(0, ...live);
  const launches = program.launches.map(({ kernel, scope }, at) => ({
    kernel: plan.kernels[kernel]!.name,
    scope,
    live: live[at]!,
  }));
  const kept = roles.map((role) => ({ role, bytes: bytesOf(plan.buffers, role) }));
  const peak = { bytes: most, launch: Math.max(0, live.indexOf(most)) };
  return { launches, lives, kept, peak, workspace: plan.memory.workspace, own: program.workspace };
}

function lifeOf({ role, name, bytes, offset }: Buffer, from: number, to: number, start: number): readonly BufferLife[] {
  return role === "work" ? [{ name, bytes, offset: offset - start, from, to }] : [];
}

function bytesOf(buffers: readonly Buffer[], role: BufferRole): number {
  return buffers.reduce((sum, each) => sum + (each.role === role ? each.bytes : 0), 0);
}

/** The buffers that hold something while a launch runs. */
export function liveAt(lives: readonly BufferLife[], launch: number): readonly BufferLife[] {
  return lives.filter(({ from, to }) => from <= launch && launch <= to);
}
