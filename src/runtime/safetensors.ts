/**
 * Reads safetensors files: 8 bytes of header length, a JSON header, the raw tensors. A file is taken as hostile: no
 * length in it is believed before it is compared with the size of the file. Tensors are read when asked for.
 * Writing is in `safetensors-write.ts`.
 */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { type FileHost, IoError } from "../host/host.js";
import { type Dtype, dtypes, type Elements, isDtype, toFloat32 } from "./dtype.js";
import { duplicateKey } from "./json-keys.js";

/** A tensor that lies in a file; `data` reads it anew each time. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: () => Elements;
  /** the elements as f32, converted if need be */
  readonly float32: () => Float32Array;
}

export interface Safetensors {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** in ascending order of their place in the file */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** The limit of the format's reference implementation. */
const maxHeaderBytes = 100_000_000;

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Opens a file and checks all of its header; MOE6007 says what is wrong, MOE6013 that it cannot be read. */
export function readSafetensors(host: FileHost, path: string): Safetensors {
  const fail = (reason: string): never => {
    throw new DiagnosticError([diagnose("MOE6007", { file: path, reason })]);
  };
  const size = reading(path, () => host.size(path));
  if (size < 8) fail(`it has ${size} bytes, not even the 8 of the header's length`);
  const headerBytes = headerLength(reading(path, () => host.readRange(path, 0, 8)));
  if (headerBytes > maxHeaderBytes)
    fail(`its header claims ${headerBytes} bytes; at most ${maxHeaderBytes} are allowed`);
  if (headerBytes > size - 8)
    fail(`its header claims ${headerBytes} bytes, the file has only ${size - 8} after the length`);
  const header = parseHeader(
    reading(path, () => host.readRange(path, 8, Number(headerBytes))),
    fail,
  );
  const start = 8 + Number(headerBytes);
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => parseEntry(name, value, fail))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkLayout(entries, size - start, fail);
  const tensors = new Map(entries.map((entry) => [entry.name, storedTensor(host, path, start, entry)]));
  return { path, metadata: parseMetadata(header.__metadata__, fail), tensors };
}

function reading<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof IoError)) throw cause;
    const reason = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new DiagnosticError([diagnose("MOE6013", { file: path, reason })]);
  }
}

type Fail = (reason: string) => never;

/** As a BigInt: the eight bytes may say anything. */
function headerLength(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    parsed = JSON.parse(text);
  } catch {
    return fail("its header is not JSON");
  }
  if (bytes[0] !== "{".charCodeAt(0) || !isObject(parsed)) return fail("its header is not a JSON object");
  const twice = duplicateKey(text);
  return twice === undefined ? parsed : fail(`its header names \`${twice}\` twice`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCountList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && (each as number) >= 0);
}

function parseEntry(name: string, value: unknown, fail: Fail): Entry {
  if (!isObject(value)) return fail(`\`${name}\` is not described by an object`);
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  const [other] = Object.keys(rest);
  if (other !== undefined) return fail(`\`${name}\` has an unknown field \`${other}\``);
  if (!isDtype(dtype))
    return fail(`\`${name}\` has the type ${JSON.stringify(dtype)}; known: ${Object.keys(dtypes).join(", ")}`);
  if (!isCountList(shape))
    return fail(`\`${name}\` has the shape ${JSON.stringify(shape)}; it must be a list of sizes`);
  if (!isCountList(offsets) || offsets.length !== 2) {
    return fail(`\`${name}\` has the offsets ${JSON.stringify(offsets)}; they must be [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  // as BigInt: a shape like [2^40, 2^40] must not overflow into something that fits
  const needed = shape.reduce((product, each) => product * BigInt(each), BigInt(dtypes[dtype].bytes));
  if (begin > end || needed !== BigInt(end - begin)) {
    return fail(
      `\`${name}\` needs ${needed} bytes for ${dtype} [${shape.join(", ")}], its offsets hold ${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Tensors lie side by side: no hole, no overlap, nothing after the last one. */
function checkLayout(entries: readonly Entry[], dataBytes: number, fail: Fail): void {
  let expected = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== expected) {
      fail(`\`${name}\` begins at byte ${begin} of the data, expected ${expected}: tensors must lie side by side`);
    }
    expected = end;
  }
  if (expected > dataBytes) fail(`it ends ${expected - dataBytes} bytes too early`);
  if (expected < dataBytes) fail(`it has ${dataBytes - expected} bytes after its last tensor`);
}

function parseMetadata(value: unknown, fail: Fail): Record<string, string> {
  if (value === undefined) return {};
  const isText = isObject(value) && Object.values(value).every((each) => typeof each === "string");
  return isText ? (value as Record<string, string>) : fail("its `__metadata__` is not a map from text to text");
}

function storedTensor(host: FileHost, path: string, start: number, entry: Entry): StoredTensor {
  const { name, dtype, shape, begin, end } = entry;
  const data = (): Elements => {
    const bytes = reading(path, () => host.readRange(path, start + begin, end - begin));
    const { view, bytes: width } = dtypes[dtype];
    // a host may hand out a part of a larger buffer, at any offset
    const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
    return view(aligned.buffer, aligned.byteOffset, bytes.length / width);
  };
  return { name, dtype, shape, data, float32: () => toFloat32(dtype, data()) };
}
