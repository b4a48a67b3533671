/**
 * The experts of a unit stand in a table row: the sort depends on token ids alone, and nothing is scored to find the
 * way. The products are those of `sorted-grouped`; what goes away is the router (see `rewrites/one-legal-expert.ts`).
 */
import { defineStrategy } from "../strategy.js";
import { lowerSorted, sortedWork } from "./sorted-grouped.js";

export const tablePermuted = defineStrategy({
  name: "table-permuted",
  doc: "The route is read from a table by token id; the sort needs no scores.",
  refusal: ({ routeKnown, unitWord }) =>
    routeKnown ? undefined : `some ${unitWord} choose their experts by score, not by token id`,
  work: (site, profile) => {
    const work = sortedWork(site, profile);
    return { ...work, launches: work.launches - 1, because: `${work.because}; the sort waits for nothing` };
  },
  lower: (g, call, site) => lowerSorted(g, call, site),
});
