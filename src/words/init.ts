/** `init NAME rule`, wherever weights may be started differently. */
import { anyWord, choice, number, oneOf, phrase, texts, value } from "./params.js";
import type { Line } from "./pattern.js";

/** What several trained models give together; a checkpoint is a file of weights, or the folder of a run. */
export const mergeChoice = choice(
  "merge",
  "from trained models with dense layers, as in Branch-Train-MiX: experts take one model each, routers are drawn, all else is the mean; runs are named as `--out` names them",
  texts("checkpoints", "files of weights, or folders of runs, in the project"),
);

/** How the weights of a name may start. */
export const initChoices = [
  choice(
    "normal",
    "normal distribution around 0",
    number("std", "standard deviation", { min: 0, default: 0.02, why: "as everywhere else" }),
  ),
  choice(
    "xavier_uniform",
    "uniform in ± gain · √(6 / (in + out))",
    number("gain", "factor", { min: 0, default: 1, why: "plain Xavier" }),
  ),
  choice(
    "orthogonal",
    "a random orthogonal matrix times the gain",
    number("gain", "factor", { min: 0, default: 1, why: "lengths are kept" }),
  ),
  choice("zeros", "all zero"),
  choice("ones", "all one"),
  mergeChoice,
] as const;

/** A line `init NAME rule` for a block whose weights have these names. */
export function initLine(example: string): Line {
  return phrase(
    "init",
    "How the weights of a name start; normal(0.02) unless written, smaller where they write into the residual stream.",
    [value(anyWord("weight", "last name of the weights")), oneOf("init", "how they start", initChoices)],
    { times: "0+", example },
  );
}
