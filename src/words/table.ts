/** The words of `table`: which experts each token id may see, fixed before training. */
import {
  anyWord,
  choice,
  clause,
  count,
  coverage,
  expertsOf,
  mark,
  nameOf,
  number,
  oneOf,
  phrase,
  setting,
  text,
  value,
  word,
} from "./params.js";
import type { Vocabulary } from "./pattern.js";

const seed = number("seed", "of the drawing", { default: 0, why: "any fixed number will do" });

export const tableWords: Vocabulary = {
  name: "table",
  a: "a table",
  doc: "For every token id the experts it may see, drawn once before training and never learned.",
  lines: [
    setting(
      "key",
      "What rows are looked up by.",
      value(word("key", ["token_id"], "the key", { default: "token_id", why: "the only key there is" })),
      { example: "key = token_id" },
    ),
    setting(
      "value",
      "What a row holds.",
      oneOf("value", "what a row holds", [
        choice("subset", "some experts of a mixture", expertsOf("of", "the mixture, e.g. Mixture.experts")),
      ]),
      { times: "1", example: "value = subset(of: Mixture.experts)" },
    ),
    setting(
      "counts",
      "Where the number of occurrences of each id comes from; the training data unless written.",
      oneOf("counts", "where the counts come from", [
        choice("from", "the training data of a run", nameOf("run", ["train"], "the train block")),
        choice("file", "a file", text("counts_file", "a JSON array of V integers")),
      ]),
      { example: "counts = from(Pretrain)" },
    ),
    phrase("tier", "A set of ids and how many experts each of them sees.", [value(anyWord("tier", "a name"))], {
      times: "0+",
      clauses: [
        clause(
          "when",
          value(
            coverage("coverage", "ids by falling count, as long as they cover at most this share of all occurrences"),
          ),
          "which ids",
        ),
        mark("otherwise", "otherwise", "the ids no other tier takes"),
        clause("sees", value(count("sees", "how many experts")), "how many experts each id sees", { required: true }),
      ],
      example: "tier frequent when (coverage <= 80%) sees 4",
    }),
    phrase(
      "assign",
      "How the experts of each id are chosen; random(seed: 0) unless written.",
      [
        oneOf("assign", "how experts are chosen", [
          choice("random", "distinct experts, drawn uniformly", seed),
          choice("hash", "by a hash of the id", seed),
          choice("balanced", "greedily, most frequent id first, onto the least loaded experts", seed),
          choice("file", "read from a file below the spec's folder", text("path", "the file")),
        ]),
      ],
      {
        clauses: [
          mark("per layer", "per_layer", "drawn anew for every layer"),
          mark("balanced by counts", "balanced", "greedily, most frequent id first, onto the least loaded experts"),
          mark("by counts", "by_counts", "after `balanced`: what is balanced are the counts of the ids"),
        ],
        example: "assign random(seed: 17) per layer",
      },
    ),
  ],
};
