/**
 * Layer 3, cost: what a design weighs and works, whole and for each mixture. Sizes follow from the design alone;
 * launches, bytes moved and memory are those of the plan.
 */
import type { Design, Mixture } from "../2-design/design.js";
import { mixtureSize, sizesOf } from "../2-design/sizes.js";
import type { CompiledView } from "./compiled.js";
import type { PairedSections } from "./pair-sections.js";
import { reachableParts } from "./reachable.js";

export interface CostLayer {
  readonly whole: readonly CostRow[];
  readonly mixtures: readonly { readonly name: string; readonly rows: readonly CostRow[] }[];
}

export type CostKey =
  | "parameters"
  | "active"
  | "flops_forward"
  | "flops_backward"
  | "weight_bytes"
  | "expert_rows"
  | "edges"
  | "launches"
  | "bytes_moved"
  | "peak_memory"
  | "kernels";

export interface CostRow {
  readonly key: CostKey;
  readonly label: string;
  readonly unit: "count" | "flop" | "byte";
  readonly before?: number;
  readonly after?: number;
  /** after − before, where both are known */
  readonly delta?: number;
  /** after / before, where both are known and before is not 0 */
  readonly ratio?: number;
  /** the arithmetic, as text */
  readonly because: { readonly before?: string; readonly after?: string };
}

/** One number of one design. */
export interface Measure {
  readonly key: CostKey;
  readonly label: string;
  readonly unit: CostRow["unit"];
  readonly value: number;
  readonly because: string;
}

/** Compares all measures; those that only one side has stand alone. */
export function costLayer(
  before: { readonly design: Design; readonly compiled: CompiledView | undefined },
  after: { readonly design: Design; readonly compiled: CompiledView | undefined },
  { pairs }: PairedSections,
): CostLayer {
  const mixtures = pairs.filter((pair) => (pair.after ?? pair.before)!.kind === "moe");
  return {
    whole: costRows(wholeMeasures(before.design, before.compiled), wholeMeasures(after.design, after.compiled)),
    mixtures: mixtures.map((pair) => {
      const of = (design: Design, name: string | undefined) =>
        name === undefined ? [] : mixtureMeasures(design, name);
      const rows = costRows(of(before.design, pair.before?.name), of(after.design, pair.after?.name));
      return { name: (pair.after ?? pair.before)!.name, rows };
    }),
  };
}

/** Pairs measures of two designs by key. */
export function costRows(before: readonly Measure[], after: readonly Measure[]): readonly CostRow[] {
  const keys = [...new Set([...before, ...after].map(({ key }) => key))];
  return keys.map((key) => {
    const [a, b] = [before.find((each) => each.key === key), after.find((each) => each.key === key)];
    const { label, unit } = (b ?? a)!;
    const because = { ...(a && { before: a.because }), ...(b && { after: b.because }) };
    const values = { ...(a && { before: a.value }), ...(b && { after: b.value }) };
    const both = a && b ? { delta: b.value - a.value, ...(a.value !== 0 && { ratio: b.value / a.value }) } : {};
    return { key, label, unit, ...values, ...both, because };
  });
}

/** The measures of a whole model; none without a model. */
export function wholeMeasures(design: Design, compiled: CompiledView | undefined): readonly Measure[] {
  const sizes = sizesOf(design);
  if (!sizes) return [];
  return [
    { key: "parameters", label: "parameters", unit: "count", ...sizes.parameters },
    { key: "active", label: "active parameters", unit: "count", ...sizes.active },
    { key: "flops_forward", label: "FLOPs per token, forward", unit: "flop", ...sizes.flopsForward },
    { key: "flops_backward", label: "FLOPs per token, backward", unit: "flop", ...sizes.flopsBackward },
    { key: "weight_bytes", label: "bytes of weights", unit: "byte", ...sizes.bytes },
    ...expertRows(design),
    ...(compiled ? planMeasures(compiled) : []),
  ];
}

function planMeasures({ program, step, kernels, deep, target }: CompiledView): readonly Measure[] {
  const of = program === "train" ? "per training step" : `per run of ${program}`;
  const because = deep ? "a few layers of each run were planned and counted for all" : `kernels of program ${program}`;
  const memory: Measure[] =
    step.memory === undefined
      ? []
      : [
          {
            key: "peak_memory",
            label: "peak memory",
            unit: "byte",
            value: step.memory,
            because: `planned for ${target}: weights, state and workspace`,
          },
        ];
  return [
    {
      key: "kernels",
      label: "kernels",
      unit: "count",
      value: kernels.length,
      because: "distinct kernels of all programs",
    },
    { key: "launches", label: `launches ${of}`, unit: "count", value: step.launches, because },
    { key: "bytes_moved", label: `bytes moved ${of}`, unit: "byte", value: step.bytes, because },
    ...memory,
  ];
}

/** Rows that go into experts in one step, all layers. */
function expertRows(design: Design): readonly Measure[] {
  const { mixtures } = reachableParts(design);
  const uses = layersOf(design);
  const terms = Object.values(mixtures).flatMap((mixture) => {
    const layers = uses.get(mixture.name) ?? 0;
    const edges = mixtureSize(mixture, design).edges.value;
    return layers > 0 ? [{ layers, edges }] : [];
  });
  if (terms.length === 0) return [];
  const tokens = tokensOf(design);
  const value = terms.reduce((sum, { layers, edges }) => sum + tokens * layers * edges, 0);
  const because = terms
    .map(({ layers, edges }) => `${tokens} tokens × ${layers} layers × ${edges} ${edges === 1 ? "edge" : "edges"}`)
    .join(" + ");
  return [{ key: "expert_rows", label: "expert rows per step", unit: "count", value, because }];
}

/** B·S, or S without a run. */
function tokensOf({ model, train }: Design): number {
  return (model?.context ?? 0) * (train?.batch ?? 1);
}

function layersOf(design: Design): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { count, block } of design.model?.stack ?? []) {
    for (const { part } of design.blocks[block]?.steps ?? []) uses.set(part, (uses.get(part) ?? 0) + count);
  }
  return uses;
}

/** The measures of one mixture in one layer; FLOPs and edges are a token's. */
export function mixtureMeasures(design: Design, name: string): readonly Measure[] {
  const mixture: Mixture | undefined = design.mixtures[name];
  if (!mixture || !design.model) return [];
  const { parameters, active, edges, flops } = mixtureSize(mixture, design);
  const rows = edges.value * tokensOf(design);
  return [
    { key: "parameters", label: "parameters", unit: "count", ...parameters },
    { key: "active", label: "active parameters", unit: "count", ...active },
    { key: "edges", label: "edges per token", unit: "count", ...edges },
    { key: "flops_forward", label: "FLOPs per token, forward", unit: "flop", ...flops },
    {
      key: "flops_backward",
      label: "FLOPs per token, backward",
      unit: "flop",
      value: 2 * flops.value,
      because: "twice the forward pass",
    },
    {
      key: "expert_rows",
      label: "expert rows per step",
      unit: "count",
      value: rows,
      because: `${tokensOf(design)} tokens × ${edges.value} ${edges.value === 1 ? "edge" : "edges"}`,
    },
  ];
}
