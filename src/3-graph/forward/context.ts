/** What every part of the forward pass is given: the builder, the design, the sizes of a step and its weights. */
import type { Design } from "../../2-design/design.js";
import { type WeightSpec, weightsOf } from "../../2-design/weights.js";
import type { GraphBuilder } from "../builder.js";
import type { Axis, Value } from "../graph.js";
import { ensure } from "../internal.js";

export interface StepSize {
  /** B, sequences */
  readonly batch: number;
  /** S, tokens of a sequence */
  readonly seq: number;
}

/** What a program is for. */
export type Phase = Pick<ForwardContext, "training" | "sampling" | "cache">;

/**
 * What becomes of keys and values: `fill` keeps those of all tokens; `step` computes one token of each sequence, whose
 * place is given, beside the keys and values that are kept; undefined: they are read once and forgotten.
 */
export type CacheUse = "fill" | "step" | undefined;

export interface ForwardContext {
  readonly g: GraphBuilder;
  readonly design: Design;
  readonly size: StepSize;
  /** T = B·S */
  readonly T: Axis;
  /** D */
  readonly D: Axis;
  readonly training: boolean;
  /** text is being written: later tokens are not there yet */
  readonly sampling: boolean;
  readonly cache: CacheUse;
  /** a weight by its checkpoint name, with the axes it has here */
  readonly param: (name: string, axes: readonly Axis[]) => Value;
  /** embeddings of all tokens [V, D] */
  readonly embedding: () => Value;
  /** step and seed, for rules that need them */
  readonly step: () => Value;
  readonly seed: () => Value;
  /** a new stream of random numbers */
  readonly stream: () => number;
  /** named results */
  readonly outputs: Map<string, Value>;
  readonly losses: Value[];
  readonly updates: { readonly target: Value; readonly value: Value }[];
  /** the same for keys and values */
  readonly kept: { readonly target: Value; readonly value: Value }[];
  /** mean entropy of routers and the like are only made where somebody watches them */
  readonly tokens: Value;
  /** where the rows come from, when they are some tokens of longer sequences */
  readonly chosen?: { readonly positions: Value; readonly seq: number };
  /** by mixture, what its last use scored */
  readonly previousScores: Map<string, Value>;
}

/** `given`: whether the host says at which place of its sequence each token stands; else they stand as they lie. */
export function createContext(
  g: GraphBuilder,
  design: Design,
  whole: StepSize,
  phase: Phase,
  given = phase.cache === "step",
): ForwardContext {
  const specs = new Map<string, WeightSpec>(weightsOf(design).map((w) => [w.name, w]));
  const size = phase.cache === "step" ? { ...whole, seq: 1 } : whole;
  const T = { name: "T", size: size.batch * size.seq };
  const [V, D] = [
    { name: "V", size: design.model!.vocab },
    { name: "D", size: design.model!.dModel },
  ];
  let streams = 0;
  const param = (name: string, axes: readonly Axis[]): Value => {
    const spec = specs.get(name);
    ensure(spec !== undefined, () => `${name} is not a weight of the design`);
    ensure(
      spec.shape.join() === axes.map((a) => a.size).join(),
      () => `${name} is [${spec.shape.join()}], not [${axes.map((a) => a.size).join()}]`,
    );
    return g.param(name, axes, spec.init, spec.class);
  };
  return {
    g,
    design,
    size,
    T,
    D,
    ...phase,
    param,
    embedding: () => param("embed.weight", [V, D]),
    step: () => g.input("step", []),
    seed: () => g.input("seed", []),
    stream: () => ++streams,
    outputs: new Map(),
    losses: [],
    previousScores: new Map(),
    updates: [],
    kept: [],
    tokens: g.input(phase.cache === "step" ? "token" : "tokens", [T], "i32"),
    ...(given && { chosen: { positions: g.input("position", [T], "i32"), seq: whole.seq } }),
  };
}
