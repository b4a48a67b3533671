/** `per` names who chooses: the unit that is routed, the experts, or the sequence. */
import { type Check, inSlot } from "./check.js";

export const perUnit: Check = {
  name: "per-unit",
  doc: "`per token` stands where tokens are routed, `per subtoken` where sub-tokens are.",
  run: ({ routers, tell, at, label }) => {
    for (const { router, mixture } of routers) {
      if (!mixture) continue;
      const unit = mixture.unit.kind;
      for (const { rule, args, path } of inSlot(router, "select")) {
        const { per } = args;
        if (typeof per !== "string" || rule !== "top" || per === unit || per === "expert" || per === "sequence")
          continue;
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
