/**
 * Attention as a mixture (Mixture of Attention Heads, arXiv 2210.05144; DS-MoE, arXiv 2404.05567 §3.2): an expert has
 * query heads and the matrix behind them, and all experts look into the same keys and values. Where every expert may
 * have every token, the heads of all stand side by side in one attention, and weights of 0 hide what was not chosen.
 * Where a token has fewer edges than there are experts, only those have queries: dispatch makes them, edge by edge, and
 * multiplies what they find with the matrices of their experts.
 */
import type { Attention, Mixture } from "../../2-design/design.js";
import { groupPrefix } from "../../2-design/mixture-weights.js";
import { attentionGroup } from "../../2-design/placed.js";
import { add, le, mul } from "../expr-build.js";
import type { Axis, ExpertsSite, Value } from "../graph.js";
import { keysAndValues, lookUp, type Seen } from "./attention.js";
import type { ForwardContext } from "./context.js";
import type { MixturePlace } from "./mixture.js";
import { edgesAmong } from "./placed-experts.js";
import type { Routed } from "./routed.js";

interface Call {
  readonly c: ForwardContext;
  readonly attention: Attention;
  readonly scope: string;
  /** the experts, among themselves */
  readonly experts: Axis;
  /** heads of one expert, channel by channel */
  readonly Q: Axis;
  /** a weight of the experts, its own axes behind theirs */
  readonly own: (name: string, axes: readonly Axis[]) => Value;
  /** edges [T, K] to these experts */
  readonly edges: Value;
  readonly weight: Value;
  readonly onInput: boolean;
  /** the mixture's name, and most edges of an expert */
  readonly site: Pick<ExpertsSite, "site" | "room">;
}

/** Σ over the experts that are attentions of weight · what their heads find, x [T, D] -> [T, D]; none: there are none. */
export function runAttentionExperts(
  c: ForwardContext,
  mixture: Mixture,
  { scope }: MixturePlace,
  x: Value,
  routed: Routed,
): Value | undefined {
  const group = attentionGroup(mixture, c.design);
  if (group === undefined) return undefined;
  const { attention, at, count } = group;
  const experts = { name: "EH", size: count };
  const prefix = `${scope}.${groupPrefix(mixture, at)}`;
  const call: Call = {
    c,
    attention,
    scope,
    experts,
    Q: { name: "Q", size: attention.heads * attention.headDim },
    own: (name, axes) => c.param(`${prefix}${name}`, [experts, ...axes]),
    edges: edgesAmong(c, mixture, routed.edges, (ffn) => ffn.attention !== undefined),
    weight: routed.weight,
    onInput: routed.weightOnInput === true,
    site: { site: mixture.name, ...(routed.room !== undefined && { room: routed.room }) },
  };
  const seen = keysAndValues(c, attention, scope, x);
  return call.edges.axes[1]!.size < count ? perEdge(call, x, seen) : sideBySide(call, x, seen);
}

/** All heads of all experts for every token. */
function sideBySide(call: Call, x: Value, seen: Seen): Value {
  const { c, attention, scope, experts, Q, own } = call;
  const { g, D } = c;
  const [T, all] = [x.axes[0]!, { name: "HQ", size: experts.size * Q.size }];
  const weights = g.within({ role: "experts.weights" }, () => weightsByExpert(call));
  const q = g.within({ role: "experts.q" }, () => {
    const each = g.view(g.contract(x, g.view(own("q.weight", [Q, D]), [all, D]), [D.name]), [T, experts, Q]);
    const given = weights.input ? g.map([each, weights.input], mul, { axes: each.axes }) : each;
    return attention.bias ? g.map([given, own("q.bias", [Q])], add, { axes: given.axes }) : given;
  });
  const o = lookUp(c, attention, scope, byKeys(call, q), seen);
  return g.within({ role: "experts.o" }, () => {
    const found = g.view(byExperts(call, o, experts, weights.output), [T, all]);
    // one matrix as wide as all heads: what each leads to is added up in the product
    const matrix = g.map([own("o.weight", [D, Q])], (w) => w, { axes: [D, experts, Q] });
    const y = g.contract(found, g.view(matrix, [D, all]), [all.name]);
    if (!attention.bias) return y;
    return g.map([y, g.contract(weights.output, own("o.bias", [D]), [experts.name])], add, { axes: y.axes });
  });
}

interface Weights {
  /** [T, E], what the result of each expert is multiplied with */
  readonly output: Value;
  /** [T, E], what its input is multiplied with; undefined: nothing */
  readonly input: Value | undefined;
}

function weightsByExpert({ c, edges, weight, experts, onInput }: Call): Weights {
  const { g } = c;
  const spread = (values: Value) => g.spread(values, edges, { axis: experts, over: edges.axes[1]!.name });
  if (!onInput) return { output: spread(weight), input: undefined };
  return { output: spread(g.map([edges], (e) => le(0, e))), input: spread(weight) };
}

/** Queries of edges only: every edge is a unit of its own that dispatch takes to its expert, before and after looking. */
function perEdge(call: Call, x: Value, seen: Seen): Value {
  const { c, attention, scope, experts, Q, edges, weight, onInput } = call;
  const { g, D } = c;
  const [T, K] = edges.axes as [Axis, Axis];
  const units = { name: "U", size: T.size * K.size };
  const one = [units, { name: "K", size: 1 }];
  const [alone, weighed] = [g.view(edges, one), g.view(weight, one)];
  const same = g.map([], () => 1, { axes: one });
  const rows = g.within({ role: "experts.rows" }, () =>
    g.view(
      g.map([x], (a) => a, { axes: [T, K, D] }),
      [units, D],
    ),
  );
  const through = (name: "q" | "o", from: Value, to: Axis, scale: Value, input: boolean): Value => {
    const bias = attention.bias ? [call.own(`${name}.bias`, [to])] : [];
    const params = [call.own(`${name}.weight`, [to, name === "q" ? D : Q]), ...bias];
    const group = { first: 0, count: experts.size, ffn: "linear", hidden: 0, clamp: undefined, bias: attention.bias };
    const op = {
      kind: "experts" as const,
      ...call.site,
      groups: [{ ...group, params: params.length }],
      weightOnInput: input,
      width: to,
    };
    return g.within({ role: "experts" }, () => g.add(op, [from, alone, scale, ...params])[0]!);
  };
  const q = through("q", rows, Q, onInput ? weighed : same, onInput);
  const o = lookUp(c, attention, scope, byKeys(call, g.view(q, [T, K, Q])), seen);
  const found = g.within({ role: "experts.o" }, () => g.view(byExperts(call, o, K), [units, Q]));
  const y = through("o", found, D, onInput ? same : weighed, false);
  return g.within({ role: "experts.combine" }, () => g.reduce("sum", g.view(y, [T, K, D]), [K.name]));
}

/** Heads of several experts [T, N, Q] as heads of one attention [T, N·Q]: those that look into the same keys side by side. */
function byKeys({ c, attention: { kvHeads } }: Call, q: Value): Value {
  const { g } = c;
  const [T, N, Q] = q.axes as [Axis, Axis, Axis];
  const flat = [T, { name: "HQ", size: N.size * Q.size }];
  if (kvHeads === 1) return g.view(q, flat);
  const [KH, QK] = [
    { name: "KH", size: kvHeads },
    { name: "QK", size: Q.size / kvHeads },
  ];
  const apart = g.view(q, [T, N, KH, QK]);
  return g.view(
    g.within({ role: "experts.heads" }, () => g.map([apart], (a) => a, { axes: [T, KH, N, QK] })),
    flat,
  );
}

/** The way back: [T, N·Q] -> [T, N, Q], times a weight [T, N] where there is one. */
function byExperts({ c, attention: { kvHeads }, Q }: Call, o: Value, N: Axis, weight?: Value): Value {
  const { g } = c;
  const T = o.axes[0]!;
  const [KH, QK] = [
    { name: "KH", size: kvHeads },
    { name: "QK", size: Q.size / kvHeads },
  ];
  const apart = g.view(o, [T, KH, N, QK]);
  const axes = [T, N, KH, QK];
  const back = weight ? g.map([apart, weight], mul, { axes }) : g.map([apart], (a) => a, { axes });
  return g.view(back, [T, N, Q]);
}
