/** What a config says, as the text of a spec. Formatted as `moec fmt` does it; there is no run, a config has none. */
import { format } from "../1-syntax/fmt.js";
import { numberText } from "../diff/values.js";
import type { HfModel } from "./family.js";

/** How the weights of the selected experts are said: a softmax over them alone, or gates that may be renormalised. */
export type Weighting = "selected" | "gate";

/** The usual way of a family. */
export const weightingOf = ({ family }: HfModel): Weighting => (family.renormalised === "always" ? "selected" : "gate");

/** The spec of a model; `name` is its name in the spec, an identifier. */
export function specOf(model: HfModel, name: string, weighting: Weighting = weightingOf(model)): string {
  const text = [
    "edition 1",
    modelText(model, name),
    ...blocksText(model),
    attentionText(model),
    ...(model.sparse.includes(false)
      ? [`dense FeedForward {\nffn swiglu(hidden: ${numberText(model.denseHidden)})\n}`]
      : []),
    ...(model.sparse.includes(true) ? [mixtureText(model, weighting)] : []),
  ].join("\n\n");
  return format({ path: `${name}.moe`, text: `${text}\n` });
}

function modelText({ vocab, context, width, tied, sparse, eps }: HfModel, name: string): string {
  return `model ${name} {
vocab = ${numberText(vocab)}
context = ${numberText(context)}
d_model = ${numberText(width)}

embed tokens${tied ? " tied" : ""}
${runs(sparse).join("\n")}
norm rms(eps: ${eps})
head linear
}`;
}

/** `repeat 1 of Dense`, `repeat 3 of Sparse`: layers of the same kind that meet. */
function runs(sparse: readonly boolean[]): readonly string[] {
  const found: { count: number; sparse: boolean }[] = [];
  for (const each of sparse) {
    const last = found.at(-1);
    if (last?.sparse === each) last.count++;
    else found.push({ count: 1, sparse: each });
  }
  return found.map((run) => `repeat ${run.count} of ${run.sparse ? "Sparse" : "Dense"}`);
}

function blocksText({ sparse, eps }: HfModel): readonly string[] {
  const block = (name: string, part: string) =>
    `block ${name} {\nresidual Attend after rms(eps: ${eps})\nresidual ${part} after rms(eps: ${eps})\n}`;
  return [
    ...(sparse.includes(false) ? [block("Dense", "FeedForward")] : []),
    ...(sparse.includes(true) ? [block("Sparse", "Mixture")] : []),
  ];
}

function attentionText({ heads, kvHeads, headDim, ropeBase, window, family }: HfModel): string {
  const lines = [
    `heads = ${heads}`,
    `kv_heads = ${kvHeads}`,
    `head_dim = ${headDim}`,
    `position = rope(base: ${numberText(ropeBase)})`,
    "mask = causal",
    ...(window === undefined ? [] : [`window = ${numberText(window)}`]),
    ...(family.qkNorm ? ["qk_norm = on"] : []),
  ];
  return `attention Attend {\n${lines.join("\n")}\n}`;
}

function mixtureText({ experts, hidden, topK, renormalised, balance, jitter }: HfModel, weighting: Weighting): string {
  const gated = weighting === "gate";
  const lines = [
    "score linear",
    ...(jitter > 0 ? [`noise jitter(${jitter}) while training`] : []),
    ...(gated ? ["gate softmax"] : []),
    `select top(${topK}) per token`,
    gated ? `weight gate${renormalised ? " renormalized" : ""}` : "weight softmax over selected",
    "limit none",
    ...(balance > 0 ? [`balance switch(${balance})`] : []),
  ];
  return `moe Mixture {
unit = token

experts ${numberText(experts)} of swiglu(hidden: ${numberText(hidden)})

router {
${lines.join("\n")}
}
}`;
}
