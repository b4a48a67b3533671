/** Names of parameters, axes and loops in the texts of a kernel for a GPU. */

import type { Dim, Kernel, Param, Stmt } from "../../5-plan/plan.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { sourcesOf } from "../sources.js";

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

/** A kernel's sizes are constants by the names of their axes. */
function twoSizes({ name }: Kernel, one: Dim, other: Dim): DiagnosticError {
  const what = `kernel \`${name}\`, whose axis ${one.name} has ${one.size} places in one line and ${other.size} in another`;
  return new DiagnosticError([diagnose("MOE5007", { target: "wgsl or cuda", what })]);
}

/** Every axis that a kernel mentions, by name. Errors: MOE5007 where one name has two sizes. */
export function dimsOf(kernel: Kernel): Dim[] {
  const body: readonly Stmt[] = kernel.kind === "rows" ? kernel.body : [];
  const domain = kernel.kind === "rows" ? kernel.domain : [];
  const all = [...domain, ...body.flatMap(dimsIn), ...kernel.params.flatMap((p) => p.dims)];
  const found = new Map<string, Dim>();
  for (const d of all) {
    const known = found.get(d.name) ?? d;
    found.set(d.name, known);
    // buffers may be named after another view of them; only what the body walks must agree
    if (known.size !== d.size && body.flatMap(dimsIn).includes(d)) throw twoSizes(kernel, known, d);
  }
  return [...found.values()];
}

function dimsIn(s: Stmt): Dim[] {
  const own = [...("over" in s ? s.over : []), ...("dims" in s ? s.dims : []), ...("to" in s ? s.to.dims : [])];
  const read = sourcesOf(s).flatMap((from) => (from.in === "tile" ? [] : from.dims));
  return [...own, ...read];
}
