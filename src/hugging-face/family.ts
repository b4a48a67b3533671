/**
 * The families of Hugging Face models that can be said in a spec, as data: how their config names things, how their
 * tensors are called, what they always do. A family is a row.
 */

export interface Family {
  /** `model_type` of the config */
  readonly type: string;
  readonly architecture: string;
  /** keys of the config */
  readonly keys: { readonly experts: string; readonly hidden: string };
  /** q and k are normalised, head by head */
  readonly qkNorm: boolean;
  /** gates of the selected experts add up to one: always, or as `norm_topk_prob` says */
  readonly renormalised: "always" | "norm_topk_prob";
  /** `decoder_sparse_step` and `mlp_only_layers` leave some layers dense, `intermediate_size` wide */
  readonly dense: boolean;
  /** names of tensors below `model.layers.{i}.` */
  readonly names: {
    readonly router: string;
    /** of expert e: `${experts}.${e}.${gate}.weight` */
    readonly experts: string;
    readonly gate: string;
    readonly up: string;
    readonly down: string;
  };
}

const projections = { gate: "gate_proj", up: "up_proj", down: "down_proj" };

export const families: readonly Family[] = [
  {
    type: "mixtral",
    architecture: "MixtralForCausalLM",
    keys: { experts: "num_local_experts", hidden: "intermediate_size" },
    qkNorm: false,
    renormalised: "always",
    dense: false,
    names: {
      router: "block_sparse_moe.gate",
      experts: "block_sparse_moe.experts",
      ...{ gate: "w1", up: "w3", down: "w2" },
    },
  },
  {
    type: "qwen3_moe",
    architecture: "Qwen3MoeForCausalLM",
    keys: { experts: "num_experts", hidden: "moe_intermediate_size" },
    qkNorm: true,
    renormalised: "norm_topk_prob",
    dense: true,
    names: { router: "mlp.gate", experts: "mlp.experts", ...projections },
  },
];

/** What a config says, and nothing of how it says it. */
export interface HfModel {
  readonly family: Family;
  readonly vocab: number;
  readonly context: number;
  readonly width: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly ropeBase: number;
  /** keys that a query looks back at; undefined: all */
  readonly window: number | undefined;
  readonly eps: number;
  readonly tied: boolean;
  /** layer by layer: whether it has a mixture */
  readonly sparse: readonly boolean[];
  readonly denseHidden: number;
  readonly experts: number;
  readonly hidden: number;
  readonly topK: number;
  readonly renormalised: boolean;
  /** weight of the balance loss; 0: none */
  readonly balance: number;
  /** share by which inputs of the router are shaken while training; 0: not at all */
  readonly jitter: number;
}
