/**
 * What becomes of every tensor when a checkpoint of one design goes on in another one. Pure: two designs in, a plan
 * out. `moec diff` shows the plan, `moec train --from` carries it out.
 */
import type { Design } from "../../2-design/design.js";
import { layerBlocks, layerCount } from "../../2-design/layers.js";
import { type DesignLayer, designLayer } from "../design-layer.js";
import { type PairedSections, pairSections } from "../pair-sections.js";
import { plural } from "../render/numbers.js";
import { type Conversion, converters, type Transferring } from "./conversions.js";
import type { How } from "./how.js";
import { type Changes, drawReasons, shapeReasons, useReasons } from "./reasons.js";
import { type CheckpointTensor, checkpointTensors } from "./tensors.js";

/**
 * `same`: name, shape, start and use are the same. `loadable`: loads as it is, but starts otherwise or is used for
 * something else. `convertible`: the numbers go on under another name or in another shape. `re-initialised`: they cannot.
 */
export type WeightStatus = "same" | "loadable" | "convertible" | "re-initialised";

export interface TensorPlan {
  /** of the new design */
  readonly tensor: CheckpointTensor;
  readonly status: WeightStatus;
  readonly how: How;
  /** shape in the old design, where it has a tensor of that name or one that goes on */
  readonly before: readonly number[] | undefined;
  /** what goes on how, then the settings that force it; empty for `same` */
  readonly because: readonly string[];
}

export interface TransferPlan {
  /** every tensor of the new design, in checkpoint order */
  readonly tensors: readonly TensorPlan[];
  /** tensors of the old design that nothing of the new one is made from, and the settings that had asked for them */
  readonly dropped: readonly DroppedTensor[];
}

export interface DroppedTensor {
  readonly tensor: CheckpointTensor;
  readonly because: readonly string[];
}

/** The plan for all tensors; give pairing and changes when they are known already. */
export function planTransfer(
  before: Design,
  after: Design,
  paired: PairedSections = pairSections(before, after),
  layer: DesignLayer = designLayer(paired),
): TransferPlan {
  const old = checkpointTensors(before);
  const tensors = new Map(old.map((tensor) => [tensor.name, tensor]));
  const layers = [layerBlocks(before), layerBlocks(after)] as const;
  const all: Transferring = { before, after, tensors, names: paired.names, layers, expertMaps: new Map() };
  const changes: Changes = { layer, model: after.model?.name ?? "", train: after.train?.name ?? "", found: new Map() };
  const plans = checkpointTensors(after).map((tensor) => planTensor(tensor, all, changes));
  const used = new Set(plans.flatMap(({ how }) => (how.kind === "init" ? [] : [how.from])));
  const replaced = new Set(plans.map(({ tensor }) => tensor.name));
  const dropped = old.filter(({ name }) => !used.has(name) && !replaced.has(name));
  return {
    tensors: plans,
    dropped: dropped.map((tensor) => ({ tensor, because: dropReasons(tensor, all, changes) })),
  };
}

function planTensor(tensor: CheckpointTensor, all: Transferring, changes: Changes): TensorPlan {
  const refused = meansOther(tensor, all, changes);
  const conversion = refused.length > 0 ? undefined : firstConversion(tensor, all);
  const before = all.tensors.get(tensor.name)?.shape;
  if (!conversion) {
    const because = refused.length > 0 ? refused : initReasons(tensor, all, changes);
    return { tensor, status: "re-initialised", how: { kind: "init" }, before, because };
  }
  const { how, because } = conversion;
  const source = how.kind === "init" ? undefined : all.tensors.get(how.from);
  if (because !== "") {
    const reasons = [because, ...(how.kind === "gather" ? shapeReasons(tensor, changes) : [])];
    return { tensor, status: "convertible", how, before: source?.shape, because: reasons };
  }
  const reasons = otherwise(tensor, source, changes);
  const status = reasons.length > 0 ? "loadable" : "same";
  return { tensor, status, how, before, because: reasons };
}

function firstConversion(tensor: CheckpointTensor, all: Transferring): Conversion | undefined {
  for (const convert of converters) {
    const found = convert(tensor, all);
    if (found) return found;
  }
  return undefined;
}

/** Tables that are drawn again, and rows of tokens that are other tokens now. */
function meansOther(tensor: CheckpointTensor, all: Transferring, changes: Changes): readonly string[] {
  if (tensor.dtype === "u8") return all.tensors.has(tensor.name) ? drawReasons(tensor, changes) : [];
  if (!["embed.weight", "head.weight", "head.bias"].includes(tensor.name) || !all.before.model) return [];
  const other = useReasons(tensor, changes);
  return other.length > 0 ? ["the ids are other tokens", ...other] : [];
}

/** Why a tensor of the same name and shape is not simply the same. */
function otherwise(
  tensor: CheckpointTensor,
  source: CheckpointTensor | undefined,
  changes: Changes,
): readonly string[] {
  const use = useReasons(tensor, changes);
  if (JSON.stringify(source?.init) === JSON.stringify(tensor.init) || use.length > 0) return use;
  const deeper = changes.layer.changes.find(({ section, slot }) => section === changes.model && slot === "layers");
  return [deeper ? "starts with another spread: the number of layers changed" : "starts otherwise"];
}

function initReasons(tensor: CheckpointTensor, all: Transferring, changes: Changes): readonly string[] {
  const { layer, step } = tensor;
  if (!all.before.model) return ["there was no model"];
  const deep = layerCount(all.before.model);
  if (layer !== undefined && layer >= deep) return [`the model had ${plural(deep, "layer")}`];
  const part = step && (all.names.get(step.part) ?? step.part);
  const wasThere = layer === undefined || all.layers[0][layer]?.steps.some((each) => each.part === part);
  if (!wasThere) return [`\`${step?.part}\` was not in this layer`];
  const reasons = shapeReasons(tensor, changes);
  if (reasons.length > 0) return reasons;
  // only blocks that are experts have sizes which the tensor's own part does not name
  return [all.tensors.has(tensor.name) ? "a block that is an expert has other sizes" : "it was not there"];
}

function dropReasons(tensor: CheckpointTensor, all: Transferring, changes: Changes): readonly string[] {
  const { layer, step } = tensor;
  const deep = all.layers[1].length;
  if (layer !== undefined && layer >= deep)
    return [deep === 0 ? "there is no model" : `the model has ${plural(deep, "layer")}`];
  const steps = layer === undefined ? [] : all.layers[1][layer]!.steps;
  const isThere = !step || steps.some(({ part }) => (all.names.get(part) ?? part) === step.part);
  if (!isThere) return [`\`${step.part}\` is not in this layer any more`];
  // the first reason is enough for something to be gone
  return shapeReasons(tensor, changes).slice(0, 1);
}
