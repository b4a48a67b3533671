/**
 * Sorts that wait for no weight: where token ids alone say who goes where, the permutations of all layers are made
 * before the forward pass begins, side by side, instead of one in each layer with everybody waiting.
 */
import { compact } from "../3-graph/compact.js";
import type { Graph, Node } from "../3-graph/graph.js";
import { ancestors } from "./readers.js";

const isSort = ({ op }: Node): boolean => op.kind === "partition" || op.kind === "bucket";

/** The same graph with such sorts, and what they need, in front. */
export function sortsFirst(graph: Graph): Graph {
  const needed = graph.nodes.filter(isSort).map(ancestors);
  const free = needed.filter((nodes) => nodes.every(({ op }) => op.kind !== "param" && op.kind !== "state"));
  if (free.length === 0) return graph;
  const early = new Set(free.flat());
  const first = graph.nodes.filter((node) => early.has(node));
  const rank = ranks(first);
  const sorted = [...first].sort((a, b) => rank.get(a)! - rank.get(b)!);
  return compact({ ...graph, nodes: [...sorted, ...graph.nodes.filter((node) => !early.has(node))] });
}

/** Sorts in rows: all that the first ones need, these, all that the next ones need, and so on. */
function ranks(nodes: readonly Node[]): ReadonlyMap<Node, number> {
  const rank = new Map<Node, number>();
  for (const node of nodes) {
    const before = Math.max(0, ...node.inputs.map((v) => rank.get(v.node)!));
    // even: what sorts need; odd: sorts
    const even = before + (before % 2);
    rank.set(node, isSort(node) ? even + 1 : even);
  }
  return rank;
}
