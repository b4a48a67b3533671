/** The words of `block`: the steps of one layer, in order. */
import { normChoices } from "./norm.js";
import { clause, nameOf, oneOf, phrase, point, share, value } from "./params.js";
import type { Vocabulary } from "./pattern.js";

export const blockWords: Vocabulary = {
  name: "block",
  a: "a block",
  doc: "One layer: its steps in order.",
  lines: [
    phrase(
      "residual",
      "x ← x + Part(norm(x)), or x ← x + Part(norm(p)) for a part that reads an earlier point p of the stream.",
      [value(nameOf("part", ["attention", "dense", "moe"], "what is added"))],
      {
        times: "1+",
        clauses: [
          clause("after", oneOf("norm", "the norm before it", normChoices), "the norm before it; rms unless written"),
          clause(
            "reading",
            value(
              point(
                "reading",
                "`input` of the layer, the stream after an earlier `Part`, what its norm gave it (`Part.norm`), or any of these in the `previous.` layer",
                {
                  optional: true,
                },
              ),
            ),
            "an earlier point of the stream instead of the stream as it is; shared experts of a mixture read the stream as it is",
          ),
          clause(
            "dropout",
            value(
              share("dropout", "of the numbers that the part gives, drawn anew at every step", {
                max: 0.99,
                optional: true,
              }),
            ),
            "while training, this share of what the part gives is set to 0 and the rest divided by what is left; off unless written",
          ),
        ],
        example: "residual Attend after rms",
      },
    ),
  ],
};
