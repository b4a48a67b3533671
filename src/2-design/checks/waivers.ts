/** Waivers have reasons, and something to waive. */
import { type Check, type CheckContext, inSlot, type RouterSite, tablesOf } from "./check.js";
import { isCausal, lookingAhead } from "./lookahead.js";

export const waivers: Check = {
  name: "waivers",
  doc: "Every `allow` gives a reason and waives something.",
  run: (context) => {
    for (const site of context.routers) {
      for (const [i, { what, because }] of site.router.allow.entries()) {
        const path = `${site.path}.allow${i === 0 ? "" : `[${i}]`}`;
        if (because === undefined || because.trim() === "") {
          context.tell("MOE3014", { waiver: what }, path, { help: [`write \`allow ${what} because "…"\``] });
        } else if (isIdle(what, site, context)) context.tell("MOE3015", { waiver: what }, path);
      }
    }
  },
};

function isIdle(what: string, site: RouterSite, { design, trusts }: CheckContext): boolean {
  const { router, path } = site;
  if (!trusts(path, "select")) return false;
  if (what === "lookahead") return !isCausal(design) || lookingAhead(site).length === 0;
  if (what === "imbalance")
    return trusts(path, "balance") && inSlot(router, "balance").length + inSlot(router, "bias").length > 0;
  const capacity = inSlot(router, "limit").some(({ rule }) => rule === "capacity");
  return trusts(path, "limit") && !(capacity && tablesOf(router, design).length > 0);
}
