/**
 * Brings a graph into the one form that fusion expects, without changing a number: axes that a view only
 * renames become one axis, sums of sums become one sum, and reading rows of an elementwise result becomes
 * an elementwise result of rows read (so that the big intermediate never exists).
 */
import type { Expr } from "../3-graph/expr.js";
import type { Axis, Graph, Node, Value } from "../3-graph/graph.js";
import { readProduct } from "./matmul-shape.js";
import { access, isLeaf, sameAxes, sizeOf } from "./operands.js";
import { countUses, type Rebuild, rebuild } from "./rewrite.js";
import { scatterProducts } from "./scatter-products.js";

export function canonicalise(graph: Graph): Graph {
  return scalarsFirst(copyUnreadableTakes(takeBeforeMap(scatterProducts(flattenSums(unifyAxes(graph))))));
}

/** A view that keeps all sizes only renames: its two names become one, everywhere, unless some node knows both. */
function unifyAxes(graph: Graph): Graph {
  const parent = new Map<string, string>();
  const find = (k: string): string => (parent.has(k) ? find(parent.get(k)!) : k);
  const apart = neighbours(graph);
  const isOne = (node: Node): boolean =>
    node.outputs[0]!.axes.every((to, i) => find(key(node.inputs[0]!.axes[i]!)) === find(key(to)));
  for (const node of graph.nodes) {
    if (!renames(node)) continue;
    node.outputs[0]!.axes.forEach((to, i) => {
      const [a, b] = [find(key(node.inputs[0]!.axes[i]!)), find(key(to))];
      if (a === b || apart.get(a)?.has(b) || standsBesideName(apart, b, a)) return;
      parent.set(b, a);
      join(apart, a, b);
    });
  }
  if (parent.size === 0) return graph;
  const rename = (a: Axis): Axis => ({ name: find(key(a)).split(":")[0]!, size: a.size });
  // a name may stand for axes of several sizes in a graph, but not in one node
  const wordIn = ({ inputs, outputs }: Node) => {
    const axes = [...inputs, ...outputs].flatMap((v) => v.axes);
    return (name: string): string => {
      const axis = axes.find((each) => each.name === name);
      return axis ? rename(axis).name : name;
    };
  };
  return rebuild(graph, (node, to) => {
    if (renames(node) && isOne(node)) return to.replace(node.outputs[0]!, to.of(node.inputs[0]!));
    const renamed = { ...node, op: renameOp(node, wordIn(node)) };
    const made = to.add(
      renamed.op,
      node.inputs.map(to.of),
      node.outputs.map((o) => ({ axes: o.axes.map(rename), dtype: o.dtype })),
      node.at,
    );
    node.outputs.forEach((o, i) => {
      to.replace(o, made[i]!);
    });
  });
}

const key = (a: Axis): string => `${a.name}:${a.size}`;

/** Axes that stand beside each other in some node, such as experts and the edges picked among them. */
function neighbours(graph: Graph): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const node of graph.nodes) {
    if (node.op.kind === "view") continue;
    const keys = new Set([...node.inputs, ...node.outputs].flatMap((v) => v.axes.map(key)));
    for (const k of keys) found.set(k, new Set([...(found.get(k) ?? []), ...keys]));
  }
  for (const [k, others] of found) others.delete(k);
  return found;
}

/** Under the name of a, b would be one of two sizes of that name in some node. */
const standsBesideName = (apart: Map<string, Set<string>>, b: string, a: string): boolean =>
  [...(apart.get(b) ?? [])].some((other) => other !== a && nameIn(other) === nameIn(a));

const nameIn = (axis: string): string => axis.slice(0, axis.lastIndexOf(":"));

/** What stood beside b now stands beside a, under whose name b goes on. */
function join(apart: Map<string, Set<string>>, a: string, b: string): void {
  for (const other of apart.get(b) ?? []) {
    apart.set(a, (apart.get(a) ?? new Set()).add(other));
    apart.set(other, (apart.get(other) ?? new Set()).add(a));
  }
}

const renames = (node: Node): boolean =>
  node.op.kind === "view" &&
  node.inputs[0]!.axes.length === node.outputs[0]!.axes.length &&
  node.inputs[0]!.axes.every((a, i) => a.size === node.outputs[0]!.axes[i]!.size) &&
  new Set(node.outputs[0]!.axes.map((a) => a.name)).size === node.outputs[0]!.axes.length;

function renameOp(node: Node, word: (name: string) => string): Node["op"] {
  const { op } = node;
  switch (op.kind) {
    case "reduce":
      return { ...op, over: op.over.map(word) };
    case "contract":
      return {
        ...op,
        over: op.over.map(word),
        ...(op.group ? { group: { rows: word(op.group.rows), experts: word(op.group.experts) } } : {}),
      };
    case "pick":
    case "topK":
      return { ...op, axis: word(op.axis) };
    case "spread":
      return { ...op, axis: word(op.axis), over: word(op.over) };
    case "map":
      return { ...op, expr: renameExpr(op.expr, word) };
    default:
      return op;
  }
}

function renameExpr(expr: Expr, word: (name: string) => string): Expr {
  switch (expr.op) {
    case "in":
    case "const":
      return expr;
    case "index":
      return { op: "index", axis: word(expr.axis) };
    case "select":
      return { op: "select", c: renameExpr(expr.c, word), a: renameExpr(expr.a, word), b: renameExpr(expr.b, word) };
    default:
      return "b" in expr
        ? { ...expr, a: renameExpr(expr.a, word), b: renameExpr(expr.b, word) }
        : { ...expr, a: renameExpr(expr.a, word) };
  }
}

/** Replaces the inputs of an expression. */
export function substitute(expr: Expr, by: (i: number) => Expr): Expr {
  switch (expr.op) {
    case "in":
      return by(expr.i);
    case "const":
    case "index":
      return expr;
    case "select":
      return { op: "select", c: substitute(expr.c, by), a: substitute(expr.a, by), b: substitute(expr.b, by) };
    default:
      return "b" in expr
        ? { ...expr, a: substitute(expr.a, by), b: substitute(expr.b, by) }
        : { ...expr, a: substitute(expr.a, by) };
  }
}

/** The addends of an expression: a + (b + c) gives three. */
export function addends(expr: Expr): Expr[] {
  return expr.op === "add" ? [...addends(expr.a), ...addends(expr.b)] : [expr];
}

/** (a + b) + c with the inner sum read only here becomes one map of three inputs. */
function flattenSums(graph: Graph): Graph {
  const uses = countUses(graph);
  const isSum = (v: Value) => v.node.op.kind === "map" && v.node.op.expr.op === "add" && uses.get(v) === 1;
  const folded = new Set<Node>();
  for (const node of graph.nodes) {
    if (node.op.kind !== "map" || node.op.expr.op !== "add") continue;
    for (const v of node.inputs) if (isSum(v) && sameAxes(v.axes, node.outputs[0]!.axes)) folded.add(v.node);
  }
  return rebuild(graph, (node, to) => {
    if (folded.has(node)) return to.replace(node.outputs[0]!, node.outputs[0]!);
    if (node.op.kind !== "map" || !node.inputs.some((v) => folded.has(v.node))) return to.keep(node);
    const inputs: Value[] = [];
    const expr = gather(node, inputs);
    const out = node.outputs[0]!;
    to.replace(out, to.add({ kind: "map", expr }, inputs.map(to.of), [out], node.at)[0]!);
  });

  function gather(node: Node, inputs: Value[]): Expr {
    if (node.op.kind !== "map") throw new Error("a sum is a map");
    return substitute(node.op.expr, (i) => {
      const v = node.inputs[i]!;
      if (folded.has(v.node)) return gather(v.node, inputs);
      const at = inputs.indexOf(v);
      return { op: "in", i: at >= 0 ? at : inputs.push(v) - 1 };
    });
  }
}

/** take(map(a, b)) -> map(take(a), take(b)): what the gradient of a weighted combine needs. */
function takeBeforeMap(graph: Graph): Graph {
  const uses = countUses(graph);
  // work that others want whole is not done again row by row
  const onlyHere = (v: Value): boolean =>
    uses.get(v) === 1 && (v.node.op.kind !== "view" || onlyHere(v.node.inputs[0]!));
  return rebuild(graph, (node, to) => {
    if (node.op.kind !== "take" || !onlyHere(node.inputs[0]!) || !pushTake(node, to)) to.keep(node);
  });
}

function pushTake(take: Node, to: Rebuild): boolean {
  if (take.op.kind !== "take") return false;
  const { divide } = take.op;
  const source = throughViews(take.inputs[0]!);
  if (source.node.op.kind !== "map" || hasIndex(source.node.op.expr) || isEpilogue(source)) return false;
  const out = take.outputs[0]!;
  const index = take.inputs[1]!;
  const rest = out.axes.slice(index.axes.length);
  const leading = source.axes.slice(0, source.axes.length - rest.length);
  if (!sameAxes(source.axes.slice(leading.length), rest)) return false;
  if (sizeOf(leading) !== take.inputs[0]!.axes[0]!.size) return false;
  const plans = source.node.inputs.map((v) => takenInput(v, leading, rest));
  if (plans.some((p) => p === undefined)) return false;
  const inputs = source.node.inputs.map((v, i) => {
    const plan = plans[i]!;
    if (plan.rows === 0) return to.of(v);
    const tail = v.axes.slice(plan.lead);
    const flat = [{ name: "N", size: plan.rows }, ...tail];
    const seen = sameAxes(flat, v.axes)
      ? to.of(v)
      : to.add({ kind: "view" }, [to.of(v)], [{ axes: flat, dtype: v.dtype }], take.at)[0]!;
    const op = { kind: "take" as const, divide: divide * plan.every, inverseDivide: 1 };
    return to.add(op, [seen, to.of(index)], [{ axes: [...index.axes, ...tail], dtype: v.dtype }], take.at)[0]!;
  });
  // a map that only spread its input out has nothing left to do
  const { expr } = source.node.op;
  const same = expr.op === "in" ? inputs[expr.i]! : undefined;
  if (same && same.dtype === out.dtype && sameAxes(same.axes, out.axes)) to.replace(out, same);
  else to.replace(out, to.add(source.node.op, inputs, [{ axes: out.axes, dtype: out.dtype }], source.node.at)[0]!);
  return true;
}

/** Elementwise work on a matrix product of the same shape is done in the product's tile, before anybody reads rows of it. */
const isEpilogue = (v: Value): boolean =>
  v.node.inputs.some((x) => x.node.op.kind === "contract" && sameAxes(x.axes, v.axes));

/** How an input of the map is read once the map's leading axes are an index: rows 0 means it has none of them. */
function takenInput(
  v: Value,
  leading: readonly Axis[],
  rest: readonly Axis[],
): { rows: number; every: number; lead: number } | undefined {
  let lead = 0;
  while (lead < leading.length && v.axes[lead]?.name === leading[lead]!.name) lead++;
  const tail = v.axes.slice(lead);
  if (tail.some((a) => !rest.some((r) => r.name === a.name))) return undefined;
  if (lead > 0 && access(v).gather) return undefined;
  return { rows: lead === 0 ? 0 : sizeOf(leading.slice(0, lead)), every: sizeOf(leading.slice(lead)), lead };
}

function throughViews(v: Value): Value {
  return v.node.op.kind === "view" ? throughViews(v.node.inputs[0]!) : v;
}

export function hasIndex(expr: Expr): boolean {
  switch (expr.op) {
    case "in":
    case "const":
      return false;
    case "index":
      return true;
    case "select":
      return hasIndex(expr.c) || hasIndex(expr.a) || hasIndex(expr.b);
    default:
      return hasIndex(expr.a) || ("b" in expr && hasIndex(expr.b));
  }
}

/**
 * Rows read by index are read in the load of whoever wants them. Those who cannot (special kernels, views
 * over them, results) get a copy instead.
 */
function copyUnreadableTakes(graph: Graph): Graph {
  const wanted = new Set([...graph.outputs.values(), ...graph.updates.map((u) => u.value)]);
  const copied = new Set<Value>();
  for (const node of graph.nodes) {
    for (const v of node.inputs) {
      const below = underViews(v);
      // rows read by index under other axes are read by nobody: they must lie in memory
      if (below.node.op.kind === "take" && (below !== v || !readsByIndex(node))) copied.add(below);
    }
  }
  for (const v of wanted) if (v.node.op.kind === "take") copied.add(v);
  return rebuild(graph, (node, to) => {
    to.keep(node);
    const out = node.outputs[0]!;
    if (!copied.has(out)) return;
    const made = to.add(
      { kind: "map", expr: { op: "in", i: 0 } },
      [to.of(out)],
      [{ axes: out.axes, dtype: out.dtype }],
      node.at,
    );
    to.replace(out, made[0]!);
  });
}

/** The value that views show. */
function underViews(value: Value): Value {
  return value.node.op.kind === "view" ? underViews(value.node.inputs[0]!) : value;
}

function readsByIndex(reader: Node): boolean {
  if (reader.op.kind === "map" || reader.op.kind === "reduce") return true;
  return reader.op.kind === "contract" && readProduct(reader) !== undefined;
}

/** Single numbers that follow from inputs alone (the schedule) come first, so that nothing has to be split to wait for them. */
function scalarsFirst(graph: Graph): Graph {
  const early = new Set<Node>();
  for (const node of graph.nodes) {
    const known = node.inputs.every((v) => early.has(v.node));
    if (isLeaf(node) || (known && node.op.kind === "map" && node.outputs[0]!.axes.length === 0)) early.add(node);
  }
  return { ...graph, nodes: [...graph.nodes.filter((n) => early.has(n)), ...graph.nodes.filter((n) => !early.has(n))] };
}
