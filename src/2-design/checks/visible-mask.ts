/** `over visible` says something only where a mask hides experts. */
import { type Check, inSlot } from "./check.js";

export const visibleMask: Check = {
  name: "visible-mask",
  doc: "`over visible` stands in a router with a mask.",
  run: ({ routers, tell, trusts, at }) => {
    for (const { router, path } of routers) {
      if (inSlot(router, "mask").length > 0 || !trusts(path, "mask")) continue;
      for (const rule of router.rules) {
        if (rule.args.over !== "visible") continue;
        const own = `${rule.path}.over`;
        const site = at(rule.path);
        const text = rule.text.replace(" over visible", "");
        const fix = site && { fix: { source: site.source, span: site.span, text: `${rule.slot} ${text}` } };
        tell("MOE3004", { rule: `${rule.slot} ${text}` }, own, {
          help: [{ text: "leave `over visible` out", ...fix }, "or add a line `mask Table[token_id]`"],
        });
      }
    }
  },
};
