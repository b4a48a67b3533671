/** Every id needs a row, and every row at least one expert. */
import type { Design, Table } from "../design.js";
import type { Check, CheckContext } from "./check.js";

export const tableRows: Check = {
  name: "table-rows",
  doc: "Tiers cover every id once, see at least one expert, and no more than there are.",
  run: (context) => {
    for (const table of Object.values(context.design.tables)) {
      checkTiers(table, context);
      checkCover(table, context);
    }
  },
};

function checkTiers({ name: table, of, tiers }: Table, { design, tell, label }: CheckContext): void {
  const experts = mixtureExperts(design, of);
  for (const [i, { name: tier, sees }] of tiers.entries()) {
    const path = tierPath(table, i);
    const before = tiers
      .slice(0, i)
      .flatMap(({ coverage }) => coverage ?? [])
      .at(-1);
    const { coverage } = tiers[i]!;
    if (before !== undefined && coverage !== undefined && coverage <= before) {
      const range = `above the ${Number((before * 100).toPrecision(6))}% of the tier before`;
      tell("MOE4008", { what: "coverage", value: coverage, range }, `${path}.coverage`);
    }
    if (sees < 1) tell("MOE3007", { table, tier }, `${path}.sees`, { help: ["write `sees 1` or more"] });
    if (sees > experts) {
      tell("MOE4016", { tier, sees, experts }, `${path}.sees`, {
        secondary: label(`${of}.experts`, `${experts} experts`),
      });
    }
  }
}

function checkCover({ name: table, tiers, assign }: Table, { tell, label, trusts }: CheckContext): void {
  const trustsTier = (i: number): boolean => trusts(table, i === 0 ? "tier" : `tier[${i}]`);
  const rest = tiers.flatMap(({ coverage }, i) => (coverage === undefined && trustsTier(i) ? [i] : []));
  const [first, second] = rest;
  if (first !== undefined && second !== undefined) {
    tell("MOE3021", { table }, tierPath(table, second), { secondary: label(tierPath(table, first), "the first one") });
  }
  if (!trusts(table, "tier") || !trusts(table, "assign") || !tiers.every((_, i) => trustsTier(i))) return;
  if (tiers.length === 0 && assign.kind !== "file") {
    tell("MOE3023", {}, table, { help: ["add `tier all otherwise sees 1`"] });
  } else if (tiers.length > 0 && first === undefined && !tiers.some(({ coverage }) => coverage === 1)) {
    tell("MOE3012", { table }, table, { help: ["add `tier rest otherwise sees 1`"] });
  }
}

function tierPath(table: string, i: number): string {
  return `${table}.tier${i === 0 ? "" : `[${i}]`}`;
}

function mixtureExperts({ mixtures }: Design, name: string): number {
  return mixtures[name]?.expertCount ?? Number.NaN;
}
