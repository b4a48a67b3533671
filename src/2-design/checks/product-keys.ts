/** Two small lists of keys name keys × keys experts, and nobody reads the scores of all of them. */
import { findRule } from "../../rules/index.js";
import type { RuleUse } from "../design.js";
import { type Check, type CheckContext, inSlot, type RouterSite } from "./check.js";

export const productKeys: Check = {
  name: "product-keys",
  doc: "Product keys name exactly as many experts as there are, and no other rule needs the score of every expert.",
  run: (context) => {
    for (const site of context.routers) {
      for (const rule of inSlot(site.router, "score")) {
        if (rule.rule !== "product_keys") continue;
        checkCount(rule, site, context);
        checkReaders(rule, site, context);
      }
    }
  },
};

function checkCount(rule: RuleUse, { mixture }: RouterSite, { tell, label }: CheckContext): void {
  const keys = Number(rule.args.keys);
  if (!mixture || !(Math.abs(keys * keys - mixture.expertCount) > 0)) return;
  const params = { what: "the number of experts", one: keys * keys, other: mixture.expertCount };
  tell("MOE4001", params, `${rule.path}.keys`, {
    label: `${keys} × ${keys}`,
    secondary: label(`${mixture.name}.experts`, "the other place"),
  });
}

function checkReaders(keys: RuleUse, { router }: RouterSite, { tell, label }: CheckContext): void {
  for (const use of router.rules) {
    if (use === keys || findRule(use.slot, use.rule)?.fewScores?.(use.args) === true) continue;
    tell("MOE3034", { rule: `${use.slot} ${use.text}` }, use.path, {
      secondary: label(keys.path, "scores only the best experts"),
      help: [
        "behind product keys stand `gate sigmoid` or `relu`, `select top(k)`, and `weight softmax over selected` or `gate`",
      ],
    });
  }
}
