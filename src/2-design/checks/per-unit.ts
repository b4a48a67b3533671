/** `per` names who chooses: the unit that is routed, the experts, or the sequence. */
import { type Check, inSlot } from "./check.js";

export const perUnit: Check = {
  name: "per-unit",
  doc: "`per token` stands where tokens are routed, `per subtoken` where sub-tokens are.",
  run: ({ routers, tell, at, label }) => {
    for (const { router, mixture } of routers) {
      const [select] = inSlot(router, "select");
      const per = select?.args.per;
      if (!select || !mixture || typeof per !== "string" || select.rule !== "top") continue;
      const unit = mixture.unit.kind;
      if (per === unit || per === "expert" || per === "sequence") continue;
      const site = at(`${select.path}.per`);
      const fix = site && { fix: { ...site, text: unit } };
      tell("MOE3017", { per, unit }, `${select.path}.per`, {
        help: [{ text: `write \`per ${unit}\``, ...fix }],
        secondary: label(`${mixture.name}.unit`, "what is routed"),
      });
    }
  },
};
