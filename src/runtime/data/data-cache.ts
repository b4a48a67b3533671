/**
 * Encoded documents and their tokenizer in the cache folder, by the hash of what they were made from. An entry that
 * is absent, half written or of another format is simply made anew.
 */
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { type FileHost, IoError } from "../../host/host.js";
import { join } from "../../host/paths.js";
import { readSafetensors } from "../safetensors.js";
import { type Tensor, writeSafetensors } from "../safetensors-write.js";
import { readTokenizer } from "../tokenizer/read-tokenizer.js";
import type { Encoded } from "./encoded.js";

/** Part of every key: entries of another version of the format, or of our tokenizers, are never read. */
const format = "2";

const entryFolder = (cache: string, key: string): string => join(cache, "data", `${format}-${key.slice(0, 32)}`);

/** The documents of an earlier run, or undefined. */
export function cachedDocuments(host: FileHost, cache: string, key: string): Encoded | undefined {
  const folder = entryFolder(cache, key);
  // written last, so its presence says that the entry is complete
  const path = join(folder, "documents.safetensors");
  if (host.kind(path) !== "file") return undefined;
  try {
    const { tensors, metadata } = readSafetensors(host, path);
    if (metadata.key !== key) return undefined;
    const [ids, ends, bytes] = ["ids", "ends", "bytes"].map((name) => tensors.get(name)!.data());
    const tokenizer = readTokenizer(host, join(folder, "tokenizer.json"));
    const packed =
      tokenizer.size <= 0x10000 ? Uint16Array.from(ids as Int32Array) : Uint32Array.from(ids as Int32Array);
    const documents = { ids: packed, ends: ends as Float64Array, bytes: bytes as Float64Array };
    return { documents, tokenizer, warnings: JSON.parse(metadata.warnings!) };
  } catch (cause) {
    if (cause instanceof DiagnosticError) return undefined;
    throw cause;
  }
}

/** Keeps the documents; MOE6031 joins the warnings when the cache refuses. */
export function keepDocuments(host: FileHost, cache: string, key: string, encoded: Encoded): Encoded {
  const folder = entryFolder(cache, key);
  const { ids, ends, bytes } = encoded.documents;
  const tensors: Tensor[] = [
    { name: "ids", dtype: "I32", shape: [ids.length], data: Int32Array.from(ids) },
    { name: "ends", dtype: "F64", shape: [ends.length], data: ends },
    { name: "bytes", dtype: "F64", shape: [bytes.length], data: bytes },
  ];
  try {
    host.write(join(folder, "tokenizer.json"), encoded.tokenizer!.json());
    writeSafetensors(host, join(folder, "documents.safetensors"), tensors, {
      key,
      warnings: JSON.stringify(encoded.warnings),
    });
    return encoded;
  } catch (cause) {
    if (!(cause instanceof DiagnosticError || cause instanceof IoError)) throw cause;
    return { ...encoded, warnings: [...encoded.warnings, diagnose("MOE6031", { folder, reason: cause.message })] };
  }
}
