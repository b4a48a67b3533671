/** Choosing within groups, with experts that a mask hides and groups that it hides whole; ties go to the lowest. */
import { describe, expect, it } from "vitest";
import { type Leaves, runProgram, type Sees } from "./designs.js";

const [U, E, G] = [12, 12, 4];
const SIZE = E / G;
const at = "layers.0.mixture";
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const best = (keys: readonly number[], k: number): number[] =>
  range(keys.length)
    .filter((i) => keys[i] !== Number.NEGATIVE_INFINITY)
    .sort((a, b) => keys[b]! - keys[a]! || a - b)
    .slice(0, k);

/** whole groups, parts of groups, single experts */
const sights: Readonly<Record<string, Sees>> = {
  "nothing hidden": () => range(E),
  "whole groups hidden": (id) => range(E).filter((e) => Math.floor(e / SIZE) !== id % G),
  "all groups but one hidden": (id) => range(E).filter((e) => Math.floor(e / SIZE) === id % G),
  "one expert of each group": (id) => range(G).map((g) => g * SIZE + ((id + g) % SIZE)),
  "some of each": (id) => range(E).filter((e) => (e * 5 + id * 3) % 4 > 0),
  "one expert": (id) => [id % E],
};

/** -1 past the last */
function expected(gate: readonly number[], seen: readonly number[], kept: number, top: number, k: number): number[] {
  const key = gate.map((g, e) => (seen.includes(e) ? g : Number.NEGATIVE_INFINITY));
  const good = range(G).map((g) => {
    const members = best(key.slice(g * SIZE, (g + 1) * SIZE), top).map((i) => key[g * SIZE + i]!);
    return members.length === 0 ? Number.NEGATIVE_INFINITY : members.reduce((a, b) => a + b, 0);
  });
  const stays = best(good, kept);
  const left = key.map((x, e) => (stays.includes(Math.floor(e / SIZE)) ? x : Number.NEGATIVE_INFINITY));
  const chosen = best(left, k);
  return range(k).map((i) => chosen[i] ?? -1);
}

describe.each(Object.entries(sights))("%s", (_, sees) => {
  const most = Math.max(...range(13).map((id) => sees(id, 0).length));
  it.each([
    ["max", 1, 1],
    ["max", 2, 1],
    ["sum(top: 2)", 2, 2],
    ["sum(top: 3)", 3, 3],
  ])("by %s, %d groups", (by, kept, top) => {
    let ids: number[] = [];
    const run = runProgram(
      {
        layers: 1,
        experts: `experts ${E} of relu(hidden: 2)`,
        tiers: `tier all otherwise sees ${most}`,
        router: `score linear\nmask Visible[token_id]\ngate sigmoid\ngroup ${G} keep top(${kept}) by ${by}\nselect top(3) per token\nweight gate`,
      },
      "trace",
      sees,
      (leaves: Leaves) => {
        ids = Array.from(leaves.get("tokens")!.data);
        // every second expert scores as the one before: ties
        const { data } = leaves.get(`${at}.router.weight`)!;
        range(E).forEach((e) => {
          if (e % 2 === 1) data.copyWithin(e * 8, (e - 1) * 8, e * 8);
        });
      },
    );
    const numbers = (name: string): number[] => Array.from(run.outputs.get(`${at}.${name}`)!.data);
    const [scores, edges, weights] = [numbers("router.scores"), numbers("edges.expert"), numbers("edges.weight")];
    for (const u of range(U)) {
      const gate = scores.slice(u * E, (u + 1) * E).map(sigmoid);
      const want = expected(gate, sees(ids[u]!, 0), kept, top, 3);
      expect(edges.slice(u * 3, u * 3 + 3)).toEqual(want);
      want.forEach((e, k) => {
        expect(weights[u * 3 + k]).toBeCloseTo(e < 0 ? 0 : gate[e]!, 12);
      });
    }
    for (const [name, { data }] of run.outputs)
      if (name.startsWith("grad.")) expect(data.every(Number.isFinite)).toBe(true);
  });
});
