/**
 * Every weight of a design: name, shape, how it starts, which class the optimiser sees. Names and order are those of
 * checkpoints, traces and diffs. Not the weights' numbers, and not what is computed with them.
 */
import { attentionWeights, denseWeights, type LocalWeight, normWeights } from "./block-weights.js";
import type { Block, Design, Init, Model, Step, WeightClass } from "./design.js";
import { layerBlocks, layerCount, stepScope } from "./layers.js";
import { type BufferSpec, groupPrefix, mixtureBuffers, mixtureWeights } from "./mixture-weights.js";

export interface WeightSpec {
  /** e.g. `layers.3.mixture.experts.up.weight` */
  readonly name: string;
  /** outermost axis first */
  readonly shape: readonly number[];
  readonly init: Init;
  readonly class: WeightClass;
  /** frozen from this step on */
  readonly until?: number;
  /** undefined for embedding, last norm and head */
  readonly layer: number | undefined;
  /** path in the design that asked for it, e.g. `Mixture`, `MaskMoE.head` */
  readonly path: string;
}

/** The standard deviation of every matrix and of the embedding. */
export const initialStd = 0.02;

/** All weights of a design in checkpoint order: embedding, layers, last norm, head. Without a model there are none. */
export function weightsOf(design: Design): readonly WeightSpec[] {
  const { model } = design;
  if (!model) return [];
  const whole = (weights: readonly LocalWeight[], path: string) =>
    weights.map((weight) => place(merged(weight, model), "", undefined, `${model.name}.${path}`));
  const std = residualStd(layerCount(model));
  const layers = layerBlocks(design).flatMap((block, layer) =>
    block.steps.flatMap((step) =>
      stepWeights(design, step).map((weight) =>
        place(merged(weight, model), `layers.${layer}.${stepScope(step)}.`, layer, step.part, std),
      ),
    ),
  );
  return [
    ...whole(embeddingWeights(design), "embed"),
    ...layers,
    ...whole(prefixed("norm.", normWeights(model.norm, model.dModel)), "norm"),
    ...whole(headWeights(design), "head"),
  ];
}

/**
 * The weights of one use of a part, without the layer in front of the names: its norm, then the part itself. `inside`
 * names the blocks that the step stands in: one that holds itself as an expert is refused, but not before its size is asked for.
 */
export function stepWeights(design: Design, step: Step, inside: readonly string[] = []): readonly LocalWeight[] {
  const width = design.model?.dModel ?? 0;
  return [...prefixed("norm.", normWeights(step.norm, width)), ...partWeights(design, step, width, inside)];
}

/** The weights of a block that is an expert: those of its steps, after the names of their parts. */
function blockWeights(design: Design, name: string, inside: readonly string[]): readonly LocalWeight[] {
  const steps = inside.includes(name) ? [] : (design.blocks[name]?.steps ?? []);
  return steps.flatMap((step) => prefixed(`${stepScope(step)}.`, stepWeights(design, step, [...inside, name])));
}

/** `embed.weight` [V,D], and `embed.positions` [S,D] where positions are learned. */
export function embeddingWeights({ model }: Design): readonly LocalWeight[] {
  if (!model) return [];
  const table: LocalWeight = { name: "embed.weight", shape: [model.vocab, model.dModel], class: "embeddings" };
  const positions: LocalWeight = { name: "embed.positions", shape: [model.context, model.dModel], class: "embeddings" };
  return model.embed.positions === "learned" ? [table, positions] : [table];
}

/** `head.weight` [V,D] unless the embedding is used again, and `head.bias` [V]. */
export function headWeights({ model }: Design): readonly LocalWeight[] {
  if (!model) return [];
  const weight: LocalWeight = { name: "head.weight", shape: [model.vocab, model.dModel], class: "matrices" };
  const bias: LocalWeight = { name: "head.bias", shape: [model.vocab], class: "norms", init: { kind: "zeros" } };
  return [...(model.embed.tied ? [] : [weight]), ...(model.head.bias ? [bias] : [])];
}

function partWeights(design: Design, step: Step, width: number, inside: readonly string[]): readonly LocalWeight[] {
  const { part } = step;
  if (step.kind === "attention") return attentionWeights(design.attentions[part]!, width);
  if (step.kind === "dense") return denseWeights(design.denses[part]!, width);
  return mixtureWeights(design.mixtures[part]!, width, design.model?.vocab ?? 0, {
    block: (name) => blockWeights(design, name, inside),
    // one that nobody declared is refused, but not before its size is asked for
    attention: (name) =>
      Object.hasOwn(design.attentions, name) ? attentionWeights(design.attentions[name]!, width) : [],
  });
}

function prefixed(prefix: string, weights: readonly LocalWeight[]): readonly LocalWeight[] {
  return weights.map((weight) => ({ ...weight, name: prefix + weight.name }));
}

/** A model made of trained ones: only routers are drawn, and what the spec asks for by name. */
function merged(weight: LocalWeight, { merge }: Model): LocalWeight {
  if (!merge || weight.class === "router" || weight.asked) return weight;
  return { ...weight, init: { kind: "merge", checkpoints: merge } };
}

/** Every layer adds twice to the residual stream; smaller starts keep its size independent of the depth. */
function residualStd(layers: number): number {
  return initialStd / Math.sqrt(2 * layers);
}

function place(
  local: LocalWeight,
  prefix: string,
  layer: number | undefined,
  path: string,
  residual = initialStd,
): WeightSpec {
  const init: Init = local.init ?? { kind: "normal", std: local.residual ? residual : initialStd };
  const until = local.until === undefined ? {} : { until: local.until };
  return { name: prefix + local.name, shape: local.shape, init, class: local.class, ...until, layer, path };
}

/** All buffers of a design: what is saved with the weights but not trained by gradients, in layer order. */
export function buffersOf(design: Design): readonly BufferSpec[] {
  return layerBlocks(design).flatMap((block, layer) => blockBuffers(design, block, `layers.${layer}.`));
}

/** Of the mixtures of a block, and of those inside the blocks that are their experts. */
function blockBuffers(design: Design, { steps }: Block, prefix: string): readonly BufferSpec[] {
  return steps.flatMap((step) => {
    const mixture = step.kind === "mixture" ? design.mixtures[step.part] : undefined;
    if (!mixture) return [];
    const scope = `${prefix}${stepScope(step)}.`;
    const own = mixtureBuffers(mixture, design.model?.vocab ?? 0);
    const inner = mixture.experts.flatMap(({ ffn }, i) => {
      const block = ffn.block === undefined ? undefined : design.blocks[ffn.block];
      return block ? blockBuffers(design, block, scope + groupPrefix(mixture, i)) : [];
    });
    return [...own.map((buffer) => ({ ...buffer, name: scope + buffer.name })), ...inner];
  });
}
