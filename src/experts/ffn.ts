/** What the feed-forward kinds have in common: their parameters and the names of their weights. Not a kind itself. */
import type { Ffn } from "../2-design/design.js";
import { count, flag, number } from "../words/params.js";
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

function matrix(name: string, shape: readonly ["F" | "C", "F" | "C"], bias: boolean, residual = false): ExpertWeight[] {
  const weight = { name: `${name}.weight`, shape, ...(residual && { residual }) };
  return bias ? [weight, { name: `${name}.bias`, shape: [shape[0]], zero: true }] : [weight];
}
