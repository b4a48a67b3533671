/** `over all` or `over visible`: which experts the mean gate of a loss is taken over, the same words for every such loss. */
import type { RuleArgs } from "../../2-design/design.js";
import { clause, value, word } from "../../words/params.js";
import type { Facts } from "../rule.js";

const doc = "which experts the mean gate is taken over";

export const overClause = clause(
  "over",
  value(word("over", ["all", "visible"], doc, { default: "all", why: "every expert should be reached" })),
  doc,
);

/** Over visible experts only, the masked ones have neither share nor gate and may stay unscored. */
export const overFacts = ({ over }: RuleArgs): Facts => (over === "visible" ? {} : { readsAllLogits: true });
