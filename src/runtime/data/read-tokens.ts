/** Token ids out of `.bin` files: llm.c's (a header of 256 integers, then u16) and nanoGPT's (u16 from the start). */
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import type { RawFile } from "./read-texts.js";

const headerBytes = 256 * 4;
const magic = 20240520;

/** Whether a file holds token ids rather than text, by its name. */
export function holdsTokens(path: string): boolean {
  return path.toLowerCase().endsWith(".bin");
}

/** The ids of a file; MOE6015 when it is damaged or an id is not below `vocab`. */
export function readTokens({ path, bytes }: RawFile, vocab: number): Uint16Array {
  const fail = (reason: string): never => {
    throw new DiagnosticError([diagnose("MOE6015", { file: path, reason })]);
  };
  const body = bytes.slice(bodyStart(bytes, fail));
  if (body.length % 2 !== 0) fail(`its ${body.length} bytes are not a whole number of 16-bit ids`);
  const ids = new Uint16Array(body.buffer, 0, body.length / 2);
  const at = ids.findIndex((id) => id >= vocab);
  if (at >= 0) fail(`id ${ids[at]} at place ${at} is not below the vocabulary of ${vocab}`);
  return ids;
}

function bodyStart(bytes: Uint8Array, fail: (reason: string) => never): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getInt32(0, true) !== magic) return 0;
  if (bytes.length < headerBytes) fail("it ends inside its header");
  const [version, count] = [view.getInt32(4, true), view.getInt32(8, true)];
  if (version !== 1) fail(`its header has version ${version}; version 1 is known`);
  const held = (bytes.length - headerBytes) / 2;
  if (held !== count) fail(`its header promises ${count} ids, the file holds ${held}`);
  return headerBytes;
}
