/**
 * What a token says of the experts beside what its document says of them (Intuition-MoR1E, arXiv 2404.08985). The paper
 * has an embedding of the instruction from another model, and centroids found before training; here the document speaks
 * through the embeddings of its first tokens, and the centroids are learned.
 */
import { add, mul, sigmoid, sub } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { count, number } from "../../words/params.js";
import type { RouterSite } from "../build.js";
import { defineRule } from "../rule.js";
import { ofLengthOne } from "../score/parts.js";

/** How much faster a learned number between 0 and 1 moves than what it is learned as: sigmoid(100 · number), as in the paper. */
const steepness = 100;

/** s [U, E]: the cosine between a sequence's opening and a learned centroid of each expert. */
function nearness({ g, param, experts, opening }: RouterSite, first: number): Value {
  const document = opening(first);
  const centroids = param("router.intuition.weight", [experts, document.axes.at(-1)!]);
  return g.contract(ofLengthOne(g, document), ofLengthOne(g, centroids), [document.axes.at(-1)!.name]);
}

export const intuition = defineRule({
  slot: "weight",
  name: "intuition",
  doc: "An expert counts as much as its gate says, mixed with how near the opening of the sequence is to a learned centroid of the expert: γ · ( gate · w · softmax + document · (1 − w) · cosine ), with learned w and γ between 0 and 1, ½ at the start. The opening is the mean of the embeddings of the first tokens, of fewer where the token itself comes earlier; they do not learn from it.",
  example: "weight intuition(gate: 32, document: 4, first: 16)",
  params: [
    number("gate", "what the gate is multiplied with", { default: 32, why: "as in MoR1E" }),
    number("document", "what the cosine is multiplied with", { default: 4, why: "as in MoR1E" }),
    count("first", "how many tokens of a sequence speak for it", {
      min: 1,
      default: 16,
      why: "about as many as a title has",
    }),
  ],
  clauses: [],
  needs: ["gate", "ids"],
  weights: (_, { experts, model }) => [
    { name: "intuition.weight", shape: [experts, model] },
    { name: "intuition.share", shape: [], init: { kind: "zeros" } },
    { name: "intuition.scale", shape: [], init: { kind: "zeros" } },
  ],
  build(site, state, { gate: tokens, document, first }) {
    const { g, experts, param } = site;
    const weight = g.within({ role: "router.weight" }, () => {
      const [share, scale] = [param("router.intuition.share", []), param("router.intuition.scale", [])];
      const both = g.map([state.gate!, nearness(site, Number(first)), share, scale], (p, s, omega, beta) => {
        const [w, gain] = [sigmoid(mul(omega, steepness)), sigmoid(mul(beta, steepness))];
        return mul(gain, add(mul(mul(p, w), Number(tokens)), mul(mul(s, sub(1, w)), Number(document))));
      });
      return g.pick(both, state.edges!, experts.name);
    });
    return { ...state, weight };
  },
});
