/**
 * What arithmetic, memory and launches cost on each kind of device: the only numbers of the cost model that are not
 * counted. Fixed per target, never probed, so that a design compiles to the same files on every machine.
 */
export interface Profile {
  readonly name: string;
  readonly doc: string;
  /** FLOP/s of a matrix product with long rows, one thread */
  readonly flops: number;
  /** bytes/s of streaming reads and writes, one thread */
  readonly bytes: number;
  readonly threads: number;
  /** seconds from the end of one kernel to the start of the next */
  readonly launch: number;
  /** rows that a register tile works on at once: shorter runs cost as much */
  readonly tileRows: number;
  /** columns of the tile: a product with fewer, as a router's, costs as much */
  readonly tileColumns: number;
  /** how much slower a product is whose weights are read per row, without tiles */
  readonly gatherSlowdown: number;
  /** how much slower the products of a row with a few rows of a small matrix are, forward and back */
  readonly rowSlowdown: number;
}

/**
 * Rates were measured with the benchmark of the matmul core and of the barrier on a two-core AVX-512 machine. With
 * them, the experts of one layer (4 096 units, width 256, 16 experts, hidden 8 to 512, one thread) took 1.2 to 1.3
 * times the estimate, sorted and one-hot alike, so that the ranking holds. The slowdown of single rows: scores of 4 of
 * 16 experts and their gradients took about 2.6 times as long per multiplication as the products of experts beside them.
 * `gather-gemv` took 2.2, 6.0, 1.1 and 4.8 times as long as `sorted-grouped` (32 experts 256 × 128, 8 and 32 tokens;
 * 1 024 neurons, 32 and 2 048 tokens; with the zeros of all gradients, which estimates leave out); estimates say 11, 21,
 * 1.9 and 2.2: too much for few tokens, but the order holds.
 */
const native: Profile = {
  name: "cpu",
  doc: "native code, 2 threads",
  flops: 200e9,
  bytes: 10e9,
  threads: 2,
  launch: 2e-6,
  tileRows: 12,
  tileColumns: 32,
  gatherSlowdown: 8,
  rowSlowdown: 2.5,
};

const wasm: Profile = {
  name: "wasm",
  doc: "WebAssembly SIMD, 2 threads",
  flops: 45e9,
  bytes: 8e9,
  threads: 2,
  launch: 5e-6,
  tileRows: 4,
  tileColumns: 8,
  gatherSlowdown: 4,
  rowSlowdown: 2.5,
};

/**
 * GPUs are planned by the numbers of the CPU, but for one: where many units add to the few rows of a router's matrix,
 * each row is a chain of additions that only a few lanes work on.
 */
const gpu: Profile = { ...native, rowSlowdown: 64 };

export const profiles: readonly Profile[] = [native, wasm];

/** The profile that a target is planned with: all builds of one target share their plan. */
export function profileOf(target: string): Profile {
  if (target === "wgsl" || target === "cuda") return gpu;
  return profiles.find((profile) => profile.name === target) ?? native;
}
