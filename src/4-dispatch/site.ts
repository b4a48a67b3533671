/**
 * One `experts` node as strategies see it: inputs by their role, groups with their weights, and the few questions
 * that every strategy asks. Nothing is decided here.
 */
import type { Ffn } from "../2-design/design.js";
import { sizeOf } from "../3-graph/axes.js";
import type { GraphBuilder } from "../3-graph/builder.js";
import { and, le, lt, select, sub } from "../3-graph/expr-build.js";
import type { Axis, Node, Value } from "../3-graph/graph.js";
import { ensure } from "../3-graph/internal.js";
import type { ExpertBuild } from "../experts/build.js";
import type { Expert } from "../experts/expert.js";
import { builtKind } from "../experts/index.js";
import type { ExpertStep } from "../experts/step.js";
import { buildSteps } from "../experts/steps.js";

export interface GroupCall {
  /** number of the group's first expert among all experts */
  readonly first: number;
  /** the group's own experts */
  readonly experts: Axis;
  readonly ffn: Ffn;
  /** networks one after the other, in place of `ffn` */
  readonly steps?: readonly ExpertStep[];
  /** experts first; in the order of the kind */
  readonly weights: readonly Value[];
  /** edges [U, K] that name the group's experts from 0; −1 for edges of other groups */
  readonly edges: Value;
  /** whether every edge belongs to this group */
  readonly only: boolean;
}

export interface ExpertsCall {
  readonly name: string;
  /** [U, C] */
  readonly x: Value;
  /** [U, K] i32, −1 for none; a unit has each expert at most once */
  readonly edges: Value;
  /** [U, K] */
  readonly weight: Value;
  readonly weightOnInput: boolean;
  /** the weight may multiply the hidden numbers of an edge instead of its result: the last matrix is linear */
  readonly weightInside: boolean;
  readonly groups: readonly GroupCall[];
}

/** Reads an `experts` node whose inputs were mapped to `inputs`. */
export function readCall(g: GraphBuilder, node: Node, inputs: readonly Value[]): ExpertsCall {
  const { op } = node;
  ensure(op.kind === "experts", () => `${op.kind} is not a mixture`);
  const [x, edges, weight] = inputs as [Value, Value, Value];
  let from = 3;
  const groups = op.groups.map((group): GroupCall => {
    const weights = inputs.slice(from, from + group.params);
    from += group.params;
    const only = op.groups.length === 1;
    return {
      first: group.first,
      experts: { name: weights[0]?.axes[0]?.name ?? "E", size: group.count },
      ffn: { kind: group.ffn, hidden: group.hidden, clamp: group.clamp, bias: group.bias },
      ...(group.steps && { steps: group.steps }),
      weights,
      edges: only ? edges : edgesOfGroup(g, edges, group.first, group.count),
      only,
    };
  });
  return {
    name: op.site,
    x,
    edges,
    weight,
    weightOnInput: op.weightOnInput,
    weightInside: op.weightInside === true,
    groups,
  };
}

function edgesOfGroup(g: GraphBuilder, edges: Value, first: number, count: number): Value {
  return g.within({ role: "experts.edges" }, () =>
    g.map([edges], (e) => select(and(le(first, e), lt(e, first + count)), sub(e, first), -1), { dtype: "i32" }),
  );
}

/** K, the edges that a unit has room for. */
export const edgesPerUnit = (call: Pick<ExpertsCall, "edges">): number => call.edges.axes.at(-1)!.size;

/** All places for an edge, U·K, as one axis. */
export const edgeAxis = (call: Pick<ExpertsCall, "edges">): Axis => ({ name: "N", size: sizeOf(call.edges.axes) });

/** What the experts of a group compute; internal error for a kind that has no meaning yet. */
export function kindOf({ ffn, steps }: Pick<GroupCall, "ffn" | "steps">): BuiltKind {
  if (steps !== undefined) return { weights: () => steps.flatMap(weightsOf), build: buildSteps(steps) };
  return builtKind(ffn.kind);
}

type BuiltKind = Pick<Expert, "weights"> & { readonly build: ExpertBuild };

/** The matrices of a step; its norm has vectors only. */
const weightsOf = ({ ffn }: ExpertStep) => kindOf({ ffn }).weights(ffn);

/** Kinds that only have vectors and few experts are cheaper computed for every unit than sorted. */
export function isFolded({ ffn, steps, experts }: Pick<GroupCall, "ffn" | "steps" | "experts">): boolean {
  const weights = kindOf({ ffn, ...(steps && { steps }) }).weights(ffn);
  const vectors = weights.every(({ shape }) => shape.filter((size) => typeof size !== "number").length <= 1);
  return vectors && (weights.length === 0 || experts.size <= 16);
}

/** Sum of the parts, in order; zeros where there is none. */
export function sumOf(g: GraphBuilder, parts: readonly Value[], like: Value): Value {
  if (parts.length === 0) return g.map([0], () => 0, { axes: like.axes });
  return parts.reduce((a, b) => g.map([a, b], (p, q) => ({ op: "add", a: p, b: q }), { axes: like.axes }));
}
