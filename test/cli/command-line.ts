/** `moec` in this process, on a machine that is a map of files. */
import { run } from "../../src/cli/run.js";
import { type MemoryHost, type MemoryOptions, memoryHost } from "../../src/host/memory.js";

export interface Called {
  readonly host: MemoryHost;
  /** exit code and what was written since the last call */
  readonly moec: (...args: string[]) => Promise<{ code: number; stdout: string; stderr: string }>;
}

/** A machine with files, and its command line. */
export function commandLineOn(files: MemoryOptions["files"] = {}, more: MemoryOptions = {}): Called {
  const host = memoryHost({ ...more, files });
  const moec = async (...args: string[]) => {
    host.output.length = 0;
    host.errors.length = 0;
    const code = await run(args, host);
    return { code, stdout: host.output.join(""), stderr: host.errors.join("") };
  };
  return { host, moec };
}
