/** The numbers that a row program keeps to itself: where they live and what they are. */
import type { Stmt, Target } from "../../5-plan/plan.js";
import type { Lines } from "../lines.js";
import type { Site } from "./site.js";

/** Numbers of a row that one lane keeps; those of a team are declared outside. */
export function declare(to: Target, site: Site, out: Lines): void {
  if (!to.local || site.team) return;
  const size = to.dims.reduce((n, x) => n * x.size, 1);
  out.line(site.spelling.array(to.local.dtype, to.local.name, size));
}

/** Element types of the locals that hold whole numbers. */
export function integerLocals(body: readonly Stmt[]): Map<string, string> {
  const locals = body.flatMap((s) => (s.kind !== "accumulate" && s.to.local ? [s.to.local] : []));
  return new Map(locals.filter((l) => l.dtype === "i32").map((l) => [l.name, l.dtype]));
}

/** Locals of a team that live in shared memory: name, type and size. */
export function sharedLocals(
  body: readonly Stmt[],
  again: ReadonlySet<string>,
): { name: string; dtype: string; size: number }[] {
  return body.flatMap((s) => {
    if (s.kind === "accumulate" || !s.to.local || again.has(s.to.local.name)) return [];
    const size = s.kind === "topK" ? s.k : s.to.dims.reduce((n, x) => n * x.size, 1);
    return s.to.dims.length > 0 || s.kind === "topK" ? [{ name: s.to.local.name, dtype: s.to.local.dtype, size }] : [];
  });
}
