/** Rules that read the gate need a `gate`. */
import { needsOf } from "../../rules/index.js";
import { type Check, inSlot } from "./check.js";

export const gateMade: Check = {
  name: "gate-made",
  doc: "A rule that reads the gate stands in a router that makes one.",
  run: ({ routers, tell, trusts, label }) => {
    for (const { router, path } of routers) {
      if (inSlot(router, "gate").length > 0 || !trusts(path, "gate")) continue;
      const [rule, ...others] = router.rules.filter((each) => needsOf(each).includes("gate"));
      if (!rule) continue;
      const secondary = others.flatMap((other) => label(other.path, "reads it, too"));
      const instead = rule.slot === "weight" ? ["or write `weight softmax over selected`, which needs none"] : [];
      const help = ["add a line `gate softmax`", ...instead];
      tell("MOE3003", { rule: `${rule.slot} ${rule.text}` }, rule.path, { secondary, help });
    }
  },
};
