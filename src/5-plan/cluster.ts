/**
 * Decides which nodes of a graph become one kernel. Nodes are visited in order and join the kernel that
 * made their last input if they fit its shape: elementwise work joins the tile of a matmul, work on whole
 * rows joins its finished rows, the rest joins or opens a pass over rows. What this does not do: lay out
 * memory, or write down how a kernel reads its inputs.
 */
import type { Axis, Graph, Node, Value } from "../3-graph/graph.js";
import { addends, hasIndex } from "./canonical.js";
import { isRowAxis, type Product, readProduct } from "./matmul-shape.js";
import { access, isLeaf, isVirtual, namesOf, rootsOf, sameAxes, sizeOf } from "./operands.js";
import { countUses } from "./rewrite.js";

export type Cluster = RowsCluster | FlatCluster | MatmulCluster | OuterCluster | SpecialCluster | FinishCluster;

export interface RowsCluster {
  readonly kind: "rows";
  readonly domain: readonly Axis[];
  readonly nodes: Node[];
}

export interface FlatCluster {
  readonly kind: "flat";
  readonly axes: readonly Axis[];
  readonly nodes: Node[];
}

export interface MatmulCluster {
  readonly kind: "matmul";
  /** one list of terms per output */
  readonly outputs: { readonly value: Value; readonly terms: readonly Product[] }[];
  readonly epilogue: Node[];
  readonly after: Node[];
}

export interface OuterCluster {
  readonly kind: "outer";
  readonly product: Product;
}

export interface SpecialCluster {
  readonly kind: "special";
  readonly nodes: Node[];
}

/** Completes a reduction over rows whose partial sums another cluster left. */
export interface FinishCluster {
  readonly kind: "finish";
  readonly node: Node;
}

export interface FusionOptions {
  /** widest finished row, in elements, that a matmul may process while it is hot; 0 turns this off */
  readonly hotRow: number;
}

const FLAT_FROM = 1024;
const SPECIAL = new Set([
  "partition",
  "bucket",
  "histogram",
  "scatterAdd",
  "rope",
  "attention",
  "attentionGrad",
  "rank",
  "admit",
  "assign",
]);

export function cluster(graph: Graph, options: FusionOptions): Cluster[] {
  const sums = sumsOfProducts(graph, countUses(graph));
  const deferred = new Set([...sums.values()].flat().map((p) => p.node));
  const floating = findFloating(graph, deferred, sums);
  const clusters: Cluster[] = [];
  /** cluster that makes each value */
  const home = new Map<Value, number>();
  /** last cluster that reads each kept value */
  const readAt = new Map<Value, number>();
  const replaces = replacements(graph);

  for (const node of lateUpdatesLast(graph.nodes, replaces)) {
    if (isLeaf(node) || isVirtual(node) || deferred.has(node) || floating.has(node)) continue;
    const terms = sums.get(node);
    const product = node.op.kind === "contract" ? readProduct(node) : undefined;
    if (terms) placeSum(node, terms);
    else if (product) placeProduct(node, product);
    else if (SPECIAL.has(node.op.kind)) placeSpecial(node);
    else placeElementwise(node);
  }
  return clusters;

  function lastMaker(values: readonly Value[]): number {
    const made = values.flatMap(rootsOf).filter((v) => !isLeaf(v.node));
    return Math.max(-1, ...made.map((v) => home.get(v) ?? missing(v)));
  }

  function open(c: Cluster, node: Node): void {
    clusters.push(c);
    settle(node, clusters.length - 1);
  }

  function settle(node: Node, at: number): void {
    for (const o of node.outputs) home.set(o, at);
    const read = withFloats(node).flatMap((n) => n.inputs.flatMap(rootsOf));
    for (const v of read) if (isLeaf(v.node)) readAt.set(v, Math.max(at, readAt.get(v) ?? 0));
  }

  /** A node with the floating work it reads, in order. */
  function withFloats(node: Node): Node[] {
    const found = new Set<Node>();
    const visit = (n: Node): void => {
      for (const v of n.inputs.flatMap(rootsOf)) if (floating.has(v.node) && !found.has(v.node)) visit(v.node);
      found.add(n);
    };
    visit(node);
    return [...found];
  }

  function placeSum(node: Node, terms: readonly Product[]): void {
    const c: MatmulCluster = {
      kind: "matmul",
      outputs: [{ value: terms[0]!.node.outputs[0]!, terms }],
      epilogue: [],
      after: [],
    };
    open(c, terms[0]!.node);
    for (const t of terms) settle(t.node, clusters.length - 1);
    c.epilogue.push(...withFloats(node));
    settle(node, clusters.length - 1);
  }

  function placeProduct(node: Node, product: Product): void {
    if (product.form === "outer") return open({ kind: "outer", product }, node);
    const from = lastMaker(node.inputs);
    const at = clusters.findIndex((c, i) => i > from && c.kind === "matmul" && sharesRows(c, product));
    const mate = clusters[at];
    const output = { value: node.outputs[0]!, terms: [product] };
    if (mate?.kind !== "matmul") return open({ kind: "matmul", outputs: [output], epilogue: [], after: [] }, node);
    mate.outputs.push(output);
    settle(node, at);
  }

  function placeSpecial(node: Node): void {
    const from = lastMaker(node.inputs);
    const at = clusters.findIndex((c, i) => i > from && c.kind === "special" && together(c.nodes[0]!, node));
    const mate = clusters[at];
    if (mate?.kind !== "special") return open({ kind: "special", nodes: [node] }, node);
    mate.nodes.push(node);
    settle(node, at);
  }

  function placeElementwise(node: Node): void {
    const group = withFloats(node);
    const own = new Set(group.flatMap((n) => n.outputs));
    const made = lastMaker(group.flatMap((n) => n.inputs.filter((v) => rootsOf(v).every((r) => !own.has(r)))));
    // the old value is there until everybody has read it
    const old = replaces.get(node);
    const from = Math.max(made, old === undefined ? -1 : (readAt.get(old) ?? -1));
    if (from >= 0 && joinMatmul(group, from)) return settle(node, from);
    const shape = shapeOf(group);
    const at = findPass(group, shape, from);
    const mate = clusters[at];
    if (mate?.kind === "rows" || mate?.kind === "flat") {
      mate.nodes.push(...group.filter((n) => !mate.nodes.includes(n)));
      settle(node, at);
    } else {
      open(
        shape.flat
          ? { kind: "flat", axes: shape.axes, nodes: group }
          : { kind: "rows", domain: shape.domain, nodes: group },
        node,
      );
    }
    if (acrossRows(node, shape)) open({ kind: "finish", node }, node);
  }

  /** A pass over the same rows that this work may join; -1 if it needs one of its own. */
  function findPass(group: readonly Node[], shape: Shape, from: number): number {
    const node = group.at(-1)!;
    const at = clusters.findIndex(
      (c, i) =>
        i >= from &&
        joins(c, shape, node) &&
        (!shape.flat || sharesNumbers(c, group)) &&
        (i > from || seesRows(c, group)),
    );
    if (at < 0) return -1;
    const welcome =
      at === from ? samePhase(clusters[at]!, node) || at === clusters.length - 1 : related(clusters[at]!, node);
    return welcome ? at : -1;
  }

  function joinMatmul(group: readonly Node[], at: number): boolean {
    const c = clusters[at]!;
    if (c.kind !== "matmul") return false;
    if (fitsTile(c, group)) c.epilogue.push(...group.filter((n) => !c.epilogue.includes(n)));
    else if (fitsHotRows(c, group, options)) c.after.push(...group.filter((n) => !c.after.includes(n)));
    else return false;
    return true;
  }
}

/** Weights and state whose next value a node makes. */
function replacements(graph: Graph): ReadonlyMap<Node, Value> {
  return new Map(graph.updates.map(({ target, value }) => [access(value).root.node, target]));
}

/** A next value that stands before a reader of the old one comes last, unless somebody needs it earlier. */
function lateUpdatesLast(nodes: readonly Node[], replaces: ReadonlyMap<Node, Value>): readonly Node[] {
  const lastReader = new Map<Value, number>();
  nodes.forEach((node, i) => {
    for (const v of node.inputs.flatMap(rootsOf)) lastReader.set(v, i);
  });
  const comesLast = (node: Node, i: number): boolean => {
    const old = replaces.get(node);
    const early = old !== undefined && (lastReader.get(old) ?? -1) > i;
    return early && !node.outputs.some((v) => lastReader.has(v));
  };
  const late = new Set(nodes.filter(comesLast));
  return [...nodes.filter((node) => !late.has(node)), ...late];
}

/** Work that costs no pass of its own: done again by each kernel that reads it. */
function findFloating(
  graph: Graph,
  deferred: ReadonlySet<Node>,
  sums: ReadonlyMap<Node, readonly Product[]>,
): Set<Node> {
  const readers = readersOf(graph);
  const floating = new Set<Node>();
  for (const node of graph.nodes) {
    if (node.op.kind !== "map" && node.op.kind !== "spread" && node.op.kind !== "random") continue;
    if (node.outputs[0]!.axes.length === 0) continue;
    const by = readers.get(node.outputs[0]!) ?? [];
    const inline = by.every(
      (r) =>
        r !== "host" &&
        !deferred.has(r) &&
        (!sums.has(r) || isForTiles(node, floating)) &&
        (r.op.kind === "map" || (r.op.kind === "reduce" && sameAxes(r.inputs[0]!.axes, node.outputs[0]!.axes))),
    );
    if (!inline) continue;
    const free = node.inputs.flatMap(rootsOf).every((v) => isLeaf(v.node) || floating.has(v.node));
    const summed = by.length === 1 && by[0] !== "host" && by[0]!.op.kind === "reduce" && node.op.kind === "map";
    if (free || summed) floating.add(node);
  }
  return floating;
}

/** Work that the epilogue of a product can do, with all that it does again itself. */
function isForTiles({ op, inputs }: Node, floating: ReadonlySet<Node>): boolean {
  const whole = op.kind === "map" && !hasIndex(op.expr) && inputs.every((v) => !access(v).gather);
  const again = inputs.flatMap(rootsOf).filter((v) => floating.has(v.node));
  return whole && again.every((v) => isForTiles(v.node, floating));
}

/** Who reads each value in memory, looking through views and takes. */
function readersOf(graph: Graph): Map<Value, (Node | "host")[]> {
  const readers = new Map<Value, (Node | "host")[]>();
  const add = (v: Value, by: Node | "host"): void => {
    const a = access(v);
    // a value read by index, or used as one, must lie in memory
    const seen = a.gather || a.axes !== a.root.axes ? "host" : by;
    for (const r of rootsOf(v)) readers.set(r, [...(readers.get(r) ?? []), seen]);
  };
  for (const node of graph.nodes) if (!isVirtual(node)) for (const v of node.inputs) add(v, node);
  for (const v of [...graph.outputs.values(), ...graph.updates.map((u) => u.value)]) add(v, "host");
  return readers;
}

/** Only work of one phase shares a pass, or what is kept for the backward pass would grow. */
function samePhase(c: Cluster, node: Node): boolean {
  return (c.kind === "rows" || c.kind === "flat") && c.nodes.at(-1)!.at.phase === node.at.phase;
}

function related(c: Cluster, node: Node): boolean {
  return (c.kind === "rows" || c.kind === "flat") && samePhase(c, node) && c.nodes.at(-1)!.at.scope === node.at.scope;
}

/** Elementwise on the product's own tile: needs nothing but the tile and operands of its rows or columns. */
function fitsTile(c: MatmulCluster, group: readonly Node[]): boolean {
  if (c.after.length > 0) return false;
  const axes = c.outputs[0]!.value.axes;
  if (c.outputs.length > 2 || c.outputs.some((o) => !sameAxes(o.value.axes, axes))) return false;
  const made = new Set([...c.outputs.map((o) => o.value), ...[...c.epilogue, ...group].flatMap((n) => n.outputs)]);
  const { m, n } = c.outputs[0]!.terms[0]!;
  if (!batchesInOrder(c.outputs[0]!.terms[0]!)) return false;
  const readable = (v: Value) => !access(v).gather && [axes, m, n, []].some((x) => sameAxes(v.axes, x));
  return group.every((node) => {
    if (node.op.kind !== "map" || hasIndex(node.op.expr) || !sameAxes(node.outputs[0]!.axes, axes)) return false;
    return node.inputs.every((v) => readable(v) && (!made.has(access(v).root) || sameAxes(v.axes, axes)));
  });
}

/** An epilogue counts whole rows of the result: batches must lie one after the other. */
const batchesInOrder = (p: Product): boolean => p.batch.length === 0 || p.outBatchStride >= p.outStride;

function fitsHotRows(c: MatmulCluster, group: readonly Node[], options: FusionOptions): boolean {
  const product = c.outputs[0]!.terms[0]!;
  const domain = product.m;
  if (c.outputs.length !== 1 || product.group || product.batch.length > 0 || domain.length !== 1) return false;
  if (sizeOf(product.n) > options.hotRow) return false;
  const made = new Set([
    ...c.outputs.map((o) => o.value),
    ...[...c.epilogue, ...c.after, ...group].flatMap((n) => n.outputs),
  ]);
  const onRows = (v: Value) => v.axes[0]?.name === domain[0]!.name;
  return group.every((node) => {
    if (!["map", "reduce", "pick", "spread", "topK", "random"].includes(node.op.kind) || !onRows(node.outputs[0]!))
      return false;
    if (node.op.kind === "reduce" && node.op.over.includes(domain[0]!.name)) return false;
    return node.inputs.every(
      (v) => !rootsOf(v).some((r) => made.has(r)) || (onRows(v) && !access(v).gather && access(v).root === v),
    );
  });
}

/** Nodes like q, k and v: the same rows times different weights, in one kernel. */
function sharesRows(c: MatmulCluster, p: Product): boolean {
  const first = c.outputs[0]!;
  const q = first.terms[0]!;
  const sameA = q.a.access.root === p.a.access.root && q.a.access.gather?.index.root === p.a.access.gather?.index.root;
  if (c.after.length > 0 || c.epilogue.length > 0) return false;
  return (
    first.terms.length === 1 &&
    sameA &&
    namesOf(q.k) === namesOf(p.k) &&
    namesOf(q.m) === namesOf(p.m) &&
    namesOf(q.batch) === namesOf(p.batch) &&
    q.group?.offsets === p.group?.offsets &&
    q.node.at.phase === p.node.at.phase
  );
}

/** Sorting and counting the same edges is one kernel. */
function together(a: Node, b: Node): boolean {
  const kinds = new Set([a.op.kind, b.op.kind]);
  return kinds.has("partition") && kinds.has("histogram") && access(a.inputs[0]!).root === access(b.inputs[0]!).root;
}

interface Shape {
  readonly flat: boolean;
  readonly domain: readonly Axis[];
  readonly axes: readonly Axis[];
}

/** The iteration space of some elementwise work: rows × inner axes, or one long line. */
function shapeOf(group: readonly Node[]): Shape {
  const node = group.at(-1)!;
  const axes = spaceOf(node);
  const domain = outerRows(node, domainOf(axes));
  const plain = (v: Value) => v.axes.length === 0 || (sameAxes(v.axes, axes) && !access(v).gather);
  const whole = node.op.kind === "reduce" ? node.op.over.length === axes.length : node.op.kind === "map";
  const maps = group.slice(0, -1).every((n) => n.op.kind === "map" && sameAxes(n.outputs[0]!.axes, axes));
  const simple = group.every((n) => n.op.kind !== "map" || !hasIndex(n.op.expr));
  const flat =
    whole &&
    maps &&
    simple &&
    domain.length === 0 &&
    sizeOf(axes) >= FLAT_FROM &&
    group.every((n) => n.inputs.every(plain));
  return { flat, domain, axes };
}

/** Of places [E, P] that are summed per expert, only the experts are rows. */
function outerRows(node: Node, domain: readonly Axis[]): readonly Axis[] {
  if (domain.length < 2 || node.op.kind !== "reduce") return domain;
  const { over } = node.op;
  return over.includes(domain[0]!.name) ? domain : domain.filter((a) => !over.includes(a.name));
}

/** All axes a node walks over. */
export function spaceOf(node: Node): readonly Axis[] {
  if (node.op.kind === "reduce") return node.inputs[0]!.axes;
  if (node.op.kind === "contract") {
    const out = node.outputs[0]!.axes;
    const over = node.op.over;
    return [...out, ...node.inputs[0]!.axes.filter((a) => over.includes(a.name))];
  }
  return node.outputs[0]!.axes;
}

export function domainOf(axes: readonly Axis[]): readonly Axis[] {
  if (isRowAxis(axes[0])) return [axes[0]!];
  if (axes[0]?.name === "E" && axes[1]?.name === "P") return axes.slice(0, 2);
  return [];
}

function joins(c: Cluster, shape: Shape, node: Node): boolean {
  if (shape.flat) return c.kind === "flat" && sameAxes(c.axes, shape.axes);
  return (
    c.kind === "rows" && sameAxes(c.domain, shape.domain) && !(node.op.kind === "reduce" && node.op.over.length === 0)
  );
}

/** Whether the work may read, row by row, what the cluster has made so far. */
function seesRows(c: Cluster, group: readonly Node[]): boolean {
  if (c.kind !== "rows" && c.kind !== "flat") return false;
  const made = new Set(c.nodes.flatMap((n) => n.outputs));
  return group
    .flatMap((n) => n.inputs)
    .every((v) => {
      const a = access(v);
      if (a.gather && (made.has(a.root) || (made.has(a.gather.index.root) && !sameLead(c, a.gather.index.axes))))
        return false;
      return !made.has(a.root) || (a.root === v && (c.kind === "flat" || sameLead(c, v.axes)));
    });
}

/** Whether both work on the same arrays: long lines of different weights are not one pass. */
function sharesNumbers(c: Cluster, group: readonly Node[]): boolean {
  if (c.kind !== "flat") return false;
  const arrays = (nodes: readonly Node[]) =>
    nodes.flatMap((n) => [...n.inputs.flatMap(rootsOf), ...n.outputs]).filter((v) => v.axes.length > 0);
  const mine = new Set(arrays(group));
  return arrays(c.nodes).some((v) => mine.has(v));
}

const sameLead = (c: RowsCluster | FlatCluster, axes: readonly Axis[]): boolean =>
  c.kind === "rows" && sameAxes(axes.slice(0, c.domain.length), c.domain);

/** Reductions that sum over the rows themselves. */
export function acrossRows(node: Node, shape: { flat: boolean; domain: readonly Axis[] }): boolean {
  if (node.op.kind !== "reduce") return false;
  const over = node.op.over;
  return shape.flat || shape.domain.some((d) => over.includes(d.name));
}

/** Maps that add up two or more matrix products nobody else reads: one matmul with several terms. */
function sumsOfProducts(graph: Graph, uses: ReadonlyMap<Value, number>): Map<Node, Product[]> {
  const sums = new Map<Node, Product[]>();
  for (const node of graph.nodes) {
    // a tile has no rows by index, and no coordinates
    if (node.op.kind !== "map" || hasIndex(node.op.expr) || node.inputs.some((v) => access(v).gather)) continue;
    const products = addends(node.op.expr)
      .flatMap((e) => (e.op === "in" ? [node.inputs[e.i]!] : []))
      .filter((v) => v.node.op.kind === "contract" && uses.get(v) === 1 && sameAxes(v.axes, node.outputs[0]!.axes))
      .map((v) => readProduct(v.node))
      .filter((p): p is Product => p?.form === "matmul" && batchesInOrder(p));
    const first = products[0];
    const alike = products.filter(
      (p) => p.group?.offsets === first!.group?.offsets && p.batch.length === first!.batch.length,
    );
    if (alike.length >= 2) sums.set(node, alike);
  }
  return sums;
}

function missing(v: Value): never {
  throw new Error(`value of ${v.node.op.kind} ${v.node.at.scope}.${v.node.at.role} is read before it is planned`);
}
