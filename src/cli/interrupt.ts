/** Ctrl-C while training: the first asks for an orderly end, the second ends at once. */
import { exit } from "./output.js";

const signals = ["SIGINT", "SIGTERM"] as const;

// a process trains one run at a time
let current: AbortController | undefined;

/** Asks what runs now for an orderly end; false where nothing does that could. */
export function requestEnd(): boolean {
  current?.abort();
  return current !== undefined;
}

/** Runs an action that stops by itself soon after its signal is set. */
export async function untilInterrupted<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(exit.interrupted);
    controller.abort();
  };
  current = controller;
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await action(controller.signal);
  } finally {
    current = undefined;
    for (const signal of signals) process.off(signal, interrupt);
  }
}
