/** Attention as an expert: query heads and the matrix behind them; keys and values belong to all experts together. */
import { nameOf } from "../words/params.js";
import { defineExpert } from "./expert.js";

export const attention = defineExpert({
  kind: "attention",
  doc: "Query heads and the output matrix of an attention, each expert with its own; keys and values are made once, for all experts (Mixture of Attention Heads).",
  example: "experts 16 of attention(Heads)",
  params: [nameOf("attention", ["attention"], "the attention, as one expert has it")],
  // the weights are those of the attention, which only the design knows
  weights: () => [],
  matrices: 0,
  runsElsewhere: true,
});
