/** Where a table decides the route, a balance loss cannot change it. */
import { type Check, inSlot } from "./check.js";

export const tableBalance: Check = {
  name: "table-balance",
  doc: "No balance loss stands in a router whose route a table decides.",
  run: ({ design, routers, tell, label, trusts }) => {
    for (const { router } of routers) {
      const selects = inSlot(router, "select");
      const mask = inSlot(router, "mask").find(
        ({ args }) => trusts(String(args.table), "tier") && onlyOne(design.tables[String(args.table)]?.tiers),
      );
      const always = mask?.when === undefined ? mask : undefined;
      const deciding = selects.every(({ rule }) => rule === "table") ? (selects[0] ?? always) : always;
      if (!deciding || inSlot(router, "score").length === 0) continue;
      for (const rule of inSlot(router, "balance")) {
        // a z_loss keeps the scores small, whoever chooses
        if (rule.rule === "z_loss") continue;
        tell("MOE3009", { rule: `balance ${rule.text}`, table: String(deciding.args.table) }, rule.path, {
          secondary: label(deciding.path, "decides the route"),
        });
      }
    }
  },
};

function onlyOne(tiers: readonly { readonly sees: number }[] | undefined): boolean {
  return tiers !== undefined && tiers.length > 0 && tiers.every(({ sees }) => sees === 1);
}
