/** From the text of a `config.json` to what it says. Whatever it says that a spec cannot say is told, all together. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { type Family, families, type HfModel } from "./family.js";

type Config = Readonly<Record<string, unknown>>;

/** Keys that say nothing about what is computed, or only name sizes that are read elsewhere. */
const silent: ReadonlySet<string> = new Set([
  ...["architectures", "model_type", "transformers_version", "torch_dtype", "dtype", "_name_or_path", "auto_map"],
  ...["bos_token_id", "eos_token_id", "pad_token_id", "use_cache", "output_router_logits", "initializer_range"],
  ...["max_window_layers", "pretraining_tp", "id2label", "label2id", "rope_type"],
]);

/** Keys whose value must be one that a spec means. */
const fixed: Readonly<Record<string, readonly unknown[]>> = {
  hidden_act: ["silu"],
  attention_bias: [false],
  attention_dropout: [0, null],
  rope_scaling: [null],
  partial_rotary_factor: [1],
  use_sliding_window: [false, true],
};

/** MOE6041 names everything that cannot be said; MOE6013 for a text that is no object. */
export function readConfig(text: string, file: string): HfModel {
  const config = parsed(text, file);
  const reasons: string[] = [];
  const family = families.find(({ type }) => type === config.model_type);
  if (!family) {
    const known = families.map(({ type }) => `\`${type}\``).join(", ");
    reasons.push(`\`model_type\` is ${JSON.stringify(config.model_type)}; known: ${known}`);
    throw cannot(file, reasons);
  }
  const model = modelOf(config, family, reasons);
  if (reasons.length > 0) throw cannot(file, reasons);
  return model;
}

function cannot(file: string, reasons: readonly string[]): DiagnosticError {
  return new DiagnosticError(reasons.map((reason) => diagnose("MOE6041", { file, reason })));
}

function parsed(text: string, file: string): Config {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Config;
  } catch {
    // told below
  }
  throw new DiagnosticError([diagnose("MOE6013", { file, reason: "it is not a JSON object" })]);
}

/** Reads every key once; what is left over, missing or otherwise is a reason. */
function modelOf(config: Config, family: Family, reasons: string[]): HfModel {
  const read = reader(config, reasons);
  const { keys } = family;
  const experts = read.aliased([keys.experts, "num_experts", "num_local_experts"]);
  const layers = read.count("num_hidden_layers");
  const heads = read.count("num_attention_heads");
  const width = read.count("hidden_size");
  const rope = read.object("rope_parameters");
  const slides = read.flag("use_sliding_window", config.sliding_window !== undefined && config.sliding_window !== null);
  const window = read.optional("sliding_window");
  const ropeBase = read.optional("rope_theta") ?? numberIn(rope, "rope_theta") ?? 10_000;
  const renormalised = family.renormalised === "always" || read.flag("norm_topk_prob", false);
  const dense = family.dense ? denseLayers(read, layers) : [];
  const model: HfModel = {
    family,
    vocab: read.count("vocab_size"),
    context: read.count("max_position_embeddings"),
    ...{ width, heads, experts, ropeBase, renormalised },
    kvHeads: read.optional("num_key_value_heads") ?? heads,
    headDim: read.optional("head_dim") ?? Math.floor(width / Math.max(1, heads)),
    window: slides ? window : undefined,
    eps: read.optional("rms_norm_eps") ?? 1e-6,
    tied: read.flag("tie_word_embeddings", false),
    sparse: Array.from({ length: Math.min(layers, 100_000) }, (_, layer) => !dense.includes(layer)),
    hidden: read.count(keys.hidden),
    denseHidden: family.dense ? read.count("intermediate_size") : 0,
    topK: read.count("num_experts_per_tok"),
    balance: read.optional("router_aux_loss_coef") ?? 0,
    jitter: read.optional("router_jitter_noise") ?? 0,
  };
  read.finish();
  return model;
}

function denseLayers(read: Reader, layers: number): readonly number[] {
  const step = read.optional("decoder_sparse_step") ?? 1;
  const only = read.list("mlp_only_layers");
  const all = Array.from({ length: Math.min(layers, 100_000) }, (_, layer) => layer);
  return all.filter((layer) => only.includes(layer) || (layer + 1) % Math.max(1, step) !== 0);
}

type Reader = ReturnType<typeof reader>;

function reader(config: Config, reasons: string[]) {
  const seen = new Set<string>();
  const take = (key: string): unknown => {
    seen.add(key);
    return config[key];
  };
  const number = (key: string, value: unknown): number => {
    if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
    reasons.push(
      value === undefined ? `\`${key}\` is missing` : `\`${key}\` is ${JSON.stringify(value)}, not a number`,
    );
    return 0;
  };
  return {
    count: (key: string): number => {
      const value = number(key, take(key));
      if (value > 0 && !Number.isInteger(value)) reasons.push(`\`${key}\` is ${value}, not a whole number`);
      return value;
    },
    optional: (key: string): number | undefined => {
      const value = take(key);
      return value === undefined || value === null ? undefined : number(key, value);
    },
    aliased: (keys: readonly string[]): number => {
      const key = keys.find((each) => config[each] !== undefined) ?? keys[0]!;
      return number(key, take(key));
    },
    flag: (key: string, otherwise: boolean): boolean => {
      const value = take(key) ?? otherwise;
      if (typeof value !== "boolean") reasons.push(`\`${key}\` is ${JSON.stringify(value)}, not true or false`);
      return value === true;
    },
    list: (key: string): readonly number[] => {
      const value = take(key) ?? [];
      if (Array.isArray(value) && value.every((each) => typeof each === "number")) return value;
      reasons.push(`\`${key}\` is ${JSON.stringify(value)}, not a list of layers`);
      return [];
    },
    object: (key: string): Config => (take(key) ?? {}) as Config,
    /** Keys that nobody read: those that must have one value, and those that are not known. */
    finish: (): void => {
      for (const [key, value] of Object.entries(config)) {
        if (seen.has(key) || silent.has(key)) continue;
        const allowed = fixed[key];
        if (!allowed) reasons.push(`\`${key}\` is not known`);
        else if (!allowed.includes(value))
          reasons.push(`\`${key}\` is ${JSON.stringify(value)}, which no spec can say`);
      }
    },
  };
}

function numberIn(object: Config, key: string): number | undefined {
  const value = object[key];
  return typeof value === "number" ? value : undefined;
}
