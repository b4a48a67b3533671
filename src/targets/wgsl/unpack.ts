/** Reads the tar archives that the development install's browser package carries: plain files and folders, nothing else. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const BLOCK = 512;

/** Writes the files of a tar archive under a folder. */
export function unpackTar(tar: Uint8Array, folder: string): void {
  const text = (at: number, length: number): string =>
    Buffer.from(tar.buffer, tar.byteOffset + at, length)
      .toString("latin1")
      .split("\0")[0]!;
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const [name, prefix] = [text(at, 100), text(at + 345, 155)];
    const size = Number.parseInt(text(at + 124, 12).trim() || "0", 8);
    const mode = Number.parseInt(text(at + 100, 8).trim() || "644", 8);
    const isFile = tar[at + 156] === 0x30 || tar[at + 156] === 0;
    const path = prefix ? `${prefix}/${name}` : name;
    if (isFile && !path.split("/").includes("..")) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), tar.subarray(at + BLOCK, at + BLOCK + size), { mode });
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}
