/** How large the work of kernels that are one op is, read off their parameters and attributes. */
import type { SpecialKernel } from "../../5-plan/plan.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { elements } from "./sizes.js";

/** Units and experts of a balanced assignment. */
export function assignSizes(kernel: SpecialKernel): readonly [units: number, experts: number] {
  const [units, experts] = kernel.params[0]!.dims.slice(-2);
  return [units!.size, experts!.size];
}

/**
 * Rows that are added to the rows their index names. Parameters: values, index, perhaps a weight for each index, sums,
 * and memory of the target's own, the chain of items that meet or their order. With weights a row goes to `copies` places.
 */
export function scatterSizes({ params }: SpecialKernel) {
  const next = params.findIndex((p) => p.name === "next_item" || p.name === "sorting");
  const weight = next === 4 ? 2 : undefined;
  const to = next - 1;
  const width = params[to]!.dims.slice(1).reduce((n, d) => n * d.size, 1);
  const items = elements(params[1]!);
  const copies = (items * width) / elements(params[0]!);
  return { items, copies, width, rows: elements(params[to]!) / width, weight, to, next };
}

/** Halves of heads that are turned by their position. Parameters: rows, cosines, sines, result. */
export function ropeSizes({ params, attributes }: SpecialKernel) {
  const headDim = Number(attributes.headDim);
  return {
    pairs: elements(params[0]!) / 2,
    width: params[0]!.dims.slice(1).reduce((n, d) => n * d.size, 1),
    headDim,
    sequence: elements(params[1]!) / (headDim / 2),
    inverse: attributes.inverse === true,
  };
}

/** Keys that are put in order, row by row. */
export function rankSizes({ params }: SpecialKernel): { size: number; count: number; rows: number } {
  const size = params[0]!.dims.at(-1)!.size;
  const count = elements(params[0]!);
  return { size, count, rows: count / size };
}

/** Edges that experts with limited room let in; `ranked`: the parameter with a unit's other choices, `to`: the result. */
export function admitSizes({ params }: SpecialKernel) {
  const to = params.findLastIndex((p) => p.name !== "edge_state");
  const ranked = to === 4 ? 3 : undefined;
  return {
    edges: elements(params[0]!),
    k: params[0]!.dims.at(-1)!.size,
    experts: elements(params[2]!),
    choices: ranked === undefined ? 0 : params[ranked]!.dims.at(-1)!.size,
    ranked,
    to,
  };
}

/** Attention over sequences of a batch. Parameters: queries first. */
export function attentionSizes({ params, attributes: a }: SpecialKernel) {
  const sequence = Number(a.seq);
  return {
    sequence,
    headDim: Number(a.headDim),
    heads: Number(a.heads),
    kvHeads: Number(a.kvHeads),
    batch: params[0]!.dims[0]!.size / sequence,
    causal: a.causal === true,
    window: a.window === undefined ? undefined : Number(a.window),
  };
}

/** Memory that a team shares must hold something for every expert. Errors: MOE5008. */
export function checkExperts(target: string, what: string, experts: number, bytes: number, memory: number): void {
  if (bytes <= memory) return;
  const limit = Math.floor((experts * memory) / bytes);
  throw new DiagnosticError([diagnose("MOE5008", { target, what, needed: experts, limit })]);
}
