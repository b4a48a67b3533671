/** `per` names who chooses: the unit that is routed, the experts, or the sequence. */
import { type Check, inSlot } from "./check.js";

export const perUnit: Check = {
  name: "per-unit",
  doc: "`per token` stands where tokens are routed, `per subtoken` where sub-tokens are.",
  run: ({ routers, tell, at, label }) => {
    for (const { router, mixture } of routers) {
      if (!mixture) continue;
      const unit = mixture.unit.kind;
      for (const { rule, args, path, text } of inSlot(router, "select")) {
        const { per } = args;
        if (typeof per !== "string" || rule !== "top") continue;
        const unitsChoose = per !== "expert" && (per !== "sequence" || unit === "sequence");
        // c · U / E is how many units somebody takes, not how many experts
        if (unitsChoose && args.capacity !== undefined)
          tell("MOE3016", { rule: text.replace(/ (per|while|from|until) .*/, ""), per }, `${path}.per`, {
            help: ["`capacity(c)` counts units: write `per expert`, or a number or share of the experts"],
          });
        if (per === unit || per === "expert" || per === "sequence") continue;
        const site = at(`${path}.per`);
        const fix = site && { fix: { ...site, text: unit } };
        tell("MOE3017", { per, unit }, `${path}.per`, {
          help: [{ text: `write \`per ${unit}\``, ...fix }],
          secondary: label(`${mixture.name}.unit`, "what is routed"),
        });
      }
    }
  },
};
