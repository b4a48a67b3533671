/** A token is cut into equal slices. */
import { divisors } from "./attention-shapes.js";
import type { Check } from "./check.js";

export const subtokenHeads: Check = {
  name: "subtoken-heads",
  doc: "The heads of sub-tokens divide the width.",
  run: ({ design, tell, label }) => {
    const width = design.model?.dModel ?? Number.NaN;
    for (const { name, unit } of Object.values(design.mixtures)) {
      if (unit.kind !== "subtoken" || !(width % unit.heads > 0)) continue;
      const arithmetic = `${width} / ${unit.heads} = ${Number((width / unit.heads).toPrecision(4))}`;
      tell("MOE4003", { width, heads: unit.heads }, `${name}.unit.heads`, {
        label: `works with ${divisors(width)}`,
        secondary: label(`${design.model?.name}.d_model`, arithmetic),
      });
    }
  },
};
