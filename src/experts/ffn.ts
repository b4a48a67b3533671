/**
 * What the feed-forward kinds have in common: their parameters, the names of their weights and the shape of their
 * arithmetic. Not a kind itself.
 */
import type { Ffn } from "../2-design/design.js";
import type { Expr } from "../3-graph/expr.js";
import { add, max, min, mul, type Term } from "../3-graph/expr-build.js";
import type { Value } from "../3-graph/graph.js";
import { count, flag, number } from "../words/params.js";
import type { ExpertBuild, ExpertRows } from "./build.js";
import type { ExpertWeight } from "./expert.js";

export const ffnParams = [
  count("hidden", "F, the width inside", { min: 1 }),
  number("clamp", "largest absolute value of what enters the product", { min: 0, above: true, optional: true }),
  flag("bias", "adds learned numbers after every matrix"),
] as const;

/** gate [F,C], up [F,C], down [C,F], each with its bias after it if there is one. */
export function gatedWeights({ bias }: Ffn): readonly ExpertWeight[] {
  return [...matrix("gate", ["F", "C"], bias), ...plainWeights({ bias })];
}

/** up [F,C], down [C,F], each with its bias after it if there is one. */
export function plainWeights({ bias }: Pick<Ffn, "bias">): readonly ExpertWeight[] {
  return [...matrix("up", ["F", "C"], bias), ...matrix("down", ["C", "F"], bias, true)];
}

/** down [C,C] alone, with its bias after it if there is one. */
export function oneWeight({ bias }: Pick<Ffn, "bias">): readonly ExpertWeight[] {
  return matrix("down", ["C", "I"], bias, true);
}

function matrix(
  name: string,
  shape: readonly ["F" | "C", "F" | "C" | "I"],
  bias: boolean,
  residual = false,
): ExpertWeight[] {
  const weight = { name: `${name}.weight`, shape, ...(residual && { residual }) };
  return bias ? [weight, { name: `${name}.bias`, shape: [shape[0]], zero: true }] : [weight];
}

type Activation = (x: Term) => Expr;

/**
 * down( activation(gate x) ⊙ linear(up x) ), where `linear` is left out by most; a clamp holds the gate from above and
 * the up side from both.
 */
export function buildGated(activation: Activation, linear: (x: Expr) => Expr = (x) => x): ExpertBuild {
  return (rows, weights, { bias, clamp }) => {
    const [gate, up, down] = inLayers(weights, bias);
    const a = layer(rows, "gate", rows.x, gate!);
    const b = layer(rows, "up", rows.x, up!);
    const h = rows.role("up", () =>
      rows.g.map([a, b], (x, y) => mul(activation(atMost(x, clamp)), linear(between(y, clamp))), { axes: a.axes }),
    );
    return layer(rows, "down", h, down!);
  };
}

/** down( activation(up x) ); a clamp holds `up x` from both sides. */
export function buildPlain(activation: Activation): ExpertBuild {
  return (rows, weights, { bias, clamp }) => {
    const [up, down] = inLayers(weights, bias);
    const a = layer(rows, "up", rows.x, up!);
    const h = rows.role("up", () => rows.g.map([a], (x) => activation(between(x, clamp)), { axes: a.axes }));
    return layer(rows, "down", h, down!);
  };
}

/** down x */
export const buildOne: ExpertBuild = (rows, weights, { bias }) => {
  const [down] = inLayers(weights, bias);
  // in a product an axis is one thing: what comes in has another name than what goes out
  const x = rows.g.view(rows.x, [...rows.x.axes.slice(0, -1), down!.weight.axes.at(-1)!]);
  return layer(rows, "down", x, down!);
};

const atMost = (x: Expr, clamp: number | undefined): Expr => (clamp === undefined ? x : min(x, clamp));
const between = (x: Expr, clamp: number | undefined): Expr => (clamp === undefined ? x : max(min(x, clamp), -clamp));

interface Layer {
  readonly weight: Value;
  readonly bias: Value | undefined;
}

function inLayers(weights: readonly Value[], bias: boolean): readonly Layer[] {
  const step = bias ? 2 : 1;
  return Array.from({ length: weights.length / step }, (_, i) => ({
    weight: weights[i * step]!,
    bias: bias ? weights[i * step + 1] : undefined,
  }));
}

function layer({ g, multiply, own, role }: ExpertRows, name: string, x: Value, { weight, bias }: Layer): Value {
  return role(name, () => {
    const y = multiply(x, weight);
    return bias === undefined ? y : g.map([y, own(bias)], (a, b) => add(a, b), { axes: y.axes });
  });
}
