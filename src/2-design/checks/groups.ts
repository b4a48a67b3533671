/** Groups are equal, and those that are kept hold enough experts. */
import type { Mixture, Router, RuleUse } from "../design.js";
import { divisors } from "./attention-shapes.js";
import { type Check, type CheckContext, inSlot, mostEdges } from "./check.js";

export const groups: Check = {
  name: "groups",
  doc: "Groups divide the experts, no more are kept than there are, and those hold at least k experts.",
  run: (context) => {
    for (const { router, mixture } of context.routers) {
      if (!mixture) continue;
      for (const rule of inSlot(router, "group")) checkGroups(rule, router, mixture, context);
    }
  },
};

function checkGroups(rule: RuleUse, router: Router, mixture: Mixture, { tell, label }: CheckContext): void {
  const { groups: count, kept } = { groups: Number(rule.args.groups), kept: Number(rule.args.kept) };
  const experts = mixture.expertCount;
  const [select] = inSlot(router, "select");
  if (experts % count > 0) {
    tell("MOE3005", { experts, groups: count }, `${rule.path}.groups`, {
      label: `works with ${divisors(experts)}`,
      secondary: label(`${mixture.name}.experts`, `${experts} experts`),
    });
  } else if (kept > count) {
    tell("MOE4008", { what: "kept", value: kept, range: `at most ${count}` }, `${rule.path}.kept`);
  } else if ((kept * experts) / count < mostEdges(router)) {
    const held = (kept * experts) / count;
    tell("MOE3006", { kept: held, k: mostEdges(router) }, `${rule.path}.kept`, {
      label: `${kept} of ${count} groups of ${experts / count} experts`,
      secondary: label(`${select?.path}.k`, "to be selected"),
    });
  }
}
