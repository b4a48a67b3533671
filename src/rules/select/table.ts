/** The experts in the table row of the token id, whatever the scores say. */
import { defineRule } from "../rule.js";

export const table = defineRule({
  slot: "select",
  name: "table",
  doc: "The experts in the table row of the token id, whatever the scores say.",
  example: "select Hashed[token_id]",
  params: [],
  indexed: true,
  clauses: [],
  needs: ["ids"],
  facts: ({ table }, { tables }) => {
    const tiers = tables[String(table)]?.tiers ?? [];
    const most = Math.max(0, ...tiers.map((tier) => tier.sees));
    return {
      route: "table",
      table: String(table),
      exactEdges: tiers.length > 0 && tiers.every((tier) => tier.sees === most),
      ...(most > 0 && { edgesPerUnit: most, legalPerUnit: most }),
    };
  },
  build(site, state, { table }) {
    const { g } = site;
    const edges = g.within({ role: "router.select" }, () => g.take(site.table(String(table), "experts"), site.ids()));
    return { ...state, edges };
  },
});
