/** A bias moves who is chosen, so somebody must choose by rank: where every expert that qualifies is taken, it changes nothing. */
import { type Check, inSlot } from "./check.js";

/** Selections that take whom they take whatever the order. */
const orderless = ["positive", "all", "table"];

export const biasRead: Check = {
  name: "bias-read",
  doc: "A `bias` stands in a router that chooses the best of several experts.",
  run: ({ routers, tell, trusts, label }) => {
    for (const { router, path } of routers) {
      const [select, ...others] = inSlot(router, "select");
      if (!select || !trusts(path, "select")) continue;
      if (![select, ...others].every(({ rule }) => orderless.includes(rule))) continue;
      for (const bias of inSlot(router, "bias")) {
        const secondary = label(select.path, "takes the same experts with and without it");
        const help = ["choose the best ones: `select top(2) per token`", "or leave the `bias` out"];
        tell("MOE3054", { bias: bias.text, select: select.text }, bias.path, { secondary, help });
      }
    }
  },
};
