/**
 * How a family calls the tensors of a design: for every weight of ours the tensors it is made from, one, or one for
 * each expert. The same list is read in both directions.
 */
import type { Design } from "../2-design/design.js";
import { layerBlocks, stepScope } from "../2-design/layers.js";
import type { Family } from "./family.js";

export interface TensorMap {
  readonly ours: string;
  /** several: they are laid one behind the other along a new first axis */
  readonly theirs: readonly string[];
  readonly stacked: boolean;
}

/** Names for all weights of a design that came from a config of the family, or could have. */
export function tensorMaps(design: Design, family: Family): readonly TensorMap[] {
  const one = (ours: string, theirs: string): TensorMap => ({ ours, theirs: [theirs], stacked: false });
  const layers = layerBlocks(design).flatMap((block, layer) =>
    block.steps.flatMap((step) => {
      const [ours, theirs] = [`layers.${layer}.${stepScope(step)}.`, `model.layers.${layer}.`];
      if (step.kind === "attention") return attentionMaps(ours, theirs, family);
      const norm = one(`${ours}norm.weight`, `${theirs}post_attention_layernorm.weight`);
      if (step.kind === "dense") return [norm, ...denseMaps(ours, theirs)];
      return [norm, ...mixtureMaps(ours, theirs, family, design.mixtures[step.part]!.expertCount)];
    }),
  );
  const head = design.model?.embed.tied ? [] : [one("head.weight", "lm_head.weight")];
  return [
    one("embed.weight", "model.embed_tokens.weight"),
    ...layers,
    one("norm.weight", "model.norm.weight"),
    ...head,
  ];
}

function attentionMaps(ours: string, theirs: string, { qkNorm }: Family): readonly TensorMap[] {
  const map = (a: string, b: string): TensorMap => ({
    ours: `${ours}${a}.weight`,
    theirs: [`${theirs}${b}.weight`],
    stacked: false,
  });
  return [
    map("norm", "input_layernorm"),
    ...["q", "k", "v", "o"].map((name) => map(name, `self_attn.${name}_proj`)),
    ...(qkNorm ? ["q_norm", "k_norm"].map((name) => map(name, `self_attn.${name}`)) : []),
  ];
}

function denseMaps(ours: string, theirs: string): readonly TensorMap[] {
  return ["gate", "up", "down"].map((name) => ({
    ours: `${ours}${name}.weight`,
    theirs: [`${theirs}mlp.${name}_proj.weight`],
    stacked: false,
  }));
}

function mixtureMaps(ours: string, theirs: string, { names }: Family, experts: number): readonly TensorMap[] {
  const router = { ours: `${ours}router.weight`, theirs: [`${theirs}${names.router}.weight`], stacked: false };
  const matrices = (["gate", "up", "down"] as const).map((name) => ({
    ours: `${ours}experts.${name}.weight`,
    theirs: Array.from({ length: experts }, (_, e) => `${theirs}${names.experts}.${e}.${names[name]}.weight`),
    stacked: true,
  }));
  return [router, ...matrices];
}
