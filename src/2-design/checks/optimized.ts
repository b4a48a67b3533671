/** Every weight has one optimiser. */
import { weightClasses } from "../../words/train.js";
import type { Check } from "./check.js";

export const optimized: Check = {
  name: "optimized",
  doc: "Every class of weights is optimised by exactly one line.",
  run: ({ design: { train }, tell, trusts, label }) => {
    if (!train) return;
    for (const one of weightClasses) {
      const lines = train.optimize.flatMap(({ weights }, i) => (weights.includes(one) ? [i] : []));
      const [first, second] = lines.map((i) => `${train.name}.optimize${i === 0 ? "" : `[${i}]`}`);
      if (first !== undefined && second !== undefined) {
        tell("MOE4021", { weights: one }, second, { secondary: label(first, "the first one") });
      }
      const complete =
        train.optimize.length > 0 &&
        train.optimize.every((_, i) => trusts(train.name, i === 0 ? "optimize" : `optimize[${i}]`));
      if (first === undefined && complete && trusts(train.name, "optimize")) {
        tell("MOE4020", { weights: one }, `${train.name}.optimize`, {
          help: [`add them to a line: \`for [${one}, …]\``],
        });
      }
    }
  },
};
