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

/** A warp for each number: its lanes share the chunks. */
export function finishToCuda(given: FinishKernel, context: Context): CudaText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = accessTo(kernel.params, context);
  const max = kernel.how === "max";
  const view = {
    chunks: context.chunks,
    size: kernel.size,
    threads: THREADS,
    start: max ? "LOWEST" : "0.0f",
    how: kernel.how,
    add: max
      ? `share = fmaxf(share, ${bindings.read(0, "(long long)chunk * SIZE + i")});`
      : `share += ${bindings.read(0, "(long long)chunk * SIZE + i")};`,
    store: bindings.write(1, "i", "all"),
  };
  const grid = [blocks(kernel.size, THREADS / 32), 1, 1] as const;
  return {
    text: assemble(kernel, "finish", context, view),
    passes: [{ entry: kernel.name, grid, threads: THREADS, shared: 0 }],
  };
}
