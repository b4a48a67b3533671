/** A share of the edges for experts that compute leaves something only for experts that do not. */
import { computes } from "../../experts/index.js";
import type { RuleUse } from "../design.js";
import { type Check, inSlot } from "./check.js";

export const biasTarget: Check = {
  name: "bias-target",
  doc: "`bias load_balance(target: …)` and `balance device(target: …)` stand in a mixture with experts that compute nothing.",
  run: ({ routers, tell, label }) => {
    for (const { router, mixture } of routers) {
      if (!mixture || mixture.experts.some(({ ffn }) => !computes(ffn.kind))) continue;
      const aimed = [...inSlot(router, "bias"), ...inSlot(router, "balance").filter(sharesOut)];
      for (const { args, path } of aimed) {
        if (args.target === undefined) continue;
        tell("MOE3033", { moe: mixture.name }, `${path}.target`, {
          secondary: label(`${mixture.name}.experts`, "all of them compute"),
          help: ["leave `target` out, or add a line such as `experts 4 of copy`"],
        });
      }
    }
  },
};

/** Elsewhere `target` is something else: of positive gates, say. */
const sharesOut = ({ rule }: RuleUse): boolean => rule === "device";
