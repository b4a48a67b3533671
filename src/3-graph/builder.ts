/**
 * Making graphs: one function per op, each checked as it is made. Identical pure nodes are made once, maps
 * that do nothing vanish, constants melt into the maps that read them, and `finish` leaves out whatever no
 * output and no update needs. Where a node belongs is set around it with `within`.
 */

import type { Init, WeightClass } from "../2-design/design.js";
import { type Shape, sameAxes, sizeOf, union, without } from "./axes.js";
import { compact } from "./compact.js";
import type { Expr } from "./expr.js";
import { input as inputExpr, type Term, toExpr } from "./expr-build.js";
import { simplify } from "./expr-simplify.js";
import { inputsOf, substitute } from "./expr-visit.js";
import type { AttentionShape, Axis, DataSource, DType, Graph, Node, Op, Place, Value } from "./graph.js";
import { ensure } from "./internal.js";
import type { OpDefinition } from "./ops/definition.js";
import { definitionOf } from "./ops/index.js";

/** A value, or a number that stands for a value full of it. */
export type Operand = Value | number;

export interface MapOptions {
  /** axes of the result; by default all axes of the operands, in order of appearance */
  readonly axes?: readonly Axis[];
  readonly dtype?: DType;
}

export interface TakeOptions {
  readonly divide?: number;
  /** rows of the result that came from each row of x */
  readonly inverse?: Value;
  readonly inverseDivide?: number;
}

export interface ContractOptions {
  readonly group?: { readonly rows: string; readonly experts: string };
  readonly offsets?: Value;
  /** order of the result's axes; by default those of a, then those of b */
  readonly axes?: readonly Axis[];
}

export interface Results {
  readonly outputs: ReadonlyMap<string, Value>;
  readonly updates?: Graph["updates"];
}

export interface GraphBuilder {
  /** Sets scope, role, phase or reason of everything made inside. */
  within<R>(place: Partial<Place>, body: () => R): R;
  readonly place: () => Place;
  /** Any op; the named functions below are shorter. */
  add(op: Op, inputs: readonly Value[], wanted?: readonly Shape[]): readonly Value[];
  /** Takes the nodes of a finished graph as they are; its values may then be used here. */
  adopt(graph: Graph): void;
  finish(results: Results): Graph;

  input(name: string, axes: readonly Axis[], dtype?: DType): Value;
  data(name: string, source: DataSource, axes: readonly Axis[], dtype: DType): Value;
  param(name: string, axes: readonly Axis[], init: Init, weights: WeightClass): Value;
  state(name: string, axes: readonly Axis[], init?: number): Value;

  map(operands: readonly Operand[], f: (...inputs: Expr[]) => Term, options?: MapOptions): Value;
  mapExpr(operands: readonly Operand[], expr: Expr, options?: MapOptions): Value;
  /** a value of the given axes from a gradient or constant that lacks some of them */
  spreadOut(operand: Operand, axes: readonly Axis[]): Value;
  reduce(how: "sum" | "max", x: Value, over: readonly string[]): Value;
  contract(a: Value, b: Value, over: readonly string[], options?: ContractOptions): Value;
  view(x: Value, axes: readonly Axis[]): Value;
  take(x: Value, index: Value, options?: TakeOptions): Value;
  scatterAdd(values: Value, index: Value, rows: Axis, weight?: Value): Value;
  put(x: Value, index: Value, rows: Value): Value;
  pick(x: Value, index: Value, axis: string): Value;
  spread(
    values: Value,
    index: Value,
    to: { readonly axis: Axis; readonly over: string; readonly axes?: readonly Axis[] },
  ): Value;
  topK(key: Value, k: number, name?: string): Value;
  rank(key: Value): { readonly rank: Value; readonly order: Value };
  admit(edges: Value, order: Value, room: Value, ranked?: Value): Value;
  assign(key: Value): Value;
  histogram(edges: Value, experts: Axis): Value;
  partition(
    edges: Value,
    experts: Axis,
    /** rows to sort into: by default one per place for an edge */
    rows?: Axis,
    /** share of them that is expected to be used */
    filled?: number,
  ): { readonly offsets: Value; readonly rows: Value; readonly slots: Value };
  bucket(edges: Value, experts: Axis, room: Axis): { readonly rows: Value; readonly slots: Value };
  rope(x: Value, cos: Value, sin: Value, op: { readonly headDim: number; readonly inverse: boolean }): Value;
  attention(q: Value, k: Value, v: Value, shape: AttentionShape, positions?: Value): Value;
  attentionGrad(inputs: readonly Value[], shape: AttentionShape): readonly Value[];
  random(seed: Value, step: Value, stream: number, axes: readonly Axis[]): Value;
  stop(x: Value): Value;
}

/** A builder with nothing in it. */
export function createBuilder(): GraphBuilder {
  const nodes: Node[] = [];
  const known = new Map<string, readonly Value[]>();
  let values = 0;
  let place: Place = { scope: "", role: "", phase: "forward" };

  const g: GraphBuilder = {
    within(wanted, body) {
      const outer = place;
      place = { ...outer, ...wanted };
      try {
        return body();
      } finally {
        place = outer;
      }
    },
    place: () => place,
    add,
    adopt: (graph) => graph.nodes.forEach(adopt),
    finish: ({ outputs, updates = [] }) => compact({ nodes, outputs, updates }),

    input: (name, axes, dtype = "f32") => one({ kind: "input", name }, [], { axes, dtype }),
    data: (name, source, axes, dtype) => one({ kind: "data", name, source }, [], { axes, dtype }),
    param: (name, axes, init, weights) => one({ kind: "param", name, init, weights }, [], { axes, dtype: "f32" }),
    state: (name, axes, init = 0) => one({ kind: "state", name, init }, [], { axes, dtype: "f32" }),

    map: (operands, f, options) => mapExpr(operands, toExpr(f(...operands.map((_, i) => inputExpr(i)))), options),
    mapExpr,
    spreadOut: (operand, axes) =>
      typeof operand !== "number" && sameAxes(operand.axes, axes)
        ? operand
        : mapExpr([operand], inputExpr(0), { axes }),
    reduce: (how, x, over) => (over.length === 0 ? x : one({ kind: "reduce", how, over }, [x])),
    contract(a, b, over, { group, offsets, axes } = {}) {
      const inputs = offsets === undefined ? [a, b] : [a, b, offsets];
      const op: Op = group === undefined ? { kind: "contract", over } : { kind: "contract", over, group };
      return one(op, inputs, axes && { axes, dtype: "f32" });
    },
    view: (x, axes) => (sameAxes(x.axes, axes) ? x : viewed(x, axes)),
    take(x, index, { divide = 1, inverse, inverseDivide = 1 } = {}) {
      return one({ kind: "take", divide, inverseDivide }, inverse === undefined ? [x, index] : [x, index, inverse]);
    },
    scatterAdd(rows, index, axis, weight) {
      const inputs = weight === undefined ? [rows, index] : [rows, index, weight];
      return one({ kind: "scatterAdd" }, inputs, { axes: [axis], dtype: rows.dtype });
    },
    put: (x, index, rows) => one({ kind: "put" }, [x, index, rows]),
    pick: (x, index, axis) => one({ kind: "pick", axis }, [x, index]),
    spread(from, index, { axis, over, axes = [...without(from.axes, [over]), axis] }) {
      return one({ kind: "spread", axis: axis.name, over }, [from, index], { axes, dtype: from.dtype });
    },
    topK(key, k, name = "K") {
      const last = key.axes.at(-1)!;
      return one({ kind: "topK", axis: last.name, k }, [key], {
        axes: [...key.axes.slice(0, -1), { name, size: k }],
        dtype: "i32",
      });
    },
    rank(key) {
      const [rank, order] = add({ kind: "rank" }, [key]);
      return { rank: rank!, order: order! };
    },
    admit: (edges, order, room, ranked) =>
      one({ kind: "admit" }, ranked === undefined ? [edges, order, room] : [edges, order, room, ranked]),
    assign: (key) => one({ kind: "assign" }, [key]),
    histogram: (edges, experts) => one({ kind: "histogram" }, [edges], { axes: [experts], dtype: "f32" }),
    partition(edges, experts, run = { name: "R", size: sizeOf(edges.axes) }, filled) {
      const wanted = [[{ name: `${experts.name}+1`, size: experts.size + 1 }], [run], edges.axes];
      const [offsets, rows, slots] = add(
        { kind: "partition", ...(filled !== undefined && { filled }) },
        [edges],
        wanted.map((axes) => ({ axes, dtype: "i32" })),
      );
      return { offsets: offsets!, rows: rows!, slots: slots! };
    },
    bucket(edges, experts, room) {
      const wanted = [[experts, room], edges.axes].map((axes) => ({ axes, dtype: "i32" as const }));
      const [rows, slots] = add({ kind: "bucket", room: room.size }, [edges], wanted);
      return { rows: rows!, slots: slots! };
    },
    rope: (x, cos, sin, op) => one({ kind: "rope", ...op }, [x, cos, sin]),
    attention: (q, k, v, shape, positions) =>
      add({ kind: "attention", ...shape }, positions === undefined ? [q, k, v] : [q, k, v, positions])[0]!,
    attentionGrad: (inputs, shape) => add({ kind: "attentionGrad", ...shape }, inputs),
    random: (seed, step, stream, axes) => one({ kind: "random", stream }, [seed, step], { axes, dtype: "f32" }),
    stop: (x) => one({ kind: "stop" }, [x]),
  };
  return g;

  function one(op: Op, inputs: readonly Value[], wanted?: Shape): Value {
    return add(op, inputs, wanted && [wanted])[0]!;
  }

  function add(op: Op, inputs: readonly Value[], wanted: readonly Shape[] = []): readonly Value[] {
    const shapes = shapesOf(op, inputs, wanted);
    const key = keyOf(op, inputs, shapes);
    const same = known.get(key);
    if (same !== undefined) return same;
    const outputs: Value[] = [];
    const node: Node = { id: nodes.length, op, inputs, outputs, at: place };
    shapes.forEach((shape, output) => {
      outputs.push({ id: values++, axes: shape.axes, dtype: shape.dtype, node, output });
    });
    nodes.push(node);
    known.set(key, outputs);
    return outputs;
  }

  function adopt(node: Node): void {
    ensure(nodes.length === node.id, () => "a graph can only be adopted by an empty builder");
    nodes.push(node);
    values += node.outputs.length;
    known.set(keyOf(node.op, node.inputs, node.outputs), node.outputs);
  }

  /** A view of a view is one view. */
  function viewed(x: Value, axes: readonly Axis[]): Value {
    const source = x.node.op.kind === "view" ? x.node.inputs[0]! : x;
    return sameAxes(source.axes, axes) ? source : one({ kind: "view" }, [source], { axes, dtype: x.dtype });
  }

  function mapExpr(operands: readonly Operand[], expr: Expr, options: MapOptions = {}): Value {
    const axes = options.axes ?? union(operands.map((o) => (typeof o === "number" ? [] : o.axes)));
    const dtype = options.dtype ?? "f32";
    const { inputs, expr: tidy } = tidied(operands, expr);
    const [only] = inputs;
    if (tidy.op === "in" && only !== undefined && sameAxes(only.axes, axes) && only.dtype === dtype) return only;
    return one({ kind: "map", expr: tidy }, inputs, { axes, dtype });
  }
}

/** Shapes an op gives, checked by its definition. */
export function shapesOf(op: Op, inputs: readonly Value[], wanted: readonly Shape[]): readonly Shape[] {
  const definition = definitionOf(op.kind) as OpDefinition<typeof op.kind>;
  return definition.shape(op as never, inputs, wanted);
}

/** Constants inlined, each input once and only if it is read, the expression simplified. */
function tidied(operands: readonly Operand[], expr: Expr): { inputs: readonly Value[]; expr: Expr } {
  const constant = simplify(substitute(expr, (i) => constantOf(operands[i]!) ?? inputExpr(i)));
  const inputs: Value[] = [];
  const numbers = new Map<number, number>();
  for (const i of inputsOf(constant)) {
    const value = operands[i] as Value;
    const at = inputs.indexOf(value);
    numbers.set(i, at < 0 ? inputs.push(value) - 1 : at);
  }
  return { inputs, expr: substitute(constant, (i) => inputExpr(numbers.get(i)!)) };
}

/** The constant that an operand is full of, if it is. */
function constantOf(operand: Operand): Expr | undefined {
  if (typeof operand === "number") return toExpr(operand);
  const { op } = operand.node;
  return op.kind === "map" && op.expr.op === "const" ? op.expr : undefined;
}

/** Two nodes with one key compute the same; leaves are told apart by name. */
function keyOf(op: Op, inputs: readonly Value[], shapes: readonly Shape[]): string {
  const outputs = shapes.map(({ axes, dtype }) => [dtype, ...axes.map((a) => [a.name, a.size])]);
  return JSON.stringify([op, inputs.map((v) => v.id), outputs], keepInfinity);
}

// JSON writes infinities as null
const keepInfinity = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
