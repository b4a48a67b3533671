/** A training step that can be run launch by launch (`runtime/first-bad.ts`), for when its training has diverged. */
import type { Design } from "../2-design/design.js";
import type { Dim, KernelPlan } from "../5-plan/plan.js";
import { version } from "../host/version.js";
import type { Bundle } from "../runtime/bundle.js";
import type { Watch, WatchedLaunch } from "../runtime/first-bad.js";
import { cpuCode } from "./bundle.js";
import { planToC } from "./cpu/program.js";

/** What a target makes of the plan's training step: its launches, and what they work on. */
interface Made {
  readonly launches: readonly { readonly kernel: number; readonly args: readonly number[] }[];
  readonly kernels: readonly { readonly name: string }[];
  readonly buffers: readonly { readonly name: string; readonly dims: readonly Dim[]; readonly dtype: string }[];
}

/** The design of a bundle with a program for each launch of its training step; `plan` is what it was made from. */
export function watchOf(bundle: Bundle, plan: KernelPlan): Watch {
  const made = madeOf(bundle, plan);
  const launches = made.launches.map((launch, i): WatchedLaunch => {
    const written = launch.args.filter((buffer, at) => isWritten(plan, launch.kernel, at, made.buffers[buffer]!.dtype));
    return {
      program: nameOf(i),
      writes: [...new Set(written)],
      describe: ({ buffer, element, value }) => {
        const { name, dims } = made.buffers[buffer]!;
        const place = dims.length === 0 ? "" : `[${indices(dims, element).join(", ")}]`;
        const because = plan.kernels[launch.kernel]?.because ?? [];
        const by = made.kernels[launch.kernel]!.name;
        return `\`${name}${place}\` is ${value}, written by kernel \`${by}\`${linesOf(bundle.design, because)}`;
      },
    };
  });
  const programs = byLaunch(withLaunches(bundle.plan.programs, made.launches));
  return { bundle: { ...bundle, plan: { ...bundle.plan, programs }, code: codeOf(bundle, plan) }, launches };
}

function madeOf({ code }: Bundle, plan: KernelPlan): Made {
  const { programs, kernels, buffers } = "wgsl" in code ? code.wgsl : "cuda" in code ? code.cuda : plan;
  const { launches } = programs.find(isTraining)!;
  return { launches, kernels, buffers };
}

function codeOf({ code, design }: Bundle, plan: KernelPlan): Bundle["code"] {
  if ("wgsl" in code) return { wgsl: { ...code.wgsl, programs: byLaunch(code.wgsl.programs) } };
  if ("cuda" in code) return { cuda: { ...code.cuda, programs: byLaunch(code.cuda.programs) } };
  const { path, hash } = design.spec;
  const from = { title: design.model!.name, spec: path, hash, version: version() };
  return cpuCode(planToC({ ...plan, programs: byLaunch(plan.programs) }, from));
}

const isTraining = ({ name }: { readonly name: string }): boolean => name === "train";
const nameOf = (launch: number): string => `train_launch_${launch}`;

interface Launched {
  readonly name: string;
  readonly launches: readonly unknown[];
  readonly outputs: Readonly<Record<string, number>>;
}

/** Behind the programs one for each launch of the training step; the last of them gives what the whole step gives. */
function byLaunch<P extends Launched>(programs: readonly P[]): readonly P[] {
  const train = programs.find(isTraining)!;
  const single = (launch: unknown, i: number): P => {
    const outputs = i === train.launches.length - 1 ? train.outputs : {};
    return { ...train, name: nameOf(i), launches: [launch], outputs };
  };
  return [...programs, ...train.launches.map(single)];
}

/** Programs of which only the results are known, with the launches of the training step. */
const withLaunches = (programs: Bundle["plan"]["programs"], launches: readonly unknown[]): readonly Launched[] =>
  programs.map((program) => ({ ...program, launches: isTraining(program) ? launches : [] }));

/** Whether a launch writes numbers to its argument; what a target adds to a kernel of the plan are copies in 16 bits, and counts. */
function isWritten({ kernels }: KernelPlan, kernel: number, argument: number, dtype: string): boolean {
  if (dtype === "i32" || dtype === "u8") return false;
  const param = kernels[kernel]?.params[argument];
  return param === undefined ? dtype !== "f32" : param.access !== "read";
}

/** Row-major position of an element on each axis. */
function indices(dims: readonly { readonly size: number }[], element: number): readonly number[] {
  let rest = element;
  return dims.map((_, i) => {
    const inner = dims.slice(i + 1).reduce((product, { size }) => product * size, 1);
    const at = Math.floor(rest / inner);
    rest %= inner;
    return at;
  });
}

/** `, for Mixture.router.score (line 47)`: the words of the spec that a kernel is there for. */
function linesOf(design: Design, because: readonly string[]): string {
  const all = because.map((path) => {
    const line = lineOf(design, path);
    return line === undefined ? path : `${path} (line ${line})`;
  });
  return all.length === 0 ? "" : `, for ${all.join(", ")}`;
}

/** The line a path was written on; of a block without one, the first line inside it. */
function lineOf({ provenance }: Design, path: string): number | undefined {
  const inside = Object.entries(provenance).filter(([each]) => each === path || each.startsWith(`${path}.`));
  const lines = inside.flatMap(([, { line }]) => line ?? []);
  return provenance[path]?.line ?? (lines.length === 0 ? undefined : Math.min(...lines));
}
