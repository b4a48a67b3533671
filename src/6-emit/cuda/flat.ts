/** Flat kernels and the completion of partial sums, in CUDA. */
import type { Dim, FinishKernel, FlatKernel } from "../../5-plan/plan.js";
import { accumulates } from "../gpu/chunks.js";
import { printElement } from "../gpu/element.js";
import { elementSite } from "../gpu/site.js";
import { blocks } from "../gpu/sizes.js";
import { lines } from "../lines.js";
import { namedParams } from "./names.js";
import { sumView } from "./partial-sums.js";
import { cudaSpelling } from "./spelling.js";
import { accessTo, assemble, type Context, type CudaText } from "./view.js";

const THREADS = 256;

/** One thread an element, or, where sums are made, one block a chunk of elements. */
export function flatToCuda(given: FlatKernel, context: Context): CudaText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = accessTo(kernel.params, context);
  const spelling = cudaSpelling("block");
  const sums = accumulates(kernel.body);
  const chunks = sums.length > 0 ? context.chunks : 0;
  const out = lines(chunks > 0 ? 4 : 2);
  const at = (dims: readonly Dim[]): string => (dims.length === 0 ? "0" : "at");
  printElement(kernel.body, elementSite(spelling, bindings, at), () => "at", out);
  const view = {
    threads: THREADS,
    chunks,
    sums: sums.map((s) => sumView(s, bindings, spelling, true)),
    body: out.text(),
  };
  const grid = chunks > 0 ? ([chunks, 1, 1] as const) : { perBlock: THREADS };
  return {
    text: assemble(kernel, "flat", context, view),
    passes: [{ entry: kernel.name, grid, threads: THREADS, shared: 0 }],
  };
}

/** Numbers from which on lanes have neighbours, so that they read sectors of memory whole. */
const SIDE_BY_SIDE = 32;
const SIDE_THREADS = 1024;

/** A warp for each number, whose lanes share the chunks; or, of many numbers, a lane for each. */
export function finishToCuda(given: FinishKernel, context: Context): CudaText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = accessTo(kernel.params, context);
  const max = kernel.how === "max";
  const side = kernel.size >= SIDE_BY_SIDE;
  const threads = side ? SIDE_THREADS : THREADS;
  const both = (a: string, b: string): string => (max ? `fmaxf(${a}, ${b})` : `${a} + ${b}`);
  const view = {
    chunks: context.chunks,
    size: kernel.size,
    side,
    threads,
    start: max ? "LOWEST" : "0.0f",
    how: kernel.how,
    add: `share = ${both("share", bindings.read(0, "(long long)chunk * SIZE + i"))};`,
    both: both("all", "parts[w * 32 + threadIdx.x]"),
    store: bindings.write(1, "i", "all"),
  };
  const grid = [blocks(kernel.size, side ? 32 : THREADS / 32), 1, 1] as const;
  return {
    text: assemble(kernel, "finish", context, view),
    passes: [{ entry: kernel.name, grid, threads, shared: 0 }],
  };
}
