/** Experts take a limited number of edges per step: ceil(factor · k · U / E). */
import { le, select } from "../../3-graph/expr-build.js";
import { clause, number, share, value, word } from "../../words/params.js";
import { ceiling } from "../amounts.js";
import { refuse } from "../refuse.js";
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
  build({ g, units, experts }, state, args, use) {
    if (args.by === "score" || args.else !== "drop" || args.ffn_share !== undefined) throw refuse(use);
    const edges = state.edges!;
    const k = edges.axes.at(-1)!;
    const room = { name: "P", size: ceiling((Number(args.factor) * k.size * units.size) / experts.size) };
    return g.within({ role: "router.limit" }, () => {
      // all first choices take their places before any second choice
      const inOrder = g.map([edges], (e) => e, { axes: [k, units], dtype: "i32" });
      const { slots } = g.bucket(inOrder, experts, room);
      const kept = g.map([edges, slots], (e, slot) => select(le(0, slot), e, -1), { axes: edges.axes, dtype: "i32" });
      return {
        ...state,
        room: Math.min(room.size, state.room ?? units.size),
        edges: kept,
        weight: g.map([state.weight!, kept], (w, e) => select(le(0, e), w, 0)),
      };
    });
  },
});
