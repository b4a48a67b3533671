/** Groups are equal, and those that are kept hold enough experts. */
import { divisors } from "./attention-shapes.js";
import { type Check, inSlot, mostEdges } from "./check.js";

export const groups: Check = {
  name: "groups",
  doc: "Groups divide the experts, no more are kept than there are, and those hold at least k experts.",
  run: ({ routers, tell, label }) => {
    for (const { router, mixture } of routers) {
      const [rule] = inSlot(router, "group");
      if (!rule || !mixture) continue;
      const { groups, kept } = { groups: Number(rule.args.groups), kept: Number(rule.args.kept) };
      const experts = mixture.expertCount;
      const [select] = inSlot(router, "select");
      if (experts % groups > 0) {
        tell("MOE3005", { experts, groups }, `${rule.path}.groups`, {
          label: `works with ${divisors(experts)}`,
          secondary: label(`${mixture.name}.experts`, `${experts} experts`),
        });
      } else if (kept > groups) {
        tell("MOE4008", { what: "kept", value: kept, range: `at most ${groups}` }, `${rule.path}.kept`);
      } else if ((kept * experts) / groups < mostEdges(router)) {
        const held = (kept * experts) / groups;
        tell("MOE3006", { kept: held, k: mostEdges(router) }, `${rule.path}.kept`, {
          label: `${kept} of ${groups} groups of ${experts / groups} experts`,
          secondary: label(`${select?.path}.k`, "to be selected"),
        });
      }
    }
  },
};
