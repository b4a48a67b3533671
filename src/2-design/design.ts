/**
 * The checked design: what was meant. Plain data, every number resolved, nothing of the syntax left.
 * Where each value came from is kept beside it in `provenance`, keyed by the same path that errors,
 * diff, explain, kernel comments and `--set` use (`Mixture.router.select`, `MaskMoE.d_model`).
 */
import type { Span } from "../1-syntax/ast.js";

export interface Design {
  readonly edition: number;
  readonly spec: SpecRef;
  /** absent in files that only hold routers and mixtures; such files can be checked, not compiled */
  readonly model: Model | undefined;
  readonly blocks: Readonly<Record<string, Block>>;
  readonly attentions: Readonly<Record<string, Attention>>;
  readonly denses: Readonly<Record<string, Dense>>;
  readonly mixtures: Readonly<Record<string, Mixture>>;
  /** routers declared on their own, resolved */
  readonly routers: Readonly<Record<string, Router>>;
  readonly tables: Readonly<Record<string, Table>>;
  readonly train: Train | undefined;
  readonly provenance: Readonly<Record<string, Provenance>>;
}

export interface SpecRef {
  /** as named by the user, forward slashes */
  readonly path: string;
  /** sha-256 of the formatted text, hex */
  readonly hash: string;
}

export interface Provenance {
  readonly from: "written" | "default" | "inherited" | "derived";
  /** 1-based line in the spec, where written or inherited from */
  readonly line?: number;
  readonly span?: Span;
  /** the value as text, as `fmt` would print it */
  readonly text: string;
  /** for `derived`: the arithmetic; for `default`: why this default */
  readonly because?: string;
}

export interface Model {
  readonly name: string;
  /** V */
  readonly vocab: number;
  /** S, tokens per sequence */
  readonly context: number;
  /** D */
  readonly dModel: number;
  readonly dtype: Precision;
  readonly embed: { readonly tied: boolean; readonly positions: "none" | "learned" };
  /** layers from the first to the last, run-length coded; layer numbers run through */
  readonly stack: readonly { readonly count: number; readonly block: string }[];
  readonly norm: Norm;
  readonly head: { readonly bias: boolean };
  /** trained models that the weights are made from; undefined: they are drawn */
  readonly merge?: readonly string[];
}

export interface Precision {
  readonly params: "f32" | "bf16" | "f16";
  readonly compute: "f32" | "bf16" | "f16";
  readonly router: "f32";
}

export interface Norm {
  readonly kind: "rms" | "layer" | "none";
  /** 0 where nothing is normalised */
  readonly eps: number;
}

/** One layer: sub-blocks in order, x <- x + Part(norm(x)), or of an earlier point of the stream. */
export interface Block {
  readonly name: string;
  readonly steps: readonly Step[];
}

export interface Step {
  /** name of an attention, a dense or a mixture */
  readonly part: string;
  readonly kind: "attention" | "dense" | "mixture";
  readonly norm: Norm;
  /** what the part reads, where that is not the stream as it is; shared experts of a mixture never read it */
  readonly reads?: Point;
  /** share of the part's numbers that a training step sets to 0 */
  readonly dropout?: number;
}

/** A point of the residual stream: a layer's input, the stream after one of its steps, or what such a step saw. */
export interface Point {
  readonly layer: "same" | "previous";
  /** name of the step's part; undefined: the input of the layer */
  readonly after: string | undefined;
  /** not the stream after the step, but what its norm gave to its part */
  readonly normed?: boolean;
}

export interface Attention {
  readonly name: string;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly rope: { readonly base: number } | undefined;
  readonly mask: "causal" | "none";
  readonly window: number | undefined;
  readonly qkNorm: boolean;
  readonly bias: boolean;
  readonly init: Readonly<Record<string, Init>>;
}

export interface Dense {
  readonly name: string;
  readonly ffn: Ffn;
  readonly init: Readonly<Record<string, Init>>;
}

/** What one expert, one shared expert or a dense block computes. `kind` names a file in `src/experts/`. */
export interface Ffn {
  readonly kind: string;
  /** F; 0 for kinds without a hidden width */
  readonly hidden: number;
  readonly clamp: number | undefined;
  readonly bias: boolean;
  /** name of the block, for `block(Name)` */
  readonly block?: string;
  /** name of the attention, for `attention(Name)` */
  readonly attention?: string;
}

export interface Mixture {
  readonly name: string;
  readonly unit: Unit;
  /** width of the units, C: D, or D / heads for sub-tokens */
  readonly width: number;
  /** width in which the routed experts work, between two learned matrices; undefined: that of the units */
  readonly latent: number | undefined;
  /** expert indices run on across the groups */
  readonly experts: readonly ExpertGroup[];
  /** E, the sum over the groups */
  readonly expertCount: number;
  readonly shared: readonly SharedGroup[];
  /** small experts that groups of the routed ones have in common */
  readonly adjugate?: AdjugateGroup;
  readonly router: Router;
  /** `init NAME rule` by the weight's last name: split, merge, router, gate, up, down */
  readonly init: Readonly<Record<string, Init>>;
}

export type Unit =
  | { readonly kind: "token" }
  | {
      readonly kind: "subtoken";
      readonly heads: number;
      readonly split: "linear" | "identity";
      readonly merge: "linear" | "identity";
      readonly residualInside: boolean;
    }
  | { readonly kind: "sequence"; readonly reads: Reads }
  | { readonly kind: "chunk"; readonly size: number; readonly reads: Reads };

/** What the router sees of a run of tokens: their mean, or the first of them. */
export type Reads = "mean" | "first";

export interface ExpertGroup {
  readonly count: number;
  readonly ffn: Ffn;
  /** `with slots(n)`: mixtures of units that each expert reads (Soft MoE) */
  readonly slots?: number;
}

export interface SharedGroup {
  readonly count: number;
  readonly ffn: Ffn;
  readonly gated: boolean;
}

/** One expert for each of `count` equal, contiguous groups of routed experts; its weight is theirs times `scaled`. */
export interface AdjugateGroup {
  readonly count: number;
  readonly ffn: Ffn;
  readonly scaled: number;
}

export type Slot =
  | "score"
  | "noise"
  | "mask"
  | "gate"
  | "bias"
  | "group"
  | "select"
  | "rest"
  | "dispatch"
  | "weight"
  | "limit"
  | "balance";

export interface Router {
  readonly name: string;
  /** in the order of the seven steps; rules of one slot in the order written */
  readonly rules: readonly RuleUse[];
  readonly allow: readonly { readonly what: string; readonly because: string | undefined }[];
}

/** One line of a router, its words resolved against the rule's descriptor. */
export interface RuleUse {
  readonly slot: Slot;
  /** names a file in `src/rules/<slot>/` */
  readonly rule: string;
  /** parameters and modifiers by name, all defaults filled in */
  readonly args: RuleArgs;
  readonly when: When | undefined;
  /** canonical text, e.g. `top(2) per token` */
  readonly text: string;
  /** `Mixture.router.select`, `Mixture.router.balance[1]` */
  readonly path: string;
}

export type RuleArg = number | string | boolean | undefined;

/** arguments of a rule by the names of its parameters */
export type RuleArgs = Readonly<Record<string, RuleArg>>;

export interface When {
  readonly phase?: "training" | "inferring";
  readonly fromStep?: number;
  readonly untilStep?: number;
}

/** Token id -> experts it may see; drawn from token counts before training. */
export interface Table {
  readonly name: string;
  readonly key: "token_id";
  /** the mixture whose experts the values name */
  readonly of: string;
  readonly tiers: readonly Tier[];
  readonly assign:
    | { readonly kind: "random"; readonly seed: number; readonly perLayer: boolean }
    | { readonly kind: "balanced"; readonly seed: number; readonly perLayer: boolean }
    | { readonly kind: "hash"; readonly seed: number; readonly perLayer: boolean }
    | { readonly kind: "file"; readonly path: string };
  /** where the occurrences of each id are counted; the training data unless said */
  readonly counts?:
    | { readonly kind: "from"; readonly train: string }
    | { readonly kind: "file"; readonly path: string };
}

export interface Tier {
  readonly name: string;
  /** share of all occurrences (0–1); undefined for `otherwise` */
  readonly coverage: number | undefined;
  /** experts an id of this tier sees */
  readonly sees: number;
}

export type Init =
  | { readonly kind: "normal"; readonly std: number }
  | { readonly kind: "xavier_uniform"; readonly gain: number }
  | { readonly kind: "orthogonal"; readonly gain: number }
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  | { readonly kind: "merge"; readonly checkpoints: readonly string[] };

export interface Train {
  readonly name: string;
  readonly data: { readonly kind: string; readonly globs: readonly string[] };
  readonly tokenizer:
    | { readonly kind: "byte" }
    | { readonly kind: "bpe"; readonly vocab: number }
    | { readonly kind: "file"; readonly path: string };
  /** B, sequences per step */
  readonly batch: number;
  readonly steps: number;
  readonly seed: number;
  readonly optimize: readonly Optimize[];
  readonly schedule: {
    readonly warmup: number;
    readonly decay: { readonly kind: "cosine" | "linear" | "constant"; readonly to: number };
  };
  /** global L2 norm of all gradients; undefined: no clipping */
  readonly clip: number | undefined;
  readonly evaluate: { readonly every: number; readonly heldOut: number } | undefined;
  readonly watch: readonly string[];
}

export type WeightClass = "matrices" | "router" | "norms" | "embeddings";

export interface Optimize {
  readonly kind: "adamw";
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly decay: number;
  readonly weights: readonly WeightClass[];
}
