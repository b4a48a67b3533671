/** What the nodes of a graph are put together to: one cluster becomes one kernel. */
import type { Axis, Node, Value } from "../3-graph/graph.js";
import type { Product } from "./matmul-shape.js";

export type Cluster = RowsCluster | FlatCluster | MatmulCluster | OuterCluster | SpecialCluster | FinishCluster;

export interface RowsCluster {
  readonly kind: "rows";
  readonly domain: readonly Axis[];
  readonly nodes: Node[];
}

export interface FlatCluster {
  readonly kind: "flat";
  readonly axes: readonly Axis[];
  readonly nodes: Node[];
}

export interface MatmulCluster {
  readonly kind: "matmul";
  /** one list of terms per output */
  readonly outputs: { readonly value: Value; readonly terms: readonly Product[] }[];
  readonly epilogue: Node[];
  readonly after: Node[];
}

export interface OuterCluster {
  readonly kind: "outer";
  /** one, or several that read the same rows */
  readonly products: Product[];
}

export interface SpecialCluster {
  readonly kind: "special";
  readonly nodes: Node[];
}

/** Completes a reduction over rows whose partial sums another cluster left. */
export interface FinishCluster {
  readonly kind: "finish";
  readonly node: Node;
}

export interface FusionOptions {
  /** widest finished row, in elements, that a matmul may process while it is hot; 0 turns this off */
  readonly hotRow: number;
  /** whether gradients of weights that read the same rows are one kernel */
  readonly gradientsTogether?: boolean;
}

/** What pays on a processor, whose caches hold wide rows, and on GPUs. */
export const FUSION = {
  cpu: { hotRow: 65_536, gradientsTogether: true },
  gpu: { hotRow: 0 },
} as const satisfies Readonly<Record<string, FusionOptions>>;
