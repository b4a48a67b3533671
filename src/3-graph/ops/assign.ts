/**
 * Balanced assignment of units to experts: every expert gets floor(U/E) or ceil(U/E) units, and the sum of the chosen
 * keys is largest. An exact minimum-cost flow by successive shortest paths (Ahuja, Magnanti and Orlin, Network Flows,
 * 1993, section 9.7): every unit starts with its best expert, and units move along the cheapest chains of experts until
 * no expert has too many or too few. Exact, so that the result does not depend on how it was reached; all arithmetic is
 * rounded to f32, so that every target takes the same steps from the same keys.
 */
import { showAxes, without } from "../axes.js";
import { ensure } from "../internal.js";
import { type TensorData, zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const assign: OpDefinition<"assign"> = {
  shape(_, [key]) {
    ensure(key!.axes.length >= 2 && key!.dtype === "f32", () => `assign: units by experts, not ${showAxes(key!.axes)}`);
    return [{ axes: without(key!.axes, [key!.axes.at(-1)!.name]), dtype: "i32" }];
  },

  evaluate(_, [key], [shape]) {
    const out = zeros(shape!);
    const [units, experts] = [key!.axes.at(-2)!.size, key!.axes.at(-1)!.size];
    const keys = Float32Array.from(key!.data);
    for (let start = 0; start < out.data.length; start += units) {
      const part = keys.subarray(start * experts, (start + units) * experts);
      solve(part, units, experts, out.data.subarray(start, start + units));
    }
    return [out];
  },
};

const nothing = Number.NEGATIVE_INFINITY;
const f32 = Math.fround;

/** One problem: nodes are the experts and, last, the sink that all units flow to. */
function solve(key: Float32Array, units: number, experts: number, expert: TensorData): void {
  const moves = cheapestMoves(key, units, experts, expert);
  const assigned = startAtBest(key, units, experts, expert);
  const [low, high] = [Math.floor(assigned / experts), Math.ceil(assigned / experts)];
  const load = new Int32Array(experts);
  for (const e of expert) if (e >= 0) load[e]!++;
  const flow = load.map((n) => Math.min(high, Math.max(low, n)));
  const excess = [...load.map((n, e) => n - flow[e]!), flow.reduce((a, b) => a + b, 0) - assigned];
  const potential = new Float32Array(experts + 1);
  const stuck = new Set<number>();
  for (let e = 0; e < experts; e++) moves.find(e);
  const cost = (from: number, to: number): number => {
    if (from === experts) return flow[to]! > low ? 0 : Number.POSITIVE_INFINITY;
    if (to === experts) return flow[from]! < high ? 0 : Number.POSITIVE_INFINITY;
    return moves.cost[from * experts + to]!;
  };
  for (;;) {
    const source = excess.findIndex((n, node) => n > 0 && !stuck.has(node));
    if (source < 0) return;
    const path = shortestPath(source, excess, potential, cost);
    if (path.length === 0) {
      stuck.add(source);
      continue;
    }
    excess[source]!--;
    excess[path.at(-1)!]!++;
    const touched = new Set<number>();
    for (let i = 0; i + 1 < path.length; i++) {
      const [from, to] = [path[i]!, path[i + 1]!];
      if (from === experts) flow[to]!--;
      else if (to === experts) flow[from]!++;
      else {
        expert[moves.unit[from * experts + to]!] = to;
        touched.add(from).add(to);
      }
    }
    for (const e of touched) moves.find(e);
  }
}

/** Every unit to its best expert; how many units have one. */
function startAtBest(key: Float32Array, units: number, experts: number, expert: TensorData): number {
  let assigned = 0;
  for (let u = 0; u < units; u++) {
    let best = -1;
    for (let e = 0; e < experts; e++)
      if (key[u * experts + e]! > (best < 0 ? nothing : key[u * experts + best]!)) best = e;
    expert[u] = best;
    if (best >= 0) assigned++;
  }
  return assigned;
}

interface Moves {
  /** [E, E]: what the cheapest unit loses that moves from one expert to the other */
  readonly cost: Float32Array;
  /** which unit that is, the lowest of several */
  readonly unit: Int32Array;
  /** looks at all units of an expert again */
  readonly find: (from: number) => void;
}

function cheapestMoves(key: Float32Array, units: number, experts: number, expert: TensorData): Moves {
  const cost = new Float32Array(experts * experts);
  const unit = new Int32Array(experts * experts);
  const find = (from: number): void => {
    cost.fill(Number.POSITIVE_INFINITY, from * experts, (from + 1) * experts);
    for (let u = 0; u < units; u++) {
      if (expert[u] !== from) continue;
      const row = key.subarray(u * experts, (u + 1) * experts);
      row.forEach((other, to) => {
        const loss = f32(row[from]! - other);
        if (to === from || !(loss < cost[from * experts + to]!)) return;
        cost[from * experts + to] = loss;
        unit[from * experts + to] = u;
      });
    }
  };
  return { cost, unit, find };
}

/**
 * The nodes of a shortest path to the nearest node that lacks units; none if there is no path. Dijkstra on costs that
 * potentials keep from being negative; rounding must not make them so, or there would be circles.
 */
function shortestPath(
  source: number,
  excess: readonly number[],
  potential: Float32Array,
  cost: (from: number, to: number) => number,
): readonly number[] {
  const nodes = excess.length;
  const distance = new Float32Array(nodes).fill(Number.POSITIVE_INFINITY);
  const before = new Int32Array(nodes).fill(-1);
  const done = new Uint8Array(nodes);
  distance[source] = 0;
  for (;;) {
    let at = -1;
    for (let node = 0; node < nodes; node++)
      if (done[node] === 0 && distance[node]! < (at < 0 ? Number.POSITIVE_INFINITY : distance[at]!)) at = node;
    if (at < 0) return [];
    done[at] = 1;
    if (excess[at]! < 0) {
      for (let v = 0; v < nodes; v++) potential[v] = f32(potential[v]! + Math.min(distance[v]!, distance[at]!));
      return pathTo(at, before);
    }
    for (let to = 0; to < nodes; to++) {
      if (done[to] === 1) continue;
      const reduced = Math.max(0, f32(f32(cost(at, to) + potential[at]!) - potential[to]!));
      const length = f32(distance[at]! + reduced);
      if (!(length < distance[to]!)) continue;
      distance[to] = length;
      before[to] = at;
    }
  }
}

function pathTo(target: number, before: Int32Array): readonly number[] {
  const path = [target];
  for (let node = before[target]!; node >= 0; node = before[node]!) path.unshift(node);
  return path;
}
