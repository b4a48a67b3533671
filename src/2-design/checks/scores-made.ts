/** Rules that read scores need a `score`. */
import { needsOf } from "../../rules/index.js";
import type { RuleUse } from "../design.js";
import { type Check, inSlot } from "./check.js";

export const scoresMade: Check = {
  name: "scores-made",
  doc: "A rule that reads scores stands in a router that makes some.",
  run: ({ routers, tell, trusts, label }) => {
    for (const { router, path } of routers) {
      if (inSlot(router, "score").length > 0 || !trusts(path, "score")) continue;
      const gated = inSlot(router, "gate").length > 0;
      const [rule, ...others] = router.rules.filter((each) => readsScores(each, gated));
      if (!rule) continue;
      const secondary = others.flatMap((other) => label(other.path, "reads them, too"));
      const help = ["add a line `score linear`"];
      tell("MOE3018", { rule: `${rule.slot} ${rule.text}` }, rule.path, { secondary, help });
    }
  },
};

/** What reads the gate fails with the gate; one mistake, one report. */
function readsScores(use: RuleUse, gated: boolean): boolean {
  const needs = needsOf(use);
  return (
    needs.includes("scores") || (needs.includes("key") && !gated && use.slot === "select" && !needs.includes("gate"))
  );
}
