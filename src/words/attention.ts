/** The words of `attention`. */
import { initLine } from "./init.js";
import { choice, count, number, oneOf, setting, value, word } from "./params.js";
import type { Vocabulary } from "./pattern.js";

const onOff = (name: string, doc: string, why: string) => word(name, ["on", "off"], doc, { default: "off", why });

export const attentionWords: Vocabulary = {
  name: "attention",
  a: "an attention",
  doc: "softmax(q kᵀ / √head_dim) v over the positions of a sequence.",
  lines: [
    setting("heads", "How many heads.", value(count("heads", "heads", { min: 1 })), {
      times: "1",
      example: "heads = 8",
    }),
    setting(
      "kv_heads",
      "How many heads keys and values have; several heads share one.",
      value(count("kv_heads", "key-value heads", { min: 1, derived: "as many as heads" })),
      { example: "kv_heads = 2" },
    ),
    setting(
      "head_dim",
      "Channels of a head.",
      value(count("head_dim", "channels", { min: 1, derived: "d_model / heads" })),
      {
        example: "head_dim = 64",
      },
    ),
    setting(
      "position",
      "How positions enter.",
      oneOf("position", "how positions enter; none unless written", [
        choice(
          "rope",
          "turns pairs of channels by an angle that grows with the position (rotate-half convention)",
          number("base", "of the angles", { min: 1, default: 10_000, why: "as in RoFormer" }),
        ),
        choice("none", "not at all"),
      ]),
      { example: "position = rope(base: 10_000)" },
    ),
    setting(
      "mask",
      "Which positions a position may see.",
      value(
        word("mask", ["causal", "none"], "earlier ones only, or all", {
          default: "causal",
          why: "language models predict the next token",
        }),
      ),
      { example: "mask = causal" },
    ),
    setting(
      "window",
      "How far back a position sees.",
      value(count("window", "positions", { min: 1, optional: true })),
      {
        example: "window = 256",
      },
    ),
    setting(
      "qk_norm",
      "An rms norm over the channels of every query and key head.",
      value(onOff("qk_norm", "on or off", "the plain design")),
      {
        example: "qk_norm = on",
      },
    ),
    setting("bias", "Learned numbers after q, k, v and o.", value(onOff("bias", "on or off", "as in Llama")), {
      example: "bias = on",
    }),
    initLine("init o zeros"),
  ],
};
