/** A file as git knows it. The only place that starts git. */
import { execFileSync } from "node:child_process";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";

/** The text of a file at a commit, tag or branch; the path is relative to the folder. MOE6038 when git has none. */
export type ReadAtRef = (folder: string, path: string, ref: string) => string;

/** Asks the installed git; nothing of the repository is changed. */
export const gitShow: ReadAtRef = (folder, path, ref) => {
  // a ref never starts with a dash, so that it cannot be taken for a flag
  if (!/^[\w@{}~^./][\w@{}~^./+-]*$/.test(ref)) return refuse(path, ref, "that is no name of a commit");
  const shown = path.startsWith("/") || path.startsWith("..") ? path : `./${path}`;
  try {
    return execFileSync("git", ["show", "--end-of-options", `${ref}:${shown}`], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 64 << 20,
    });
  } catch (cause) {
    return refuse(path, ref, reasonOf(cause));
  }
};

function reasonOf(cause: unknown): string {
  const { code, stderr } = cause as { code?: string; stderr?: string };
  if (code === "ENOENT") return "git is not installed";
  const [first = "git refused"] = (stderr ?? "").trim().split("\n");
  return first.replace(/^fatal: /, "");
}

function refuse(file: string, ref: string, reason: string): never {
  throw new DiagnosticError([diagnose("MOE6038", { file, ref, reason })]);
}
