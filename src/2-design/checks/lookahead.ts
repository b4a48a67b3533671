/** A selection that compares tokens of a sequence uses tokens a causal model has not seen yet. */
import { findRule } from "../../rules/index.js";
import type { Design, Mixture, RuleUse } from "../design.js";
import { type Check, inSlot, type RouterSite } from "./check.js";

export const lookahead: Check = {
  name: "lookahead",
  doc: "A selection that looks ahead in a causal model is allowed by name, with a reason.",
  run: ({ design, routers, tell, label }) => {
    if (!isCausal(design)) return;
    for (const site of routers) {
      if (site.router.allow.some(({ what }) => what === "lookahead")) continue;
      const [first] = lookingAhead(site);
      if (!first) continue;
      const [causal] = Object.values(design.attentions).filter(({ mask }) => mask === "causal");
      tell("MOE3008", { rule: first.text }, first.path, {
        secondary: causal ? label(`${causal.name}.mask`, "causal") : [],
        help: [...first.help, 'if that is meant, add `allow lookahead because "…"`'],
      });
    }
  },
};

interface Ahead {
  readonly path: string;
  readonly text: string;
  readonly help: readonly string[];
}

/** What of a router looks at later tokens: units that are read as a whole, then rules. */
export function lookingAhead({ router, mixture }: RouterSite): readonly Ahead[] {
  const unit = mixture?.unit.kind;
  const rules = [...inSlot(router, "select"), ...inSlot(router, "dispatch")].filter((rule) => {
    if (rule.args.per === "sequence" && unit === "sequence") return false;
    return findRule(rule.slot, rule.rule)?.looksAhead?.(rule.args) === true;
  });
  return [...unitAhead(mixture), ...rules.map((rule) => ({ path: rule.path, text: textOf(rule), help: [] }))];
}

function textOf(rule: RuleUse): string {
  const per = String(rule.args.per ?? rule.args.over ?? "batch");
  return `${rule.text.replace(/ (per|over|within|while) .*/, "")} per ${per}`;
}

function unitAhead(mixture: Mixture | undefined): readonly Ahead[] {
  const unit = mixture?.unit;
  if (unit?.kind !== "sequence" && unit?.kind !== "chunk") return [];
  if (unit.reads === "first" || (unit.kind === "chunk" && unit.size === 1)) return [];
  const [text, first] =
    unit.kind === "chunk"
      ? [`unit = chunk(${unit.size})`, `chunk(${unit.size}, reads: first)`]
      : ["unit = sequence", "sequence(reads: first)"];
  return [{ path: `${mixture!.name}.unit`, text, help: [`\`unit = ${first}\` reads only the first token of each`] }];
}

/** Whether tokens may not see later ones; so in files without any attention, too. */
export function isCausal({ attentions }: Design): boolean {
  const masks = Object.values(attentions).map(({ mask }) => mask);
  return masks.length === 0 || masks.includes("causal");
}
