/** The tokenizer may not make tokens that the model does not have. */
import type { Check } from "./check.js";

export const vocabulary: Check = {
  name: "vocabulary",
  doc: "The tokenizer makes no more tokens than the model knows.",
  run: ({ design: { model, train }, tell, label, trusts }) => {
    if (!model || !train || train.tokenizer.kind === "file" || !trusts(train.name, "tokenizer")) return;
    const tokenizer = train.tokenizer.kind === "byte" ? 256 : train.tokenizer.vocab;
    if (!(tokenizer > model.vocab)) return;
    const path = train.tokenizer.kind === "byte" ? `${train.name}.tokenizer` : `${train.name}.tokenizer.vocab`;
    tell("MOE4014", { model: model.vocab, tokenizer }, path, {
      secondary: label(`${model.name}.vocab`, "the model's vocabulary"),
    });
  },
};
