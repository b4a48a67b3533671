/**
 * A compiled design on a GPU. Numbers live there; the host has copies that are sent and brought when told to:
 * `push` and `pull` for weights, tables and state, inputs before each run, results after it. Runs in Node and in
 * browsers: whoever opens the device knows which.
 */
import type { Buffer } from "../5-plan/plan.js";
import type { WgslRunner } from "../targets/wgsl/runner.js";
import type { RunPlan } from "./bundle.js";
import { fromBf16, fromF16 } from "./dtype.js";
import type { Engine, KeptRole, View } from "./engine.js";

/** A device with its program, and what to call it, whoever makes the kernels. */
export interface OpenedGpu extends Pick<WgslRunner, "bytes" | "write" | "read" | "run" | "close"> {
  readonly description: string;
}

/** Results up to this many bytes come back after every run; larger ones when they are asked for. */
export const SMALL_RESULT = 65_536;

/** The engine of a design whose programs are on a GPU; `stored`: its buffers as the device has them. */
export function gpuEngine(plan: RunPlan, device: OpenedGpu, stored: readonly { readonly dtype: string }[]): Engine {
  const copies = new Map<number, View>();
  const results = new Set<number>();
  const numbers = new Map(
    plan.buffers.flatMap((b, i) => (b.role === "work" ? [] : [[`${b.role}:${b.name}`, i] as const])),
  );
  const find = (role: KeptRole, name: string): number =>
    numbers.get(`${role}:${name}`) ?? missing(`a ${role} buffer called ${name}`);
  const program = (name: string): number => {
    const at = plan.programs.findIndex((each) => each.name === name);
    return at >= 0 ? at : missing(`a program ${name}`);
  };
  const copy = (buffer: number): View => {
    const known = copies.get(buffer) ?? zeros(plan.buffers[buffer]!);
    copies.set(buffer, known);
    return known;
  };
  const send = (roles: readonly string[]): void => {
    for (const [buffer, view] of copies) if (roles.includes(plan.buffers[buffer]!.role)) device.write(buffer, view);
  };
  const fetch = async (buffers: readonly number[]): Promise<void> => {
    const found = await device.read(buffers);
    for (const [i, buffer] of buffers.entries()) bytesOf(copy(buffer)).set(found[i]!);
  };
  const result = (of: string, name: string): number | undefined => {
    const buffer = plan.programs[program(of)]!.outputs[name];
    if (buffer !== undefined && !results.has(buffer)) throw new Error(`${of} ran without being asked for ${name}`);
    return buffer;
  };
  return {
    device: { description: device.description },
    plannedBytes: device.bytes,
    kept: (role) => plan.buffers.filter((each) => each.role === role),
    has: (role, name) => numbers.has(`${role}:${name}`),
    view: (role, name) => copy(find(role, name)),
    floats: (role, name) => floatsOf(copy(find(role, name)), name),
    outputs: (of) => Object.keys(plan.programs[program(of)]!.outputs),
    output: (of, name) => {
      const buffer = result(of, name);
      if (buffer === undefined) return undefined;
      const view = copy(buffer);
      return view instanceof Float32Array ? view : Float32Array.from(view);
    },
    result: (of, name) => {
      const buffer = result(of, name);
      return buffer === undefined
        ? undefined
        : { view: copy(buffer), shape: plan.buffers[buffer]!.dims.map(({ size }) => size) };
    },
    look: async (buffers) =>
      (await device.read(buffers)).map((bytes, i) => asFloats(bytes, stored[buffers[i]!]!.dtype)),
    run: async (of, wanted = []) => {
      send(["input"]);
      await device.run(program(of));
      const given = Object.entries(plan.programs[program(of)]!.outputs);
      const asked = given.filter(([name, i]) => plan.buffers[i]!.bytes <= SMALL_RESULT || wanted.includes(name));
      const buffers = [...new Set(asked.map(([, i]) => i))];
      results.clear();
      for (const each of buffers) results.add(each);
      await fetch(buffers);
    },
    push: async () => send(["data", "param", "state"]),
    pull: () => fetch([...numbers.values()].filter((i) => ["param", "state"].includes(plan.buffers[i]!.role))),
    close: async () => device.close(),
  };
}

function zeros({ dtype, dims }: Buffer): View {
  const count = dims.reduce((product, { size }) => product * size, 1);
  if (dtype === "f32") return new Float32Array(count);
  return dtype === "i32" ? new Int32Array(count) : new Uint8Array(count);
}

/** Numbers that a device stores in 16 or 32 bits. */
function asFloats(bytes: Uint8Array, dtype: string): Float32Array {
  const { buffer, byteOffset, length } = bytes;
  if (dtype === "f32") return new Float32Array(buffer, byteOffset, length / 4);
  const bits = new Uint16Array(buffer, byteOffset, length / 2);
  return Float32Array.from(bits, dtype === "bf16" ? fromBf16 : fromF16);
}

const bytesOf = (view: View): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function floatsOf(view: View, name: string): Float32Array {
  return view instanceof Float32Array ? view : missing(`numbers of f32 in ${name}`);
}

/** Names come from the same compilation as the plan: a missing one is our mistake. */
function missing(what: string): never {
  throw new Error(`the plan does not have ${what}`);
}
