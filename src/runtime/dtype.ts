/** Number types as files hold them, and the way from 16-bit floats to wider ones and back. Little-endian throughout. */

export type Dtype = "F64" | "F32" | "BF16" | "F16" | "I64" | "I32" | "U8" | "BOOL";

/** Elements of a tensor as a typed array; BF16 and F16 as their bits, BOOL as bytes 0 and 1. */
export type Elements = Float64Array | Float32Array | Uint16Array | BigInt64Array | Int32Array | Uint8Array;

interface DtypeInfo {
  readonly bytes: number;
  readonly view: (buffer: ArrayBufferLike, offset: number, length: number) => Elements;
}

export const dtypes: Readonly<Record<Dtype, DtypeInfo>> = {
  F64: { bytes: 8, view: (buffer, offset, length) => new Float64Array(buffer, offset, length) },
  F32: { bytes: 4, view: (buffer, offset, length) => new Float32Array(buffer, offset, length) },
  BF16: { bytes: 2, view: (buffer, offset, length) => new Uint16Array(buffer, offset, length) },
  F16: { bytes: 2, view: (buffer, offset, length) => new Uint16Array(buffer, offset, length) },
  I64: { bytes: 8, view: (buffer, offset, length) => new BigInt64Array(buffer, offset, length) },
  I32: { bytes: 4, view: (buffer, offset, length) => new Int32Array(buffer, offset, length) },
  U8: { bytes: 1, view: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
  BOOL: { bytes: 1, view: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
};

/** Whether a text names a type we read. */
export function isDtype(text: unknown): text is Dtype {
  return typeof text === "string" && Object.hasOwn(dtypes, text);
}

const word = new DataView(new ArrayBuffer(4));

/** The value of 16 bits of bfloat16: the upper half of an f32. */
export function fromBf16(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

/** The bits of the bfloat16 nearest to x; ties to even, NaN stays NaN. */
export function toBf16(x: number): number {
  word.setFloat32(0, x);
  const bits = word.getUint32(0);
  if (Number.isNaN(x)) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The value of 16 bits of IEEE half precision. */
export function fromF16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bits of the half nearest to x; ties to even, overflow to infinity. */
export function toF16(x: number): number {
  word.setFloat32(0, x);
  const sign = word.getUint8(0) & 0x80 ? 0x8000 : 0;
  const size = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // below 2^-14 halves are multiples of 2^-24; above, a fraction of ten bits behind a leading one
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  const exponent = ((word.getUint32(0) >>> 23) & 0xff) - 127;
  return sign | (roundToEven((size / 2 ** exponent - 1) * 1024) + ((exponent + 15) << 10));
}

function roundToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

/** Elements of any type as f32. I64 beyond 2^53 and F64 lose precision. */
export function toFloat32(dtype: Dtype, elements: Elements): Float32Array {
  if (elements instanceof Float32Array) return elements;
  if (dtype === "BF16") return Float32Array.from(elements as Uint16Array, fromBf16);
  if (dtype === "F16") return Float32Array.from(elements as Uint16Array, fromF16);
  if (elements instanceof BigInt64Array) return Float32Array.from(elements, Number);
  return Float32Array.from(elements);
}
