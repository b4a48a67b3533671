/** What statements read: walks over their expressions. Printing is each target's business. */
import type { Dim, PExpr, Source, Stmt } from "../5-plan/plan.js";

/** Every source a statement reads, indices of gathers included. */
export function sourcesOf(s: Stmt): Source[] {
  const direct = s.kind === "pick" ? [s.from, s.index] : s.kind === "topK" ? [s.key] : loadsOf(s.expr);
  return direct.flatMap(withIndex);
}

export function loadsOf(e: PExpr): Source[] {
  switch (e.op) {
    case "load":
      return [e.from];
    case "select":
      return [...loadsOf(e.c), ...loadsOf(e.a), ...loadsOf(e.b)];
    case "random":
      return [...loadsOf(e.seed), ...loadsOf(e.step)];
    case "const":
    case "index":
      return [];
    default:
      return "b" in e ? [...loadsOf(e.a), ...loadsOf(e.b)] : loadsOf(e.a);
  }
}

const withIndex = (from: Source): Source[] =>
  from.in === "param" && from.gather ? [from, ...withIndex(from.gather.index)] : [from];

/** Axes that a statement's elements are dealt out along; undefined where every lane does all of it. */
export function sharedDims(s: Stmt): readonly Dim[] | undefined {
  switch (s.kind) {
    case "map":
    case "pick":
      return s.to.dims.length > 0 ? s.to.dims : undefined;
    case "reduce":
      if (s.to.dims.length > 0) return s.to.dims;
      return isShort(s.over) ? undefined : s.over;
    case "accumulate":
      if (s.dims.length > 0) return s.dims;
      return isShort(s.over) ? undefined : s.over;
    case "topK":
      return undefined;
    default:
      return s satisfies never;
  }
}

/** So few terms that adding them in every lane is cheaper than meeting at a barrier. */
export const isShort = (over: readonly Dim[]): boolean => over.reduce((n, d) => n * d.size, 1) <= 16;

export const namesOf = (dims: readonly Dim[]): string => dims.map((d) => d.name).join(",");
