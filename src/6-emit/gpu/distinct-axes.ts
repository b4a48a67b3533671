/**
 * A name may stand for axes of several sizes in a kernel, where phases choose different numbers of experts: in the texts
 * for GPUs every axis is a constant by its name, so there each size gets a name of its own (`K1`, `K3`). Within one
 * statement a name has one size; the row's axes keep theirs.
 */
import type { Dim, Kernel, PExpr, RowsKernel, Source, Stmt, Target } from "../../5-plan/plan.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { sourcesOf } from "../sources.js";

/** Errors: MOE5007 where one statement walks two sizes of one name. */
export function withDistinctAxes(kernel: Kernel): Kernel {
  if (kernel.kind !== "rows") return kernel;
  const several = severalSizes(kernel);
  if (several.size === 0) return kernel;
  const own = new Set(kernel.domain.map((d) => d.name));
  const rename = (d: Dim): Dim => (several.has(d.name) && !own.has(d.name) ? { ...d, name: `${d.name}${d.size}` } : d);
  const params = kernel.params.map((p) => ({ ...p, dims: p.dims.map(rename) }));
  return { ...kernel, params, body: kernel.body.map((s) => renamedIn(s, rename, kernel)) };
}

/** Names that the body walks in several sizes. */
function severalSizes({ domain, body }: RowsKernel): ReadonlySet<string> {
  const sizes = new Map<string, Set<number>>();
  for (const { name, size } of [...domain, ...body.flatMap(dimsIn)])
    sizes.set(name, (sizes.get(name) ?? new Set()).add(size));
  return new Set([...sizes].filter(([, all]) => all.size > 1).map(([name]) => name));
}

/** Every axis that a statement walks or reads along. */
export function dimsIn(s: Stmt): Dim[] {
  const own = [...("over" in s ? s.over : []), ...("dims" in s ? s.dims : []), ...("to" in s ? s.to.dims : [])];
  const read = sourcesOf(s).flatMap((from) => (from.in === "tile" ? [] : from.dims));
  return [...own, ...read];
}

type Rename = (d: Dim) => Dim;

function renamedIn(s: Stmt, rename: Rename, kernel: Kernel): Stmt {
  const words = new Map<string, string>();
  for (const d of dimsIn(s)) {
    const word = rename(d).name;
    if ((words.get(d.name) ?? word) !== word) throw twoSizes(kernel, d, s);
    words.set(d.name, word);
  }
  const expr = (e: PExpr): PExpr => renamedExpr(e, rename, (axis) => words.get(axis) ?? axis);
  const to = (target: Target): Target => ({ ...target, dims: target.dims.map(rename) });
  const from = (each: Source): Source => renamedSource(each, rename);
  switch (s.kind) {
    case "map":
      return { ...s, to: to(s.to), expr: expr(s.expr) };
    case "reduce":
      return { ...s, to: to(s.to), over: s.over.map(rename), expr: expr(s.expr) };
    case "accumulate":
      return { ...s, dims: s.dims.map(rename), over: s.over.map(rename), expr: expr(s.expr) };
    case "pick":
      return { ...s, to: to(s.to), from: from(s.from), index: from(s.index) };
    case "topK":
      return { ...s, to: to(s.to), key: from(s.key) };
    default:
      return s satisfies never;
  }
}

function twoSizes({ name }: Kernel, { name: axis }: Dim, s: Stmt): DiagnosticError {
  const sizes = [...new Set(dimsIn(s).flatMap((d) => (d.name === axis ? [d.size] : [])))].join(" and ");
  const what = `kernel \`${name}\`, where the line of ${s.note} walks ${axis} in two sizes, ${sizes}`;
  return new DiagnosticError([diagnose("MOE5007", { target: "wgsl or cuda", what })]);
}

function renamedSource(from: Source, rename: Rename): Source {
  if (from.in === "tile") return from;
  const dims = from.dims.map(rename);
  if (from.in === "local" || !from.gather) return { ...from, dims };
  return { ...from, dims, gather: { ...from.gather, index: renamedSource(from.gather.index, rename) } };
}

function renamedExpr(e: PExpr, rename: Rename, word: (axis: string) => string): PExpr {
  const again = (x: PExpr): PExpr => renamedExpr(x, rename, word);
  switch (e.op) {
    case "const":
      return e;
    case "index":
      return { ...e, axis: word(e.axis) };
    case "load":
      return { ...e, from: renamedSource(e.from, rename) };
    case "random":
      return { ...e, seed: again(e.seed), step: again(e.step), dims: e.dims.map(rename) };
    case "select":
      return { ...e, c: again(e.c), a: again(e.a), b: again(e.b) };
    default:
      return "b" in e ? { ...e, a: again(e.a), b: again(e.b) } : { ...e, a: again(e.a) };
  }
}
