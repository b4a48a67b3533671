/**
 * Which GPU buffer every tensor lies in. Weights and other kept tensors have one each; workspace tensors
 * whose lives do not meet take turns in one; small ones lie side by side in the pool if some kernel has more
 * parameters than a shader may have bindings (docs/decisions/007-bindings-of-the-wgsl-target.md).
 */

import type { Kernel } from "../../5-plan/plan.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import type { WgslProfile } from "../../targets/wgsl/limits.js";
import { POOL, type WgslBuffer } from "../../targets/wgsl/program.js";
import { livesOf } from "../gpu/lives.js";
import type { BindingChoice } from "./bindings.js";
import { pooledBy } from "./pool.js";
import { namedBeside, repeatsIn } from "./series.js";
import type { Stored } from "./stored.js";

export interface Layout {
  readonly buffers: readonly WgslBuffer[];
  readonly memories: readonly number[];
  /** for each kernel */
  readonly choices: readonly BindingChoice[];
}

export function layOut(stored: Stored, profile: WgslProfile): Layout {
  const { pooled, inPool } = pooledBy(stored, profile);
  const places = placesOf(stored, inPool, profile);
  const buffers = stored.buffers.map(({ name, role, dtype, dims, bytes, source }, i) => ({
    name,
    role,
    dtype,
    dims,
    bytes,
    ...places.of[i]!,
    ...(source && { source }),
  }));
  return {
    buffers,
    memories: places.memories,
    choices: stored.kernels.map((k, i) => choiceOf(k, i, stored, pooled[i]!, inPool, profile)),
  };
}

const words = (bytes: number): number => Math.max(4, Math.ceil(bytes / 4) * 4);
const align = (bytes: number, by: number): number => Math.ceil(bytes / by) * by;

function choiceOf(
  kernel: Kernel,
  index: number,
  stored: Stored,
  pooled: ReadonlySet<number>,
  inPool: readonly boolean[],
  profile: WgslProfile,
): BindingChoice {
  const launches = stored.programs.flatMap((p) => p.launches.filter((l) => l.kernel === index));
  const small = new Set(kernel.params.flatMap((_, i) => (launches.some((l) => inPool[l.args[i]!]) ? [i] : [])));
  // a flat kernel takes its length from a binding of its own
  if (kernel.kind === "flat" && pooled.size > 0 && kernel.params.every((p, i) => pooled.has(i) || p.dims.length === 0))
    throw tooMany(kernel, profile);
  const choice = { profile, pooled, small, halves: stored.halves[index]!, twins: stored.twins[index]! };
  if (kernel.kind !== "rows" || pooled.size === 0) return choice;
  const repeats = repeatsIn(kernel).filter(({ params }) => params.flat().every((p) => pooled.has(p)));
  return { ...choice, repeats, named: namedBeside(kernel, repeats) };
}

function tooMany(kernel: Kernel, profile: WgslProfile): DiagnosticError {
  const params = {
    target: "wgsl",
    what: `kernel \`${kernel.name}\` (storage buffers)`,
    needed: kernel.params.length,
    limit: profile.storageBuffers,
  };
  return new DiagnosticError([diagnose("MOE5008", params)]);
}

interface Places {
  readonly of: readonly { readonly memory: number; readonly offset: number }[];
  readonly memories: readonly number[];
}

function placesOf(stored: Stored, inPool: readonly boolean[], profile: WgslProfile): Places {
  const lives = livesOf(stored);
  const of = stored.buffers.map(() => ({ memory: POOL, offset: 0 }));
  const memories = [0];
  for (const [i, b] of stored.buffers.entries()) {
    if (!inPool[i]) continue;
    of[i] = { memory: POOL, offset: memories[POOL]! };
    memories[POOL] = memories[POOL]! + align(words(b.bytes), profile.alignment);
  }
  memories[POOL] = Math.max(memories[POOL]!, profile.alignment);
  const turns: { memory: number; until: number }[] = [];
  const large = stored.buffers.map((b, i) => ({ b, i })).filter(({ i }) => !inPool[i]);
  for (const { b, i } of large.filter(({ b }) => b.role !== "work"))
    of[i] = { memory: memories.push(words(b.bytes)) - 1, offset: 0 };
  // by first use; each takes over the memory that fits it best, or one that must grow least
  const work = large
    .filter(({ b, i }) => b.role === "work" && lives.has(i))
    .sort((x, y) => lives.get(x.i)!.from - lives.get(y.i)!.from || x.i - y.i);
  for (const { b, i } of work) {
    const life = lives.get(i)!;
    const free = turns.filter((t) => t.until < life.from);
    const waste = (t: { memory: number }): number => Math.abs(memories[t.memory]! - words(b.bytes));
    const [best] = free.sort((x, y) => waste(x) - waste(y) || x.memory - y.memory);
    const turn = best ?? { memory: memories.push(0) - 1, until: -1 };
    if (!best) turns.push(turn);
    turn.until = life.to;
    memories[turn.memory] = Math.max(memories[turn.memory]!, words(b.bytes));
    of[i] = { memory: turn.memory, offset: 0 };
  }
  return { of, memories };
}
