/** One kernel as a comparison sees it: what it is for, what was fused into it, its sizes, and two fingerprints. */
import type { Dim, Kernel, MatmulKernel, OuterKernel } from "../5-plan/plan.js";
import { fingerprint } from "../5-plan/plan-programs.js";
import { sha256 } from "../runtime/sha256.js";
import type { Scalar } from "./line.js";

export interface KernelView {
  /** by role, and unique in its design: `mixture_experts_up` */
  readonly name: string;
  /** the name without what was added to make it unique */
  readonly role: string;
  /** `text`: nothing but its text is known */
  readonly kind: Kernel["kind"] | "text";
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
  /** the text in a generated folder is not what its design compiles to */
  readonly file?: FileState;
}

/** `edited`: changed since it was written; `other`: written by another version of moec, or with other wishes. */
export type FileState = "edited" | "other";

/** A kernel of a plan, launched so often; `variant` is what its text depends on besides the plan. */
export function kernelView(kernel: Kernel, launches: KernelView["launches"], variant = ""): KernelView {
  const { name, kind, summary, because, flops, bytes } = kernel;
  const plan = fingerprint(kernel);
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
    print: variant === "" ? plan : `${plan} ${variant}`,
    shape: withoutSizes(plan),
  };
}

/** The kernel as a folder has it, whose text is another one. */
export function filedView(view: KernelView, text: string, file: FileState): KernelView {
  return { ...view, file, print: `${view.print} ${file} ${sha256(text)}` };
}

/** A kernel of which nothing but its text is known: one that a target adds to the plan, or that only a folder has. */
export function textView(name: string, text: string): KernelView {
  const print = `text ${sha256(text)}`;
  const known = { pieces: [], parameters: {}, because: [], launches: {}, flops: 0, bytes: 0 };
  return { name, role: roleOf(name), kind: "text", ...known, print, shape: "text" };
}

/** `attend_norm_of_layer_0` → `attend_norm`: the planner adds who alone uses a kernel where a name is taken. */
export function roleOf(name: string): string {
  return name.replace(/(_of_layer_\d+|_in_(train|evaluate|trace)|_with_\w+?)?(_\d+)?$/, "");
}

const sizes = new Set([
  ...["size", "stride", "batchStride", "m", "n", "k", "batch", "chunks", "experts"],
  ...["value", "divide", "sizes", "attributes", "shapes"],
]);

/** The fingerprint with every size and constant left out, and axes called by the order in which they appear. */
function withoutSizes(print: string): string {
  const axes = new Map<string, string>();
  const axis = (name: string): string => {
    const known = axes.get(name) ?? `axis ${axes.size}`;
    axes.set(name, known);
    return known;
  };
  return JSON.stringify(JSON.parse(print), (key, value: unknown) => {
    if ((key === "name" || key === "axis") && typeof value === "string")
      return value.startsWith("t_") ? value : axis(value);
    if (!sizes.has(key) || value === null) return value;
    if (key === "shapes") return (value as readonly (readonly unknown[])[]).map(([dtype, access]) => [dtype, access]);
    return key === "attributes" ? Object.keys(value as object).sort() : "#";
  });
}

function parametersOf(kernel: Kernel): KernelView["parameters"] {
  return { ...ownParameters(kernel), inner: innerText(kernel), ...operandCounts(kernel) };
}

/** Axes of the operands that are not rows. */
function innerText(kernel: Kernel): Scalar {
  if (kernel.kind !== "rows") return null;
  const rows = new Set(kernel.domain.map(({ name }) => name));
  const axes = new Map(kernel.params.flatMap(({ dims }) => dims.map((dim) => [dim.name, dim] as const)));
  return dimsText([...axes.values()].filter(({ name }) => !rows.has(name)));
}

function operandCounts({ params }: Kernel): KernelView["parameters"] {
  const reads = params.filter(({ access }) => access !== "write").length;
  return { reads, writes: params.length - params.filter(({ access }) => access === "read").length };
}

function ownParameters(kernel: Kernel): KernelView["parameters"] {
  switch (kernel.kind) {
    case "rows":
      return { rows: rowsText(kernel.domain) };
    case "flat":
      return {};
    case "finish":
      return { how: kernel.how, chunks: kernel.chunks, size: kernel.size };
    case "matmul":
      return matmulParameters(kernel);
    case "outer":
      return outerParameters(kernel);
    case "special":
      return { op: kernel.op, sizes: sizesText(kernel.sizes), ...plain(kernel.attributes) };
    default:
      return kernel satisfies never;
  }
}

function matmulParameters({ batch, m, outputs, paired, group, row, column }: MatmulKernel): KernelView["parameters"] {
  return {
    rows: row.length > 0 ? rowsText(row) : m,
    columns: column.length > 0 ? rowsText(column) : null,
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

/** `T 4096`; with several axes `B 8 × S 512 = 4096` */
function rowsText(dims: readonly Dim[]): string {
  const all = dims.reduce((product, { size }) => product * size, 1);
  return dims.length > 1 ? `${dimsText(dims)} = ${all}` : dimsText(dims);
}

const dimsText = (dims: readonly Dim[]): string =>
  dims.map(({ name, size }) => `${name} ${size}`).join(" × ") || "none";

function sizesText(sizes: Readonly<Record<string, number>>): string {
  return Object.entries(sizes)
    .map(([name, size]) => `${name} ${size}`)
    .join(", ");
}

function plain(attributes: Readonly<Record<string, Scalar | undefined>>): Readonly<Record<string, Scalar>> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value ?? null]));
}
