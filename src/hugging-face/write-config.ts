/** What a design says, as a config of a family; undefined values are those that a family always has. */
import type { Design } from "../2-design/design.js";
import { layerBlocks } from "../2-design/layers.js";
import type { Family, HfModel } from "./family.js";

/** The model that a design would be, if the family could hold it: whether it can is decided by comparing the two. */
export function modelOf(design: Design, family: Family): HfModel | undefined {
  const { model } = design;
  const blocks = layerBlocks(design);
  const steps = blocks.flatMap((block) => block.steps);
  const find = (kind: "attention" | "dense" | "mixture") => steps.find((step) => step.kind === kind)?.part ?? "";
  const attention = design.attentions[find("attention")];
  const mixture = design.mixtures[find("mixture")];
  if (!model || !attention || !mixture) return undefined;
  const rule = (slot: string) => mixture.router.rules.find((each) => each.slot === slot);
  return {
    family,
    vocab: model.vocab,
    context: model.context,
    width: model.dModel,
    heads: attention.heads,
    kvHeads: attention.kvHeads,
    headDim: attention.headDim,
    ropeBase: attention.rope?.base ?? 0,
    window: attention.window,
    eps: model.norm.eps,
    tied: model.embed.tied,
    sparse: blocks.map((block) => block.steps.some(({ kind }) => kind === "mixture")),
    denseHidden: design.denses[find("dense")]?.ffn.hidden ?? mixture.experts[0]!.ffn.hidden,
    experts: mixture.expertCount,
    hidden: mixture.experts[0]!.ffn.hidden,
    topK: numberArg(rule("select")?.args.k),
    renormalised: family.renormalised === "always" || rule("weight")?.args.renormalized === true,
    balance: rule("balance")?.rule === "switch" ? numberArg(rule("balance")?.args.weight) : 0,
    jitter: 0,
  };
}

const numberArg = (value: unknown): number => (typeof value === "number" ? value : 0);

/** The text of `config.json`: keys in one order, two spaces. */
export function configOf(model: HfModel): string {
  const { family } = model;
  const config = {
    architectures: [family.architecture],
    model_type: family.type,
    vocab_size: model.vocab,
    max_position_embeddings: model.context,
    hidden_size: model.width,
    num_hidden_layers: model.sparse.length,
    num_attention_heads: model.heads,
    num_key_value_heads: model.kvHeads,
    head_dim: model.headDim,
    hidden_act: "silu",
    rms_norm_eps: model.eps,
    rope_theta: model.ropeBase,
    tie_word_embeddings: model.tied,
    attention_bias: false,
    sliding_window: model.window ?? null,
    ...(family.dense && { use_sliding_window: model.window !== undefined }),
    [family.keys.experts]: model.experts,
    [family.keys.hidden]: model.hidden,
    ...(family.dense && { intermediate_size: model.denseHidden }),
    num_experts_per_tok: model.topK,
    ...(family.renormalised === "norm_topk_prob" && { norm_topk_prob: model.renormalised }),
    ...(family.dense && {
      decoder_sparse_step: 1,
      mlp_only_layers: model.sparse.flatMap((sparse, layer) => (sparse ? [] : [layer])),
    }),
    router_aux_loss_coef: model.balance,
    torch_dtype: "float32",
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
