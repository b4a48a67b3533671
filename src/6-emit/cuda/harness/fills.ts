/**
 * What a kernel can be given when it runs alone: floats that its functions are defined for, whole numbers that name
 * something there is. Read off how the kernel, and the kernels it shares a tensor with, use their parameters.
 */
import type { Dim, Kernel, Operand, Param, PExpr, Source, Stmt } from "../../../5-plan/plan.js";
import type { Lowered } from "../../gpu/lower.js";
import { elements, product } from "../../gpu/sizes.js";
import { sortShape } from "../../gpu/special-params.js";
import { admitSizes, scatterSizes } from "../../gpu/special-sizes.js";
import { sourcesOf } from "../../sources.js";

/** One of the ways of filling in fills.h; `of`: a parameter whose tensor this one follows. */
export interface Fill {
  readonly how:
    | "NOTHING"
    | "NORMAL"
    | "POSITIVE"
    | "BELOW"
    | "BELOW_OR_NONE"
    | "OFFSETS"
    | "TILES"
    | "ORDER"
    | "LEGAL"
    | "SAME";
  readonly size?: number;
  readonly of?: number;
  readonly rows?: number;
}

/** What a whole number stands for where it is read. */
type Use =
  | { readonly below: number }
  | { readonly offsetsOf: number }
  | { readonly order: true }
  | { readonly room: number };

/** Uses of every buffer as whole numbers, over all launches. */
export function usesOf({ kernels, programs }: Lowered): ReadonlyMap<number, Use> {
  const found = new Map<number, Use>();
  for (const { launches } of programs)
    for (const { kernel, args } of launches)
      for (const [param, use] of wholeUses(kernels[kernel]!)) {
        const buffer = args[param]!;
        const known = found.get(buffer);
        const smaller = known && "below" in known && "below" in use ? Math.min(known.below, use.below) : undefined;
        if (!known || smaller !== undefined) found.set(buffer, smaller === undefined ? use : { below: smaller });
      }
  return found;
}

function wholeUses(kernel: Kernel): [number, Use][] {
  if (kernel.kind === "special") return specialUses(kernel);
  if (kernel.kind === "matmul") {
    const gathers = kernel.outputs.flatMap((o) => o.terms.flatMap((t) => gatherUse(t.a, kernel.params[t.a.param]!)));
    return [...gathers, ...(kernel.group ? [[kernel.group.offsets, { offsetsOf: kernel.m }] as [number, Use]] : [])];
  }
  if (kernel.kind === "outer") {
    const gathers = [kernel.a, kernel.b].flatMap((o) => gatherUse(o, kernel.params[o.param]!));
    return [...gathers, ...(kernel.group ? [[kernel.group.offsets, { offsetsOf: kernel.k }] as [number, Use]] : [])];
  }
  return kernel.kind === "finish" ? [] : kernel.body.flatMap((s) => statementUses(s, kernel));
}

/** Rows of a matrix that are found by index. */
function gatherUse(o: Operand, p: Param): [number, Use][] {
  if (!o.gather) return [];
  const lines = o.major === "k" ? elements(p) / o.stride : o.stride;
  return [[o.gather.param, { below: Math.floor(lines) * o.gather.divide }]];
}

function specialUses(kernel: Extract<Kernel, { kind: "special" }>): [number, Use][] {
  const sort = sortShape(kernel);
  if (sort) return [[0, { below: sort.experts }]];
  if (kernel.op === "scatterAdd") return [[1, { below: scatterSizes(kernel).rows }]];
  if (kernel.op !== "admit") return [];
  const { edges, experts, ranked } = admitSizes(kernel);
  const room = Math.ceil((0.75 * edges) / experts);
  const choices: [number, Use][] = ranked === undefined ? [] : [[ranked, { below: experts }]];
  return [[0, { below: experts }], [1, { order: true }], [2, { room }], ...choices];
}

function statementUses(s: Stmt, kernel: Extract<Kernel, { kind: "rows" | "flat" }>): [number, Use][] {
  const gathers = sourcesOf(s).flatMap((from) => sourceUses(from, kernel));
  if (s.kind === "pick" && s.index.in === "param") {
    const walked = new Set([...domainOf(kernel), ...s.to.dims].map((d) => d.name));
    const axis = ("dims" in s.from ? s.from.dims : []).find((d) => !walked.has(d.name));
    if (axis) gathers.push([s.index.param, { below: axis.size }]);
  }
  const exprs = "expr" in s ? [s.expr] : [];
  return [...gathers, ...exprs.flatMap((e) => equalities(e, kernel))];
}

const domainOf = (kernel: Kernel): readonly Dim[] => (kernel.kind === "rows" ? kernel.domain : []);

function sourceUses(from: Source, kernel: Extract<Kernel, { kind: "rows" | "flat" }>): [number, Use][] {
  if (from.in !== "param" || !from.gather || from.gather.index.in !== "param") return [];
  const { index, divide, rest } = from.gather;
  const width = product(from.dims.slice(from.dims.length - rest));
  return [[index.param, { below: (elements(kernel.params[from.param]!) / width) * divide }]];
}

/** `edge == index of E`: the edge is below E. */
function equalities(expr: PExpr, kernel: Kernel): [number, Use][] {
  const inner = partsOf(expr).flatMap((e) => equalities(e, kernel));
  if (expr.op !== "eq") return inner;
  const sides = [expr.a, expr.b];
  const loaded = sides.find((e) => e.op === "load" && e.from.in === "param");
  const axis = sides.find((e) => e.op === "index");
  if (loaded?.op !== "load" || loaded.from.in !== "param" || axis?.op !== "index") return inner;
  const size = sizeOfAxis(axis.axis, kernel);
  return size === undefined ? inner : [...inner, [loaded.from.param, { below: size }]];
}

function sizeOfAxis(name: string, kernel: Kernel): number | undefined {
  const body = kernel.kind === "rows" || kernel.kind === "flat" ? kernel.body : [];
  const own = body.flatMap((s) => [
    ...("over" in s ? s.over : []),
    ...("dims" in s ? s.dims : []),
    ...("to" in s ? s.to.dims : []),
  ]);
  return [...domainOf(kernel), ...own, ...kernel.params.flatMap((p) => p.dims)].find((d) => d.name === name)?.size;
}

function partsOf(e: PExpr): PExpr[] {
  if (e.op === "select") return [e.c, e.a, e.b];
  if (e.op === "random") return [e.seed, e.step];
  if ("b" in e) return [e.a, e.b];
  return "a" in e ? [e.a] : [];
}

/** Parameters that a root, a logarithm or a quotient is taken of: of anything below zero they mean nothing. */
export function positiveParams(kernel: Kernel): ReadonlySet<number> {
  const body =
    kernel.kind === "rows" || kernel.kind === "flat" ? kernel.body : kernel.kind === "matmul" ? kernel.epilogue : [];
  const made = new Map(
    body.flatMap((s) => (s.kind === "map" && s.to.local ? [[s.to.local.name, s.expr] as const] : [])),
  );
  const stored = new Map(
    body.flatMap((s) => (s.kind === "map" && s.to.param !== undefined ? [[s.to.param, s.expr] as const] : [])),
  );
  const found = new Set<number>();
  const mark = (e: PExpr): void => {
    if (e.op !== "load") return partsOf(e).forEach(mark);
    if (e.from.in === "param" && !found.has(e.from.param)) {
      found.add(e.from.param);
      const before = stored.get(e.from.param);
      if (before) mark(before);
    }
    const before = e.from.in === "local" ? made.get(e.from.name) : undefined;
    if (before) mark(before);
  };
  const look = (e: PExpr): void => {
    if (e.op === "sqrt" || e.op === "rsqrt" || e.op === "log" || e.op === "recip") mark(e.a);
    if (e.op === "div") mark(e.b);
    partsOf(e).forEach(look);
  };
  for (const s of body) if ("expr" in s) look(s.expr);
  return found;
}

/** What one parameter of a kernel that runs alone is filled with. */
export function fillOf(
  kernel: Kernel,
  param: number,
  use: Use | undefined,
  given: { readonly tileRows: number; readonly positive: ReadonlySet<number>; readonly kept: boolean },
): Fill {
  const p = kernel.params[param]!;
  if (p.access === "write") return { how: "NOTHING" };
  if (p.name === "tiles" && kernel.kind === "matmul" && p.access === "read")
    return { how: "TILES", of: kernel.group!.offsets, rows: given.tileRows };
  if (p.dtype === "u8") return { how: "LEGAL" };
  if (p.dtype === "i32") return p.access === "update" ? { how: "NOTHING" } : wholeFill(use, given.kept);
  if (given.positive.has(param)) return { how: "POSITIVE" };
  if (elements(p) === 1 && /^(step|seed)$/.test(p.name)) return { how: "SAME", size: 3 };
  return { how: "NORMAL", size: 1 / Math.sqrt(innerOf(kernel, param)) };
}

/** Kept tensors, such as tokens, always name something; others may say that there is none. */
export function wholeFill(use: Use | undefined, kept: boolean): Fill {
  if (use === undefined) return { how: "BELOW", size: 4 };
  if ("offsetsOf" in use) return { how: "OFFSETS", size: use.offsetsOf };
  if ("order" in use) return { how: "ORDER" };
  if ("room" in use) return { how: "SAME", size: use.room };
  return { how: kept ? "BELOW" : "BELOW_OR_NONE", size: use.below };
}

/** The right operand of a product is small, so that its sums are about one. */
function innerOf(kernel: Kernel, param: number): number {
  if (kernel.kind === "outer") return kernel.b.param === param ? kernel.k : 1;
  if (kernel.kind !== "matmul") return 1;
  const term = kernel.outputs.flatMap((o) => o.terms).find((t) => t.b.param === param && t.a.param !== param);
  return term?.k ?? 1;
}
