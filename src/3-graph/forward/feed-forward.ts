/** Weights of an expert kind as graph parameters, and the blocks in which only one such expert stands. */
import type { Dense, Ffn } from "../../2-design/design.js";
import { soleExpert } from "../../experts/build.js";
import { builtKind, expertKind } from "../../experts/index.js";
import type { Axis, Value } from "../graph.js";
import { ensure } from "../internal.js";
import type { ForwardContext } from "./context.js";

/** The weights of a kind in its own order, `outer` axes in front; names start with `prefix`. */
export function ffnParams(
  c: ForwardContext,
  ffn: Ffn,
  prefix: string,
  outer: readonly Axis[],
  width: Axis,
  hidden = "F",
): Value[] {
  const kind = expertKind(ffn.kind);
  ensure(kind !== undefined, () => `no expert kind ${ffn.kind}`);
  const F = { name: hidden, size: ffn.hidden };
  return kind.weights(ffn).map(({ name, shape }) => {
    const named = { F, C: width, I: { name: "CI", size: width.size } };
    const axes = shape.map((s, i): Axis => (typeof s === "number" ? { name: `I${i}`, size: s } : named[s]));
    return c.param(`${prefix}.${name}`, [...outer, ...axes]);
  });
}

/** x [T, D] -> [T, D] */
export function dense(c: ForwardContext, block: Dense, scope: string, x: Value): Value {
  const kind = builtKind(block.ffn.kind);
  return c.g.within({ scope, role: "feed", because: block.name }, () => {
    const weights = ffnParams(c, block.ffn, scope, [], c.D);
    return kind.build(soleExpert(c.g, x, ""), weights, block.ffn);
  });
}
