/** Routing below f32 flips choices between runs and targets. */
import type { Check } from "./check.js";

export const routerPrecision: Check = {
  name: "router-precision",
  doc: "The router computes in f32.",
  run: ({ design, tell }) => {
    const { model } = design;
    // the type says f32; what was written may not
    const router: string = model?.dtype.router ?? "f32";
    if (model && router !== "f32") {
      tell("MOE4005", { dtype: router }, `${model.name}.dtype.router`, { help: ["write `router: f32`"] });
    }
  },
};
