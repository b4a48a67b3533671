/**
 * A compiled design on a device: its buffers as typed arrays by name, its programs by name. Knows where things lie;
 * knows nothing of training.
 */
import type { Buffer } from "../5-plan/plan.js";
import type { Device } from "./device.js";

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
  /** the numbers in buffers of the device's program, by their places in its list, as they are now and f32 whatever they are stored as */
  readonly look: (buffers: readonly number[]) => Promise<readonly Float32Array[]>;
  /** runs a program to its end; large results must be named to be readable afterwards, whatever the device */
  readonly run: (program: string, results?: readonly string[]) => Promise<void>;
  /** sends what was written to views of weights, tables and state; inputs are sent by `run` */
  readonly push: () => Promise<void>;
  /** brings weights and state to their views, as the last run left them */
  readonly pull: () => Promise<void>;
  readonly close: () => Promise<void>;
}
