/** The words of `train`: data, length, optimiser, and what is measured on the way. */
import {
  choice,
  clause,
  count,
  nameOf,
  number,
  numbers,
  oneOf,
  phrase,
  setting,
  share,
  text,
  texts,
  value,
  words,
} from "./params.js";
import type { Vocabulary } from "./pattern.js";

const globs = texts("globs", "file patterns");
const to = share("to", "share of the learning rate that is left at the end", {
  default: 0.1,
  why: "as in Chinchilla and Llama",
});

/** What can be watched; `loss` and the counters that fall out of the sort. */
export const watchable = [
  "loss",
  "cross_entropy",
  "balance",
  "expert_load",
  "dropped",
  "router_entropy",
  "grad_norm",
  "lr",
] as const;

export const weightClasses = ["matrices", "router", "norms", "embeddings"] as const;

export const trainWords: Vocabulary = {
  name: "train",
  a: "a train",
  doc: "How the model is trained.",
  lines: [
    setting(
      "model",
      "Which model.",
      value(nameOf("model", ["model"], "the model", { derived: "the model of the file" })),
      {
        example: "model = MaskMoE",
      },
    ),
    setting(
      "data",
      "What it reads. Patterns count from the folder the command runs in.",
      oneOf("data", "the kind of files", [
        choice("text", "plain text, one document per file", globs),
        choice("jsonl", "one JSON object per line, its field `text`", globs),
        choice("parquet", "the column `text`", globs),
        choice("tokens", "files of token ids (u16)", globs),
      ]),
      { times: "1", example: 'data = text(["docs/**/*.md"])' },
    ),
    setting(
      "tokenizer",
      "How text becomes tokens.",
      oneOf("tokenizer", "how text becomes tokens; byte unless written", [
        choice("byte", "one token per byte"),
        choice(
          "bpe",
          "byte pairs, learned from the data",
          count("vocab", "how many tokens", { min: 256, derived: "the model's vocab" }),
        ),
        choice("file", "a tokenizer.json", text("path", "the file")),
      ]),
      { example: "tokenizer = bpe(vocab: 4096)" },
    ),
    setting("batch", "Tokens per step, a whole number of sequences.", value(count("batch", "tokens", { min: 1 })), {
      times: "1",
      example: "batch = 8 * context",
    }),
    setting("steps", "How many steps.", value(count("steps", "steps", { min: 1 })), {
      times: "1",
      example: "steps = 300",
    }),
    setting(
      "seed",
      "Of everything random: weights, order of the data, noise.",
      value(count("seed", "seed", { default: 0, why: "any fixed number will do" })),
      { example: "seed = 1337" },
    ),
    phrase(
      "optimize",
      "The optimiser of some weights.",
      [
        oneOf("optimize", "the optimiser", [
          choice(
            "adamw",
            "Adam with decoupled decay and bias correction",
            number("lr", "learning rate", { min: 0 }),
            numbers("betas", "how slowly the two moments forget", {
              default: [0.9, 0.95],
              why: "usual for language models",
            }),
            number("eps", "keeps the root away from 0", { min: 0, above: true, default: 1e-8, why: "Adam's own" }),
            number("decay", "how much weights shrink, times the learning rate", {
              min: 0,
              default: 0,
              why: "none unless asked for",
            }),
          ),
        ]),
      ],
      {
        times: "1+",
        clauses: [
          clause(
            "for",
            value(
              words("weights", weightClasses, "classes of weights", { default: weightClasses, why: "all weights" }),
            ),
            "which weights; all unless written",
          ),
        ],
        example: "optimize adamw(lr: 6e-4, betas: [0.9, 0.95], decay: 0.1) for matrices",
      },
    ),
    phrase(
      "schedule",
      "How the learning rate moves.",
      [
        oneOf("first", "how it starts", [
          choice("warmup", "rises in a straight line", count("warmup", "steps", { min: 0 })),
        ]),
      ],
      {
        clauses: [
          clause(
            "then",
            oneOf("decay", "how it goes on", [
              choice("cosine", "falls along a cosine", to),
              choice("linear", "falls in a straight line", to),
              choice("constant", "stays"),
            ]),
            "how it goes on; constant unless written",
          ),
        ],
        example: "schedule warmup(40) then cosine(to: 10%)",
      },
    ),
    phrase(
      "clip",
      "Limits the gradients.",
      [
        oneOf("clip", "what is limited", [
          choice(
            "norm",
            "the length of all gradients together",
            number("norm", "largest length", { min: 0, above: true }),
          ),
        ]),
      ],
      { example: "clip norm(1.0)" },
    ),
    phrase(
      "eval",
      "Measures on documents that are not trained on.",
      [oneOf("every_", "how often", [choice("every", "every so many steps", count("every", "steps", { min: 1 }))])],
      {
        clauses: [
          clause(
            "on",
            oneOf("on", "which documents", [
              choice(
                "held_out",
                "a share of them, drawn by seed",
                share("held_out", "share of the documents", { above: true, min: 0, max: 0.5 }),
              ),
            ]),
            "which documents; held_out(2%) unless written",
          ),
        ],
        example: "eval every(50) on held_out(2%)",
      },
    ),
    phrase("watch", "What is reported.", [value(words("watch", watchable, "what is reported"))], {
      example: "watch [loss, expert_load]",
    }),
  ],
};

/** Where results go is not the design's business, and neither is the machine: those are flags of the command. */
export const notHere: Readonly<Record<string, string>> = {
  device: "the target is chosen with `--target`",
  target: "the target is chosen with `--target`",
  out: "the folder is chosen with `--out`",
};
