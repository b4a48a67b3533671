/**
 * The tensor program: typed SSA over named axes, in topological order. A small set of ops; what a
 * word of the language means is said with these and nothing else. The gradient and the optimiser
 * step are nodes of the same kind. Dispatch rewrites it, the planner fuses it, the f64 interpreter
 * runs it as it stands.
 */

import type { Init, WeightClass } from "../2-design/design.js";
import type { ExpertStep } from "../experts/step.js";
import type { Expr } from "./expr.js";

/**
 * Axis names. T tokens of a step (B·S), S positions, U units, D model width, C unit width, E experts,
 * K edges of a unit, F hidden width, V vocabulary, R edges sorted by expert (ragged: only the first
 * offsets[E] rows hold anything), H heads.
 */
export interface Axis {
  readonly name: string;
  readonly size: number;
}

export type DType = "f32" | "i32" | "u8";

export interface Value {
  readonly id: number;
  readonly axes: readonly Axis[];
  readonly dtype: DType;
  readonly node: Node;
  /** which output of the node */
  readonly output: number;
}

export interface Node {
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly at: Place;
}

/** Where a node belongs: for names of kernels and buffers, comments, and `explain`. */
export interface Place {
  /** `layers.3.mixture`, `head`, `optimizer` */
  readonly scope: string;
  /** by role, never a counter: `router.scores`, `experts.up` */
  readonly role: string;
  readonly phase: "forward" | "backward" | "update";
  /** path in the design that asked for it */
  readonly because?: string;
}

export interface Graph {
  readonly nodes: readonly Node[];
  /** named results: `loss`, `cross_entropy`, `logits`, `grad.<weight>`, `layers.0.mixture.load` … */
  readonly outputs: ReadonlyMap<string, Value>;
  /** after everything else: the persistent value takes the new one */
  readonly updates: readonly { readonly target: Value; readonly value: Value }[];
}

/**
 * Every op. Axes are named, so most ops need few attributes:
 * an axis that two inputs share is the same axis.
 */
export type Op =
  /** written by the host before each run, e.g. tokens [T] i32, targets [T] i32, step [] f32 */
  | { readonly kind: "input"; readonly name: string }
  /** filled by the host once, never changed: routing tables, rotary tables */
  | { readonly kind: "data"; readonly name: string; readonly source: DataSource }
  /** trainable */
  | { readonly kind: "param"; readonly name: string; readonly init: Init; readonly weights: WeightClass }
  /** kept between steps, changed by an update, no gradient: Adam moments, load-balance bias */
  | { readonly kind: "state"; readonly name: string; readonly init: number }
  /** elementwise; inputs are broadcast by axis name to the output's axes; i32 and u8 inputs are read as numbers */
  | { readonly kind: "map"; readonly expr: Expr }
  /** over the named axes; those left keep their order; max of nothing is -inf */
  | { readonly kind: "reduce"; readonly how: "sum" | "max"; readonly over: readonly string[] }
  /**
   * out = Σ over `over` of a·b; axes in both and in the output are batch axes. With `group`, input 2 is
   * offsets [E+1] i32 and the rows of R are cut into E runs: if E is an output axis, R is summed run by
   * run (weight gradient; an empty run gives zeros), otherwise row r uses b of its run's expert.
   */
  | {
      readonly kind: "contract";
      readonly over: readonly string[];
      readonly group?: { readonly rows: string; readonly experts: string };
    }
  /** the same numbers in row-major order under other axes; costs nothing */
  | { readonly kind: "view" }
  /**
   * Rows by index. x [N, …rest], index [… I] i32 -> [… I, …rest]; a negative index gives zeros. With
   * `divide` d the row is floor(index / d). Input 2, if present, is the inverse: int [N, …J] such that
   * the gradient is d x[n] = Σ_J d out[inverse[n, …]] (with rows of `out` flattened; `inverseDivide` as
   * `divide`). Without an inverse the gradient is a deterministic scatterAdd.
   */
  | { readonly kind: "take"; readonly divide: number; readonly inverseDivide: number }
  /**
   * values [… I, …rest], index [… I] -> [N, …rest]: adds every row to its index, in order of I. Input 2, if present,
   * holds a weight for each index; the index may then have further axes J: values [… I, …rest], index [… I, …J].
   */
  | { readonly kind: "scatterAdd" }
  /** x [N, …rest], index [I] i32, rows [I, …rest] -> x with the rows at these indices in their place; no gradient */
  | { readonly kind: "put" }
  /** x [..., A], index [..., K] i32 -> [..., K]: x at index along `axis`; a negative index gives 0; without K, one of each row */
  | { readonly kind: "pick"; readonly axis: string }
  /** v [..., K], index [..., K] -> [..., A]: the adjoint of pick */
  | { readonly kind: "spread"; readonly axis: string; readonly over: string }
  /** key [..., A] -> index [..., K] i32 of the k largest, best first, ties to the lowest index; -1 where the key is -inf */
  | { readonly kind: "topK"; readonly axis: string; readonly k: number }
  /**
   * key [..., A] -> rank [..., A] i32: the place of each element in its row, largest first, ties by the lowest index, -1
   * where the key is -inf; order [..., A] i32: which element stands at each place, -1 past the last
   */
  | { readonly kind: "rank" }
  /**
   * Edges into experts with limited room, one after the other. edges [U, K] i32 (or -1); order [N] i32: flat edge
   * numbers, the first comes first (-1 none); room [E] i32; perhaps ranked [U, E] i32: experts of a unit, best first (-1
   * past the last). -> edges [U, K] i32: the wanted expert if it has room, otherwise the unit's best with room that none
   * of its edges has, -1 if there is none or nothing is ranked
   */
  | { readonly kind: "admit" }
  /**
   * Balanced assignment: key [..., U, E] -> expert [..., U] i32 such that every expert gets floor(U/E) or ceil(U/E) units
   * and the sum of the chosen keys is largest. Keys of -inf are never chosen: units that have no other are left out (-1)
   * and not counted, and where keys of -inf leave no balanced choice, the best that stays closest to one is taken
   */
  | { readonly kind: "assign" }
  /** edges [..., K] i32 (or -1) -> counts [E] f32 */
  | { readonly kind: "histogram" }
  /**
   * Counting sort of edges by expert, stable in edge order. edges [..., K] i32 (or -1) -> offsets [E+1] i32;
   * rows [R] i32: flat edge number of each sorted row (-1 past the end); slots [..., K] i32: sorted row of each edge (-1 none).
   * R may be smaller than the number of places for edges where less of them can be taken. `filled` is the share of R
   * that is expected to be a row, 1 if not given: it only tells how much work the rows are
   */
  | { readonly kind: "partition"; readonly filled?: number }
  /**
   * Fixed room per expert. edges [..., K] -> rows [E, P] i32: flat edge number or -1; slots [..., K] i32: e·P + place, or -1.
   * Edges take their places in flat edge order; those past P are left out.
   */
  | { readonly kind: "bucket"; readonly room: number }
  /** x [T, heads·headDim], cos [S, headDim/2], sin [S, headDim/2]; position = t mod S; `inverse` rotates back */
  | { readonly kind: "rope"; readonly headDim: number; readonly inverse: boolean }
  /**
   * q [T, heads·d], k and v [T, kvHeads·d] -> o [T, heads·d], lse [T, heads]. With input 3, positions [T] i32, queries
   * stand at these places of their sequences, of which k and v [N, kvHeads·d] hold all S rows: N / S sequences, each
   * with as many queries as the others
   */
  | ({ readonly kind: "attention" } & AttentionShape)
  /** q, k, v, o, lse, do -> dq, dk, dv */
  | ({ readonly kind: "attentionGrad" } & AttentionShape)
  /** uniform in [0, 1): a hash of (seed input [] f32, step input [] f32, stream, flat position); no gradient */
  | { readonly kind: "random"; readonly stream: number }
  /** like its input, but no gradient flows back */
  | { readonly kind: "stop" }
  /** experts of one mixture, not yet dispatched: only stage 4 may meet it */
  | ({ readonly kind: "experts" } & ExpertsSite);

export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** S: rows t of one sequence are contiguous */
  readonly seq: number;
  readonly causal: boolean;
  readonly window: number | undefined;
  readonly scale: number;
}

/** `visible`: 0 and 1 for every expert; `experts`: their numbers; `choices`: the same, none where there is only one. */
export type TableForm = "visible" | "experts" | "choices";

export type DataSource =
  | { readonly kind: "table"; readonly table: string; readonly layer: number; readonly form: TableForm }
  | { readonly kind: "rope"; readonly base: number; readonly part: "cos" | "sin" };

/**
 * inputs: x [U, C], edges [U, K] i32, weight [U, K], then the params of each group in the order its kind
 * names them. Output y [U, C], or [U, width], = Σ_k weight·expert(x). Weight on input: expert(weight·x), not weighted again.
 */
export interface ExpertsSite {
  /** the mixture's name, `Mixture` */
  readonly site: string;
  readonly groups: readonly {
    readonly first: number;
    readonly count: number;
    readonly ffn: string;
    readonly hidden: number;
    readonly clamp: number | undefined;
    readonly bias: boolean;
    /** networks one after the other in place of one */
    readonly steps?: readonly ExpertStep[];
    readonly params: number;
  }[];
  readonly weightOnInput: boolean;
  /** of what experts give, where that is not the width of what they get: one group of single matrices */
  readonly width?: Axis;
  /** what a strategy may do with the weight of an edge: multiply the hidden numbers with it, and not the result */
  readonly weightInside?: boolean;
  /** most edges that any expert has, whatever the scores; left out where nothing limits them */
  readonly room?: number;
}
