/** Experts take a limited number of edges per step: ceil(factor · k · U / E). */
import { clause, number, share, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const capacity = defineRule({
  slot: "limit",
  name: "capacity",
  doc: "Experts take a limited number of edges per step: ceil(factor · k · U / E).",
  example: "limit capacity(1.25) else drop",
  params: [
    number("factor", "room per expert, in multiples of an even share", { min: 0, above: true }),
    share("ffn_share", "share of the room that goes to experts that compute something", { optional: true }),
  ],
  clauses: [
    clause(
      "else",
      value(
        word("else", ["drop", "next", "copy"], "what happens to an edge without room", {
          default: "drop",
          why: "the residual carries the unit",
        }),
      ),
      "what happens to an edge without room",
    ),
    clause(
      "by",
      value(
        word("by", ["position", "score"], "who comes first", {
          default: "position",
          why: "unit order in the batch, first choices before second choices",
        }),
      ),
      "who comes first",
    ),
  ],
  needs: [],
  facts: ({ factor }) => ({ drops: true, ...(typeof factor === "number" && { room: factor }) }),
});
