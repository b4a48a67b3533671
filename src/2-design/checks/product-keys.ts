/** Two small lists of keys name keys × keys experts. */
import { type Check, inSlot } from "./check.js";

export const productKeys: Check = {
  name: "product-keys",
  doc: "Product keys name exactly as many experts as there are.",
  run: ({ routers, tell, label }) => {
    for (const { router, mixture } of routers) {
      for (const rule of inSlot(router, "score")) {
        const keys = rule.rule === "product_keys" ? Number(rule.args.keys) : Number.NaN;
        if (!mixture || !(Math.abs(keys * keys - mixture.expertCount) > 0)) continue;
        const params = { what: "the number of experts", one: keys * keys, other: mixture.expertCount };
        tell("MOE4001", params, `${rule.path}.keys`, {
          label: `${keys} × ${keys}`,
          secondary: label(`${mixture.name}.experts`, "the other place"),
        });
      }
    }
  },
};
