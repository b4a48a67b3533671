/**
 * What an expert kind computes, said once for every place where it may stand: a dense block, a shared expert, and
 * routed experts under every dispatch strategy. A kind only knows rows and weights; how rows meet the weights of
 * *their* expert (plain, batched or grouped product) is handed to it.
 */
import type { Ffn } from "../2-design/design.js";
import type { GraphBuilder } from "../3-graph/builder.js";
import type { Axis, Value } from "../3-graph/graph.js";

export interface ExpertRows {
  readonly g: GraphBuilder;
  /** [..., C]: one row per unit and expert that works on it */
  readonly x: Value;
  /** rows [..., I] times the matrix [O, I] of the expert that each row belongs to -> [..., O]; over the weight's last axis */
  readonly multiply: (rows: Value, weight: Value) => Value;
  /** the numbers [...own] that the expert of each row has, to be used in a `map` beside rows */
  readonly own: (weight: Value) => Value;
  /** runs `body` with the role of one of the expert's matrices, e.g. `up` */
  readonly role: <R>(name: string, body: () => R) => R;
}

/** Rows after the expert [..., C]; `weights` as the kind lists them, experts first where there is more than one. */
export type ExpertBuild = (rows: ExpertRows, weights: readonly Value[], ffn: Ffn) => Value;

/** The only expert there is: every row meets the same weights, which have no axis of experts. */
export function soleExpert(g: GraphBuilder, x: Value, roles: string): ExpertRows {
  return {
    g,
    x,
    multiply: (rows, weight) => g.contract(rows, weight, [weight.axes.at(-1)!.name]),
    own: (weight) => weight,
    role: (name, body) => g.within({ role: roles === "" ? name : `${roles}.${name}` }, body),
  };
}

/** A vector [..., C] as a matrix of one row [..., 1, C]: what multiplies rows down to one number. */
export const asRow = (g: GraphBuilder, vector: Value, one: Axis): Value =>
  g.view(vector, [...vector.axes.slice(0, -1), one, vector.axes.at(-1)!]);

/** A vector [..., C] as a matrix of one column [..., C, 1]: what one number per row is spread over. */
export const asColumn = (g: GraphBuilder, vector: Value, one: Axis): Value => g.view(vector, [...vector.axes, one]);
