/**
 * Weights made from several trained models with dense layers (Branch-Train-MiX, arXiv 2403.07816): the experts of a
 * mixture are the feed-forward networks that stood in its layer, one model each, and every other weight is the mean.
 * Checkpoints are asked for tensor by tensor, so that no two models lie in memory at once.
 */
import type { Design, Mixture } from "../2-design/design.js";
import { layerBlocks, stepScope } from "../2-design/layers.js";
import type { WeightSpec } from "../2-design/weights.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { expertKind } from "../experts/index.js";
import type { FileHost } from "../host/host.js";
import { openCheckpoint } from "./checkpoint.js";
import { runInProject, sameTokenizers } from "./merged-tokenizer.js";
import { readSafetensors, type Safetensors } from "./safetensors.js";

/** The numbers of a weight that is made from checkpoints. */
export type Merge = (weight: WeightSpec, checkpoints: readonly string[]) => Float32Array;

/**
 * How this design's weights are made from checkpoints. MOE6009 for a path that leaves the project, MOE6013 and MOE6016
 * for one that holds no weights, MOE6004 and MOE6006 for tensors that are missing or have another shape, MOE6050 where
 * a layer has several feed-forward networks that an expert could be, MOE6053 for models of different tokenizers.
 */
export function mergeFor(host: FileHost, design: Design): Merge {
  const opened = new Map<string, Safetensors>();
  const check = sameTokenizers(host);
  const open = (path: string): Safetensors => {
    const known = opened.get(path);
    if (known) return known;
    const real = runInProject(host, path);
    const file = openWeights(host, real);
    check(path, real);
    opened.set(path, file);
    return file;
  };
  return (weight, checkpoints) => {
    const files = checkpoints.map(open);
    const part = mixturePart(design, weight);
    const expert = /^experts\.(?:(\d+)\.)?(.+)$/.exec(part?.local ?? "");
    if (part && expert) return ofExperts(weight, part, Number(expert[1] ?? 0), expert[2]!, files);
    return meanOf(weight, files, (file) => nameIn(file, weight.name, part));
  };
}

/** A file of weights, or the newest checkpoint of a run. */
function openWeights(host: FileHost, real: string): Safetensors {
  return host.kind(real) === "folder" ? openCheckpoint(host, real).model : readSafetensors(host, real);
}

interface MixturePart {
  readonly mixture: Mixture;
  /** `layers.3` */
  readonly layer: string;
  /** name of the weight after the mixture's */
  readonly local: string;
}

/** The mixture that a weight of the model belongs to. */
function mixturePart(design: Design, { name, layer }: WeightSpec): MixturePart | undefined {
  const step = layerBlocks(design)[layer ?? -1]?.steps.find((each) => {
    return each.kind === "mixture" && name.startsWith(`layers.${layer}.${stepScope(each)}.`);
  });
  if (!step) return undefined;
  const local = name.slice(`layers.${layer}.${stepScope(step)}.`.length);
  return { mixture: design.mixtures[step.part]!, layer: `layers.${layer}`, local };
}

/** Expert e of those that have weights is the network of checkpoint e. */
function ofExperts(
  { name, shape }: WeightSpec,
  part: MixturePart,
  group: number,
  local: string,
  files: readonly Safetensors[],
): Float32Array {
  const before = part.mixture.experts.slice(0, group).filter(({ ffn }) => hasWeights(ffn.kind));
  const first = before.reduce((sum, { count }) => sum + count, 0);
  const [count = 0, ...one] = shape;
  const size = one.reduce((product, each) => product * each, 1);
  const values = new Float32Array(count * size);
  for (let e = 0; e < count; e++) {
    const file = files[first + e]!;
    const scope = networkIn(file, part) ?? missing(file, name);
    values.set(numbersOf(file, `${part.layer}.${scope}.${local}`, one), e * size);
  }
  return values;
}

const hasWeights = (kind: string): boolean => (expertKind(kind)?.matrices ?? 0) > 0;

/** The mean over all files; f64 inside, so that the order of the files does not matter to the last bit of f32. */
function meanOf({ shape }: WeightSpec, files: readonly Safetensors[], named: (file: Safetensors) => string) {
  const sum = new Float64Array(shape.reduce((product, each) => product * each, 1));
  for (const file of files) {
    const values = numbersOf(file, named(file), shape);
    for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
  }
  return Float32Array.from(sum, (each) => each / files.length);
}

/** A mixture's own norm was that of the network which stood there. */
function nameIn(file: Safetensors, name: string, part: MixturePart | undefined): string {
  if (!part || file.tensors.has(name)) return name;
  const scope = networkIn(file, part);
  return scope === undefined ? name : `${part.layer}.${scope}.${part.local}`;
}

/** The name of the only part of a layer that has the weights of an expert; undefined: there is none. */
function networkIn({ path: file, tensors }: Safetensors, { mixture, layer }: MixturePart): string | undefined {
  const kind = mixture.experts.find(({ ffn }) => hasWeights(ffn.kind))?.ffn;
  const wanted = kind ? (expertKind(kind.kind)?.weights(kind) ?? []) : [];
  const scopes = [...tensors.keys()].flatMap((name) => {
    const [, at, scope] = /^(layers\.\d+)\.([^.]+)\./.exec(name) ?? [];
    return at === layer && scope !== undefined ? [scope] : [];
  });
  const fitting = [...new Set(scopes)].filter((scope) =>
    wanted.every(({ name }) => tensors.has(`${layer}.${scope}.${name}`)),
  );
  if (fitting.length < 2) return fitting[0];
  throw new DiagnosticError([diagnose("MOE6050", { file, layer, parts: fitting })]);
}

function numbersOf(file: Safetensors, tensor: string, expected: readonly number[]): Float32Array {
  const found = file.tensors.get(tensor) ?? missing(file, tensor);
  if (found.shape.length !== expected.length || found.shape.some((size, i) => size !== expected[i])) {
    throw new DiagnosticError([diagnose("MOE6006", { file: file.path, tensor, found: found.shape, expected })]);
  }
  return found.float32();
}

function missing({ path: file }: Safetensors, tensor: string): never {
  throw new DiagnosticError([diagnose("MOE6004", { file, tensor })]);
}
