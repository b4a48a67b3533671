/** The words of `block`: the steps of one layer, in order. */
import { normChoices } from "./norm.js";
import { clause, nameOf, oneOf, phrase, value } from "./params.js";
import type { Vocabulary } from "./pattern.js";

export const blockWords: Vocabulary = {
  name: "block",
  a: "a block",
  doc: "One layer: its steps in order.",
  lines: [
    phrase(
      "residual",
      "x ← x + Part(norm(x)).",
      [value(nameOf("part", ["attention", "dense", "moe"], "what is added"))],
      {
        times: "1+",
        clauses: [
          clause("after", oneOf("norm", "the norm before it", normChoices), "the norm before it; rms unless written"),
        ],
        example: "residual Attend after rms",
      },
    ),
  ],
};
