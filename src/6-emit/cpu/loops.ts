/** Loops over the inner axes of a kernel: the last axis in vectors, or everything one element at a time. */
import type { Dim } from "../../5-plan/plan.js";
import type { Lines } from "../lines.js";
import type { Site, Spot } from "./site.js";

/** The variable of the loop over an axis. */
export const loopName = (dim: Dim): string => `i_${dim.name.toLowerCase()}`;

/** Loops over dims, the last in vectors; `inner` gets the spot inside. */
export function nest(
  dims: readonly Dim[],
  site: Site,
  out: Lines,
  inner: (spot: Spot) => void,
  loops = new Map<string, string>(),
): void {
  const [first, ...rest] = dims;
  if (!first) return inner({ site, loops, lanes: undefined });
  const name = loopName(first);
  const next = new Map(loops).set(first.name, name);
  if (rest.length > 0) {
    out.block(`for (int ${name} = 0; ${name} < ${first.size}; ${name}++)`, () => nest(rest, site, out, inner, next));
    return;
  }
  out.block(`for (int ${name} = 0; ${name} < ${first.size}; ${name} += VL)`, () => {
    if (!wholeVectors(first.size)) out.line(`const int lanes = LANES(${first.size}, ${name});`);
    inner({ site, loops: next, lanes: first });
  });
}

/** Every vector is full whatever the machine: no machine has more than 16 lanes. */
export const wholeVectors = (size: number): boolean => size % 16 === 0;
/** C of how many lanes of the vector exist. */
export const lanesOf = (dim: Dim): string => (wholeVectors(dim.size) ? "VL" : "lanes");

/** Plain loops, one element at a time, around a vector that is already open. */
export function scalarNest(
  dims: readonly Dim[],
  loops: ReadonlyMap<string, string>,
  out: Lines,
  inner: (loops: ReadonlyMap<string, string>) => void,
): void {
  const [first, ...rest] = dims;
  if (!first) return inner(loops);
  const name = loopName(first);
  out.block(`for (int ${name} = 0; ${name} < ${first.size}; ${name}++)`, () =>
    scalarNest(rest, new Map(loops).set(first.name, name), out, inner),
  );
}
