/**
 * Decides which nodes of a graph become one kernel. Nodes are visited in order and join the kernel that
 * made their last input if they fit its shape: elementwise work joins the tile of a matmul, work on whole
 * rows joins its finished rows, the rest joins or opens a pass over rows. What this does not do: lay out
 * memory, or write down how a kernel reads its inputs.
 */
import type { Graph, Node, Value } from "../3-graph/graph.js";
import type { Cluster, FusionOptions, MatmulCluster } from "./cluster-kinds.js";
import { findFloating } from "./floating.js";
import { fitsHotRows, fitsTile, sharesRows } from "./joins-matmul.js";
import { joins, related, samePhase, seesRows, sharesNumbers } from "./joins-pass.js";
import { lateUpdatesLast, replacements } from "./late-updates.js";
import { type Product, readProduct, sharesB } from "./matmul-shape.js";
import { access, isLeaf, isVirtual, rootsOf } from "./operands.js";
import { SPECIAL_OPS } from "./plan.js";
import { countUses } from "./rewrite.js";
import { acrossRows, type Shape, shapeOf } from "./row-space.js";
import { sumsOfProducts } from "./sums-of-products.js";

/** Node kinds that are kernels of their own. */
const SPECIAL: ReadonlySet<string> = new Set(SPECIAL_OPS);

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
    if (product.form === "outer") return placeGradient(node, product);
    const from = lastMaker(node.inputs);
    const at = clusters.findIndex((c, i) => i > from && c.kind === "matmul" && sharesRows(c, product));
    const mate = clusters[at];
    const output = { value: node.outputs[0]!, terms: [product] };
    if (mate?.kind !== "matmul") return open({ kind: "matmul", outputs: [output], epilogue: [], after: [] }, node);
    mate.outputs.push(output);
    settle(node, at);
  }

  function placeGradient(node: Node, product: Product): void {
    const from = lastMaker(node.inputs);
    const at = clusters.findIndex((c, i) => i > from && c.kind === "outer" && sharesB(c.products[0]!, product));
    const mate = options.gradientsTogether ? clusters[at] : undefined;
    if (mate?.kind !== "outer") return open({ kind: "outer", products: [product] }, node);
    mate.products.push(product);
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

/** Sorting and counting the same edges is one kernel. */
function together(a: Node, b: Node): boolean {
  const kinds = new Set([a.op.kind, b.op.kind]);
  return kinds.has("partition") && kinds.has("histogram") && access(a.inputs[0]!).root === access(b.inputs[0]!).root;
}

function missing(v: Value): never {
  throw new Error(`value of ${v.node.op.kind} ${v.node.at.scope}.${v.node.at.role} is read before it is planned`);
}
