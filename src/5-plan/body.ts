/**
 * Writes down what a kernel does to each row (or each element, or each tile) as statements: maps whose
 * result is read once disappear into their reader, what outsiders need is stored, the rest lives in
 * locals of the row.
 */
import type { Expr } from "../3-graph/expr.js";
import type { Axis, Node, Value } from "../3-graph/graph.js";
import { access, sameAxes } from "./operands.js";
import type { ParamTable } from "./params.js";
import type { Dim, PExpr, Source, Stmt, Target } from "./plan.js";
import { acrossRows, spaceOf } from "./row-space.js";

export interface BodyContext {
  readonly form: "rows" | "flat" | "tile";
  readonly domain: readonly Axis[];
  readonly params: ParamTable;
  /** values somebody outside the kernel reads */
  readonly stored: ReadonlySet<Value>;
  /** products available in the tile */
  readonly tile: ReadonlyMap<Value, number>;
  /** values of this kernel that read as nothing: further terms of a sum already in the tile */
  readonly zero: ReadonlySet<Value>;
}

export function buildBody(nodes: readonly Node[], context: BodyContext): Stmt[] {
  const inside = new Set(nodes.flatMap((n) => n.outputs));
  const reads = countReads(nodes);
  const inlined = new Map<Value, PExpr>();
  const locals = new Map<Value, string>();
  const used = new Set<string>();
  const body: Stmt[] = [];
  for (const node of nodes) emit(node);
  return body;

  function emit(node: Node): void {
    const out = node.outputs[0]!;
    const note = node.at.role || node.op.kind;
    const dims = innerDims(out.axes);
    switch (node.op.kind) {
      case "map": {
        const { expr } = node.op;
        const made = fold(expr, node);
        if (canInline(node)) inlined.set(out, made);
        else body.push({ kind: "map", to: target(out, node), expr: made, note });
        return;
      }
      case "random": {
        const [seed, step] = [load(node.inputs[0]!), load(node.inputs[1]!)];
        const made: PExpr = { op: "random", stream: node.op.stream, seed, step, dims: out.axes };
        if (canInline(node)) inlined.set(out, made);
        else body.push({ kind: "map", to: target(out, node), expr: made, note });
        return;
      }
      case "reduce":
        return reduce(node, node.op.how, load(node.inputs[0]!), node.op.over, note);
      case "contract":
        return reduce(
          node,
          "sum",
          { op: "mul", a: load(node.inputs[0]!), b: load(node.inputs[1]!) },
          node.op.over,
          note,
        );
      case "spread": {
        const same: PExpr = { op: "eq", a: load(node.inputs[1]!), b: { op: "index", axis: node.op.axis } };
        const expr: PExpr = { op: "select", c: same, a: load(node.inputs[0]!), b: { op: "const", value: 0 } };
        const { over } = node.op;
        const k = node.inputs[1]!.axes.find((a) => a.name === over);
        if (!k && canInline(node)) inlined.set(out, expr);
        else if (!k) body.push({ kind: "map", to: target(out, node), expr, note });
        else body.push({ kind: "reduce", how: "sum", to: target(out, node), over: [k], expr, note });
        return;
      }
      case "pick":
        body.push({
          kind: "pick",
          to: target(out, node),
          from: source(node.inputs[0]!),
          index: source(node.inputs[1]!),
          note,
        });
        return;
      case "topK": {
        const size = node.inputs[0]!.axes.at(-1)!.size;
        body.push({ kind: "topK", to: target(out, node), key: source(node.inputs[0]!), size, k: node.op.k, note });
        return;
      }
      default:
        throw new Error(
          `a row program cannot hold ${node.op.kind} (${node.at.scope}.${node.at.role}, ${dims.length} axes)`,
        );
    }
  }

  function reduce(node: Node, how: "sum" | "max", expr: PExpr, over: readonly string[], note: string): void {
    const out = node.outputs[0]!;
    const space = spaceOf(node);
    const flat = context.form === "flat";
    const shape = { flat, domain: flat ? [] : context.domain };
    if (!acrossRows(node, shape)) {
      body.push({
        kind: "reduce",
        how,
        to: target(out, node),
        over: space.filter((a) => over.includes(a.name)),
        expr,
        note,
      });
      return;
    }
    const inner = flat
      ? []
      : space.filter((a) => over.includes(a.name) && !context.domain.some((d) => d.name === a.name));
    const dims = flat ? [] : innerDims(out.axes);
    body.push({ kind: "accumulate", how, param: context.params.partial(out), dims, over: inner, expr, note });
  }

  function innerDims(axes: readonly Axis[]): Dim[] {
    if (context.form === "flat" || context.form === "tile") return [];
    return axes.filter((a) => !context.domain.some((d) => d.name === a.name));
  }

  /** A map whose only reader is a map or reduction over the same axes. */
  function canInline(node: Node): boolean {
    const out = node.outputs[0]!;
    const by = reads.get(out) ?? [];
    if (context.stored.has(out) || by.length !== 1) return false;
    const reader = by[0]!;
    // an index is looked up by name
    if (reader.inputs.some((v) => access(v).gather?.index.root === out)) return false;
    if (reader.op.kind === "reduce") return sameAxes(reader.inputs[0]!.axes, out.axes);
    return reader.op.kind === "map" && sameAxes(reader.outputs[0]!.axes, out.axes);
  }

  function target(out: Value, node: Node): Target {
    const dims = innerDims(out.axes);
    const stored = context.stored.has(out);
    const read = (reads.get(out)?.length ?? 0) > 0;
    const keep = read && (!stored || dims.length === 0 || context.form !== "rows");
    const to: { local?: Target["local"]; param?: number; dims: Dim[] } = { dims };
    if (keep) {
      locals.set(out, unused(node.at.role || node.op.kind));
      to.local = { name: locals.get(out)!, dtype: out.dtype };
    }
    if (stored) to.param = context.params.write(out);
    return to;
  }

  function unused(role: string): string {
    const base = `t_${role.replace(/[^A-Za-z0-9]+/g, "_")}`;
    let name = base;
    for (let i = 0; used.has(name); i++)
      name = `${base}_${"abcdefghijklmnopqrstuvwxyz"[i % 26]!.repeat(1 + Math.floor(i / 26))}`;
    used.add(name);
    return name;
  }

  function fold(expr: Expr, node: Node): PExpr {
    switch (expr.op) {
      case "in":
        return load(node.inputs[expr.i]!);
      case "const":
      case "index":
        return expr;
      case "select":
        return { op: "select", c: fold(expr.c, node), a: fold(expr.a, node), b: fold(expr.b, node) };
      default:
        return "b" in expr
          ? { op: expr.op, a: fold(expr.a, node), b: fold(expr.b, node) }
          : { op: expr.op, a: fold(expr.a, node) };
    }
  }

  function load(v: Value): PExpr {
    const root = access(v).root;
    if (context.zero.has(root)) return { op: "const", value: 0 };
    const tile = context.tile.get(root);
    if (tile !== undefined) return { op: "load", from: { in: "tile", output: tile } };
    const made = inlined.get(root);
    if (made) return made;
    return { op: "load", from: source(v) };
  }

  function source(v: Value): Source {
    const a = access(v);
    const local = locals.get(a.root);
    if (local !== undefined && !a.gather)
      return { in: "local", name: local, dtype: a.root.dtype, dims: innerDims(a.axes) };
    if (inside.has(a.root) && !context.stored.has(a.root)) throw new Error(`${a.root.node.at.role} was not kept`);
    const param = context.params.read(a.root);
    if (!a.gather) return { in: "param", param, dims: a.axes };
    const index = source(indexValue(v));
    return { in: "param", param, dims: a.axes, gather: { index, divide: a.gather.divide, rest: a.gather.rest } };
  }
}

/** The index operand of the take behind a value. */
function indexValue(v: Value): Value {
  return v.node.op.kind === "stop" ? indexValue(v.node.inputs[0]!) : v.node.inputs[1]!;
}

function countReads(nodes: readonly Node[]): Map<Value, Node[]> {
  const reads = new Map<Value, Node[]>();
  const add = (v: Value, n: Node) => {
    const a = access(v);
    for (const r of a.gather ? [a.root, a.gather.index.root] : [a.root]) reads.set(r, [...(reads.get(r) ?? []), n]);
  };
  for (const n of nodes) for (const v of n.inputs) add(v, n);
  return reads;
}
