/** What every CUDA kernel has in common: how its parameters are declared and reached, its constants, its place in the text. */
import type { Dim, Kernel, Param } from "../../5-plan/plan.js";
import type { CudaPass, Tier } from "../../targets/cuda/program.js";
import { constantName } from "../gpu/names.js";
import type { Access } from "../gpu/spelling.js";
import { fill } from "../templates.js";
import type { Schedule } from "./hopper/tiles.js";

/** A kernel as CUDA C++, and how it is launched. */
export interface CudaText {
  readonly text: string;
  readonly passes: readonly CudaPass[];
  /** of a product that Hopper's units could not make: why */
  readonly whyPortable?: string;
  /** of a product that Hopper's units make: how */
  readonly schedule?: string;
}

/** What the emission of one kernel is given. */
export interface Context {
  /** chunks that sums over rows are made in */
  readonly chunks: number;
  /** rows of a tile of sorted rows */
  readonly tileRows: number;
  /** parameters that are stored as bf16 */
  readonly halves: ReadonlySet<number>;
  /** parameters that are written twice, and the parameter in bf16 that the second goes to */
  readonly twins: ReadonlyMap<number, number>;
  /** whether products of this kernel go to the tensor cores, in bf16 */
  readonly tensor: boolean;
  /** what kernels are written for: every GPU, or Hopper's own units where they fit */
  readonly tier: Tier;
  /** of the GPU that tiles are cut for */
  readonly multiprocessors: number;
  /** on Hopper: only so, where not chosen by cost */
  readonly schedule?: Schedule | undefined;
}

const TYPES = { f32: "float", i32: "int", u8: "unsigned char" } as const;

/** How numbers of parameters are read and written; those in bf16 become floats on the way. */
export function accessTo(params: readonly Param[], { halves, twins }: Pick<Context, "halves" | "twins">): Access {
  return {
    params,
    read: (i, at) => (halves.has(i) ? `to_float(${params[i]!.name}[${at}])` : `${params[i]!.name}[${at}]`),
    write: (i, at, value) => {
      const cell = `${params[i]!.name}[${at}]`;
      const twin = twins.get(i);
      const second = twin === undefined ? "" : ` ${params[twin]!.name}[${at}] = to_bf16(${cell});`;
      return `${cell} = ${halves.has(i) ? `to_bf16(${value})` : value};${second}`;
    },
  };
}

/** The statement that writes two neighbours at once, the first at an even place. */
export function writeTwo(
  params: readonly Param[],
  { twins }: Pick<Context, "twins">,
  i: number,
  at: string,
  first: string,
  second: string,
): string {
  const twin = twins.get(i);
  const to = (param: number): string => `put_two(${params[param]!.name} + ${at}, ${first}, ${second});`;
  return twin === undefined ? to(i) : `${to(i)} ${to(twin)}`;
}

/** `const float *__restrict__ x, …` */
export function signatureOf(params: readonly Param[], halves: ReadonlySet<number>): string {
  return params
    .map((p, i) => {
      const type = halves.has(i) ? "bf16" : TYPES[p.dtype];
      return `${p.access === "read" ? "const " : ""}${type} *__restrict__ ${p.name}`;
    })
    .join(", ");
}

/** Fills a kernel's template: what it is, where it comes from, its parameters, and the constants its body mentions. */
export function assemble(
  kernel: Kernel,
  template: string,
  context: Pick<Context, "halves">,
  view: object,
  dims: readonly Dim[] = [],
): string {
  const common = {
    name: kernel.name,
    signature: signatureOf(kernel.params, context.halves),
    about: aboutOf(kernel),
  };
  const text = fill(`cuda/${template}.cu`, { ...common, ...view, constants: [] });
  return fill(`cuda/${template}.cu`, { ...common, ...view, constants: constantsIn(text, dims) }).trimEnd();
}

function aboutOf({ name, summary, because }: Kernel): string {
  const from = because.length > 0 ? ` (${because.join(", ")})` : "";
  return `/* ${name}: ${summary}${from} */`;
}

/** `D` = 256 for every axis that the text mentions. */
function constantsIn(text: string, dims: readonly Dim[]): { name: string; size: number }[] {
  const mentioned = dims.map((d) => ({ name: constantName(d), size: d.size }));
  const unique = [...new Map(mentioned.map((d) => [d.name, d])).values()];
  return unique.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(text));
}
