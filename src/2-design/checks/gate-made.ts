/** Rules that read the gate need a `gate`. */
import { findRule } from "../../rules/index.js";
import { type Check, inSlot } from "./check.js";

export const gateMade: Check = {
  name: "gate-made",
  doc: "A rule that reads the gate stands in a router that makes one.",
  run: ({ routers, tell, trusts }) => {
    for (const { router, path } of routers) {
      if (inSlot(router, "gate").length > 0 || !trusts(path, "gate")) continue;
      for (const rule of router.rules) {
        if (!findRule(rule.slot, rule.rule)?.needs.includes("gate")) continue;
        const others = rule.slot === "weight" ? ["or write `weight softmax over selected`, which needs none"] : [];
        tell("MOE3003", { rule: `${rule.slot} ${rule.text}` }, rule.path, {
          help: ["add a line `gate softmax`", ...others],
        });
      }
    }
  },
};
