/** Every expert kind there is, in the order of the reference docs. To add one: a file and a line here. */
import { ensure } from "../3-graph/internal.js";
import { attention } from "./attention.js";
import { block } from "./block.js";
import type { ExpertBuild } from "./build.js";
import { constant } from "./constant.js";
import { copy } from "./copy.js";
import type { Expert } from "./expert.js";
import { geglu } from "./geglu.js";
import { gelu } from "./gelu.js";
import { linear } from "./linear.js";
import { neuron } from "./neuron.js";
import { quickglu } from "./quickglu.js";
import { rank1 } from "./rank1.js";
import { relu } from "./relu.js";
import { silu } from "./silu.js";
import { swiglu } from "./swiglu.js";
import { zero } from "./zero.js";

export const experts: readonly Expert[] = [
  swiglu,
  geglu,
  quickglu,
  gelu,
  relu,
  silu,
  linear,
  copy,
  zero,
  constant,
  rank1,
  neuron,
  block,
  attention,
];

/** Whether a kind computes something: copies, zeros and constants only pass on. */
export const computes = (kind: string): boolean => kind !== "copy" && kind !== "zero" && kind !== "constant";

/** The kind of a name; undefined if there is none. */
export function expertKind(kind: string): Expert | undefined {
  return experts.find((each) => each.kind === kind);
}

/** A kind that has a meaning in the graph; internal error for others, which are refused before. */
export function builtKind(kind: string): Expert & { readonly build: ExpertBuild } {
  const found = expertKind(kind);
  ensure(found?.build !== undefined, () => `experts of kind ${kind} have no meaning in the graph`);
  return { ...found, build: found.build };
}
