/** Adjugates: one for each of equal groups of experts that units choose one by one. */
import type { Mixture } from "../design.js";
import { partText } from "../placed.js";
import { divisors } from "./attention-shapes.js";
import { type Check, type CheckContext, inSlot, type RouterSite } from "./check.js";

export const adjugates: Check = {
  name: "adjugates",
  doc: "`adjugate n of kind` divides the experts, and stands beside experts that units choose and whose output is weighed.",
  run: (context) => {
    for (const site of context.routers) if (site.mixture?.adjugate) look(site, site.mixture, context);
  },
};

function look({ router }: RouterSite, mixture: Mixture, { tell, label }: CheckContext): void {
  const { name, adjugate, experts, expertCount } = mixture;
  const path = `${name}.adjugate`;
  const refuse = (word: string, at: string): void =>
    tell("MOE3053", { moe: name, word }, path, { secondary: label(at, "stands here") });
  if (partText(adjugate!.ffn)) refuse(partText(adjugate!.ffn)!, path);
  experts.forEach(({ ffn, slots }, i) => {
    const at = `${name}.experts${i === 0 ? "" : `[${i}]`}`;
    if (partText(ffn)) refuse(`experts … of ${partText(ffn)}`, at);
    if (slots !== undefined) refuse(`with slots(${slots})`, at);
  });
  for (const rule of inSlot(router, "score")) if (rule.rule === "product_keys") refuse(`score ${rule.text}`, rule.path);
  for (const rule of inSlot(router, "weight")) if (rule.args.on === "input") refuse(`weight ${rule.text}`, rule.path);
  if (expertCount % adjugate!.count > 0)
    tell("MOE3005", { experts: expertCount, groups: adjugate!.count }, `${path}.count`, {
      label: `works with ${divisors(expertCount)}`,
      secondary: label(`${name}.experts`, `${expertCount} experts`),
    });
}
