/** Writes safetensors files: the same tensors give the same bytes, and a file is either wholly there or not at all. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { byCodeUnit, type FileHost, type IoCode, IoError } from "../host/host.js";
import { folderOf, join, nameOf } from "../host/paths.js";
import { type Dtype, dtypes, type Elements } from "./dtype.js";

export interface Tensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Elements;
}

/** Writes to a temporary file beside the target, then renames. MOE6008 when the disk is full, MOE6014 otherwise. */
export function writeSafetensors(
  host: FileHost,
  path: string,
  tensors: readonly Tensor[],
  metadata: Readonly<Record<string, string>> = {},
): void {
  const temporary = join(folderOf(path), `.${nameOf(path)}.writing`);
  writing(path, () => {
    try {
      host.writeDurably(temporary, safetensorsPieces(tensors, metadata));
      host.rename(temporary, path);
      host.syncFolder(folderOf(path));
    } catch (cause) {
      host.remove(temporary);
      throw cause;
    }
  });
}

/** Runs an action that writes and turns the system's refusal into a diagnostic that names the file. */
export function writing<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof IoError)) throw cause;
    if (cause.code === "ENOSPC") throw new DiagnosticError([diagnose("MOE6008", { file: path })]);
    throw new DiagnosticError([diagnose("MOE6014", { file: path, reason: reasons[cause.code] ?? cause.message })]);
  }
}

// nothing is missing where we write but its folder, which could not be made
const reasons: Readonly<Partial<Record<IoCode, string>>> = {
  EACCES: "you may not write there",
  EISDIR: "it is a folder",
  ENOENT: "its folder cannot be made",
  ENOTDIR: "what should be its folder is a file",
};

/** The bytes of a file, piece by piece: the header, then each tensor as a view of its own memory. */
export function* safetensorsPieces(
  tensors: readonly Tensor[],
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  const ordered = [...tensors].sort(
    (a, b) => dtypes[b.dtype].bytes - dtypes[a.dtype].bytes || byCodeUnit(a.name, b.name),
  );
  yield header(ordered, metadata);
  for (const { data } of ordered) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function header(tensors: readonly Tensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const fields: [string, unknown][] = [];
  const texts = Object.entries(metadata).sort(([a], [b]) => byCodeUnit(a, b));
  if (texts.length > 0) fields.push(["__metadata__", Object.fromEntries(texts)]);
  let end = 0;
  for (const { name, dtype, shape, data } of tensors) {
    checkTensor(name, dtype, shape, data);
    const begin = end;
    end += data.byteLength;
    fields.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  // assembled by hand: an object would move names that look like numbers to the front
  const json = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  // widest types come first, so eight-byte alignment of the data aligns every tensor
  const bytes = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(text, 8);
  return bytes;
}

/** A shape that does not fit its data is a mistake of ours, not of a user. */
function checkTensor(name: string, dtype: Dtype, shape: readonly number[], data: Elements): void {
  const elements = shape.reduce((product, each) => product * each, 1);
  if (elements * dtypes[dtype].bytes !== data.byteLength) {
    throw new Error(`tensor ${name}: ${dtype} [${shape.join(", ")}] does not fit ${data.byteLength} bytes`);
  }
}
