/** How wide a row program is, what it can keep, and where its rows stand. */
import type { Dim, RowsKernel, Stmt } from "../../5-plan/plan.js";
import type { Lines } from "../lines.js";
import { integerLocals, sharedLocals } from "./locals.js";
import { loopName } from "./names.js";
import type { Site } from "./site.js";
import { product } from "./sizes.js";
import type { Access, Spelling } from "./spelling.js";

/** The most elements that one statement deals out or keeps. */
export function widest(kernel: RowsKernel): number {
  const size = (s: Stmt): number => {
    if (s.kind === "topK") return s.size;
    if (s.kind === "accumulate") return product([...s.dims, ...s.over]);
    if (s.kind === "reduce") return product([...s.to.dims, ...s.over]);
    return product(s.to.dims);
  };
  return Math.max(1, ...kernel.body.map(size));
}

/** Locals that do not fit into shared memory, largest first; only maps can be computed again. */
export function overflowing(body: readonly Stmt[], bytes: number): Set<string> {
  const maps = new Set(
    body.flatMap((s) => (s.kind === "map" && s.to.local && s.to.param === undefined ? [s.to.local.name] : [])),
  );
  const again = new Set<string>();
  const used = () => sharedLocals(body, again).reduce((n, l) => n + 4 * l.size, 0);
  const order = sharedLocals(body, again)
    .filter((l) => maps.has(l.name))
    .sort((a, b) => b.size - a.size);
  for (const l of order) if (used() > bytes) again.add(l.name);
  return again;
}

/** The site of a row program; prints where the row stands. */
export function rowSite(
  kernel: RowsKernel,
  spelling: Spelling,
  bindings: Access,
  team: boolean,
  again: ReadonlySet<string>,
  out: Lines,
): Site {
  const maps = kernel.body.flatMap((s) =>
    s.kind === "map" && s.to.local && again.has(s.to.local.name) ? [[s.to.local.name, s] as const] : [],
  );
  const coordinates = rowCoordinates(kernel.domain, spelling, out);
  const locals = kernel.body.flatMap((s) => (s.kind !== "accumulate" && s.to.local ? [s.to.local.name] : []));
  const taken = new Set([...bindings.params.map((p) => p.name), ...locals]);
  return { spelling, bindings, coordinates, team, again: new Map(maps), locals: integerLocals(kernel.body), taken };
}

/** Where a row stands on each of its axes; printed where that takes a division. */
export function rowCoordinates(domain: readonly Dim[], { fix, count }: Spelling, out: Lines): Map<string, string> {
  const [outer, inner] = domain;
  if (!outer) return new Map();
  if (!inner) return new Map([[outer.name, "row"]]);
  out.line(fix("index", loopName(outer), `row / ${count(inner.size)}`));
  out.line(fix("index", loopName(inner), `row % ${count(inner.size)}`));
  return new Map([
    [outer.name, loopName(outer)],
    [inner.name, loopName(inner)],
  ]);
}
