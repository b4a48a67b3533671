/** A predictor stands in for selections that look ahead; where nothing does, it has nothing to learn. */
import { type Check, inSlot } from "./check.js";

export const predicted: Check = {
  name: "predicted",
  doc: "`balance predictor` stands in a router in which experts or sequences choose units.",
  run: ({ routers, tell, label, trusts }) => {
    for (const { router, mixture, path } of routers) {
      const loss = inSlot(router, "balance").find(({ rule }) => rule === "predictor");
      if (!loss || !trusts(path, "select")) continue;
      const selects = inSlot(router, "select");
      const looks = selects.some(
        ({ rule, args: { per } }) =>
          rule === "top" && (per === "expert" || (per === "sequence" && mixture?.unit.kind !== "sequence")),
      );
      const [first] = selects;
      if (looks || !first) continue;
      tell("MOE3052", { rule: `balance ${loss.text}`, select: `select ${first.text}` }, loss.path, {
        secondary: label(first.path, "needs no predictor"),
        help: ["leave it out, or select `per expert` or `per sequence`"],
      });
    }
  },
};
