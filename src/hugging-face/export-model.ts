/**
 * A checkpoint as a Hugging Face model. A design can be exported when the config that would be written means the same
 * design again: everything that is computed is compared, so that nothing is left out in silence.
 */
import type { Design } from "../2-design/design.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { changeText } from "../diff/change-text.js";
import { type DesignChange, designLayer } from "../diff/design-layer.js";
import { pairSections } from "../diff/pair-sections.js";
import type { Safetensors } from "../runtime/safetensors.js";
import type { Tensor } from "../runtime/safetensors-write.js";
import { type Family, families } from "./family.js";
import { designOf } from "./open-model.js";
import type { Weighting } from "./spec-text.js";
import { tensorMaps } from "./tensor-names.js";
import { configOf, modelOf } from "./write-config.js";

export interface HfExport {
  readonly family: string;
  /** the text of `config.json` */
  readonly config: string;
  readonly tensors: readonly Tensor[];
}

/** The model as the first family that can hold it has it; MOE6042 says of each family what it cannot hold. */
export function exportModel(design: Design, model: Safetensors): HfExport {
  const tried = families.map((family) => ({ family, ...heldBy(design, family) }));
  const found = tried.find(({ reasons }) => reasons.length === 0);
  if (!found) {
    const told = tried.map(({ family, reasons }) => diagnose("MOE6042", { family: family.type, reasons }));
    throw new DiagnosticError(told);
  }
  return { family: found.family.type, config: found.config, tensors: exportedTensors(design, found.family, model) };
}

function heldBy(design: Design, family: Family): { readonly config: string; readonly reasons: readonly string[] } {
  const model = modelOf(design, family);
  if (!model) return { config: "", reasons: ["it needs attention and a mixture"] };
  // a softmax over the selected experts is the same as gates that are renormalised
  const ways: readonly Weighting[] = family.renormalised === "always" ? ["selected", "gate"] : ["gate"];
  const [first = [], ...others] = ways.map((way) => {
    const { changes } = designLayer(pairSections(designOf(model, design.spec.path, way), design));
    return changes.filter(isComputed).map(changeText);
  });
  return { config: configOf(model), reasons: others.find((reasons) => reasons.length === 0) ?? first };
}

/** How a model starts, is trained and is balanced is not part of it; neither is the type its kernels compute in. */
function isComputed({ kind, slot }: DesignChange): boolean {
  const training = ["init", "router.balance", "router.noise", "router.allow", "router.rest", "dtype"];
  return kind !== "train" && !training.includes(slot);
}

function exportedTensors(design: Design, family: Family, { tensors }: Safetensors): readonly Tensor[] {
  return tensorMaps(design, family).flatMap(({ ours, theirs, stacked }) => {
    const { shape, float32 } = tensors.get(ours)!;
    const data = float32();
    const run = data.length / theirs.length;
    return theirs.map((name, i): Tensor => {
      const own = data.slice(i * run, (i + 1) * run);
      return { name, dtype: "F32", shape: stacked ? shape.slice(1) : shape, data: own };
    });
  });
}
