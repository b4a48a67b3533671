/**
 * What each kernel costs at least on a named profile: the time its arithmetic takes, or its bytes, whichever is longer
 * (Williams, Waterman, Patterson: Roofline, 2009), and what a launch costs. Bounds, not measurements.
 */
import type { Profile } from "../4-dispatch/profile.js";
import type { KernelView } from "../diff/kernel-view.js";

export interface Roof {
  readonly profile: Pick<Profile, "name" | "doc">;
  /** FLOP/s and bytes/s of all threads together */
  readonly flops: number;
  readonly bytes: number;
  /** seconds */
  readonly launch: number;
  /** FLOPs a byte from which on arithmetic is the longer part */
  readonly ridge: number;
  readonly kernels: readonly KernelBound[];
  /** seconds of all launches of one run */
  readonly seconds: number;
}

export interface KernelBound {
  readonly name: string;
  readonly launches: number;
  /** of one launch */
  readonly flops: number;
  readonly bytes: number;
  /** FLOPs a byte */
  readonly intensity: number;
  /** of all launches in one run, at least */
  readonly seconds: number;
  /** share of all kernels' seconds */
  readonly share: number;
  readonly by: "arithmetic" | "memory" | "launches";
}

/** Bounds of the kernels of one program, the longest first. */
export function rooflineOf(kernels: readonly KernelView[], program: string, profile: Profile): Roof {
  const [flops, bytes] = [profile.flops * profile.threads, profile.bytes * profile.threads];
  const bounds = kernels.flatMap((kernel) => boundOf(kernel, kernel.launches[program] ?? 0, { flops, bytes, profile }));
  const seconds = bounds.reduce((sum, each) => sum + each.seconds, 0);
  const shared = bounds.map((each) => ({ ...each, share: seconds > 0 ? each.seconds / seconds : 0 }));
  return {
    profile: { name: profile.name, doc: profile.doc },
    flops,
    bytes,
    launch: profile.launch,
    ridge: flops / bytes,
    kernels: shared.sort((a, b) => b.seconds - a.seconds || (a.name < b.name ? -1 : 1)),
    seconds,
  };
}

interface Rates {
  readonly flops: number;
  readonly bytes: number;
  readonly profile: Profile;
}

function boundOf({ name, flops, bytes }: KernelView, launches: number, rates: Rates): Omit<KernelBound, "share">[] {
  if (launches === 0) return [];
  const [compute, traffic, launch] = [flops / rates.flops, bytes / rates.bytes, rates.profile.launch];
  const work = Math.max(compute, traffic);
  const by = launch > work ? "launches" : compute > traffic ? "arithmetic" : "memory";
  return [
    { name, launches, flops, bytes, intensity: flops / Math.max(1, bytes), seconds: launches * (work + launch), by },
  ];
}
