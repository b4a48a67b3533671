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
}

/** Rates were measured with the benchmark of the matmul core and of the barrier on a two-core AVX-512 machine. */
const native: Profile = {
  name: "cpu",
  doc: "native code, 2 threads",
  flops: 200e9,
  bytes: 10e9,
  threads: 2,
  launch: 2e-6,
  tileRows: 12,
};

export const profiles: readonly Profile[] = [
  native,
  { ...native, name: "wasm", doc: "WebAssembly SIMD, 2 threads", flops: 45e9, bytes: 8e9, launch: 5e-6, tileRows: 4 },
];

/** The profile that a target is planned with: all builds of one target share their plan. */
export function profileOf(target: string): Profile {
  return profiles.find((profile) => profile.name === target) ?? native;
}
