/**
 * The comparison of two designs, layer by layer, as one plain tree. The tree is what `--json` prints; everything else
 * is made from it.
 */
import type { Design } from "../2-design/design.js";
import { type CostLayer, costLayer } from "./cost-layer.js";
import { type DesignLayer, designLayer } from "./design-layer.js";
import { type DispatchLayer, dispatchLayer } from "./dispatch-layer.js";
import { type KernelsLayer, kernelsLayer } from "./kernels-layer.js";
import { pairSections } from "./pair-sections.js";
import { type Breach, breaches, keptPromise, type PromiseName } from "./promise.js";
import { type RunLayer, runLayer } from "./run-layer.js";
import type { CompiledSide, SideKind } from "./side.js";
import { planTransfer } from "./transfer/plan-transfer.js";
import { type WeightsLayer, weightsLayer } from "./weights-layer.js";

export interface Comparison {
  readonly schema: 1;
  readonly before: SideRef;
  readonly after: SideRef;
  /** nothing differs in any layer */
  readonly same: boolean;
  /** the strongest promise that is kept */
  readonly keeps: PromiseName | "none";
  readonly breaks: readonly Breach[];
  readonly design: DesignLayer;
  readonly weights: WeightsLayer;
  readonly cost: CostLayer;
  /** absent where a side has no model or cannot be compiled */
  readonly dispatch?: DispatchLayer;
  readonly kernels?: KernelsLayer;
  /** files of generated folders that are not as `moec compile` wrote them */
  readonly files: readonly FileNote[];
  /** why a side was not compiled: code and message */
  readonly refused: readonly { readonly side: "before" | "after"; readonly code: string; readonly message: string }[];
  /** curves of the runs, where a side is one */
  readonly runs?: RunLayer;
}

export interface FileNote {
  readonly side: "before" | "after";
  readonly path: string;
  /** `absent`: the folder was not compiled for the target, so its kernels are those that its design gives now */
  readonly how: "edited" | "missing" | "absent";
}

export interface SideRef {
  readonly label: string;
  readonly kind: SideKind;
  readonly spec: Design["spec"];
}

/** Compares two sides in all layers. */
export function compare(before: CompiledSide, after: CompiledSide): Comparison {
  const paired = pairSections(before.design, after.design);
  const design = designLayer(paired);
  const weights = weightsLayer(planTransfer(before.design, after.design, paired, design));
  const cost = costLayer(before, after, paired);
  const compiled = compiledLayers(before, after, paired.names);
  const broken = breaches(design, weights);
  const files = [...fileNotes("before", before), ...fileNotes("after", after)];
  const runs = runLayer(before.run, after.run);
  return {
    schema: 1,
    before: refOf(before),
    after: refOf(after),
    same: isSame(design, weights, cost, compiled) && files.every(({ how }) => how === "absent"),
    keeps: keptPromise(broken),
    breaks: broken,
    design,
    weights,
    cost,
    ...compiled,
    files,
    refused: [...refusals("before", before), ...refusals("after", after)],
    ...(runs && { runs }),
  };
}

function refOf({ label, kind, design }: CompiledSide): SideRef {
  return { label, kind, spec: design.spec };
}

type CompiledLayers = Pick<Comparison, "dispatch" | "kernels">;

/** An empty side has no mixtures and no kernels; a side that was refused has unknown ones. */
function compiledLayers(before: CompiledSide, after: CompiledSide, names: ReadonlyMap<string, string>): CompiledLayers {
  const known = [before, after].every(({ compiled, design }) => compiled || !design.model);
  if (!known || (!before.compiled && !after.compiled)) return {};
  return {
    dispatch: dispatchLayer(before.compiled?.sites ?? [], after.compiled?.sites ?? [], names),
    kernels: kernelsLayer(before.compiled?.kernels ?? [], after.compiled?.kernels ?? [], names),
  };
}

function fileNotes(side: "before" | "after", { folder, compiled }: CompiledSide): readonly FileNote[] {
  if (!folder) return [];
  return [
    ...[...folder.edited].map((path) => ({ side, path, how: "edited" as const })),
    ...folder.missing.map((path) => ({ side, path, how: "missing" as const })),
    ...(compiled?.unfiled ? [{ side, path: `${compiled.target}/`, how: "absent" as const }] : []),
  ];
}

function refusals(side: "before" | "after", { refused }: CompiledSide): Comparison["refused"] {
  return refused.map(({ code, message }) => ({ side, code, message }));
}

function isSame(
  design: DesignLayer,
  weights: WeightsLayer,
  cost: CostLayer,
  { dispatch, kernels }: CompiledLayers,
): boolean {
  const rows = [...cost.whole, ...cost.mixtures.flatMap((mixture) => mixture.rows)];
  return (
    design.changes.length === 0 &&
    weights.rows.every(({ status }) => status === "same") &&
    rows.every(({ before, after }) => before === after) &&
    (dispatch?.sites ?? []).every(({ same }) => same) &&
    (kernels?.rows ?? []).every(({ status }) => status === "same")
  );
}
