/**
 * A file that says which process is at work in a folder: its number, and when it started, since numbers are given out
 * again. Processes of other machines are not seen: their numbers mean nothing here.
 */
import * as fs from "node:fs";
import { hostname } from "node:os";
import type { Held } from "./host.js";
import { folderOf } from "./paths.js";

/** Takes the file, from a process that is gone if need be. */
export function hold(path: string): Held {
  fs.mkdirSync(folderOf(path), { recursive: true });
  const mine = signOf(process.pid);
  for (;;) {
    try {
      fs.writeFileSync(path, mine, { flag: "wx" });
      return { release: () => fs.rmSync(path, { force: true }) };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    }
    const pid = holderOf(path);
    if (pid !== undefined) return { by: `process ${pid}` };
    fs.rmSync(path, { force: true });
  }
}

/** The living process that a file names. */
function holderOf(path: string): number | undefined {
  const sign = textOf(path) ?? "";
  const pid = Number(/^\d+/.exec(sign)?.[0]);
  return Number.isSafeInteger(pid) && isAlive(pid) && sign === signOf(pid) ? pid : undefined;
}

/** Nothing where the file was given back in between. */
function textOf(path: string): string | undefined {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // it is there, but somebody else's
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What a process writes into the file. */
function signOf(pid: number): string {
  return `${pid} of ${hostname()}, started at ${startOf(pid)}\n`;
}

/** When a process started, in ticks since the machine did; Linux says so, elsewhere the number alone must do. */
function startOf(pid: number): string {
  try {
    // the name of the program, in brackets, may hold spaces
    const text = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "?";
  } catch {
    return "?";
  }
}
