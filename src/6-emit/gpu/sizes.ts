/** Sizes of axes and parameters. */
import type { Dim, Param } from "../../5-plan/plan.js";

export const elements = (p: Param): number => product(p.dims);
export const product = (dims: readonly Dim[]): number => dims.reduce((n, d) => n * d.size, 1);
export const blocks = (n: number, by: number): number => Math.ceil(n / by);

/** Bytes of a parameter whose numbers take 16 bits, whole words. */
export const bytesOfHalves = (p: Param): number => 4 * Math.ceil(elements(p) / 2);

/** Bytes of a parameter, whole words. */
export const bytesOf = (p: Param): number => (p.dtype === "u8" ? Math.ceil(elements(p) / 4) * 4 : 4 * elements(p));
