/**
 * The kernel plan: what a target is asked to run. Distinct kernels, the buffers they share, and for
 * every program the launches in order. Plain JSON, printable and hashable; the same for every target,
 * whose emitters only spell it. No node of the graph survives here.
 */

import type { BinaryOp, Unary } from "../3-graph/expr.js";
import type { DataSource, DType } from "../3-graph/graph.js";

export interface KernelPlan {
  readonly kernels: readonly Kernel[];
  readonly buffers: readonly Buffer[];
  readonly programs: readonly ProgramPlan[];
  readonly memory: Memory;
}

/** Bytes. Everything lives in one arena: control block, kept buffers, then a workspace the programs share. */
export interface Memory {
  readonly kept: number;
  readonly workspace: number;
  readonly arena: number;
}

export interface ProgramPlan {
  readonly name: string;
  readonly launches: readonly Launch[];
  /** named results -> buffer */
  readonly outputs: Readonly<Record<string, number>>;
  /** bytes of workspace this program needs */
  readonly workspace: number;
}

export interface Launch {
  /** index into kernels */
  readonly kernel: number;
  /** buffer of each parameter */
  readonly args: readonly number[];
  readonly scope: string;
  /** number of elements, for flat kernels */
  readonly count?: number;
  /** for work that one thread does alone: which of them, modulo their number, so that neighbours run side by side */
  readonly turn?: number;
  /** whether all must have finished before the next launch starts */
  readonly wait: boolean;
}

export interface Dim {
  readonly name: string;
  readonly size: number;
}

export type BufferRole = "input" | "data" | "param" | "state" | "work";

export interface Buffer {
  readonly name: string;
  readonly role: BufferRole;
  readonly dtype: DType;
  readonly dims: readonly Dim[];
  readonly bytes: number;
  /** from the start of the arena */
  readonly offset: number;
  /** what the host fills a data buffer with */
  readonly source?: DataSource;
}

export interface Param {
  readonly name: string;
  readonly dtype: DType;
  readonly access: "read" | "write" | "update";
  readonly dims: readonly Dim[];
  /** written here, read only much later: need not stay in any cache */
  readonly far?: boolean;
}

interface KernelBase {
  /** by role: `mixture_experts_up` */
  readonly name: string;
  readonly params: readonly Param[];
  /** one line for people: what it computes */
  readonly summary: string;
  /** design paths this kernel comes from */
  readonly because: readonly string[];
  /** per launch; ragged work is counted as if every edge were kept */
  readonly flops: number;
  readonly bytes: number;
}

export type Kernel = RowsKernel | FlatKernel | MatmulKernel | OuterKernel | FinishKernel | SpecialKernel;

/** For every row of `domain`: statements over the inner axes, temporaries live in L1. */
export interface RowsKernel extends KernelBase {
  readonly kind: "rows";
  readonly domain: readonly Dim[];
  readonly body: readonly Stmt[];
}

/** Elementwise over `count` numbers, given at launch. */
export interface FlatKernel extends KernelBase {
  readonly kind: "flat";
  readonly body: readonly Stmt[];
}

/** Adds up the partial sums that another kernel left, one per chunk. */
export interface FinishKernel extends KernelBase {
  readonly kind: "finish";
  readonly how: "sum" | "max";
  readonly chunks: number;
  readonly size: number;
}

/**
 * C[m, n] = Σ_terms A·B, rows m cut into blocks. With `group` the rows are cut by expert and B is
 * that expert's. The epilogue sees one tile of every output at a time; `after` sees whole rows.
 */
export interface MatmulKernel extends KernelBase {
  readonly kind: "matmul";
  readonly batch: number;
  readonly m: number;
  readonly outputs: readonly MatmulOutput[];
  /** two outputs of equal width computed side by side in one tile, so that the epilogue sees both */
  readonly paired: boolean;
  readonly group: { readonly offsets: number; readonly experts: number } | undefined;
  /** names of the row and column axes */
  readonly row: readonly Dim[];
  readonly column: readonly Dim[];
  readonly epilogue: readonly Stmt[];
  /** a row program run on each row while it is hot */
  readonly after: readonly Stmt[];
}

export interface MatmulOutput {
  readonly n: number;
  readonly terms: readonly Term[];
  /** parameter the raw product is stored to, or undefined when only the epilogue wants it */
  readonly store: Layout | undefined;
}

export interface Term {
  readonly k: number;
  readonly a: Operand;
  readonly b: Operand;
}

/** A matrix inside a parameter. `major` names the axis that is contiguous. */
export interface Operand {
  readonly param: number;
  readonly major: "k" | "other";
  /** elements between neighbours of the other axis */
  readonly stride: number;
  /** elements between batches (or experts) */
  readonly batchStride: number;
  /** rows by index: parameter of the index, and the divisor */
  readonly gather: { readonly param: number; readonly divide: number } | undefined;
}

export interface Layout {
  readonly param: number;
  readonly stride: number;
  readonly batchStride: number;
}

/**
 * C[m, n] = Σ_k A[k, m]·B[k, n] with k the long axis of rows (weight gradients). With `group`, one
 * such product per expert over its run of rows.
 */
export interface OuterKernel extends KernelBase {
  readonly kind: "outer";
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Operand;
  readonly b: Operand;
  readonly store: Layout;
  /** further products with the same B, such as the gradients of weights that read the same rows; A lies as the first does */
  readonly beside: readonly { readonly a: Operand; readonly store: Layout }[];
  readonly group: { readonly offsets: number; readonly experts: number } | undefined;
}

/** Ops that are kernels of their own, and such as are done together; every target has a kernel for each. */
export const SPECIAL_OPS = [
  "partition",
  "histogram",
  "histogram+partition",
  "bucket",
  "rank",
  "admit",
  "assign",
  "scatterAdd",
  "put",
  "rope",
  "attention",
  "attentionAt",
  "attentionGrad",
] as const;
export type SpecialOp = (typeof SPECIAL_OPS)[number];

/** An op that is its own kernel; attributes are those of the op. */
export interface SpecialKernel extends KernelBase {
  readonly kind: "special";
  readonly op: SpecialOp;
  readonly attributes: Readonly<Record<string, number | string | boolean | undefined>>;
  /** sizes of the axes involved, by name */
  readonly sizes: Readonly<Record<string, number>>;
}

/** A scalar expression whose leaves are loads. */
export type PExpr =
  | { readonly op: "const"; readonly value: number }
  | { readonly op: "index"; readonly axis: string }
  | { readonly op: "load"; readonly from: Source }
  | {
      readonly op: "random";
      readonly stream: number;
      readonly seed: PExpr;
      readonly step: PExpr;
      readonly dims: readonly Dim[];
    }
  | { readonly op: Unary; readonly a: PExpr }
  | { readonly op: BinaryOp; readonly a: PExpr; readonly b: PExpr }
  | { readonly op: "select"; readonly c: PExpr; readonly a: PExpr; readonly b: PExpr };

/** Something with axes that can be read at a point: a parameter (perhaps by index), a local, a tile. */
export type Source =
  | {
      readonly in: "param";
      readonly param: number;
      readonly dims: readonly Dim[];
      readonly gather?: {
        readonly index: Source;
        readonly divide: number /** trailing dims that are not indexed */;
        readonly rest: number;
      };
    }
  | { readonly in: "local"; readonly name: string; readonly dtype: DType; readonly dims: readonly Dim[] }
  /** the product of matmul output `output`, at the tile's row and column */
  | { readonly in: "tile"; readonly output: number };

export interface Target {
  /** local to keep it in for this row, if somebody in this kernel reads it */
  readonly local?: { readonly name: string; readonly dtype: DType };
  /** parameter to store it to, if somebody outside does */
  readonly param?: number;
  /** axes of the value that are not the row's */
  readonly dims: readonly Dim[];
}

export type Stmt =
  /** target[dims] = expr */
  | { readonly kind: "map"; readonly to: Target; readonly expr: PExpr; readonly note: string }
  /** target[dims] = sum or max over `over` of expr */
  | {
      readonly kind: "reduce";
      readonly how: "sum" | "max";
      readonly to: Target;
      readonly over: readonly Dim[];
      readonly expr: PExpr;
      readonly note: string;
    }
  /** partial[chunk][dims] = sum or max of expr over the rows of the chunk (and over `over`) */
  | {
      readonly kind: "accumulate";
      readonly how: "sum" | "max";
      readonly param: number;
      readonly dims: readonly Dim[];
      readonly over: readonly Dim[];
      readonly expr: PExpr;
      readonly note: string;
    }
  /** target[k] = from[index[k]], 0 where the index is negative */
  | { readonly kind: "pick"; readonly to: Target; readonly from: Source; readonly index: Source; readonly note: string }
  /** target[k] = number of the k-th largest, -1 where the key is -inf */
  | {
      readonly kind: "topK";
      readonly to: Target;
      readonly key: Source;
      readonly size: number;
      readonly k: number;
      readonly note: string;
    };

/** Rows of a domain are handed out in this many chunks, whatever the number of threads: sums are the same on every machine. */
export const CHUNKS = 32;
