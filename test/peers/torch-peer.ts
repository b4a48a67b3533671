/**
 * The independent opinion: `bench/peers/torch_moe.py trace` in the Python that MOEC_PYTHON names, on the same weights
 * and ids as `moec trace`.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { run } from "../../src/cli/run.js";
import type { Host } from "../../src/host/host.js";
import { nodeHost } from "../../src/host/node.js";
import { readSafetensors, type StoredTensor } from "../../src/runtime/safetensors.js";
import { type Tensor, writeSafetensors } from "../../src/runtime/safetensors-write.js";

const script = fileURLToPath(new URL("../../bench/peers/torch_moe.py", import.meta.url));

/** The Python to use, or undefined. */
export const python = process.env.MOEC_PYTHON || undefined;

/** Runs the peer; what it complains about becomes the error. */
export function torch(args: readonly string[]): void {
  execFileSync(python!, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs moec quietly; anything but exit 0 is an error with what it said. */
export async function moec(args: readonly string[]): Promise<void> {
  const said: string[] = [];
  const host: Host = { ...nodeHost, stdout: (text) => said.push(text), stderr: (text) => said.push(text) };
  const code = await run(args, host);
  if (code !== 0) throw new Error(`moec ${args.join(" ")}: exit ${code}\n${said.join("")}`);
}

/** Name -> tensor of a file. */
export function tensorsOf(path: string): ReadonlyMap<string, StoredTensor> {
  return readSafetensors(nodeHost, path).tensors;
}

/** A small deterministic generator of numbers in [0, 1). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Rewrites a file of fresh weights with larger ones: at their start all gates are about equal and all norms are one,
 * which would hide mistakes.
 */
export function enlarge(path: string, to: string, seed: number): void {
  const next = generator(seed);
  const tensors = [...tensorsOf(path).values()].map((tensor): Tensor => {
    const { name, dtype, shape } = tensor;
    if (dtype !== "F32") return { name, dtype, shape, data: tensor.data() };
    const spread = shape.length === 1 ? 0.3 : 1.5 / Math.sqrt(shape.at(-1)!);
    const data = tensor.float32().map((value) => value + 2 * spread * (next() - 0.5));
    return { name, dtype, shape, data };
  });
  writeSafetensors(nodeHost, to, tensors);
}

/** Largest difference of two arrays, relative to the largest magnitude of the first. */
export function distance(want: ArrayLike<number>, got: ArrayLike<number>): number {
  if (want.length !== got.length) return Number.POSITIVE_INFINITY;
  let [top, far] = [1e-12, 0];
  for (let i = 0; i < want.length; i++) {
    top = Math.max(top, Math.abs(want[i]!));
    const difference = Math.abs(want[i]! - got[i]!);
    far = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(far, difference);
  }
  return far / top;
}
