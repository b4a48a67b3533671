/** One number per expert from the token id alone: a small embedding of its own, times a learned row per expert. */
import { linear } from "../../3-graph/compose/linear.js";
import { clause, count, value, word } from "../../words/params.js";
import { addScores, scorePrefix } from "../meaning.js";
import { defineRule } from "../rule.js";

export const embedding = defineRule({
  slot: "score",
  name: "embedding",
  doc: "One number per expert from the token id alone: a small embedding of its own, times a learned row of weights per expert.",
  example: "score embedding(dim: 50) as student",
  params: [count("dim", "width of the embedding", { min: 1, default: 50, why: "as in StableMoE" })],
  clauses: [
    clause(
      "as",
      value(
        word(
          "as",
          ["score", "student"],
          "`student`: not added to the scores, but taught by `balance distill` and chosen by with `select top(k) … by student`",
          {
            default: "score",
            why: "scores add up",
          },
        ),
      ),
      "what it is for",
    ),
  ],
  needs: ["ids"],
  weights: ({ dim }, { vocab, experts }) => [
    { name: "embedding.weight", shape: [vocab, Number(dim)] },
    { name: "weight", shape: [experts, Number(dim)] },
  ],
  build(site, state, { dim, as: role }, use) {
    const { g, experts, vocab } = site;
    const prefix = scorePrefix(use);
    const inside = { name: "RD", size: Number(dim) };
    const scores = g.within({ role: role === "student" ? "router.student" : "router.scores" }, () => {
      const table = site.param(`${prefix}.embedding.weight`, [vocab, inside]);
      return linear(g, g.take(table, site.ids()), site.param(`${prefix}.weight`, [experts, inside]));
    });
    return role === "student" ? { ...state, student: scores } : addScores(site, state, scores);
  },
});
