/** A kernel plan as text for people: memory, kernels with what they cost, and the launches of every program. */
import type { Kernel, KernelPlan, Launch, ProgramPlan } from "./plan.js";

/** Memory, then every program launch by launch; ends with a line end. */
export function printPlan(plan: KernelPlan): string {
  const { kept, workspace, arena } = plan.memory;
  const memory = `memory: ${megabytes(arena)} = ${megabytes(kept)} kept + ${megabytes(workspace)} workspace`;
  return [memory, ...plan.programs.flatMap((program) => ["", ...programLines(plan, program)]), ""].join("\n");
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function programLines(plan: KernelPlan, { name, launches, workspace }: ProgramPlan): string[] {
  const flops = launches.reduce((sum, { kernel }) => sum + plan.kernels[kernel]!.flops, 0);
  const head = `program ${name}: ${launches.length} launches, ${(flops / 1e9).toFixed(2)} GFLOP, ${megabytes(workspace)} workspace`;
  return [head, ...launches.map((launch, at) => launchLine(plan, launch, at))];
}

function launchLine(plan: KernelPlan, { kernel: id, args, scope }: Launch, at: number): string {
  const kernel = plan.kernels[id]!;
  const work = `${(kernel.flops / 1e6).toFixed(2)} MFLOP ${(kernel.bytes / 1e6).toFixed(2)} MB`;
  return `${String(at).padStart(4)} ${kernel.name} (${kernel.kind}, ${work}) of ${scope}: ${argsText(plan, kernel, args)}`;
}

/** `reads a, b; writes c` */
function argsText({ buffers }: KernelPlan, kernel: Kernel, args: readonly number[]): string {
  const named = (reads: boolean): string =>
    args
      .filter((_, i) => (kernel.params[i]!.access === "read") === reads)
      .map((id) => buffers[id]!.name)
      .join(", ");
  return `reads ${named(true) || "nothing"}; writes ${named(false)}`;
}
