/**
 * The ways in which a tensor can go on although its name or its shape changed. Each is a function from a tensor of
 * the new design to where its numbers come from, or undefined; the first that answers wins.
 */
import type { Block, Design, Mixture, Step } from "../../2-design/design.js";
import { stepScope } from "../../2-design/layers.js";
import { type ExpertMap, expertMap } from "./expert-map.js";
import type { How } from "./how.js";
import type { CheckpointTensor } from "./tensors.js";

export interface Conversion {
  readonly how: How;
  /** how the numbers go on, for people: `the first 16 of 32 experts go on` */
  readonly because: string;
}

export interface Transferring {
  readonly before: Design;
  readonly after: Design;
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** what the new design calls a part → what the old one calls it */
  readonly names: ReadonlyMap<string, string>;
  /** the blocks of all layers, before and after */
  readonly layers: readonly [readonly Block[], readonly Block[]];
  /** by the name of the mixture: layers share them */
  readonly expertMaps: Map<string, ExpertMap>;
}

type Converter = (tensor: CheckpointTensor, transferring: Transferring) => Conversion | undefined;

/** Where the numbers of a tensor come from, when no tensor of the same name and shape says so. */
export const converters: readonly Converter[] = [experts, ofExperts, asItIs, untied, moreRows, headGroups, upcycled];

/** The tensor of the old design in the same layer and part, under another local name or the same. */
export function counterpart(
  tensor: CheckpointTensor,
  local: string,
  { tensors, names }: Transferring,
): CheckpointTensor | undefined {
  const { layer, step } = tensor;
  if (layer === undefined) return tensors.get(local);
  const part = step && (names.get(step.part) ?? step.part).toLowerCase();
  return part === undefined ? undefined : tensors.get(`layers.${layer}.${part}.${local}`);
}

/** The mixture a tensor belongs to, before and after. */
export function mixturesOf(
  { step }: CheckpointTensor,
  { before, after, names }: Transferring,
): readonly [Mixture, Mixture] | undefined {
  if (step?.kind !== "mixture") return undefined;
  const [a, b] = [before.mixtures[names.get(step.part) ?? step.part], after.mixtures[step.part]];
  return a && b && [a, b];
}

function asItIs(tensor: CheckpointTensor, all: Transferring): Conversion | undefined {
  const found = counterpart(tensor, tensor.local, all);
  return found && sameShape(found, tensor) ? copied(found, tensor) : undefined;
}

function copied(found: CheckpointTensor, tensor: CheckpointTensor): Conversion {
  const because = found.name === tensor.name ? "" : `\`${found.name}\` goes on under this name`;
  return { how: { kind: "copy", from: found.name }, because };
}

/** A head of its own starts as the embedding it shared. */
function untied(tensor: CheckpointTensor, { before, tensors }: Transferring): Conversion | undefined {
  const embed = tensors.get("embed.weight");
  if (tensor.name !== "head.weight" || !before.model?.embed.tied || !embed || !sameShape(embed, tensor))
    return undefined;
  return { how: { kind: "copy", from: embed.name }, because: "starts as the embedding, which it was tied to" };
}

/** More or fewer rows of a table whose rows mean the same: token ids, positions. */
function moreRows(tensor: CheckpointTensor, { tensors }: Transferring): Conversion | undefined {
  if (
    tensor.layer !== undefined ||
    !["embed.weight", "embed.positions", "head.weight", "head.bias"].includes(tensor.name)
  )
    return undefined;
  const found = tensors.get(tensor.name);
  if (!found || !sameBut(0, found, tensor)) return undefined;
  const [had, has] = [found.shape[0]!, tensor.shape[0]!];
  const sources = Array.from({ length: has }, (_, i) => (i < had ? [i] : []));
  const because = has > had ? `${had} rows go on, ${has - had} start anew` : `the first ${has} of ${had} rows go on`;
  return { how: { kind: "gather", from: found.name, axis: 0, block: 1, sources }, because };
}

/** Fewer key and value heads: the mean of those that are joined (arXiv 2305.13245); more: each several times. */
function headGroups(tensor: CheckpointTensor, all: Transferring): Conversion | undefined {
  const { step, local } = tensor;
  if (step?.kind !== "attention" || !/^[kv]\.(weight|bias)$/.test(local)) return undefined;
  const [a, b] = [all.before.attentions[all.names.get(step.part) ?? step.part], all.after.attentions[step.part]];
  const found = counterpart(tensor, local, all);
  if (!a || !b || !found || a.headDim !== b.headDim || !sameBut(0, found, tensor)) return undefined;
  const [had, has] = [a.kvHeads, b.kvHeads];
  const gather = { kind: "gather", from: found.name, axis: 0, block: b.headDim } as const;
  if (had % has === 0) {
    const sources = Array.from({ length: has }, (_, i) =>
      Array.from({ length: had / has }, (_, j) => (i * had) / has + j),
    );
    return { how: { ...gather, sources }, because: `each head is the mean of ${had / has}` };
  }
  if (has % had !== 0) return undefined;
  const sources = Array.from({ length: has }, (_, i) => [Math.floor((i * had) / has)]);
  return { how: { ...gather, sources }, because: `each head goes on ${has / had} times` };
}

/** The matrices of a group of experts: the group may have another number, or more or fewer experts. */
function experts(tensor: CheckpointTensor, all: Transferring): Conversion | undefined {
  const [, number, last] = /^experts\.(?:(\d+)\.)?(.+)$/.exec(tensor.local) ?? [];
  const mixtures = mixturesOf(tensor, all);
  if (last === undefined || !mixtures) return undefined;
  const [before, after] = mixtures;
  const group = mapOf(after.name, before, after, all).groups.find((each) => each.after === Number(number ?? 0));
  if (!group) return undefined;
  const found = counterpart(
    tensor,
    before.experts.length > 1 ? `experts.${group.before}.${last}` : `experts.${last}`,
    all,
  );
  if (!found || before.experts[group.before]!.ffn.kind !== after.experts[group.after]!.ffn.kind) return undefined;
  if (sameShape(found, tensor)) return copied(found, tensor);
  if (!sameBut(0, found, tensor)) return undefined;
  const [had, has] = [found.shape[0]!, tensor.shape[0]!];
  const sources = Array.from({ length: has }, (_, i) => (i < had ? [i] : []));
  return { how: { kind: "gather", from: found.name, axis: 0, block: 1, sources }, because: countText(had, has) };
}

function mapOf(name: string, before: Mixture, after: Mixture, { expertMaps }: Transferring): ExpertMap {
  const known = expertMaps.get(name) ?? expertMap(before, after);
  expertMaps.set(name, known);
  return known;
}

/** Router rows, load biases: one place for each expert, along the first axis. */
function ofExperts(tensor: CheckpointTensor, all: Transferring): Conversion | undefined {
  const mixtures = mixturesOf(tensor, all);
  if (!mixtures || !perExpert(tensor.local)) return undefined;
  const map = mapOf(mixtures[1].name, ...mixtures, all);
  const found = counterpart(tensor, tensor.local, all);
  const [a, b] = mixtures;
  if (map.identity || !found || found.shape[0] !== a.expertCount || tensor.shape[0] !== b.expertCount) return undefined;
  if (!sameBut(0, found, tensor) || map.experts.every((from) => from < 0)) return undefined;
  const sources = map.experts.map((from) => (from < 0 ? [] : [from]));
  const how: How = { kind: "gather", from: found.name, axis: 0, block: 1, sources };
  return { how, because: `rows follow their experts: ${countText(a.expertCount, b.expertCount)}` };
}

/** Whether a weight has one row for each expert, so that it has to follow the experts. */
export function perExpert(local: string): boolean {
  return /^router\.(?:\d+\.)?(?:weight|bias|load_bias)$/.test(local) || local === "router.noise.weight";
}

const countText = (had: number, has: number): string =>
  has > had
    ? `${had} experts go on, ${has - had} start anew`
    : has < had
      ? `the first ${has} of ${had} experts go on`
      : `${has} experts go on`;

/** A dense block that became a mixture: every expert starts as the block was (arXiv 2212.05055). */
function upcycled(tensor: CheckpointTensor, all: Transferring): Conversion | undefined {
  const { step, layer, local } = tensor;
  if (step?.kind !== "mixture" || layer === undefined) return undefined;
  const dense = replacedDense(step, layer, all);
  const scope = dense && stepScope(dense);
  if (local === "norm.weight" || local === "norm.bias") {
    const norm = scope === undefined ? undefined : all.tensors.get(`layers.${layer}.${scope}.${local}`);
    return norm && sameShape(norm, tensor) ? copied(norm, tensor) : undefined;
  }
  const [, group, last] = /^experts\.(?:(\d+)\.)?(.+)$/.exec(local) ?? [];
  const found =
    scope === undefined || last === undefined ? undefined : all.tensors.get(`layers.${layer}.${scope}.${last}`);
  const kind = all.after.mixtures[step.part]?.experts[Number(group ?? 0)]?.ffn.kind;
  if (!dense || !found || all.before.denses[dense.part]?.ffn.kind !== kind) return undefined;
  if (!sameShape({ shape: tensor.shape.slice(1) }, found)) return undefined;
  const copies = tensor.shape[0]!;
  return {
    how: { kind: "repeat", from: found.name, copies },
    because: `each of ${copies} experts starts as \`${found.name}\``,
  };
}

/** The dense step of the old layer that stood where the mixture stands now. */
function replacedDense(step: Step, layer: number, { layers }: Transferring): Step | undefined {
  const [a, b] = [layers[0][layer], layers[1][layer]];
  const place = b?.steps.findIndex((each) => each.part === step.part) ?? -1;
  const found = a?.steps[place];
  return found?.kind === "dense" ? found : undefined;
}

type Shaped = Pick<CheckpointTensor, "shape">;

export function sameShape(a: Shaped, b: Shaped): boolean {
  return a.shape.length === b.shape.length && a.shape.every((size, i) => size === b.shape[i]);
}

function sameBut(axis: number, a: Shaped, b: Shaped): boolean {
  return a.shape.length === b.shape.length && a.shape.every((size, i) => i === axis || size === b.shape[i]);
}
