/** What every cpu kernel template is given, and the small spellings they share. */
import type { Kernel, Param, Stmt } from "../../5-plan/plan.js";

/** A kernel as C text, with the scratch memory it wants. */
export interface CKernel {
  readonly text: string;
  /** floats of memory each thread needs for itself */
  readonly scratch: number;
  /** floats of memory all threads share during the kernel */
  readonly shared: number;
  /** longest row of zeros it may read in place of a row that does not exist */
  readonly noRow?: number;
}

const C_TYPES = { f32: "float", i32: "int", u8: "unsigned char" } as const;

export function signature(params: readonly Param[]): string {
  const one = (p: Param) => `${p.access === "read" ? "const " : ""}${C_TYPES[p.dtype]} *restrict ${p.name}`;
  return ["const worker *w", ...params.map(one)].join(", ");
}

export function header(kernel: Kernel): { name: string; signature: string; summary: string; because: string } {
  return {
    name: kernel.name,
    signature: signature(kernel.params),
    summary: kernel.summary,
    because: kernel.because.join(", "),
  };
}

/** The partial results that a kernel's statements add to. */
export function partialsOf(
  body: readonly Stmt[],
  params: readonly Param[],
): { name: string; size: number; start: string; how: string }[] {
  return body.flatMap((s) => {
    if (s.kind !== "accumulate") return [];
    const size = s.dims.reduce((n, d) => n * d.size, 1);
    return [{ name: params[s.param]!.name, size, start: s.how === "sum" ? "0.0f" : "-INFINITY", how: s.how }];
  });
}

export const roundUp = (n: number, by: number): number => Math.ceil(n / by) * by;
