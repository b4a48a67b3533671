/** Multi-head attention with grouped keys, rotary positions, optional query-key norms, biases and a window. */
import type { Attention } from "../../2-design/design.js";
import { linear } from "../compose/linear.js";
import { rmsNorm } from "../compose/norm.js";
import { add, index, mul } from "../expr-build.js";
import type { Axis, Value } from "../graph.js";
import type { ForwardContext } from "./context.js";

/** x [T, D] -> [T, D]; `scope` is `layers.3.attend`. */
export function attend(c: ForwardContext, attention: Attention, scope: string, x: Value): Value {
  const { g } = c;
  const { heads, headDim, bias } = attention;
  const Q = { name: "Q", size: heads * headDim };
  const q = project(c, attention, scope, "q", Q, x);
  const o = lookUp(c, attention, scope, q, keysAndValues(c, attention, scope, x));
  return g.within({ scope, role: "o", because: attention.name }, () => {
    const b = bias ? c.param(`${scope}.o.bias`, [c.D]) : undefined;
    return linear(g, o, c.param(`${scope}.o.weight`, [c.D, Q]), b);
  });
}

/** What queries look into: keys and values [T, KV] of the tokens x [T, D], keys not yet turned. */
export interface Seen {
  readonly k: Value;
  readonly v: Value;
}

/** Keys and values of x [T, D]. */
export function keysAndValues(c: ForwardContext, attention: Attention, scope: string, x: Value): Seen {
  const KV = { name: "KV", size: attention.kvHeads * attention.headDim };
  return { k: project(c, attention, scope, "k", KV, x), v: project(c, attention, scope, "v", KV, x) };
}

/** q [T, heads·d] of any number of heads, those that share keys side by side -> what they find [T, heads·d]. */
export function lookUp(c: ForwardContext, attention: Attention, scope: string, q: Value, { k, v }: Seen): Value {
  const { g, size } = c;
  const { kvHeads, headDim, mask, window } = attention;
  const turned = (name: "q" | "k", value: Value) =>
    turn(c, attention, scope, name, normed(c, attention, scope, name, value));
  const shape = {
    heads: q.axes[1]!.size / headDim,
    kvHeads,
    headDim,
    seq: c.cache === "step" ? c.chosen!.seq : size.seq,
    causal: mask === "causal",
    window,
    scale: 1 / Math.sqrt(headDim),
  };
  const [tq, tk] = [turned("q", q), turned("k", k)];
  const [keys, values] = [kept(c, `${scope}.keys`, tk), kept(c, `${scope}.values`, v)];
  return g.within({ scope, role: "scores", because: `${attention.name}.mask` }, () =>
    g.attention(tq, keys, values, shape, c.cache === "step" ? c.chosen!.positions : undefined),
  );
}

type Projection = "q" | "k" | "v";

function project(c: ForwardContext, { name, bias }: Attention, scope: string, which: Projection, out: Axis, x: Value) {
  const { g } = c;
  return g.within({ scope, role: which, because: name }, () => {
    const b = bias ? c.param(`${scope}.${which}.bias`, [out]) : undefined;
    return linear(g, x, c.param(`${scope}.${which}.weight`, [out, c.D]), b);
  });
}

/** Keys or values [T, KV] of the tokens that are computed, kept for those that come later; all that queries may look at. */
function kept(c: ForwardContext, name: string, x: Value): Value {
  if (c.cache === undefined) return x;
  const { g, chosen, size } = c;
  const scope = name.slice(0, name.lastIndexOf("."));
  return g.within({ scope, role: name.slice(scope.length + 1) }, () => {
    const now = c.cache === "fill" ? x.axes : [{ name: "N", size: size.batch * chosen!.seq }, x.axes[1]!];
    const cache = g.state(name, now);
    const value = c.cache === "fill" ? x : g.put(cache, rowsOf(c), x);
    c.kept.push({ target: cache, value });
    return value;
  });
}

/** [T] i32: the row, of all that is kept of all sequences, of the one token of each. */
function rowsOf({ g, chosen, size, T }: ForwardContext): Value {
  const { positions, seq } = chosen!;
  return size.batch === 1
    ? positions
    : g.map([positions], (at) => add(at, mul(index(T.name), seq)), { axes: [T], dtype: "i32" });
}

/** RMS norm of every head on its own, where the design asks for it. */
function normed(c: ForwardContext, attention: Attention, scope: string, name: "q" | "k", x: Value): Value {
  if (!attention.qkNorm) return x;
  const { g } = c;
  return g.within({ scope, role: `${name}_norm`, because: `${attention.name}.qk_norm` }, () => {
    const head = { name: "HD", size: attention.headDim };
    const rows = { name: "N", size: (c.T.size * x.axes[1]!.size) / attention.headDim };
    const weight = c.param(`${scope}.${name}_norm.weight`, [head]);
    return g.view(rmsNorm(g, g.view(x, [rows, head]), weight, 1e-5), x.axes);
  });
}

function turn(c: ForwardContext, attention: Attention, scope: string, name: "q" | "k", x: Value): Value {
  const { rope, headDim } = attention;
  if (!rope) return x;
  const { g, size } = c;
  return g.within({ scope, role: `${name}_rope`, because: `${attention.name}.position` }, () => {
    const axes = [
      { name: "S", size: c.chosen?.seq ?? size.seq },
      { name: "J", size: headDim / 2 },
    ];
    const half = (part: "cos" | "sin"): Value => {
      const angles = g.data(
        `rope.${rope.base}.${headDim}.${part}`,
        { kind: "rope", base: rope.base, part },
        axes,
        "f32",
      );
      return c.chosen ? g.take(angles, c.chosen.positions) : angles;
    };
    return g.rope(x, half("cos"), half("sin"), { headDim, inverse: false });
  });
}
