/** The forward pass of a whole design, mixtures still abstract: embedding, layers, head, losses. */
import type { Design } from "../../2-design/design.js";
import { layerBlocks } from "../../2-design/layers.js";
import { createBuilder } from "../builder.js";
import { crossEntropy } from "../compose/cross-entropy.js";
import { linear } from "../compose/linear.js";
import { add, index } from "../expr-build.js";
import type { Graph, Value } from "../graph.js";
import { norm, runBlock, type Stream } from "./block.js";
import { type CacheUse, createContext, type ForwardContext, type StepSize } from "./context.js";
import { placeOf } from "./sequences.js";

export interface ForwardOptions extends StepSize {
  /** whether rules that are said to hold while training do */
  readonly training: boolean;
  /** whether text is being written, so that nothing may look at later tokens that a predictor can stand in for */
  readonly sampling?: boolean;
  /** what becomes of keys and values; `step`: S is how many of them a sequence has room for, and one token of it is computed */
  readonly cache?: CacheUse;
  /** whether the place of every token in its sequence is an input */
  readonly placed?: boolean;
}

/**
 * Outputs: loss, cross_entropy, logits [T, V]; per mixture `<scope>.load`, `.dropped`, `.router.scores`,
 * `.router.entropy`, `.edges.expert`, `.edges.weight`. Updates: load-balance biases, or keys and values that are kept.
 */
export function forward(design: Design, options: ForwardOptions): Graph {
  const { batch, seq, training, sampling = false, cache, placed } = options;
  const g = createBuilder();
  const c = createContext(g, design, { batch, seq }, { training, sampling, cache }, placed);
  const logits = head(c, layers(c, embed(c)));
  const targets = g.input("targets", [c.T], "i32");
  const ce = g.within({ scope: "head", role: "cross_entropy" }, () => crossEntropy(g, logits, targets));
  const loss = g.within({ scope: "head", role: "loss" }, () => c.losses.reduce((sum, l) => g.map([sum, l], add), ce));
  const outputs = new Map([["loss", loss], ["cross_entropy", ce], ["logits", logits], ...c.outputs]);
  return g.finish({ outputs, updates: cache === undefined ? c.updates : c.kept });
}

function layers(c: ForwardContext, x: Value): Value {
  let previous: Stream | undefined;
  layerBlocks(c.design).forEach((block, layer) => {
    previous = runBlock(c, block, { prefix: `layers.${layer}.`, layer, previous }, previous?.output ?? x);
  });
  return previous?.output ?? x;
}

function embed(c: ForwardContext): Value {
  const { g, design, tokens, D, T, size } = c;
  const { embed: how } = design.model!;
  const rows = g.within({ scope: "embed", role: "rows" }, () => g.take(c.embedding(), tokens));
  if (how.positions !== "learned") return rows;
  return g.within({ scope: "embed", role: "positions" }, () => {
    const positions = c.param("embed.positions", [{ name: "SP", size: design.model!.context }, D]);
    const inOrder = () => g.map([], () => placeOf(index("T"), size.seq), { axes: [T], dtype: "i32" });
    return g.map([rows, g.take(positions, c.chosen?.positions ?? inOrder())], add);
  });
}

function head(c: ForwardContext, x: Value): Value {
  const { g, design } = c;
  const { model } = design;
  const h = norm(c, "head", "norm", model!.norm, x);
  return g.within({ scope: "head", role: "logits" }, () => {
    const V = { name: "V", size: model!.vocab };
    const weight = c.param(model!.embed.tied ? "embed.weight" : "head.weight", [V, c.D]);
    return linear(g, h, weight, model!.head.bias ? c.param("head.bias", [V]) : undefined);
  });
}
