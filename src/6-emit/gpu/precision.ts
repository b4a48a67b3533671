/**
 * What is computed and kept in halves (bf16 or f16) where a design asks for it: products of matrices, except those of
 * routers, read halves; tensors between kernels that such a product reads are stored so, or, where a router or the host
 * reads them too, in f32 with a twin in halves beside them; weights keep their f32 masters and get copies in halves
 * (shadows), made anew before each run. Everything else, sums above all, stays f32.
 */
import type { Kernel, MatmulKernel, OuterKernel, SpecialKernel } from "../../5-plan/plan.js";
import type { Lowered, LoweredBuffer } from "./lower.js";
import { bytesOf } from "./sizes.js";

export interface Precision {
  /** kernels whose products read halves */
  readonly tensor: ReadonlySet<number>;
  /** parameters stored in halves, of each kernel */
  readonly halves: readonly ReadonlySet<number>[];
  /** workspace tensors stored in halves */
  readonly buffers: ReadonlySet<number>;
  /** parameters of each kernel that are written twice: in f32, and to a twin in halves */
  readonly twins: readonly (readonly number[])[];
  /** workspace tensors that have a twin */
  readonly twinned: readonly number[];
  /** weights that have a copy in halves, in the order of the plan */
  readonly shadowed: readonly number[];
}

/** Everything in f32. */
export const exact = ({ kernels }: Lowered): Precision => ({
  tensor: new Set(),
  halves: kernels.map(() => new Set()),
  buffers: new Set(),
  twins: kernels.map(() => []),
  twinned: [],
  shadowed: [],
});

/** Kernels that multiply matrices: attention does so twice, its gradient five times. */
export type Product = MatmulKernel | OuterKernel | SpecialKernel;

/**
 * `takes`: which products a target makes of halves; never a router's. `keeps`: which nodes (`buffer 3`, `shadow 3`) stay
 * f32 whoever reads them. `between`: whether results of experts, and what only products of matrices write and read
 * behind their sums (gates before their activation), are kept in halves, too. Errors: none; what cannot be halves stays f32.
 */
export function mixed(
  lowered: Lowered,
  takes: (kernel: Product) => boolean,
  keeps: (node: string) => boolean = () => false,
  between = false,
): Precision {
  const { kernels, buffers } = lowered;
  const isTensor = (k: Kernel): boolean => isProduct(k) && !isRouter(k) && takes(k);
  const tensor = new Set(kernels.flatMap((k, i) => (isTensor(k) ? [i] : [])));
  const groups = grouped(lowered, tensor);
  const exactly = new Set([...lowered.programs.flatMap((p) => Object.values(p.outputs)), ...readByRouters(lowered)]);
  const numbers = (list: readonly Group[], kind: string): number[] =>
    list
      .flatMap((g) => g.nodes.flatMap((n) => (n.startsWith(`${kind} `) ? [Number(n.split(" ")[1])] : [])))
      .sort((a, b) => a - b);
  const isFree = (g: Group): boolean =>
    !g.nodes.some(keeps) && numbers([g], "buffer").every((b) => isPlain(buffers[b]!));
  const isBetween = (g: Group): boolean =>
    !numbers([g], "buffer").some((b) => exactly.has(b)) && isBetweenProducts(g, kernels, tensor);
  const wanted = groups.filter((g) => (g.read || (between && isBetween(g))) && isFree(g));
  const whole = wanted.filter((g) => !numbers([g], "buffer").some((b) => exactly.has(b)));
  const twice = wanted.filter((g) => !whole.includes(g));
  const isOperand = ({ kernel, param }: Slot): boolean => tensor.has(kernel) && operandsOf(kernels[kernel]!).has(param);
  const slotsOf = (list: readonly Group[], k: number, take: (s: Slot) => boolean): number[] =>
    list.flatMap((g) => g.slots.flatMap((s) => (s.kernel === k && take(s) ? [s.param] : []))).sort((a, b) => a - b);
  const isWritten = ({ kernel, param }: Slot): boolean => kernels[kernel]!.params[param]!.access !== "read";
  return {
    tensor,
    halves: kernels.map((_, k) => new Set([...slotsOf(whole, k, () => true), ...slotsOf(twice, k, isOperand)])),
    buffers: new Set(numbers(whole, "buffer")),
    twins: kernels.map((_, k) => slotsOf(twice, k, isWritten)),
    twinned: numbers(twice, "buffer"),
    shadowed: numbers(wanted, "shadow"),
  };
}

/** Whether a kernel is of a router, whose numbers choose experts and are never rounded. */
export const isRouter = ({ name }: Kernel): boolean => /(^|_)router_/.test(name);

/** Tensors that routers score with or learn from: those are never rounded, or the choice of experts would change. */
function readByRouters({ kernels, programs, buffers }: Lowered): number[] {
  const reads = (kernel: Kernel): number[] => kernel.params.flatMap((p, i) => (p.access === "read" ? [i] : []));
  return programs.flatMap(({ launches }) =>
    launches.flatMap(({ kernel: at, args }) => {
      const kernel = kernels[at]!;
      if (!isRouter(kernel)) return [];
      const own = isProduct(kernel)
        ? [...operandsOf(kernel)]
        : scoresByIndex(kernel, args, buffers)
          ? reads(kernel)
          : [];
      return own.map((p) => args[p]!);
    }),
  );
}

/** Whether a pass of a router multiplies with rows of its weights that it finds by index, or adds up their gradient. */
const scoresByIndex = (kernel: Kernel, args: readonly number[], buffers: readonly LoweredBuffer[]): boolean =>
  kernel.kind === "special" ? kernel.op === "scatterAdd" : args.some((b) => buffers[b]!.role === "param");

const isPlain = ({ role, dtype, dims }: LoweredBuffer): boolean =>
  role === "work" && dtype === "f32" && dims.length > 0 && dims[0]!.name !== "chunk";

const isAttention = (kernel: Kernel): boolean =>
  kernel.kind === "special" && (kernel.op === "attention" || kernel.op === "attentionGrad");

const isGradient = (kernel: Kernel): boolean => kernel.kind === "special" && kernel.op === "attentionGrad";

const isProduct = (kernel: Kernel): kernel is Product =>
  kernel.kind === "matmul" || kernel.kind === "outer" || isAttention(kernel);

/** Parameters that a product reads as its operands. */
export function operandsOf(kernel: Kernel): ReadonlySet<number> {
  if (kernel.kind === "outer") return new Set([kernel.a.param, kernel.b.param]);
  // queries, keys, values, and the gradient of what attention gives
  if (isAttention(kernel)) return new Set(isGradient(kernel) ? [0, 1, 2, 5] : [0, 1, 2]);
  if (kernel.kind !== "matmul") return new Set();
  return new Set(kernel.outputs.flatMap((o) => o.terms.flatMap((t) => [t.a.param, t.b.param])));
}

interface Slot {
  readonly kernel: number;
  readonly param: number;
}

/** Tensors that must be stored alike, because some kernel has them in one place in turn. */
interface Group {
  readonly nodes: readonly string[];
  readonly slots: readonly Slot[];
  /** whether a product of halves reads them */
  readonly read: boolean;
}

/** What a launch has in a place: a tensor, or, where a product of halves reads a weight, the weight's copy. */
export function nodeAt(lowered: Lowered, tensor: ReadonlySet<number>, slot: Slot, buffer: number): string {
  const isOperand = tensor.has(slot.kernel) && operandsOf(lowered.kernels[slot.kernel]!).has(slot.param);
  return isOperand && lowered.buffers[buffer]!.role === "param" ? `shadow ${buffer}` : `buffer ${buffer}`;
}

function grouped(lowered: Lowered, tensor: ReadonlySet<number>): Group[] {
  const parent = new Map<string, string>();
  const rootOf = (node: string): string => {
    let at = node;
    while ((parent.get(at) ?? at) !== at) at = parent.get(at)!;
    return at;
  };
  const join = (a: string, b: string): void => {
    for (const node of [a, b]) if (!parent.has(node)) parent.set(node, node);
    parent.set(rootOf(b), rootOf(a));
  };
  const slots = new Map<string, Slot>();
  for (const { launches } of lowered.programs)
    for (const { kernel, args } of launches)
      args.forEach((buffer, param) => {
        const slot = { kernel, param };
        slots.set(`slot ${kernel} ${param}`, slot);
        join(`slot ${kernel} ${param}`, nodeAt(lowered, tensor, slot, buffer));
      });
  const members = new Map<string, string[]>();
  for (const node of parent.keys()) members.set(rootOf(node), [...(members.get(rootOf(node)) ?? []), node]);
  return [...members.values()].map((all) => {
    const mine = all.flatMap((n) => (slots.has(n) ? [slots.get(n)!] : []));
    return {
      nodes: all.filter((n) => !slots.has(n)),
      slots: mine,
      read: mine.some((s) => tensor.has(s.kernel) && operandsOf(lowered.kernels[s.kernel]!).has(s.param)),
    };
  });
}

/** Whether products of halves write a tensor, those of experts, or for nobody but each other. */
function isBetweenProducts({ slots }: Group, kernels: readonly Kernel[], tensor: ReadonlySet<number>): boolean {
  const productOf = ({ kernel }: Slot): MatmulKernel | undefined => {
    const k = kernels[kernel]!;
    return tensor.has(kernel) && k.kind === "matmul" ? k : undefined;
  };
  if (slots.every((s) => productOf(s) !== undefined)) return true;
  const written = slots.filter(({ kernel, param }) => kernels[kernel]!.params[param]!.access !== "read");
  const read = slots.filter((s) => !written.includes(s));
  return written.every((s) => productOf(s)?.group !== undefined) && !read.some((s) => isRouter(kernels[s.kernel]!));
}

/** The plan's count of bytes, less what halves save. */
export function storedBytes({ params, bytes }: Kernel, halves: ReadonlySet<number>): number {
  const all = params.reduce((n, p) => n + bytesOf(p), 0);
  const saved = params.reduce((n, p, i) => n + (halves.has(i) ? bytesOf(p) / 2 : 0), 0);
  return all === 0 ? bytes : Math.round(bytes * (1 - saved / all));
}
