/**
 * Which changed settings force a tensor to be another one. A tensor's axes are sizes that the design names; the lines
 * that give those sizes are the only ones that can change its shape.
 */
import { expertKind } from "../../experts/index.js";
import { changeText } from "../change-text.js";
import { changesOf, type DesignChange, type DesignLayer } from "../design-layer.js";
import { scalarText } from "../values.js";
import type { CheckpointTensor } from "./tensors.js";

/** A slot of the model (`model`), of the tensor's own part (`part`) or of the run (`train`). */
type Slot = readonly ["model" | "part" | "train" | "table", string];

export interface Changes {
  readonly layer: DesignLayer;
  readonly model: string;
  readonly train: string;
  /** reasons that were found already: layers ask the same again and again */
  readonly found: Map<string, readonly string[]>;
}

type Reasons = (tensor: CheckpointTensor, changes: Changes) => readonly string[];

/** The same for all layers: reasons follow from the part, the local name and the type of a tensor. */
function remembered(what: string, find: Reasons): Reasons {
  return (tensor, changes) => {
    const key = `${what} ${tensor.step?.part} ${tensor.local} ${tensor.dtype}`;
    const known = changes.found.get(key) ?? find(tensor, changes);
    changes.found.set(key, known);
    return known;
  };
}

const width: readonly Slot[] = [["model", "d_model"]];
const unitWidth: readonly Slot[] = [
  ["part", "unit"],
  ["model", "d_model"],
];

/** The slots that decide over a tensor's shape or whether it is there, most telling first. */
function shapeSlots({ local, step }: CheckpointTensor): readonly Slot[] {
  if (!step) return outsideSlots(local);
  if (local.startsWith("norm.")) return width;
  if (step.kind === "attention") return attentionSlots(local);
  if (step.kind === "dense") return [["part", "ffn"], ...width];
  return mixtureSlots(local);
}

function outsideSlots(local: string): readonly Slot[] {
  if (local === "embed.positions") return [["model", "embed"], ["model", "context"], ...width];
  if (local === "embed.weight") return [["model", "vocab"], ...width];
  if (local === "head.weight") return [["model", "embed"], ["model", "vocab"], ...width];
  if (local === "head.bias")
    return [
      ["model", "head"],
      ["model", "vocab"],
    ];
  return [["model", "norm"], ...width];
}

function attentionSlots(local: string): readonly Slot[] {
  const heads: readonly Slot[] = /^[kv]\./.test(local) ? [["part", "kv_heads"]] : [["part", "heads"]];
  const own: readonly Slot[] = local.endsWith(".bias") ? [["part", "bias"]] : [];
  if (/^[qk]_norm\./.test(local))
    return [
      ["part", "qk_norm"],
      ["part", "head_dim"],
    ];
  return [...own, ...heads, ["part", "head_dim"], ...width];
}

function mixtureSlots(local: string): readonly Slot[] {
  if (/^(split|merge)\./.test(local)) return [["part", "unit"], ...width];
  if (local.startsWith("experts.")) return [["part", "experts"], ...unitWidth];
  if (local.startsWith("shared.")) return [["part", "shared"], ...width];
  if (local === "router.noise.weight") return [["part", "router.noise"], ["part", "experts"], ...unitWidth];
  if (local === "router.predictor.weight") return [["part", "router.balance"], ...unitWidth];
  if (local === "router.load_bias")
    return [
      ["part", "router.bias"],
      ["part", "experts"],
    ];
  if (local.startsWith("router.")) return [["part", "router.score"], ["part", "experts"], ...unitWidth];
  return [
    ["part", "router.mask"],
    ["part", "router.select"],
    ["part", "experts"],
    ["model", "vocab"],
  ];
}

/** What a routing table is drawn from. */
const drawnFrom: readonly Slot[] = [
  ["table", "*"],
  ["part", "experts"],
  ["model", "vocab"],
  ["train", "tokenizer"],
  ["train", "data"],
];

/** The changes that make a routing table another one, although it may have the same shape. */
export const drawReasons = remembered("drawReasons", (tensor, changes) => {
  return reasonsOf(drawnFrom, tensor, changes, () => true);
});

/** The slots that decide what a tensor of this shape is used for, or how it starts. */
function useSlots({ local, step }: CheckpointTensor): readonly Slot[] {
  const init: readonly Slot[] = [
    ["part", "residual"],
    ["part", "init"],
    ["model", "layers"],
  ];
  const unit: readonly Slot[] = [["part", "unit"]];
  if (!step) return local.startsWith("norm.") ? [["model", "norm"]] : [["train", "tokenizer"]];
  if (local.startsWith("norm.")) return [["part", "residual"]];
  if (step.kind === "attention") return [...attentionUses(local), ...init];
  if (step.kind === "dense") return [["part", "ffn"], ...init];
  if (local.startsWith("experts.")) return [["part", "experts"], ...unit, ...init];
  if (local.startsWith("shared.")) return [["part", "shared"], ...init];
  if (local.startsWith("router.")) return [["part", "router.score"], ["part", "router.gate"], ...unit, ...init];
  return init;
}

function attentionUses(local: string): readonly Slot[] {
  const cut: readonly Slot[] = [
    ["part", "heads"],
    ["part", "head_dim"],
  ];
  const positions: readonly Slot[] = [
    ["part", "position"],
    ["part", "qk_norm"],
  ];
  return /^[qk]\./.test(local) ? [...cut, ...positions] : /^[vo]\./.test(local) ? cut : [];
}

/** The changes that make a tensor another one; all of its part's when it is the part that is new. */
export const shapeReasons = remembered("shapeReasons", (tensor, changes) => {
  const isTable = tensor.dtype === "u8";
  return reasonsOf(shapeSlots(tensor), tensor, changes, (change) => {
    const routes = change.slot === "router.mask" || change.slot === "router.select";
    if (isTable && routes) return change.details.some(({ name }) => name === "table");
    return !onlyKind(change, tensor);
  });
});

/** The changes that leave the shape and change what the tensor is used for. */
export const useReasons = remembered("useReasons", (tensor, changes) => {
  const started = tensor.local.split(".").at(-2);
  return reasonsOf(useSlots(tensor), tensor, changes, (change) => {
    if (change.slot === "init") return keyOf(change) === started;
    if (change.slot === "layers") return false;
    // a part that reads another point of the stream is used for something else; dropout and norms leave it its use
    if (change.slot === "residual") return change.details.some(({ name }) => name === "reading");
    return onlyKind(change, tensor) || !["experts", "shared", "ffn"].includes(change.slot);
  });
});

/** A change of what an expert computes, while its sizes stay. */
function onlyKind({ slot, details }: DesignChange, { local }: CheckpointTensor): boolean {
  if (!["experts", "shared", "ffn"].includes(slot) || details.length === 0) return false;
  const sizes = details.filter(({ name }) => ["count", "hidden", "bias", "gated"].includes(name));
  const kinds = details.find(({ name }) => name === "kind");
  const has = (kind: unknown) => {
    const ffn = { kind: String(kind), hidden: 1, clamp: undefined, bias: true };
    return (expertKind(ffn.kind)?.weights(ffn) ?? []).some(({ name }) => local.endsWith(name));
  };
  return sizes.length === 0 && (!kinds || (has(kinds.before) && has(kinds.after)));
}

function reasonsOf(
  slots: readonly Slot[],
  tensor: CheckpointTensor,
  changes: Changes,
  counts: (change: DesignChange) => boolean,
): readonly string[] {
  const found = slots.flatMap(([where, slot]) => changed(where, slot, tensor, changes));
  return [...new Set(found.filter(counts).map(changeText))];
}

function changed(where: Slot[0], slot: string, { step, local }: CheckpointTensor, { layer, model, train }: Changes) {
  if (where === "table")
    return layer.changes.filter(({ kind, section }) => kind === "table" && section.toLowerCase() === local);
  // the line that uses a part stands in the block
  if (slot === "residual")
    return layer.changes.filter((change) => change.slot === slot && usesPart(change, step?.part));
  const section = where === "model" ? model : where === "train" ? train : (step?.part ?? "");
  return changesOf(layer, section, slot);
}

const usesPart = ({ after, before }: DesignChange, part: string | undefined): boolean =>
  (after ?? before)?.text.split(" ")[0] === part;

function keyOf({ before, after, details }: DesignChange): string | undefined {
  const named = details.find(({ name }) => name === "weight");
  if (named) return scalarText(named.after ?? named.before);
  return (after ?? before)?.text.split(" ")[0];
}
