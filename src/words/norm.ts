/** The norms, wherever one may stand. */
import { choice, number } from "./params.js";

const eps = number("eps", "keeps the root away from 0", { min: 0, above: true, default: 1e-5, why: "as in Llama" });

/** The norms a block or a model may name. */
export const normChoices = [
  choice("rms", "x · rsqrt(mean(x²) + eps) · weight", eps),
  choice("layer", "(x − mean) · rsqrt(variance + eps) · weight + bias", eps),
  choice("none", "x as it is"),
] as const;
