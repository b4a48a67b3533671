/** What a sequence begins with, as one vector: for rules that weigh experts by document. */
import { add, div, index, le, min, mul, select } from "../expr-build.js";
import type { Axis, Value } from "../graph.js";
import type { ForwardContext } from "./context.js";
import { placeOf, sequenceOf } from "./sequences.js";

/**
 * [T, D]: the mean of the embeddings of the first n tokens of a token's sequence, of those up to its own where it is one
 * of these, so that nothing looks ahead. Embeddings do not learn from it.
 */
export function openingOf(c: ForwardContext, n: number): Value {
  const { g, size, D, T } = c;
  const B: Axis = { name: "B", size: size.batch };
  const S: Axis = { name: "S", size: size.seq };
  const O: Axis = { name: "OP", size: Math.min(n, size.seq) };
  const [o, s] = [index(O.name), index(S.name)];
  return g.within({ role: "router.opening" }, () => {
    const rows = g.view(g.stop(firstRows(c, O.size)), [B, O, D]);
    const share = g.map([], () => select(le(o, s), div(1, min(add(s, 1), O.size)), 0), { axes: [B, S, O] });
    return g.view(g.contract(share, rows, [O.name], { axes: [B, S, D] }), [T, D]);
  });
}

/** Embeddings of the first n tokens of every sequence, sequence after sequence. */
function firstRows({ g, size, tokens, embedding }: ForwardContext, n: number): Value {
  const N: Axis = { name: "N", size: size.batch * n };
  const row = index(N.name);
  const at = add(mul(sequenceOf(row, n), size.seq), placeOf(row, n));
  const place = g.map([], () => at, { axes: [N], dtype: "i32" });
  return g.take(embedding(), g.take(tokens, place));
}
