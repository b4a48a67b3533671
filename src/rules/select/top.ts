/** Keeps the k best experts of every unit, or the k best units of every expert. */

import type { RuleArg } from "../../2-design/design.js";
import { amount, clause, value, word } from "../../words/params.js";
import { choiceKey } from "../meaning.js";
import { refuse } from "../refuse.js";
import { defineRule } from "../rule.js";

function defined<Key extends string>(key: Key, value: RuleArg): { readonly [key in Key]?: number } {
  return (typeof value === "number" ? { [key]: value } : {}) as { readonly [key in Key]?: number };
}

export const top = defineRule({
  slot: "select",
  name: "top",
  doc: "Keeps the k best experts of every unit, or the k best units of every expert.",
  example: "select top(2) per token",
  params: [amount("k", "how many to keep: a number, a share such as 12.5%, or capacity(c) for c · U / E")],
  clauses: [
    clause(
      "per",
      value(
        word("per", ["token", "subtoken", "sequence", "chunk", "expert"], "who chooses", {
          derived: "the unit of the mixture",
        }),
      ),
      "who chooses",
    ),
    clause(
      "within",
      value(
        word("within", ["batch", "sequence"], "among which units an expert chooses", {
          default: "batch",
          why: "one step is one batch",
        }),
      ),
      "among which units an expert chooses",
    ),
  ],
  needs: ["key"],
  looksAhead: ({ per }) => per === "expert" || per === "sequence",
  facts: ({ k, share, capacity, per }) =>
    per === "expert" || per === "sequence"
      ? { rowsPerExpert: { ...defined("count", k), ...defined("share", share), ...defined("capacity", capacity) } }
      : { ...defined("edgesPerUnit", k), exactEdges: true },
  build(site, state, { k, per }, use) {
    if (typeof k !== "number" || per === "expert" || per === "sequence" || per === "chunk") throw refuse(use);
    const { g } = site;
    const edges = g.within({ role: "router.select" }, () =>
      g.topK(choiceKey(site, state), Math.min(k, site.experts.size)),
    );
    return { ...state, edges };
  },
});
