/** One kernel as a comparison sees it: what it is for, what was fused into it, its sizes, and two fingerprints. */
import type { Dim, Kernel, MatmulKernel, OuterKernel } from "../5-plan/plan.js";
import { fingerprint } from "../5-plan/plan-programs.js";
import type { Scalar } from "./line.js";

export interface KernelView {
  /** by role, and unique in its design: `mixture_experts_up` */
  readonly name: string;
  /** the name without what was added to make it unique */
  readonly role: string;
  readonly kind: Kernel["kind"];
  /** the steps it computes, in order: `contract experts.up`, `map experts.up` */
  readonly pieces: readonly string[];
  /** sizes and other numbers of the plan, by name */
  readonly parameters: Readonly<Record<string, Scalar>>;
  /** paths of the design that it comes from */
  readonly because: readonly string[];
  /** launches of one run of each program */
  readonly launches: Readonly<Record<string, number>>;
  /** of one launch */
  readonly flops: number;
  readonly bytes: number;
  /** equal for kernels of the same text */
  readonly print: string;
  /** equal for kernels that differ in sizes and constants only */
  readonly shape: string;
}

/** A kernel of a plan, launched so often. */
export function kernelView(kernel: Kernel, launches: KernelView["launches"]): KernelView {
  const { name, kind, summary, because, flops, bytes } = kernel;
  const print = fingerprint(kernel);
  return {
    name,
    role: roleOf(name),
    kind,
    pieces: summary.split(", "),
    parameters: parametersOf(kernel),
    because,
    launches,
    flops,
    bytes,
    print,
    shape: withoutSizes(print),
  };
}

/** `optimizer_adamw_also2` → `optimizer_adamw` */
export function roleOf(name: string): string {
  return name.replace(/(_(also|again|further))?\d*$/, "");
}

const sizes = new Set([
  "size",
  "stride",
  "batchStride",
  "m",
  "n",
  "k",
  "batch",
  "chunks",
  "experts",
  "value",
  "divide",
  "sizes",
  "attributes",
  "shapes",
]);

/** The fingerprint with every size and constant left out. */
function withoutSizes(print: string): string {
  return JSON.stringify(JSON.parse(print), (key, value: unknown) => {
    if (!sizes.has(key) || value === null) return value;
    if (key === "shapes") return (value as readonly (readonly unknown[])[]).map(([dtype, access]) => [dtype, access]);
    return typeof value === "object" ? Object.keys(value).sort() : "#";
  });
}

function parametersOf(kernel: Kernel): KernelView["parameters"] {
  switch (kernel.kind) {
    case "rows":
      return Object.fromEntries(kernel.domain.map(({ name, size }) => [name, size]));
    case "flat":
      return {};
    case "finish":
      return { how: kernel.how, chunks: kernel.chunks, size: kernel.size };
    case "matmul":
      return matmulParameters(kernel);
    case "outer":
      return outerParameters(kernel);
    case "special":
      return { op: kernel.op, ...kernel.sizes, ...plain(kernel.attributes) };
    default:
      return kernel satisfies never;
  }
}

function matmulParameters({ batch, m, outputs, paired, group, row, column }: MatmulKernel): KernelView["parameters"] {
  return {
    rows: `${dimsText(row)} = ${m}`,
    columns: column.length > 0 ? dimsText(column) : null,
    products: outputs.map(({ n, terms }) => terms.map(({ k }) => `${n} × ${k}`).join(" + ")).join(", "),
    batch: batch > 1 ? batch : null,
    experts: group?.experts ?? null,
    gathered: outputs.some(({ terms }) => terms.some(({ a }) => a.gather !== undefined)),
    paired,
  };
}

function outerParameters({ batch, m, n, k, group, a, b }: OuterKernel): KernelView["parameters"] {
  const gathered = a.gather !== undefined || b.gather !== undefined;
  return { m, n, k, batch: batch > 1 ? batch : null, experts: group?.experts ?? null, gathered };
}

const dimsText = (dims: readonly Dim[]): string => dims.map(({ name, size }) => `${name} ${size}`).join(" × ");

function plain(attributes: Readonly<Record<string, Scalar | undefined>>): Readonly<Record<string, Scalar>> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value ?? null]));
}
