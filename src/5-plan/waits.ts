/**
 * Which launches the next one has to wait for. Kernels whose work is dealt out beforehand may run on while the
 * threads that are done start the next launch, as long as no memory that one writes is touched by the other.
 */
import type { Buffer, Kernel, Launch } from "./plan.js";

interface Touch {
  readonly from: number;
  readonly to: number;
  readonly writes: boolean;
}

/** Kernels that take their next piece of work from a shared counter must end together: the counter is one. */
const dealsBeforehand = (kernel: Kernel): boolean =>
  kernel.kind === "flat" ||
  kernel.kind === "finish" ||
  (kernel.kind === "rows" && kernel.domain.length === 0) ||
  isSerial(kernel);

/** Sorting and counting edges is done by one thread, and so is putting a few rows in their place. */
const isSerial = (kernel: Kernel): boolean =>
  kernel.kind === "special" && ["partition", "histogram", "histogram+partition", "bucket", "put"].includes(kernel.op);

export function withWaits(
  launches: readonly Omit<Launch, "wait">[],
  kernels: readonly Kernel[],
  buffers: readonly Buffer[],
): Launch[] {
  const out: Launch[] = [];
  let pending: Touch[] = [];
  let turn = 0;
  launches.forEach((launch, i) => {
    const next = launches[i + 1];
    pending.push(...touches(launch, kernels, buffers));
    const free = next && dealsBeforehand(kernels[launch.kernel]!) && dealsBeforehand(kernels[next.kernel]!);
    const wait = !free || clash(pending, touches(next, kernels, buffers));
    const serial = isSerial(kernels[launch.kernel]!) ? { turn: turn++ } : {};
    if (wait) [pending, turn] = [[], 0];
    out.push({ ...launch, ...serial, wait });
  });
  return out;
}

function touches(launch: Omit<Launch, "wait">, kernels: readonly Kernel[], buffers: readonly Buffer[]): Touch[] {
  const { params } = kernels[launch.kernel]!;
  return launch.args.map((id, i) => {
    const b = buffers[id]!;
    return { from: b.offset, to: b.offset + b.bytes, writes: params[i]!.access !== "read" };
  });
}

const clash = (a: readonly Touch[], b: readonly Touch[]): boolean =>
  a.some((x) => b.some((y) => (x.writes || y.writes) && x.from < y.to && y.from < x.to));
