/**
 * A compiled design on a device: its buffers as typed arrays by name, its programs by name. Knows where things lie;
 * knows nothing of training.
 */

import type { Buffer } from "../5-plan/plan.js";
import type { WgslProgram } from "../targets/wgsl/program.js";
import { arenaBytes, type Bundle, type CpuCode } from "./bundle.js";
import { type Device, floats, ints } from "./device.js";
import { type OpenWgsl, wgslEngine } from "./engine-wgsl.js";

/** Numbers of a buffer: the memory of the device itself, or the host's copy where a device keeps its own (`push`, `pull`). */
export type View = Float32Array | Int32Array | Uint8Array;

export type KeptRole = "input" | "data" | "param" | "state";

export interface Engine {
  readonly device: Pick<Device, "description">;
  /** bytes the plan reserves for tensors and scratch */
  readonly plannedBytes: number;
  /** kept buffers of a role, in the order of the plan */
  readonly kept: (role: KeptRole) => readonly Buffer[];
  /** whether a kept buffer exists; programs leave out what they do not need */
  readonly has: (role: KeptRole, name: string) => boolean;
  /** the numbers of a kept buffer */
  readonly view: (role: KeptRole, name: string) => View;
  /** the numbers of a kept f32 buffer */
  readonly floats: (role: KeptRole, name: string) => Float32Array;
  /** names of what a program gives */
  readonly outputs: (program: string) => readonly string[];
  /** a result of a program's last run, until another program runs; undefined when it does not give it */
  readonly output: (program: string, name: string) => Float32Array | undefined;
  /** a result as it is kept, with its sizes; undefined when the program does not give it */
  readonly result: (
    program: string,
    name: string,
  ) => { readonly view: View; readonly shape: readonly number[] } | undefined;
  /** runs a program to its end; large results must be named to be readable afterwards, whatever the device */
  readonly run: (program: string, results?: readonly string[]) => Promise<void>;
  /** sends what was written to views of weights, tables and state; inputs are sent by `run` */
  readonly push: () => Promise<void>;
  /** brings weights and state to their views, as the last run left them */
  readonly pull: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface EngineOptions {
  readonly threads?: number | undefined;
  /** told what is being done, one line each */
  readonly log?: ((line: string) => void) | undefined;
  /** how a device is opened; the cpu target unless a test brings its own */
  readonly open?: OpenDevice | undefined;
  /** how a WGSL program is opened; on this machine's GPU unless a browser brings its own */
  readonly gpu?: OpenGpu | undefined;
}

export type OpenGpu = (program: WgslProgram, options: EngineOptions) => Promise<OpenWgsl>;

export type OpenDevice = (
  bundle: Bundle,
  options: { readonly bytes: number; readonly threads: number },
) => Promise<Device>;

/** Builds the programs (or takes them from the cache) and opens them; MOE6022 when they do not fit into memory. */
export async function openEngine(bundle: Bundle, options: EngineOptions = {}): Promise<Engine> {
  const { plan, code } = bundle;
  // targets are loaded when they are used: a browser has no C compiler, and most machines no GPU
  if ("wgsl" in code) return wgslEngine(plan, await (options.gpu ?? openGpu)(code.wgsl, options));
  const { threadCount } = await import("../targets/cpu/threads.js");
  const threads = threadCount(options.threads);
  const bytes = arenaBytes(code, threads);
  const open: OpenDevice = options.open ?? ((_, size) => openNative(code, size, options));
  return engineOn(plan, code, await open(bundle, { bytes, threads }), bytes);
}

async function openNative(
  { source, headers }: CpuCode,
  size: { bytes: number; threads: number },
  options: EngineOptions,
) {
  const { openCpu } = await import("../targets/cpu/device.js");
  return openCpu({ source, headers, ...size, log: options.log ?? (() => {}) });
}

async function openGpu(program: WgslProgram, { log }: EngineOptions): Promise<OpenWgsl> {
  const { openWgsl } = await import("../targets/wgsl/device.js");
  const device = await openWgsl(program);
  log?.(device.description);
  return device;
}

function engineOn(plan: Bundle["plan"], code: CpuCode, device: Device, plannedBytes: number): Engine {
  const kept = new Map(plan.buffers.filter(({ role }) => role !== "work").map((each) => [keyOf(each), each]));
  const find = (role: KeptRole, name: string): Buffer =>
    kept.get(`${role}:${name}`) ?? missing(`a ${role} buffer called ${name}`);
  const program = (name: string) => plan.programs.find((each) => each.name === name) ?? missing(`a program ${name}`);
  const result = (of: string, name: string): Buffer | undefined => plan.buffers[program(of).outputs[name] ?? -1];
  return {
    device,
    plannedBytes,
    kept: (role) => [...kept.values()].filter((each) => each.role === role),
    has: (role, name) => kept.has(`${role}:${name}`),
    view: (role, name) => viewOf(device, find(role, name)),
    floats: (role, name) => floatsOf(device, find(role, name)),
    outputs: (of) => Object.keys(program(of).outputs),
    output: (of, name) => {
      const buffer = result(of, name);
      return buffer && asFloats(viewOf(device, buffer));
    },
    result: (of, name) => {
      const buffer = result(of, name);
      return buffer && { view: viewOf(device, buffer), shape: buffer.dims.map(({ size }) => size) };
    },
    run: (of) => device.run(numberOf(code.programs, of)),
    // views are the device's own memory
    push: async () => {},
    pull: async () => {},
    close: () => device.close(),
  };
}

const keyOf = ({ role, name }: Buffer): string => `${role}:${name}`;

function numberOf(programs: readonly string[], name: string): number {
  const number = programs.indexOf(name);
  return number >= 0 ? number : missing(`a program ${name}`);
}

/** Names come from the same compilation as the plan: a missing one is our mistake. */
function missing(what: string): never {
  throw new Error(`the plan does not have ${what}`);
}

function viewOf(device: Device, { dtype, offset, dims }: Buffer): View {
  const count = dims.reduce((product, { size }) => product * size, 1);
  if (dtype === "f32") return floats(device, offset, count);
  return dtype === "i32" ? ints(device, offset, count) : device.region(offset, count);
}

function floatsOf(device: Device, buffer: Buffer): Float32Array {
  const view = viewOf(device, buffer);
  return view instanceof Float32Array ? view : missing(`numbers of f32 in ${buffer.name}`);
}

/** Results are read as numbers, whatever they are kept as. */
const asFloats = (view: View): Float32Array => (view instanceof Float32Array ? view : Float32Array.from(view));
