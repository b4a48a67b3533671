/** What the copy engine has to know of a tensor, made by the driver: 128 bytes that are passed to kernels as they are. */
import type { Handle } from "./handle.js";
import type { TensorMapSpec } from "./program.js";

type Koffi = typeof import("koffi");
type Library = ReturnType<Koffi["load"]>;

const BYTES = 128;
/** Of CUtensorMapDataType, …Swizzle, …L2promotion: numbers, pieces of 16 bytes within 128, lines of 128 bytes. */
const TYPES = { 2: 9, 4: 7 } as const;
const SWIZZLE_128B = 3;
const PROMOTION_128B = 2;

const CALL =
  "int cuTensorMapEncodeTiled(uint64_t map, int type, unsigned int rank, uint64_t address, const uint64_t *dims, " +
  "const uint64_t *strides, const unsigned int *box, const unsigned int *steps, int interleave, int swizzle, int promotion, int fill)";

/** The call is looked up when the first map is made: drivers for older GPUs lack it. Errors: those of `check`. */
export function mapEncoder(
  koffi: Koffi,
  library: Library,
  check: (call: string, code: number) => void,
): (address: Handle, map: TensorMapSpec) => Uint8Array {
  let encode: ((...args: unknown[]) => number) | undefined;
  return (address, { width, dims, strides, box }) => {
    encode ??= library.func(CALL) as (...args: unknown[]) => number;
    // the driver wants the map on 64 bytes or more; where memory of JavaScript lies is not ours to say
    const memory = koffi.alloc("uint8_t", 2 * BYTES);
    try {
      const start = koffi.address(memory);
      const skip = (BYTES - Number(start % BigInt(BYTES))) % BYTES;
      const [wide, apart] = [BigUint64Array.from(dims, BigInt), BigUint64Array.from(strides, BigInt)];
      const steps = Uint32Array.of(1, 1, 1);
      const code = encode(
        start + BigInt(skip),
        TYPES[width],
        dims.length,
        address,
        wide,
        apart,
        Uint32Array.from(box),
        steps,
        0,
        SWIZZLE_128B,
        PROMOTION_128B,
        0,
      );
      check("cuTensorMapEncodeTiled", code);
      return Uint8Array.from(koffi.decode(memory, skip, "uint8_t", BYTES) as Iterable<number>);
    } finally {
      koffi.free(memory);
    }
  };
}
