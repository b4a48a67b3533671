/** A table is looked up by one token, and so is what its sequence begins with; a run of tokens has many. */
import { needsOf } from "../../rules/index.js";
import { type Check, inSlot } from "./check.js";

export const idsOfUnits: Check = {
  name: "ids-of-units",
  doc: "Tables are looked up where the unit is a token or part of one.",
  run: ({ routers, tell, label }) => {
    for (const { router, mixture } of routers) {
      const unit = mixture?.unit.kind;
      if (!mixture || (unit !== "chunk" && unit !== "sequence")) continue;
      for (const rule of [...inSlot(router, "mask"), ...inSlot(router, "select"), ...inSlot(router, "weight")]) {
        if (!needsOf(rule).includes("ids")) continue;
        tell("MOE3016", { rule: `${rule.slot} ${rule.text}`, per: unit }, rule.path, {
          secondary: label(`${mixture.name}.unit`, "many tokens"),
          help: ["route tokens, or choose by score"],
        });
      }
    }
  },
};
