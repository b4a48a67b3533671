/** Which files a pattern means on this machine: sorted, without dot files, without following linked folders. */
import { statSync } from "node:fs";
import { escapePath, globSync } from "tinyglobby";
import { byCodeUnit, type GlobOptions } from "./host.js";
import { join } from "./paths.js";

/** A leading fixed part such as `../data` or `/data` becomes the folder to search; tinyglobby is slow outside its own. */
function globBase(pattern: string): { base: string; rest: string } {
  const names = pattern.replaceAll("\\", "/").split("/");
  let fixed = 0;
  while (fixed < names.length - 1 && escapePath(names[fixed]!) === names[fixed]) fixed++;
  const base = names.slice(0, fixed).join("/");
  return { base: pattern.startsWith("/") && base === "" ? "/" : base, rest: names.slice(fixed).join("/") };
}

/** The files a pattern matches, relative to the current directory unless the pattern is absolute, in code unit order. */
export function globFiles(pattern: string, options: GlobOptions = {}): string[] {
  const { base, rest } = globBase(pattern);
  const cwd = base === "" ? process.cwd() : join(process.cwd(), base);
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) return [];
  const settings = { cwd, dot: false, onlyFiles: true, expandDirectories: false, followSymbolicLinks: false };
  const found = globSync(rest, { ...settings, ignore: [...(options.ignore ?? [])] });
  return found.map((name) => (base === "" ? name : join(base, name))).sort(byCodeUnit);
}
