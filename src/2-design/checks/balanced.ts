/** A learned top-k choice collapses onto few experts unless something pushes back. */
import type { RuleArg } from "../design.js";
import { type Check, inSlot } from "./check.js";

export const balanced: Check = {
  name: "balanced",
  doc: "A learned selection has a balance loss or a load-balance bias, or `allow imbalance`.",
  run: ({ routers, tell, trusts }) => {
    for (const { router, mixture, path } of routers) {
      // what holds while inferring only collapses nothing
      const select = inSlot(router, "select").find(
        ({ rule, args, when }) => rule === "top" && choosesPerUnit(args.per) && when?.phase !== "inferring",
      );
      if (!mixture || !select) continue;
      const kept = inSlot(router, "balance").length + inSlot(router, "bias").length > 0;
      if (kept || !trusts(path, "balance") || !trusts(path, "bias")) continue;
      if (!(mixture.expertCount > 1) || router.allow.some(({ what }) => what === "imbalance")) continue;
      tell("MOE3013", { router: mixture.name }, select.path, {
        help: ["add a line `balance switch(0.01)`", 'or `allow imbalance because "…"`'],
      });
    }
  },
};

const choosesPerUnit = (per: RuleArg): boolean => per !== "expert" && per !== "sequence";
