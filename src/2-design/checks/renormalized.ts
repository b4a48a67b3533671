/** Dividing by the sum of the gates needs a sum that is not 0. */
import { type Check, inSlot } from "./check.js";

export const renormalized: Check = {
  name: "renormalized",
  doc: "`weight gate renormalized` does not stand after a gate that may be 0 for all selected experts.",
  run: ({ routers, tell, label }) => {
    for (const { router } of routers) {
      const weight = inSlot(router, "weight").find(
        ({ args }) =>
          args.renormalized === true || args.over === "candidates" || args.over === "kept" || args.over === "selected",
      );
      const gate = inSlot(router, "gate").find(({ rule }) => rule === "relu" || rule === "identity");
      // `positive` keeps only gates above 0, so their sum is
      const select = inSlot(router, "select").find(({ rule }) => rule !== "positive");
      if (!weight || !gate || !select) continue;
      tell("MOE3022", { rule: `weight ${weight.text}` }, weight.path, {
        secondary: label(
          gate.path,
          gate.rule === "relu" ? "0 for every negative score" : "below 0 for every negative score",
        ),
        help: ["write `select positive`, or `gate sigmoid`"],
      });
    }
  },
};
