/** Runs a tool of the system and hands back what it said. Not finding it, or a failure, is a result, not an error. */
import { type ExecFileException, execFile } from "node:child_process";

export interface ToolResult {
  readonly ok: boolean;
  readonly stdout: string;
  /** what it wrote to stderr, or why it could not be run */
  readonly complaint: string;
}

const MINUTES_5 = 300_000;

/** Runs `command` (program and leading arguments) with more arguments and empty input; at most five minutes. */
export function runTool(command: readonly string[], args: readonly string[]): Promise<ToolResult> {
  const [program = "", ...leading] = command;
  return new Promise((resolve) => {
    const options = { maxBuffer: 1 << 26, timeout: MINUTES_5, windowsHide: true };
    const child = execFile(program, [...leading, ...args], options, (error, stdout, stderr) => {
      resolve({ ok: error === null, stdout, complaint: error === null ? stderr : whyNot(error, stderr) });
    });
    // closed at once: a tool that asks for input must not wait for ever; EPIPE when it could not be started
    child.stdin?.on("error", () => undefined);
    child.stdin?.end();
  });
}

function whyNot(error: ExecFileException, stderr: string): string {
  if (error.code === "ENOENT") return "not found";
  if (error.killed) return "took more than five minutes";
  return stderr.trim() || error.message;
}

/** The first lines of a tool's complaint, for a message. */
export function firstLines(text: string, lines = 8): string {
  return text.trim().split("\n").slice(0, lines).join("\n");
}
