/**
 * What happens when nobody takes what we print. A reader who has seen enough (`moec explain … | head`) ends the
 * command; training comes to an orderly end first, with a checkpoint. A disk that is full or a terminal that is gone
 * is told at the end, and is never success.
 */
import { diagnose } from "../diagnostics/diagnose.js";
import type { Host } from "../host/host.js";
import { requestEnd } from "./interrupt.js";
import { commandLine, complain, exit } from "./output.js";

/** Listens, until the process ends, for output that goes nowhere. */
export function watchOutput(host: Host): void {
  let lost: string | undefined;
  let left = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") lost ??= error.message;
    else if (!left) {
      left = true;
      if (!requestEnd()) process.exit(exit.ok);
    }
  });
  // what is for people is not worth ending for
  process.stderr.on("error", () => {});
  // not earlier: a write that fails is told after the code that wrote has gone on
  process.on("exit", () => {
    if (lost === undefined) return;
    complain(commandLine(host), [diagnose("MOE6043", { reason: lost })]);
    process.exitCode ||= exit.mistake;
  });
}
