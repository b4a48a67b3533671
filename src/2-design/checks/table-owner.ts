/** The numbers in a table are experts of one mixture; another one cannot use it. */
import { type Check, tablesOf } from "./check.js";

export const tableOwner: Check = {
  name: "table-owner",
  doc: "A table is used by the mixture whose experts it names.",
  run: ({ design, routers, tell, label }) => {
    for (const { router, mixture } of routers) {
      if (!mixture) continue;
      for (const { rule, table } of tablesOf(router, design)) {
        // an heir has the same experts unless it says otherwise, but a table names one mixture only
        if (table.of === mixture.name || !design.mixtures[table.of]) continue;
        tell("MOE3020", { table: table.name, of: table.of, used: mixture.name }, `${rule.path}.table`, {
          secondary: label(`${table.name}.value`, `belongs to \`${table.of}\``),
        });
      }
    }
  },
};
