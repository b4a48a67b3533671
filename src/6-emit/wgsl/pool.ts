/** Which tensors lie in the pool: those that a kernel with more parameters than it may have bindings reaches together. */
import type { Kernel } from "../../5-plan/plan.js";
import type { GpuProgramPlan } from "../../targets/gpu-program.js";
import type { WgslProfile } from "../../targets/wgsl/limits.js";
import { bytesOf, bytesOfHalves } from "../gpu/sizes.js";
import { repeatsIn } from "./series.js";

/** Kernels and who calls them with what; `halves` are the parameters of each kernel that take 16 bits a number. */
interface Reaching {
  readonly kernels: readonly Kernel[];
  readonly programs: readonly GpuProgramPlan[];
  readonly buffers: readonly unknown[];
  readonly halves: readonly ReadonlySet<number>[];
}

/** Bindings that a parameter takes of its own. */
const bindingsOf = (bytes: number, profile: WgslProfile): number => Math.ceil(bytes / profile.binding);

/** Parameters of a kernel that must share one binding: those it has loops over, then its smallest, as many as are too many. */
function pooledParams(kernel: Kernel, halves: ReadonlySet<number>, profile: WgslProfile): ReadonlySet<number> {
  const { kind, params } = kernel;
  const sizes = params.map((p, i) => {
    const bytes = halves.has(i) ? bytesOfHalves(p) : bytesOf(p);
    return { i, bytes, own: bindingsOf(bytes, profile) };
  });
  let own = sizes.reduce((n, s) => n + s.own, 0);
  if (kind === "special" || own <= profile.storageBuffers) return new Set();
  const pooled = new Set(repeatsIn(kernel).flatMap((r) => r.params.flat()));
  for (const i of pooled) own -= sizes[i]!.own;
  for (const s of sizes.sort((a, b) => a.bytes - b.bytes || a.i - b.i)) {
    if (own + 1 <= profile.storageBuffers) break;
    if (pooled.has(s.i)) continue;
    pooled.add(s.i);
    own -= s.own;
  }
  return pooled;
}

/**
 * What lies in the pool. A kernel that reaches the pool whole must reach all of it that it touches there: the same
 * bytes cannot be bound a second time. Which draws further buffers in, until nothing changes.
 */
export function pooledBy(
  { kernels, programs, buffers, halves }: Reaching,
  profile: WgslProfile,
): { pooled: readonly ReadonlySet<number>[]; inPool: readonly boolean[] } {
  const pooled = kernels.map((k, i) => new Set(pooledParams(k, halves[i]!, profile)));
  const launches = programs.flatMap((p) => p.launches).filter((l) => (pooled[l.kernel]?.size ?? 0) > 0);
  const found = new Set<number>();
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const { kernel, args } of launches) {
      for (const [param, buffer] of args.entries()) if (found.has(buffer)) pooled[kernel]!.add(param);
      for (const param of pooled[kernel]!) found.add(args[param]!);
    }
  }
  return { pooled, inPool: buffers.map((_, i) => found.has(i)) };
}
