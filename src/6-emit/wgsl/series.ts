/**
 * Lines that say the same of one small tensor after another, such as the optimiser's of all norms: where a kernel's small
 * tensors lie in the pool anyway, a loop over a table of their places says it once. Found by comparing statements, which
 * need not be neighbours; sums keep their order.
 */
import type { Kernel, PExpr, RowsKernel, Stmt } from "../../5-plan/plan.js";
import { covers, type Repeat } from "../gpu/repeats.js";
import { bytesOf } from "../gpu/sizes.js";
import { sourcesOf } from "../sources.js";

/** Fewer are spelled out; longer groups and larger tensors are not looked for. */
const LEAST = 3;
const LONGEST = 6;
const MOST_BYTES = 65_536;

const known = new WeakMap<Kernel, readonly Repeat[]>();

/** Repeats of a kernel, in the order of their first statements. */
export function repeatsIn(kernel: Kernel): readonly Repeat[] {
  const found = known.get(kernel) ?? (kernel.kind === "rows" ? findRepeats(kernel) : []);
  known.set(kernel, found);
  return found;
}

function findRepeats(kernel: RowsKernel): Repeat[] {
  const found: Repeat[] = [];
  for (const at of kernel.body.keys()) {
    if (found.some((r) => covers(r, at))) continue;
    const repeat = longestAt(kernel, at, found) ?? chainAt(kernel, at);
    if (repeat) found.push(repeat);
  }
  return found;
}

/** The repeat that begins at a statement and covers most; undefined for none. */
function longestAt(kernel: RowsKernel, at: number, others: readonly Repeat[]): Repeat | undefined {
  const all = Array.from({ length: LONGEST }, (_, i) => seriesAt(kernel, at, i + 1, others));
  const size = (s: Repeat): number => s.period * s.params.length;
  return all.filter((s) => s !== undefined).sort((a, b) => size(b) - size(a) || a.period - b.period)[0];
}

function seriesAt(kernel: RowsKernel, at: number, period: number, others: readonly Repeat[]): Repeat | undefined {
  const { body } = kernel;
  const first = body.slice(at, at + period);
  const isFree = (start: number): boolean =>
    first.every((_, i) => start + i < body.length && !others.some((r) => covers(r, start + i)));
  if (!isFree(at) || first.some(keepsLocals)) return undefined;
  const [starts, maps]: [number[], Map<number, number>[]] = [[at], []];
  for (let start = at + period; start + period <= body.length; ) {
    const map = new Map<number, number>();
    const fits = isFree(start) && isSame(first, body.slice(start, start + period), map) && isAlike(kernel, map);
    if (fits) starts.push(start);
    if (fits) maps.push(map);
    start += fits ? period : 1;
  }
  const varying = [...(maps[0]?.keys() ?? [])].filter((p) => maps.some((m) => m.get(p) !== p)).sort((a, b) => a - b);
  const params = [varying, ...maps.map((m) => varying.map((p) => m.get(p)!))];
  const repeat = { at, period, starts, params };
  return params.length >= LEAST && areApart(kernel, first, params) && canMove(body, repeat) ? repeat : undefined;
}

/** Whether all iterations may run where the first one stands: nothing between them makes what they read, or reads what they write. */
function canMove(body: readonly Stmt[], repeat: Repeat): boolean {
  const inside = body.filter((_, i) => covers(repeat, i));
  const between = body.filter((_, i) => i > repeat.at && i < repeat.starts.at(-1)! && !covers(repeat, i));
  const [mine, theirs] = [
    inside.flatMap((s) => paramsIn(s, undefined)),
    between.flatMap((s) => paramsIn(s, undefined)),
  ];
  const locals = new Set(between.flatMap((s) => (s.kind !== "accumulate" && s.to.local ? [s.to.local.name] : [])));
  const reads = inside.flatMap(sourcesOf);
  return (
    !theirs.some((p) => writtenIn(inside).has(p)) &&
    !mine.some((p) => writtenIn(between).has(p)) &&
    !reads.some((from) => from.in === "local" && locals.has(from.name))
  );
}

/** What one iteration writes no other reads or writes; what does not vary is not written at all. */
function areApart(kernel: RowsKernel, group: readonly Stmt[], params: readonly (readonly number[])[]): boolean {
  const varying = params[0]!;
  const written = writtenIn(group);
  const moving = [...written].map((p) => varying.indexOf(p));
  if (moving.includes(-1)) return false;
  const all = params.flat();
  const small = all.every((p) => bytesOf(kernel.params[p]!) <= MOST_BYTES && kernel.params[p]!.dtype !== "u8");
  return small && moving.every((j) => params.every((row) => all.filter((p) => p === row[j]).length === 1));
}

export const writtenIn = (group: readonly Stmt[]): ReadonlySet<number> =>
  new Set(group.flatMap((s) => (s.kind === "accumulate" ? [s.param] : s.to.param === undefined ? [] : [s.to.param])));

const keepsLocals = (s: Stmt): boolean => s.kind === "accumulate" || s.kind === "topK" || s.to.local !== undefined;

/** Parameters that stand for each other are stored and shaped alike. */
const isAlike = ({ params }: RowsKernel, map: ReadonlyMap<number, number>): boolean =>
  [...map].every(([a, b]) => {
    const [p, q] = [params[a]!, params[b]!];
    return p.dtype === q.dtype && JSON.stringify(p.dims) === JSON.stringify(q.dims);
  });

/** Whether two pieces of a plan differ in nothing but parameters, each of which always stands for the same other. */
function isSame(a: unknown, b: unknown, map: Map<number, number>): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return a === b;
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(x);
  return (
    keys.length === Object.keys(y).length &&
    keys.every((key) => {
      const [p, q] = [x[key], y[key]];
      if (key !== "param" || typeof p !== "number" || typeof q !== "number") return isSame(p, q, map);
      const known = map.get(p);
      map.set(p, q);
      return known === undefined || known === q;
    })
  );
}

/** A sum of many single numbers in one statement. */
function chainAt(kernel: RowsKernel, at: number): Repeat | undefined {
  const s = kernel.body[at]!;
  if (s.kind !== "map" || s.to.dims.length > 0) return undefined;
  const chain = chainIn(s.expr);
  if (!chain || chain.params.length < LEAST) return undefined;
  return { at, period: 0, starts: [at], params: chain.params.map((p) => [p]), sum: chain.expr };
}

interface Chain {
  readonly expr: PExpr;
  readonly params: readonly number[];
}

/** The longest sum of numbers, from the first on, in an expression. */
function chainIn(e: PExpr): Chain | undefined {
  const params = termsOf(e);
  if (params) return { expr: e, params };
  const parts = "c" in e ? [e.c, e.a, e.b] : "b" in e ? [e.a, e.b] : "a" in e ? [e.a] : [];
  const found = parts.flatMap((part) => chainIn(part) ?? []);
  return found.sort((a, b) => b.params.length - a.params.length)[0];
}

/** Parameters of a + b + c + …, if it is nothing else. */
function termsOf(e: PExpr): number[] | undefined {
  if (e.op === "load" && e.from.in === "param" && e.from.dims.length === 0 && !e.from.gather) return [e.from.param];
  if (e.op !== "add") return undefined;
  const [a, b] = [termsOf(e.a), e.b.op === "add" ? undefined : termsOf(e.b)];
  return a && b ? [...a, ...b] : undefined;
}

/** Parameters that a kernel reaches by their names, beside those that it reaches by their numbers in a loop. */
export function namedBeside({ body }: RowsKernel, repeats: readonly Repeat[]): ReadonlySet<number> {
  const named = body.flatMap((s, i) => {
    const covering = repeats.find((r) => covers(r, i));
    if (covering && i >= covering.at + Math.max(1, covering.period)) return [];
    const varying = covering?.params[0] ?? [];
    return paramsIn(s, covering?.sum).filter((p) => !varying.includes(p));
  });
  return new Set(named);
}

/** Every parameter that a piece of a plan mentions, but for a part of it. */
function paramsIn(piece: unknown, but: unknown): number[] {
  if (typeof piece !== "object" || piece === null || piece === but) return [];
  return Object.entries(piece).flatMap(([key, value]) =>
    key === "param" && typeof value === "number" ? [value] : paramsIn(value, but),
  );
}
