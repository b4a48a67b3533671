/**
 * Scores a very large number of experts as sums of two small scores each (product keys; PEER): expert i·n + j scores
 * what key i of the first list and key j of the second score together. The scores of all experts are never written
 * down: the best k of each list contain the best k of all sums, so that k² sums are looked at.
 */

import type { RuleArgs } from "../../2-design/design.js";
import { linear } from "../../3-graph/compose/linear.js";
import { add, div, floor, mul, sub } from "../../3-graph/expr-build.js";
import type { Axis, Value } from "../../3-graph/graph.js";
import { count } from "../../words/params.js";
import type { RouterSite, SplitScores } from "../build.js";
import { scorePrefix } from "../meaning.js";
import { defineRule } from "../rule.js";

/** The experts of the k largest sums of a score of each list, and the scores of these: [U, heads·k] both. */
function bestOf(site: RouterSite, lists: readonly [Value, Value], heads: number, wanted: number) {
  const { g, units } = site;
  const [rows, keys] = lists[0].axes as [Axis, Axis];
  const k = Math.min(wanted, keys.size);
  const [highA, highB] = lists.map((list, s) => g.topK(g.stop(list), k, s === 0 ? "KA" : "KB")) as [Value, Value];
  const best = [highA, highB].map((high, s) => g.stop(g.pick(lists[s]!, high, lists[s]!.axes[1]!.name)));
  const sums = g.map(best, (a, b) => add(a!, b!), { axes: [rows, highA.axes[1]!, highB.axes[1]!] });
  const place = g.topK(g.view(sums, [rows, { name: "KK", size: k * k }]), Math.min(wanted, k * k));
  const whole = { axes: place.axes, dtype: "i32" } as const;
  const first = g.map([place], (p) => floor(div(add(p, 0.5), k)), whole);
  const second = g.map([place, first], (p, a) => sub(p, mul(a, k)), whole);
  const [i, j] = [g.pick(highA, first, "KA"), g.pick(highB, second, "KB")];
  const edges = g.map([i, j], (a, b) => add(mul(a, keys.size), b), whole);
  const own = [i, j].map((key, s) => g.pick(lists[s]!, key, lists[s]!.axes[1]!.name));
  const scores = g.map(own, (a, b) => add(a!, b!));
  const all = [units, { name: "K", size: heads * place.axes[1]!.size }];
  return { edges: g.view(edges, all), scores: g.view(scores, all) };
}

/** Scores of one list of keys, for every choice of every unit [U·heads, n]. */
function listScores({ g, units, param }: RouterSite, x: Value, prefix: string, s: 0 | 1, args: RuleArgs): Value {
  const [keys, width, heads] = [Number(args.keys), Number(args.width), Number(args.heads)];
  const queries = param(`${prefix}.query.${s}.weight`, [{ name: `RQ${s}`, size: heads * width }, x.axes.at(-1)!]);
  const inside: Axis = { name: "RW", size: width };
  const asked = g.view(linear(g, x, queries), [{ name: "N", size: units.size * heads }, inside]);
  return linear(g, asked, param(`${prefix}.keys.${s}.weight`, [{ name: `N${s}`, size: keys }, inside]));
}

export const productKeys = defineRule({
  slot: "score",
  name: "product_keys",
  doc: "Scores a very large number of experts as sums of two small scores each: expert i · n + j has the score of key i of a first list plus that of key j of a second. Every head has a query of its own and chooses its own experts; the keys are shared.",
  example: "score product_keys(1024)",
  params: [
    count("keys", "n, how many keys each of the two lists has; there are n · n experts", { min: 1, max: 4096 }),
    count("width", "how wide a key is", { min: 1, default: 128, why: "as in PEER" }),
    count("heads", "how many queries a unit has; each chooses k experts", {
      min: 1,
      default: 1,
      why: "one choice of a unit",
    }),
  ],
  clauses: [],
  needs: [],
  weights: ({ keys, width, heads }, { width: units }) =>
    [0, 1].flatMap((s) => [
      { name: `query.${s}.weight`, shape: [Number(heads) * Number(width), units] },
      { name: `keys.${s}.weight`, shape: [Number(keys), Number(width)] },
    ]),
  fewScores: () => true,
  facts: ({ heads }) => ({ choices: Number(heads) }),
  build(site, state, args, use) {
    const { g } = site;
    const heads = Number(args.heads);
    const lists = g.within({ role: "router.scores" }, () => {
      const x = state.x ?? site.x;
      const [first, second] = ([0, 1] as const).map((s) => listScores(site, x, scorePrefix(use), s, args));
      return [first!, second!] as const;
    });
    const split: SplitScores = { heads, best: (k) => bestOf(site, lists, heads, k) };
    return { ...state, split };
  },
});
