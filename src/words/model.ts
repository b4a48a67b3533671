/** The words of `model`: sizes, what comes before and after the layers, and the layers in order. */
import { mergeChoice } from "./init.js";
import { normChoices } from "./norm.js";
import {
  choice,
  clause,
  count,
  flag,
  literal,
  mark,
  nameOf,
  namesOf,
  numbers,
  oneOf,
  phrase,
  setting,
  value,
  word,
} from "./params.js";
import type { Vocabulary } from "./pattern.js";

const floats = ["f32", "bf16", "f16"] as const;

export const modelWords: Vocabulary = {
  name: "model",
  a: "a model",
  doc: "What is trained: sizes, embedding, the layers from the first to the last, head.",
  lines: [
    setting("vocab", "V, how many tokens there are.", value(count("vocab", "V", { min: 1 })), {
      times: "1",
      example: "vocab = 4096",
    }),
    setting("context", "S, tokens per sequence.", value(count("context", "S", { min: 1 })), {
      times: "1",
      example: "context = 512",
    }),
    setting("d_model", "D, the width of the residual stream.", value(count("d_model", "D", { min: 1 })), {
      times: "1",
      example: "d_model = 256",
    }),
    setting(
      "dtype",
      "Number formats. The cpu target computes in f32 whatever is asked for, and says so.",
      oneOf("dtype", "number formats; mixed(params: f32, compute: f32, router: f32) unless written", [
        choice(
          "mixed",
          "one format for each purpose",
          word("params", floats, "weights as the optimiser keeps them", { default: "f32", why: "small steps need it" }),
          word("compute", floats, "matrix products", { default: "f32", why: "exact unless speed is asked for" }),
          word("router", floats, "logits, softmax, top-k, losses", { default: "f32", why: "routing needs it" }),
        ),
        choice("f32", "f32 for everything"),
        choice("bf16", "weights and products in bf16, the router in f32"),
      ]),
      { example: "dtype = mixed(params: f32, compute: bf16, router: f32)" },
    ),
    phrase("embed", "Turns token ids into vectors.", [value(word("what", ["tokens"], "what is embedded"))], {
      clauses: [
        mark("tied", "tied", "the head uses the embedding again"),
        clause(
          "positions",
          value(
            word("positions", ["none", "learned"], "a learned vector per position, added to the embedding", {
              default: "none",
              why: "attention turns positions by rope",
            }),
          ),
          "a learned vector per position, added to the embedding",
        ),
      ],
      times: "1",
      example: "embed tokens tied",
    }),
    phrase(
      "repeat",
      "The same block several times in a row, each time with weights of its own; a list of blocks is repeated as a whole.",
      [
        value(count("count", "how many times", { min: 1 })),
        literal("of"),
        value(namesOf("block", ["block"], "the block, or the blocks that take turns: `repeat 6 of [Dense, Sparse]`")),
      ],
      { times: "0+", example: "repeat 6 of Layer" },
    ),
    phrase(
      "layers",
      "Puts a block at these layers, in place of the one that stands there; layers are counted from 0.",
      [value(numbers("numbers", "the layers")), literal("of"), value(nameOf("block", ["block"], "the block"))],
      { times: "0+", example: "layers [0, 1, 2] of Dense" },
    ),
    phrase(
      "init",
      "Where the weights come from, but for those whose own part says `init`.",
      [oneOf("init", "where they come from", [mergeChoice])],
      { example: 'init merge(["runs/code", "runs/math"])' },
    ),
    phrase(
      "norm",
      "The norm after the last layer; rms(eps: 1e-5) unless written.",
      [oneOf("norm", "which norm", normChoices)],
      {
        example: "norm rms(eps: 1e-5)",
      },
    ),
    phrase(
      "head",
      "Turns vectors into a score per token.",
      [oneOf("head", "which head", [choice("linear", "one matrix", flag("bias", "adds a learned number per token"))])],
      { times: "1", example: "head linear" },
    ),
  ],
};
