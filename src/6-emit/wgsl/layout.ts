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
import type { Lowered } from "../gpu/lower.js";
import { bytesOf } from "../gpu/sizes.js";
import type { BindingChoice } from "./bindings.js";

export interface Layout {
  readonly buffers: readonly WgslBuffer[];
  readonly memories: readonly number[];
  /** for each kernel */
  readonly choices: readonly BindingChoice[];
}

export function layOut(lowered: Lowered, profile: WgslProfile): Layout {
  const most = poolLimit(lowered.kernels, profile);
  const inPool = lowered.buffers.map((b) => words(b.bytes) <= most);
  const places = placesOf(lowered, inPool, profile);
  const buffers = lowered.buffers.map(({ name, role, dtype, dims, bytes, source }, i) => ({
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
    choices: lowered.kernels.map((k, i) => choiceOf(k, i, lowered, inPool, most, profile)),
  };
}

const words = (bytes: number): number => Math.max(4, Math.ceil(bytes / 4) * 4);
const align = (bytes: number, by: number): number => Math.ceil(bytes / by) * by;

/** Bindings that a parameter takes of its own. */
const bindingsOf = (bytes: number, profile: WgslProfile): number => Math.ceil(bytes / profile.binding);

/** The smallest size such that no kernel has too many bindings once tensors up to that size share one; 0: none need to. */
function poolLimit(kernels: readonly Kernel[], profile: WgslProfile): number {
  const lists = kernels.filter((k) => k.kind !== "special").map((k) => ({ k, sizes: k.params.map(bytesOf) }));
  const fits =
    (limit: number) =>
    ({ sizes }: { sizes: number[] }) => {
      const single = sizes.reduce((n, s) => n + bindingsOf(s, profile), 0);
      if (single <= profile.storageBuffers) return true;
      const own = sizes.filter((s) => s > limit).reduce((n, s) => n + bindingsOf(s, profile), 0);
      return own + 1 <= profile.storageBuffers;
    };
  if (lists.every(fits(0))) return 0;
  const sizes = [...new Set(lists.flatMap((l) => l.sizes))].sort((a, b) => a - b);
  const found = sizes.find((limit) => lists.every(fits(limit)));
  if (found !== undefined) return found;
  throw new Error("unreachable: every parameter in one binding is one binding");
}

function choiceOf(
  kernel: Kernel,
  index: number,
  lowered: Lowered,
  inPool: readonly boolean[],
  limit: number,
  profile: WgslProfile,
): BindingChoice {
  const launches = lowered.programs.flatMap((p) => p.launches.filter((l) => l.kernel === index));
  const small = new Set(kernel.params.flatMap((_, i) => (launches.some((l) => inPool[l.args[i]!]) ? [i] : [])));
  const single = kernel.params.reduce((n, p) => n + bindingsOf(bytesOf(p), profile), 0);
  if (kernel.kind === "special" || single <= profile.storageBuffers) return { profile, pooled: new Set(), small };
  if (
    kernel.kind === "flat" &&
    [...small].some((i) => kernel.params[i]!.dims.length > 0 || launches.some((l) => !inPool[l.args[i]!]))
  )
    throw tooMany(kernel, profile);
  return { profile, pooled: new Set(kernel.params.flatMap((p, i) => (bytesOf(p) <= limit ? [i] : []))), small };
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

function placesOf(lowered: Lowered, inPool: readonly boolean[], profile: WgslProfile): Places {
  const lives = livesOf(lowered);
  const of = lowered.buffers.map(() => ({ memory: POOL, offset: 0 }));
  const memories = [0];
  for (const [i, b] of lowered.buffers.entries()) {
    if (!inPool[i]) continue;
    of[i] = { memory: POOL, offset: memories[POOL]! };
    memories[POOL] = memories[POOL]! + align(words(b.bytes), profile.alignment);
  }
  memories[POOL] = Math.max(memories[POOL]!, profile.alignment);
  const turns: { memory: number; until: number }[] = [];
  const large = lowered.buffers.map((b, i) => ({ b, i })).filter(({ i }) => !inPool[i]);
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
