/** Absurd sizes are refused before anything is allocated, with the term that makes them absurd. */
import { count } from "../../diagnostics/catalogue/count.js";
import { parameterTerms } from "../sizes.js";
import type { Check } from "./check.js";

/** 1 TiB of f32 parameters: more than fits any machine this compiler runs on. */
export const PARAMETER_LIMIT = 1n << 38n;

export const modelSize: Check = {
  name: "model-size",
  doc: "The model has fewer parameters than 1 TiB of f32 holds.",
  run: ({ design, tell }) => {
    const terms = parameterTerms(design);
    if (!terms) return;
    const parameters = terms.reduce((sum, term) => sum + term.parameters, 0n);
    if (parameters <= PARAMETER_LIMIT) return;
    const most = terms.reduce((a, b) => (b.parameters > a.parameters ? b : a));
    const help = [
      `in f32 that is ${count(parameters * 4n)} bytes; \`${most.path}\` alone takes ${count(most.parameters * 4n)}`,
    ];
    tell("MOE4006", { parameters, limit: PARAMETER_LIMIT, term: most.because }, most.path, { help });
  },
};
