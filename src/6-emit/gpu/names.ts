/** Names of parameters, axes and loops in the texts of a kernel for a GPU. */
import type { Dim, Kernel, Param } from "../../5-plan/plan.js";
import { dimsIn } from "./distinct-axes.js";

/** The parameters under names that no word of the language, function or axis has. */
export function renamed(params: readonly Param[], dims: readonly Dim[], words: ReadonlySet<string>): Param[] {
  const taken = new Set([...words, ...dims.flatMap((d) => [constantName(d), loopName(d)])]);
  return params.map((p) => {
    const base = p.name.replace(/^_+/, "") || "x";
    let name = taken.has(base) || /^\d/.test(base) ? `the_${base}` : base;
    while (taken.has(name)) name = `${name}_`;
    taken.add(name);
    return { ...p, name };
  });
}

const word = (dim: Dim): string => dim.name.replace(/[^A-Za-z0-9]+/g, "_").replace(/_$/, "");

/** `D` for the size of an axis; constants of the kernel. */
export const constantName = (dim: Dim): string =>
  /^[A-Z]/.test(word(dim)) ? word(dim).toUpperCase() : `N_${word(dim)}`;
/** `i_d` for a place along an axis. */
export const loopName = (dim: Dim): string => `i_${word(dim).toLowerCase()}`;

/** Every axis that a kernel mentions, by name; buffers may be named after another view of them. */
export function dimsOf(kernel: Kernel): Dim[] {
  const walked = kernel.kind === "rows" ? [...kernel.domain, ...kernel.body.flatMap(dimsIn)] : [];
  const found = new Map<string, Dim>();
  for (const d of [...walked, ...kernel.params.flatMap((p) => p.dims)]) found.set(d.name, found.get(d.name) ?? d);
  return [...found.values()];
}
