/** The words of `moe`, except those of its router: those are the rules (`src/rules`). */
import { experts } from "../experts/index.js";
import { initLine } from "./init.js";
import { call, choice, clause, count, literal, mark, number, oneOf, phrase, setting, value, word } from "./params.js";
import type { Choice, Vocabulary } from "./pattern.js";

const kinds: readonly Choice[] = experts.map(({ kind, doc, params }) => ({ name: kind, doc, params }));

const projection = (name: string, doc: string) =>
  word(name, ["linear", "identity"], doc, { default: "linear", why: "as in MH-MoE: heads mix before and after" });

const reads = word(
  "reads",
  ["mean", "first"],
  "what the router reads of a unit: the mean of its tokens, or the first",
  {
    default: "mean",
    why: "every token counts",
  },
);

export const moeWords: Vocabulary = {
  name: "moe",
  a: "a moe",
  doc: "A mixture of experts: what is routed, the experts, the router.",
  lines: [
    setting(
      "unit",
      "What is routed.",
      oneOf("unit", "what is routed; token unless written", [
        choice("token", "whole tokens"),
        choice(
          "subtoken",
          "equal, contiguous slices of tokens, routed one by one by one shared router",
          count("heads", "slices of a token", { min: 1 }),
          projection("split", "a matrix before cutting"),
          projection("merge", "a matrix after putting the slices back together"),
          word("residual", ["outside", "inside"], "whether a slice is added to what its experts give", {
            default: "outside",
            why: "the block's residual carries the token",
          }),
        ),
        choice("sequence", "whole sequences: all tokens of one go to the same experts", reads),
        choice(
          "chunk",
          "runs of tokens within a sequence, the last of which may be shorter: all tokens of one go to the same experts",
          count("size", "tokens of a run", { min: 1 }),
          reads,
        ),
      ]),
      { example: "unit = subtoken(heads: 2, split: linear, merge: linear)" },
    ),
    setting(
      "latent",
      "The width in which the routed experts work: each unit goes through a learned matrix before them and through another one after their weighted sum. Router and shared experts see the whole width.",
      value(count("latent", "the width", { min: 1 })),
      { example: "latent = 512" },
    ),
    phrase(
      "experts",
      "Experts to choose from; several lines add up, and expert numbers run on.",
      [value(count("count", "how many", { min: 1 })), literal("of"), oneOf("kind", "what each computes", kinds)],
      {
        times: "1+",
        clauses: [
          clause(
            "with",
            oneOf("with", "what else is said about them", [
              choice(
                "slots",
                "mixtures of units that each expert reads (Soft MoE)",
                count("slots", "how many", { min: 1 }),
              ),
            ]),
            "what else is said about them",
          ),
        ],
        example: "experts 16 of swiglu(hidden: 512)",
      },
    ),
    phrase(
      "shared",
      "Experts that every token goes through.",
      [value(count("count", "how many", { min: 1 })), literal("of"), oneOf("kind", "what each computes", kinds)],
      {
        times: "0+",
        clauses: [mark("gated", "gated", "each multiplied by a sigmoid of a learned score")],
        example: "shared 1 of swiglu(hidden: 512)",
      },
    ),
    phrase(
      "adjugate",
      "Small experts, one for each of equal, contiguous groups of experts: with an expert, a unit also meets the one of its group, which counts as much as the expert (Grove MoE).",
      [
        value(count("count", "how many: into how many groups the experts fall", { min: 1 })),
        literal("of"),
        oneOf("kind", "what each computes", kinds),
      ],
      {
        clauses: [
          call(
            "scaled",
            "its weights are multiplied by a constant",
            number("scaled", "the constant", { default: 1, why: "no scaling" }),
          ),
        ],
        example: "adjugate 64 of swiglu(hidden: 128) scaled(0.05)",
      },
    ),
    phrase("router", "How units find experts; `router from Name { … }` takes over another router's lines.", [], {
      times: "1",
      example: "router { … }",
    }),
    initLine("init split xavier_uniform(gain: 0.7071)"),
  ],
};
