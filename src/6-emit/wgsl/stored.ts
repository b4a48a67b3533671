/**
 * What a program for WebGPU keeps in 16 bits where a design asks for f16: weights and activations that products read.
 * Gradients stay f32, because many are smaller than 16 bits can hold; so do tensors that are reached through the pool,
 * and those that some kernel cannot reach in 16 bits. Everything is computed and added up in f32
 * (docs/decisions/014-f16-of-the-wgsl-target.md).
 */
import type { Kernel, Param } from "../../5-plan/plan.js";
import type { GpuProgramPlan, GpuTensor } from "../../targets/gpu-program.js";
import type { WgslProfile } from "../../targets/wgsl/limits.js";
import type { WgslDType } from "../../targets/wgsl/program.js";
import { withCopies, withTwins } from "../gpu/copies.js";
import type { Lowered } from "../gpu/lower.js";
import { exact, mixed, nodeAt, type Precision } from "../gpu/precision.js";
import { elements } from "../gpu/sizes.js";
import { pooledBy } from "./pool.js";

export interface Stored {
  readonly kernels: readonly Kernel[];
  readonly buffers: readonly GpuTensor<WgslDType>[];
  /** the kernels behind all others, as many as there are `shadows`, make the shadows of weights */
  readonly programs: readonly GpuProgramPlan[];
  readonly chunks: number;
  /** parameters of each kernel that take 16 bits a number; those that are written twice, and where the second goes */
  readonly halves: readonly ReadonlySet<number>[];
  readonly twins: readonly ReadonlyMap<number, number>[];
  readonly shadows: readonly Shadow[];
}

/** Weights that one kernel copies: of any length, or of one length, in as many numbers at a time as a binding shows. */
export interface Shadow {
  readonly several: { readonly numbers: number; readonly atATime: number } | undefined;
}

export const inWhole = (lowered: Lowered, profile: WgslProfile): Stored => store(lowered, exact(lowered), profile);

/** Halves wherever they can be. Leaves out what cannot, and looks again, until nothing is left out. */
export function inHalves(lowered: Lowered, profile: WgslProfile): Stored {
  const kept = new Set(lowered.buffers.flatMap(({ name }, i) => (isGradient(name) ? [`buffer ${i}`] : [])));
  for (;;) {
    const precision = mixed(
      lowered,
      ({ kind }) => kind !== "special",
      (node) => kept.has(node),
    );
    const stored = store(lowered, precision, profile);
    const refused = refusedIn(stored, profile, lowered, precision);
    if (refused.length === 0) return stored;
    for (const node of refused) kept.add(node);
  }
}

/** Tensors of the backward pass, by the name that the plan gives them. */
const isGradient = (name: string): boolean => /(^|\.)d_/.test(name);

function store(lowered: Lowered, precision: Precision, profile: WgslProfile): Stored {
  const buffers: GpuTensor<WgslDType>[] = lowered.buffers.map((b, i) => (precision.buffers.has(i) ? halved(b) : b));
  const copied = [...precision.twinned, ...precision.shadowed];
  const places = new Map(copied.map((i) => [i, buffers.push(copyOf(lowered.buffers[i]!)) - 1] as const));
  const shadows: Shadow[] = [];
  const makers = precision.shadowed.map((weight) => {
    const count = lowered.buffers[weight]!.bytes / 4;
    const kernel = lowered.kernels.length + shadowFor(count, profile, shadows);
    return { kernel, args: [weight, places.get(weight)!], scope: "", count };
  });
  const programs = lowered.programs.map(({ launches, ...p }) => {
    const read = launches.map((l) => withCopies(l, lowered, precision, places));
    const wanted = new Set(read.flatMap(({ args }) => args));
    return { ...p, launches: [...makers.filter(({ args }) => wanted.has(args[1]!)), ...read] };
  });
  const twins = lowered.kernels.map(
    ({ params }, k) => new Map(precision.twins[k]!.map((param, n) => [param, params.length + n])),
  );
  return {
    kernels: lowered.kernels.map((k, i) => withTwins(k, precision.twins[i]!, "f16")),
    buffers,
    programs,
    chunks: lowered.chunks,
    halves: precision.halves.map((own, k) => new Set([...own, ...twins[k]!.values()])),
    twins,
    shadows,
  };
}

/** The number of the kernel that copies a weight of so many numbers; new ones are added. */
function shadowFor(numbers: number, { binding, alignment }: WgslProfile, shadows: Shadow[]): number {
  // both bindings begin at a multiple of the alignment, and a number of the copy takes half the bytes
  const atATime = (Math.floor(binding / (2 * alignment)) * 2 * alignment) / 4;
  const several = numbers > atATime ? { numbers, atATime } : undefined;
  const known = shadows.findIndex((s) => s.several?.numbers === several?.numbers);
  return known >= 0 ? known : shadows.push({ several }) - 1;
}

const halved = (b: Lowered["buffers"][number]): GpuTensor<WgslDType> => ({ ...b, dtype: "f16", bytes: b.bytes / 2 });

/** Whole fours, because shadows are made in fours. */
function copyOf({ name, dims, bytes }: Lowered["buffers"][number]): GpuTensor<WgslDType> {
  return { name: `${name}.f16`, role: "work", dtype: "f16", dims, bytes: 8 * Math.ceil(bytes / 16) };
}

/** What some kernel cannot reach in 16 bits, as nodes. */
function refusedIn(stored: Stored, profile: WgslProfile, lowered: Lowered, precision: Precision): string[] {
  const { pooled } = pooledBy(stored, profile);
  return stored.kernels.flatMap((kernel, k) => {
    const halves = stored.halves[k]!;
    const unreachable = unreachableIn(kernel, halves);
    const params = [...halves].filter((param) => pooled[k]!.has(param) || unreachable(param));
    const sources = params.map((param) => sourceOf(param, stored.twins[k]!));
    return lowered.programs.flatMap(({ launches }) =>
      launches
        .filter((l) => l.kernel === k)
        .flatMap(({ args }) =>
          sources.map((param) => nodeAt(lowered, precision.tensor, { kernel: k, param }, args[param]!)),
        ),
    );
  });
}

const sourceOf = (param: number, twins: ReadonlyMap<number, number>): number =>
  [...twins].find(([, twin]) => twin === param)?.[0] ?? param;

/** Attention reaches its output alone in 16 bits; a flat kernel takes its length from a binding of words. */
function unreachableIn(kernel: Kernel, halves: ReadonlySet<number>): (param: number) => boolean {
  const isLong = (p: Param): boolean => elements(p) > 1 && p.dims[0]!.name !== "chunk";
  if (kernel.kind === "special" && /^attention/.test(kernel.op)) return (param) => param !== ATTENTION_OUTPUT;
  if (kernel.kind === "flat") {
    const whole = kernel.params.some((p, i) => isLong(p) && !halves.has(i));
    return () => !whole;
  }
  return () => false;
}

/** Which parameter of attention, and of its gradient, holds what attention gave. */
const ATTENTION_OUTPUT = 3;
