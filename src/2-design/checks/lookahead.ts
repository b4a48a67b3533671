/** A selection that compares tokens of a sequence uses tokens a causal model has not seen yet. */
import { findRule } from "../../rules/index.js";
import type { Design, RuleUse } from "../design.js";
import { type Check, inSlot, type RouterSite } from "./check.js";

export const lookahead: Check = {
  name: "lookahead",
  doc: "A selection that looks ahead in a causal model is allowed by name, with a reason.",
  run: ({ design, routers, tell, label }) => {
    if (!isCausal(design)) return;
    for (const site of routers) {
      if (site.router.allow.some(({ what }) => what === "lookahead")) continue;
      const [rule] = lookingAhead(site);
      if (!rule) continue;
      const per = String(rule.args.per ?? rule.args.over ?? "batch");
      const [causal] = Object.values(design.attentions).filter(({ mask }) => mask === "causal");
      const bare = rule.text.replace(/ (per|over) .*/, "");
      tell("MOE3008", { rule: bare, per }, rule.path, {
        secondary: causal ? label(`${causal.name}.mask`, "causal") : [],
        help: ['if that is meant, add `allow lookahead because "…"`'],
      });
    }
  },
};

/** The rules of a router that look at later units. */
export function lookingAhead({ router, mixture }: RouterSite): readonly RuleUse[] {
  const unit = mixture?.unit.kind;
  return [...inSlot(router, "select"), ...inSlot(router, "dispatch")].filter((rule) => {
    if (rule.args.per === "sequence" && unit === "sequence") return false;
    return findRule(rule.slot, rule.rule)?.looksAhead?.(rule.args) === true;
  });
}

/** Whether tokens may not see later ones; so in files without any attention, too. */
export function isCausal({ attentions }: Design): boolean {
  const masks = Object.values(attentions).map(({ mask }) => mask);
  return masks.length === 0 || masks.includes("causal");
}
