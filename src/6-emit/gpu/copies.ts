/**
 * Copies in halves of tensors that stay f32: a workspace tensor's twin, written together with it, and a weight's shadow,
 * made before each run. Here: the kernels that write twins, and the launches that read copies.
 */
import type { Kernel, Param } from "../../5-plan/plan.js";
import type { GpuLaunch } from "../../targets/gpu-program.js";
import type { Lowered } from "./lower.js";
import { operandsOf, type Precision } from "./precision.js";

/** A kernel with a second parameter, behind all others, for each of those that it also writes in halves. */
export function withTwins(kernel: Kernel, params: readonly number[], format: string): Kernel {
  const twin = (i: number): Param => ({
    ...kernel.params[i]!,
    name: `${kernel.params[i]!.name}_${format}`,
    access: "write",
  });
  return params.length === 0 ? kernel : { ...kernel, params: [...kernel.params, ...params.map(twin)] };
}

/** A launch that writes twins, and whose product reads copies; `places`: where the copy of a tensor lies. */
export function withCopies(
  launch: Lowered["programs"][number]["launches"][number],
  lowered: Lowered,
  precision: Precision,
  places: ReadonlyMap<number, number>,
): GpuLaunch {
  const twins = precision.twins[launch.kernel]!.map((param) => places.get(launch.args[param]!)!);
  if (!precision.tensor.has(launch.kernel)) return { ...launch, args: [...launch.args, ...twins] };
  const operands = operandsOf(lowered.kernels[launch.kernel]!);
  const halves = precision.halves[launch.kernel]!;
  const args = launch.args.map((buffer, param) =>
    operands.has(param) && halves.has(param) ? (places.get(buffer) ?? buffer) : buffer,
  );
  return { ...launch, args: [...args, ...twins] };
}
