/** The watched training step of a compiled design (`runtime/first-bad.ts`), for when its training has diverged. */
import type { Design } from "../2-design/design.js";
import type { KernelPlan } from "../5-plan/plan.js";
import type { Watch } from "../runtime/first-bad.js";
import { cpuCode } from "./bundle.js";
import { planToC } from "./cpu/program.js";

/** The design's training step as a program that looks at everything it writes. */
export function watchOf(design: Design, plan: KernelPlan, version: string): Watch {
  const { path, hash } = design.spec;
  const c = planToC(plan, { title: design.model!.name, spec: path, hash, version }, "train");
  const { launches } = plan.programs.find(({ name }) => name === "train")!;
  return {
    code: cpuCode(c),
    at: c.watchAt,
    launches: launches.length,
    describe: ({ launch, argument, element, value }) => {
      const { kernel, args } = launches[launch]!;
      const { name, dims } = plan.buffers[args[argument]!]!;
      const { name: by, because } = plan.kernels[kernel]!;
      const place = dims.length === 0 ? "" : `[${indices(dims, element).join(", ")}]`;
      return `\`${name}${place}\` is ${value}, written by kernel \`${by}\`${linesOf(design, because)}`;
    },
  };
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
