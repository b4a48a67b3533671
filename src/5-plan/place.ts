/**
 * Which values of a clustered graph need memory, and which take over the memory of another: the new value
 * of a weight replaces the old one where it lies, and the gradient of the logits overwrites the logits.
 */
import type { Graph, Node, Value } from "../3-graph/graph.js";
import type { Cluster } from "./cluster-kinds.js";
import { access, isLeaf, rootsOf, sameAxes, sizeOf } from "./operands.js";
import { acrossRows } from "./row-space.js";

export interface Places {
  /** cluster that makes a value */
  readonly home: ReadonlyMap<Value, number>;
  /** clusters that read a value in memory */
  readonly readers: ReadonlyMap<Value, ReadonlySet<number>>;
  /** values read after their kernel, by another kernel or by the host */
  readonly stored: ReadonlySet<Value>;
  /** the value whose memory a value lives in */
  readonly same: (v: Value) => Value;
  /** values too large for any cache to keep until they are read: for a later phase, or larger than most caches */
  readonly far: (v: Value) => boolean;
}

export function nodesOf(c: Cluster): Node[] {
  switch (c.kind) {
    case "rows":
    case "flat":
    case "special":
      return c.nodes;
    case "outer":
      return c.products.map(({ node }) => node);
    case "matmul":
      return [...c.outputs.flatMap((o) => o.terms.map((t) => t.node)), ...c.epilogue, ...c.after];
    case "finish":
      return [];
    default:
      return c satisfies never;
  }
}

export function findPlaces(graph: Graph, clusters: readonly Cluster[]): Places {
  const home = new Map<Value, number>();
  const readers = new Map<Value, Set<number>>();
  clusters.forEach((c, i) => {
    for (const n of nodesOf(c)) for (const o of n.outputs) home.set(o, i);
  });
  clusters.forEach((c, i) => {
    if (c.kind === "finish") home.set(c.node.outputs[0]!, i);
    for (const n of nodesOf(c)) {
      for (const v of n.inputs.flatMap(rootsOf)) readers.set(v, (readers.get(v) ?? new Set()).add(i));
    }
  });
  const host = [...graph.outputs.values(), ...graph.updates.map((u) => u.value)].flatMap(rootsOf);
  const stored = new Set(host.filter((v) => !isLeaf(v.node)));
  const within = clusters.map((c) => new Set(nodesOf(c)));
  for (const [v, at] of readers)
    if (!isLeaf(v.node) && [...at].some((i) => !makes(clusters[i]!, within[i]!, v))) stored.add(v);
  clusters.forEach((c, i) => {
    if (c.kind === "matmul") for (const v of hotRows(c)) if (home.get(v) === i) stored.add(v);
  });
  const taken = new Map<Value, Value>();
  for (const u of graph.updates) taken.set(access(u.value).root, u.target);
  clusters.forEach((c) => {
    const pair = overwrite(c, stored, home, readers, clusters, new Set(host));
    if (pair) taken.set(pair.value, pair.by);
  });
  checkUpdates(graph, home, readers);
  const same = (v: Value): Value => (taken.has(v) ? same(taken.get(v)!) : v);
  const phaseOf = (i: number) => nodesOf(clusters[i]!)[0]?.at.phase;
  const far = (v: Value): boolean => {
    const at = [...(readers.get(v) ?? [])].filter((i) => i !== home.get(v));
    if (at.length === 0 || sizeOf(v.axes) < LARGE / 4) return false;
    return sizeOf(v.axes) >= 2 * LARGE || at.every((i) => phaseOf(i) !== v.node.at.phase);
  };
  return { home, readers, stored, same, far };
}

/** Whether a kernel makes a value itself, whole: sums over rows are whole only once they are finished. */
function makes(c: Cluster, nodes: ReadonlySet<Node>, v: Value): boolean {
  if (!nodes.has(v.node)) return false;
  const domain = c.kind === "rows" ? c.domain : [];
  return !(c.kind === "rows" || c.kind === "flat") || !acrossRows(v.node, { flat: c.kind === "flat", domain });
}

/** What the row program behind a matmul reads from its tiles: must lie in memory by then. */
function hotRows(c: Extract<Cluster, { kind: "matmul" }>): Value[] {
  const tile = new Set([...c.outputs.map((o) => o.value), ...c.epilogue.flatMap((n) => n.outputs)]);
  return c.after.flatMap((n) => n.inputs.map((v) => access(v).root)).filter((v) => tile.has(v));
}

const LARGE = 1 << 20;

/** A large product that only its own row program reads, and the last map over it: they share memory. */
function overwrite(
  c: Cluster,
  stored: ReadonlySet<Value>,
  home: ReadonlyMap<Value, number>,
  readers: ReadonlyMap<Value, ReadonlySet<number>>,
  clusters: readonly Cluster[],
  host: ReadonlySet<Value>,
): { value: Value; by: Value } | undefined {
  if (c.kind !== "matmul" || c.after.length === 0) return undefined;
  const product = c.outputs[0]!.value;
  const here = home.get(product)!;
  if (sizeOf(product.axes) < LARGE || host.has(product)) return undefined;
  if ([...(readers.get(product) ?? [])].some((i) => clusters[i] !== clusters[here])) return undefined;
  const last = c.after.findLastIndex(
    (n) => n.op.kind === "map" && stored.has(n.outputs[0]!) && sameAxes(n.outputs[0]!.axes, product.axes),
  );
  if (last < 0) return undefined;
  const lateReader = c.after.slice(last + 1).some((n) => n.inputs.some((v) => access(v).root === product));
  return lateReader ? undefined : { value: c.after[last]!.outputs[0]!, by: product };
}

/** A kept value may only be replaced in place once everybody who wants the old one has read it. */
function checkUpdates(
  graph: Graph,
  home: ReadonlyMap<Value, number>,
  readers: ReadonlyMap<Value, ReadonlySet<number>>,
): void {
  for (const u of graph.updates) {
    const at = home.get(access(u.value).root)!;
    const late = [...(readers.get(u.target) ?? [])].some((i) => i > at);
    if (late) throw new Error(`${u.target.node.at.scope}.${u.target.node.at.role} is read after it is updated`);
  }
}
