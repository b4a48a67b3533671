/** Who has one expert only is lost when that expert is full. */
import { type Check, inSlot, tablesOf } from "./check.js";

export const capacityOneExpert: Check = {
  name: "capacity-one-expert",
  doc: "Capacity does not meet units that see one expert only, unless `allow drop` says so.",
  run: ({ design, routers, tell, label }) => {
    for (const { router } of routers) {
      const limit = inSlot(router, "limit").find(({ rule }) => rule === "capacity");
      if (!limit || limit.args.else === "copy" || router.allow.some(({ what }) => what === "drop")) continue;
      for (const { table } of tablesOf(router, design)) {
        const at = table.tiers.findIndex(({ sees }) => sees === 1);
        if (at < 0) continue;
        tell("MOE3010", { tier: table.tiers[at]!.name, table: table.name }, limit.path, {
          secondary: label(`${table.name}.tier${at === 0 ? "" : `[${at}]`}`, "sees one expert"),
          help: ["write `limit none`, or `else copy`", 'or add `allow drop because "…"`'],
        });
      }
    }
  },
};
