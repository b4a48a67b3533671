/**
 * What a harness runs, as data: tensors with what they hold at first, and launches of kernels over them, each with what
 * it means. A kernel alone is a case of one step; a layer's programs are cases of many.
 */
import type { Kernel } from "../../../5-plan/plan.js";
import type { CudaPass } from "../../../targets/cuda/program.js";
import { operandsOf } from "../../gpu/precision.js";
import { elements, product } from "../../gpu/sizes.js";
import type { CudaPart, CudaParts } from "../program.js";
import { type Fill, fillOf, positiveParams, usesOf, wholeFill } from "./fills.js";
import { matmulMeaning, outerMeaning } from "./products.js";
import { specialMeaning } from "./specials.js";
import { finishMeaning, flatMeaning, type Meaning, type MeaningContext, rowsMeaning } from "./statements.js";

export interface Case {
  readonly name: string;
  readonly tensors: readonly CaseTensor[];
  readonly steps: readonly CaseStep[];
  /** what differences may grow to over all steps */
  readonly drift: number;
}

export interface CaseTensor {
  readonly name: string;
  readonly kind: "F32" | "BF16" | "I32" | "U8";
  readonly count: number;
  readonly fill: Fill | { readonly how: "COPY"; readonly of: number };
}

export interface CaseStep {
  readonly name: string;
  readonly part: CudaPart;
  readonly meaning: Meaning;
  /** elements, where the kernel is told */
  readonly count: number | undefined;
  readonly flops: number;
  readonly bytes: number;
  /** tensors of the case, one for each parameter */
  readonly args: readonly number[];
  readonly tolerance: number;
  readonly slack: number;
}

const KINDS = { f32: "F32", i32: "I32", u8: "U8", bf16: "BF16" } as const;
/** Of the largest number: what rounding may cost in f32, and where operands are rounded to bf16 with its 8 bits. */
const TOLERANCE = { f32: 2e-4, bf16: 1e-2 };
const DRIFT = { f32: 2e-3, bf16: 5e-2 };
/** Share of numbers that nearly equal keys may send elsewhere. */
const SLACK = 2e-3;

function meaningOf(kernel: Kernel, context: MeaningContext): Meaning {
  switch (kernel.kind) {
    case "rows":
      return rowsMeaning(kernel, context);
    case "flat":
      return flatMeaning(kernel, context);
    case "finish":
      return finishMeaning(kernel, context);
    case "matmul":
      return matmulMeaning(kernel, context);
    case "outer":
      return outerMeaning(kernel, context);
    case "special":
      return specialMeaning(kernel, context);
    default:
      return kernel satisfies never;
  }
}

function stepOf(part: CudaPart, args: readonly number[], count: number | undefined): CaseStep {
  const { kernel, context, bytes } = part;
  const { chunks, tileRows, twins, halves, tensor } = context;
  const meaning = meaningOf(kernel, { chunks, tileRows, twins, count: count ?? 0 });
  const chooses = kernel.kind === "rows" && kernel.body.some((s) => s.kind === "topK");
  // what a flat kernel costs is said of the length that it was planned with
  const share = count === undefined ? 1 : count / Math.max(1, ...kernel.params.map(elements));
  return {
    name: kernel.name,
    part,
    meaning,
    count,
    flops: kernel.flops * share,
    bytes: bytes * share,
    args,
    tolerance: (tensor && !operandsIn(kernel, halves)) || readsBack(kernel, halves) ? TOLERANCE.bf16 : TOLERANCE.f32,
    slack: chooses ? SLACK : 0,
  };
}

/** Whether what tensor cores read is stored in bf16 already, so that nothing is rounded on the way. */
const operandsIn = (kernel: Kernel, halves: ReadonlySet<number>): boolean =>
  kernel.kind !== "special" && [...operandsOf(kernel)].every((p) => halves.has(p));

/** Whether it reads again what it has stored in bf16. */
const readsBack = (kernel: Kernel, halves: ReadonlySet<number>): boolean =>
  kernel.params.some((p, i) => p.access === "update" && halves.has(i));

/** Every kernel of a plan alone, under its name. */
export function kernelCases({ lowered, kernels, tileRows, stored }: CudaParts): Case[] {
  const uses = usesOf(lowered);
  const launches = lowered.programs.flatMap((p) => p.launches);
  return kernels.map((part, i): Case => {
    const { kernel, context } = part;
    const launch = launches.find((l) => l.kernel === i)!;
    const positive = positiveParams(kernel);
    const tensors = kernel.params.map((p, param): CaseTensor => {
      const buffer = launch.args[param];
      const kept = buffer !== undefined && stored.buffers[buffer]!.role !== "work";
      const use = buffer === undefined ? undefined : uses.get(buffer);
      const fill = fillOf(kernel, param, use, { tileRows, positive, kept });
      return { name: p.name, kind: context.halves.has(param) ? "BF16" : KINDS[p.dtype], count: elements(p), fill };
    });
    const step = stepOf(
      part,
      kernel.params.map((_, param) => param),
      launch.count,
    );
    return { name: kernel.name, tensors, steps: [step], drift: 0 };
  });
}

/** One case for every program: all launches in order over tensors that do not share memory. */
export function programCases({ lowered, kernels, stored }: CudaParts, name: string, compute: "f32" | "bf16"): Case[] {
  const uses = usesOf(lowered);
  const positive = positiveBuffers(kernels, lowered);
  return stored.programs.map((program): Case => {
    const launches = program.launches.filter((l) => l.kernel < kernels.length);
    const used = [...new Set(launches.flatMap((l) => l.args))].sort((a, b) => a - b);
    const origins = [...new Set(used.flatMap((b) => masterOf(b, stored.buffers) ?? []))].filter(
      (b) => !used.includes(b),
    );
    const all = [...used, ...origins];
    const place = new Map(all.map((buffer, at) => [buffer, at]));
    const tensors = all.map((buffer): CaseTensor => {
      const b = stored.buffers[buffer]!;
      const master = masterOf(buffer, stored.buffers);
      const fill =
        master === undefined
          ? kept(b, uses.get(buffer), positive.has(buffer))
          : ({ how: "COPY", of: place.get(master)! } as const);
      return { name: b.name, kind: KINDS[b.dtype], count: product(b.dims), fill };
    });
    const steps = launches.map((l) =>
      stepOf(
        kernels[l.kernel]!,
        l.args.map((buffer) => place.get(buffer)!),
        l.count,
      ),
    );
    return { name: `${name} ${program.name}`, tensors, steps, drift: DRIFT[compute] };
  });
}

type Stored = CudaParts["stored"]["buffers"];

/** The weight that a copy in bf16 is made of; the launch that makes copies is not part of a layer. */
function masterOf(buffer: number, buffers: Stored): number | undefined {
  const { role, dtype, name } = buffers[buffer]!;
  if (dtype !== "bf16" || role === "work") return undefined;
  return buffers.findIndex((b) => b.role === "param" && `${b.name}.bf16` === name);
}

function positiveBuffers(kernels: readonly CudaPart[], { programs }: CudaParts["lowered"]): ReadonlySet<number> {
  const params = kernels.map(({ kernel }) => positiveParams(kernel));
  const launches = programs.flatMap((p) => p.launches);
  return new Set(launches.flatMap(({ kernel, args }) => [...params[kernel]!].map((p) => args[p]!)));
}

/** What the tensors of a layer that no launch makes hold. */
function kept(
  { role, dtype, dims, name }: Stored[number],
  use: Parameters<typeof wholeFill>[0],
  positive: boolean,
): Fill {
  if (role === "work") return { how: "NOTHING" };
  if (dtype === "u8") return { how: "LEGAL" };
  if (dtype === "i32") return wholeFill(use, role === "input");
  if (positive && role === "state") return { how: "POSITIVE" };
  if (dims.length === 0) return { how: "SAME", size: 3 };
  const weight = role === "param" && dims.length > 1 && name !== "x";
  return { how: "NORMAL", size: weight ? 1 / Math.sqrt(dims.at(-1)!.size) : role === "state" ? 0.01 : 1 };
}

/** Queued launches of a step over `a`, as C++. */
export function launchLines({ part, count }: CaseStep): string[] {
  const { kernel, context, text } = part;
  const types = { f32: "float", i32: "int", u8: "unsigned char" } as const;
  const args = kernel.params.map((p, i) => {
    const type = context.halves.has(i) ? "bf16" : types[p.dtype];
    return `(${p.access === "read" ? "const " : ""}${type} *)a[${i}]`;
  });
  const number = count === undefined ? [] : [`${count}LL`];
  return text.passes.map((pass) => {
    const maps = (pass.maps ?? []).map(
      ({ param, width, dims, strides, box }) =>
        `map_of(a[${param}], {{${dims.join(", ")}}, {${strides.join(", ")}}, {${box.join(", ")}}, ${width}})`,
    );
    const grid = "tiles" in pass.grid ? tilesGrid(pass.grid) : fixedGrid(pass.grid, count).join(", ");
    return `LAUNCH(${pass.entry}, ${grid}, ${pass.threads}, ${pass.shared}, ${[...args, ...number, ...maps].join(", ")});`;
  });
}

const fixedGrid = (
  grid: Exclude<CudaPass["grid"], { readonly tiles: number }>,
  count: number | undefined,
): readonly number[] => ("perBlock" in grid ? [Math.max(1, Math.ceil(count! / grid.perBlock)), 1, 1] : grid);

/** A block for each multiprocessor, in whole clusters. */
const tilesGrid = ({ tiles, together = 1 }: { readonly tiles: number; readonly together?: number }): string =>
  together === 1 ? `blocks_for(${tiles}), 1, 1` : `blocks_for(${tiles}) / ${together} * ${together}, 1, 1`;
