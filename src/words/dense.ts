/** The words of `dense`: one feed-forward network that every token goes through. */
import { experts } from "../experts/index.js";
import { initLine } from "./init.js";
import { oneOf, phrase } from "./params.js";
import type { Choice, Vocabulary } from "./pattern.js";

/** Kinds that make sense on their own; `copy`, `zero` and the like only mean something next to other experts. */
const kinds: readonly Choice[] = experts
  .filter((expert) => expert.matrices > 0)
  .map(({ kind, doc, params }) => ({ name: kind, doc, params }));

export const denseWords: Vocabulary = {
  name: "dense",
  a: "a dense",
  doc: "A feed-forward network that every token goes through.",
  lines: [
    phrase("ffn", "What it computes.", [oneOf("kind", "what it computes", kinds)], {
      times: "1",
      example: "ffn swiglu(hidden: 1024)",
    }),
    initLine("init down zeros"),
  ],
};
