/** Losses over groups of experts: the groups are equal, and what is kept or wanted of them is possible. */
import { computes } from "../../experts/index.js";
import type { Mixture, RuleUse } from "../design.js";
import { divisors } from "./attention-shapes.js";
import { type Check, type CheckContext, inSlot } from "./check.js";

export const groupLosses: Check = {
  name: "group-losses",
  doc: "The groups of `balance device` and `balance communication` divide the experts that are grouped.",
  run: (context) => {
    for (const { router, mixture } of context.routers) {
      if (!mixture) continue;
      for (const rule of inSlot(router, "balance")) if (rule.args.groups !== undefined) look(rule, mixture, context);
    }
  },
};

function look({ args, path }: RuleUse, mixture: Mixture, { tell, label }: CheckContext): void {
  const working = mixture.experts.filter(({ ffn }) => computes(ffn.kind)).reduce((sum, { count }) => sum + count, 0);
  const experts = args.target === undefined ? mixture.expertCount : working;
  const groups = Number(args.groups);
  if (experts % groups > 0)
    tell("MOE3005", { experts, groups }, `${path}.groups`, {
      label: `works with ${divisors(experts)}`,
      secondary: label(`${mixture.name}.experts`, `${experts} experts`),
    });
  const kept = Number(args.kept ?? 1);
  if (kept > groups) tell("MOE4008", { what: "kept", value: kept, range: `at most ${groups}` }, `${path}.kept`);
  const target = Number(args.target ?? 0);
  if (target === 1) tell("MOE4008", { what: "target", value: target, range: "less than 1" }, `${path}.target`);
}
