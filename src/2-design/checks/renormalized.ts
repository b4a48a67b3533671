/** Dividing by the sum of the gates needs a sum that is above 0. */
import type { RuleUse } from "../design.js";
import { type Check, inSlot } from "./check.js";

/** Gates that may be 0 for all selected experts, or below: what to say of them. */
const mayVanish: Readonly<Record<string, string>> = {
  relu: "0 for every negative score",
  identity: "below 0 for every negative score",
};

export const renormalized: Check = {
  name: "renormalized",
  doc: "`weight gate renormalized` does not stand after a gate whose sum over the selected experts may be 0.",
  run: ({ routers, tell, label }) => {
    for (const { router } of routers) {
      const gate = inSlot(router, "gate").find(({ rule }) => Object.hasOwn(mayVanish, rule));
      const weight = gate && inSlot(router, "weight").find((use) => divides(use, gate));
      // `positive` keeps only gates above 0, so their sum is
      const select = inSlot(router, "select").find(({ rule }) => rule !== "positive");
      if (!weight || !select) continue;
      tell("MOE3022", { rule: `weight ${weight.text}` }, weight.path, {
        secondary: label(gate.path, mayVanish[gate.rule]!),
        help: ["write `select positive`, or `gate sigmoid`"],
      });
    }
  },
};

/** Whether a weight is a gate divided by a sum of such gates; a token without experts that compute may have a sum of 0. */
function divides({ rule, args }: RuleUse, gate: RuleUse): boolean {
  if (rule !== "gate") return false;
  if (args.over === "computing") return gate.rule === "identity";
  return args.renormalized === true || args.over !== undefined;
}
