/**
 * Which launches the next one has to wait for. Kernels whose work is dealt out beforehand may run on while the
 * threads that are done start the next launch, as long as no memory that one writes is touched by the other. Work of one
 * thread that needs other work of one thread is done by the same, without waiting.
 */
import type { Buffer, Kernel, Launch, SpecialOp } from "./plan.js";

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

/** Sorting and counting edges is done by one thread, and so is what has a single row. */
const isSerial = (kernel: Kernel): boolean => (kernel.kind === "special" && SERIAL.has(kernel.op)) || hasOneRow(kernel);

const SERIAL: ReadonlySet<SpecialOp> = new Set(["partition", "histogram", "histogram+partition", "bucket", "put"]);

/** Whether a kernel that goes over rows has one only, and leaves no partial sums of others: nothing to share. */
export function hasOneRow(kernel: Kernel): boolean {
  if (kernel.kind === "special") return kernel.op === "rope" && kernel.params[0]!.dims[0]!.size === 1;
  if (kernel.kind !== "rows" || kernel.domain.length === 0) return false;
  const shares = kernel.body.some(({ kind }) => kind === "accumulate");
  return !shares && kernel.domain.every(({ size }) => size === 1);
}

/** A launch that has been started since all threads last met; work that one thread does has a turn. */
interface Started {
  readonly touches: readonly Touch[];
  readonly turn: number | undefined;
}

export function withWaits(
  launches: readonly Omit<Launch, "wait">[],
  kernels: readonly Kernel[],
  buffers: readonly Buffer[],
): Launch[] {
  const out: Launch[] = [];
  let started: Started[] = [];
  let turns = 0;
  let line: number | undefined;
  launches.forEach((launch, i) => {
    const kernel = kernels[launch.kernel]!;
    const turn = isSerial(kernel) ? (line ?? turns++) : undefined;
    started.push({ touches: touches(launch, kernels, buffers), turn });
    const next = launches[i + 1];
    const free = next && dealsBeforehand(kernel) && dealsBeforehand(kernels[next.kernel]!);
    const first = free ? started.filter((each) => clash(each.touches, touches(next, kernels, buffers))) : [];
    // what one thread must do after another piece of its own work waits for nobody
    line = first.length > 0 && isSerial(kernels[next!.kernel]!) ? commonTurn(first) : undefined;
    const wait = !free || (first.length > 0 && line === undefined);
    if (wait) [started, turns] = [[], 0];
    out.push({ ...launch, ...(turn !== undefined && { turn }), wait });
  });
  return out;
}

const commonTurn = ([first, ...others]: readonly Started[]): number | undefined =>
  others.every(({ turn }) => turn === first!.turn) ? first!.turn : undefined;

function touches(launch: Omit<Launch, "wait">, kernels: readonly Kernel[], buffers: readonly Buffer[]): Touch[] {
  const { params } = kernels[launch.kernel]!;
  return launch.args.map((id, i) => {
    const b = buffers[id]!;
    return { from: b.offset, to: b.offset + b.bytes, writes: params[i]!.access !== "read" };
  });
}

const clash = (a: readonly Touch[], b: readonly Touch[]): boolean =>
  a.some((x) => b.some((y) => (x.writes || y.writes) && x.from < y.to && y.from < x.to));
