/** The whole of a plan for NVIDIA GPUs: every kernel in one CUDA C++ text, and how programs launch them. */
import type { Kernel, KernelPlan, MatmulKernel, OuterKernel } from "../../5-plan/plan.js";
import { profiles } from "../../targets/cuda/profiles.js";
import type { CudaKernel, CudaProgram, Tier } from "../../targets/cuda/program.js";
import { withTwins } from "../gpu/copies.js";
import { type Lowered, lowerPlan } from "../gpu/lower.js";
import { exact, mixed, type Product, storedBytes } from "../gpu/precision.js";
import type { GpuShape } from "../gpu/shape.js";
import { fill, readTemplate } from "../templates.js";
import { whyNotTensor } from "./attention-tensor.js";
import { MOST_THREADS } from "./choosing.js";
import { finishToCuda, flatToCuda } from "./flat.js";
import { whyNotMatmul, whyNotOuter } from "./hopper/fits.js";
import { hopperMatmulToCuda } from "./hopper/matmul.js";
import { hopperOuterToCuda } from "./hopper/outer.js";
import type { Schedule } from "./hopper/tiles.js";
import { layOut } from "./layout.js";
import { matmulToCuda, outerToCuda } from "./matmul.js";
import { piecesParams } from "./pieces.js";
import { rowsToCuda } from "./rows.js";
import { SHADOW, type Stored, withShadows } from "./shadows.js";
import { sortChunk, specialToCuda } from "./special.js";
import { TENSOR_ROWS, tensorMatmulToCuda, tensorOuterToCuda } from "./tensor.js";
import type { Context, CudaText } from "./view.js";

export interface CudaOptions {
  /** name of the model, for people */
  readonly title: string;
  readonly spec: string;
  readonly hash: string;
  readonly version: string;
  /** what products of matrices are made in; f32 if not given */
  readonly compute?: "f32" | "bf16";
  /** what products in bf16 are written for; every GPU if not given */
  readonly tier?: Tier;
  /** of the GPU that tiles are cut for; an H100's if not given */
  readonly multiprocessors?: number;
  /** on Hopper: only so, where not chosen by cost */
  readonly schedule?: Schedule;
}

const shapeFor = (compute: "f32" | "bf16"): GpuShape => ({
  tileRows: compute === "bf16" ? TENSOR_ROWS : 64,
  sortChunk,
  rankChunk: MOST_THREADS,
  admitsInRounds: true,
  sortsItems: true,
  pieces: (kernel) => piecesParams(kernel, compute === "bf16" ? TENSOR_ROWS : 64),
  mostChunks: (size) => (size <= 8192 ? 1024 : size <= 65_536 ? 256 : 64),
});

/** A plan as this target has it before it becomes one text. */
export interface CudaParts {
  readonly lowered: Lowered;
  readonly stored: Stored;
  readonly tileRows: number;
  readonly tier: Tier;
  /** in the order of the plan */
  readonly kernels: readonly CudaPart[];
}

export interface CudaPart {
  /** with the parameters that this target adds */
  readonly kernel: Kernel;
  readonly context: Context;
  readonly text: CudaText;
  /** bytes of everything it touches once, as they are stored */
  readonly bytes: number;
}

/** Errors: MOE5007 and MOE5008 for designs that the target cannot hold. */
export function partsOf(
  plan: KernelPlan,
  compute: "f32" | "bf16",
  wanted: Tier = "portable",
  multiprocessors: number = profiles.H100.multiprocessors,
  schedule?: Schedule,
): CudaParts {
  // products in f32 are not for tensor cores, whatever the GPU
  const tier = compute === "bf16" ? wanted : "portable";
  const shape = shapeFor(compute);
  const { tileRows } = shape;
  const lowered = lowerPlan(plan, shape);
  const precision = compute === "bf16" ? mixed(lowered, tensorCoresTake, undefined, true) : exact(lowered);
  const kernels = lowered.kernels.map((given, i): CudaPart => {
    const twins = new Map(precision.twins[i]!.map((param, n) => [param, given.params.length + n]));
    const halves = new Set([...precision.halves[i]!, ...twins.values()]);
    const kernel = withTwins(given, [...twins.keys()], "bf16");
    const context = {
      chunks: lowered.chunks,
      tileRows,
      halves,
      twins,
      tensor: precision.tensor.has(i),
      tier,
      multiprocessors,
      schedule,
    };
    return { kernel, context, text: kernelToCuda(kernel, context), bytes: storedBytes(given, precision.halves[i]!) };
  });
  return { lowered, stored: withShadows(lowered, precision), tileRows, tier, kernels };
}

/** Errors: MOE5007 and MOE5008 for designs that the target cannot hold. */
export function planToCuda(plan: KernelPlan, options: CudaOptions): CudaProgram {
  const {
    stored,
    tier,
    kernels: parts,
  } = partsOf(plan, options.compute ?? "f32", options.tier, options.multiprocessors, options.schedule);
  const layout = layOut(stored);
  const shadow = stored.shadowKernel;
  const kernels = [
    ...parts.map(({ kernel, context, text: { passes, whyPortable, schedule }, bytes }): CudaKernel => {
      const why = { ...(whyPortable !== undefined && { whyPortable }), ...(schedule !== undefined && { schedule }) };
      const whyPlain = options.compute === "bf16" && !context.tensor ? whyNotTensor(kernel) : undefined;
      const plain = whyPlain === undefined ? {} : { whyPlain };
      return { name: kernel.name, flops: kernel.flops, bytes, tensor: context.tensor, ...why, ...plain, passes };
    }),
    ...(shadow ? [{ name: SHADOW, flops: 0, bytes: stored.shadowBytes, tensor: false, passes: shadow.passes }] : []),
  ];
  const texts = [...parts.map(({ text }) => text), ...(shadow ? [shadow] : [])];
  const entries = kernels.flatMap((k) => k.passes.map((p) => p.entry));
  return {
    source: `${fill("cuda/head.cu", { ...options, hopper: tier === "hopper" })}${texts.map((t) => t.text).join("\n\n")}\n`,
    headers: {
      "device.cuh": readTemplate("cuda/device.cuh"),
      "emulate.h": readTemplate("cuda/emulate.h"),
      ...(tier === "hopper" && headersOfHopper()),
      "emulate.cpp": fill("cuda/emulate.cpp", { ...options, entries }),
    },
    kernels,
    buffers: layout.buffers,
    arena: layout.arena,
    tier,
    programs: stored.programs,
  };
}

/** Every term of a product lies the same way round; heads of attention are whole steps of tensor cores. */
function tensorCoresTake(kernel: Product): boolean {
  if (kernel.kind === "outer") return true;
  if (kernel.kind === "special") return whyNotTensor(kernel) === undefined;
  const terms = kernel.outputs.flatMap((o) => o.terms);
  return terms.every((t) => t.a.major === terms[0]!.a.major && t.b.major === terms[0]!.b.major);
}

const headersOfHopper = (): Readonly<Record<string, string>> =>
  Object.fromEntries(["device-hopper.cuh", "emulate-hopper.h"].map((name) => [name, readTemplate(`cuda/${name}`)]));

function kernelToCuda(kernel: Kernel, context: Context): CudaText {
  switch (kernel.kind) {
    case "rows":
      return rowsToCuda(kernel, context);
    case "flat":
      return flatToCuda(kernel, context);
    case "finish":
      return finishToCuda(kernel, context);
    case "matmul":
      return context.tensor ? productToCuda(kernel, context) : matmulToCuda(kernel, context);
    case "outer":
      return context.tensor ? productToCuda(kernel, context) : outerToCuda(kernel, context);
    case "special":
      return specialToCuda(kernel, context);
    default:
      return kernel satisfies never;
  }
}

/** A product on tensor cores: by Hopper's units where the text is for them and they can make it. */
function productToCuda(kernel: MatmulKernel | OuterKernel, context: Context): CudaText {
  const portable = (): CudaText =>
    kernel.kind === "matmul" ? tensorMatmulToCuda(kernel, context) : tensorOuterToCuda(kernel, context);
  if (context.tier === "portable") return portable();
  const whyPortable = kernel.kind === "matmul" ? whyNotMatmul(kernel, context) : whyNotOuter(kernel, context);
  if (whyPortable !== undefined) return { ...portable(), whyPortable };
  const made = kernel.kind === "matmul" ? hopperMatmulToCuda(kernel, context) : hopperOuterToCuda(kernel, context);
  return made ?? { ...portable(), whyPortable: "too many results behind the product" };
}
