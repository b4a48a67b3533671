/** Runs one suite of core.h checks on every build this machine can make; the native ones skip visibly without a compiler. */
import { beforeAll, describe, it } from "vitest";
import { type Machine, nativeArchitectures, nativeMachine, wasmMachine } from "./machine.js";

type Suite = (machine: () => Machine) => void;

function onMachine(name: string, build: () => Machine | Promise<Machine>, suite: Suite): void {
  describe(`core.h on ${name}`, () => {
    let machine: Machine | undefined;
    beforeAll(async () => {
      machine = await build();
    });
    suite(() => machine!);
  });
}

/** Declares the suite for each instruction set and for WebAssembly. */
export function onEveryMachine(suite: Suite): void {
  const architectures = nativeArchitectures();
  if (architectures.length === 0) it.skip("native builds: no C compiler on PATH", () => {});
  for (const name of architectures) onMachine(name, () => nativeMachine(name), suite);
  onMachine("wasm", wasmMachine, suite);
}
