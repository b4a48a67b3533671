/** Reads a spec as the user named it. */
import type { SourceFile } from "../1-syntax/ast.js";
import { suggest } from "../diagnostics/suggest.js";
import type { FileHost } from "../host/host.js";
import { folderOf, isAbsolute, join, nameOf, normalise } from "../host/paths.js";
import { readTextFile, unreadable } from "../host/reading.js";

/** The text of a spec; MOE6013 when it cannot be read. Its path is kept relative to the current directory. */
export function readSpec(host: FileHost, path: string): SourceFile {
  const text = readTextFile(host, path, nearFile(host, path));
  if (!isText(text)) throw unreadable(path, "it is not text", ["specs are UTF-8 text; save it in that encoding"]);
  return { path: shownPath(host, path), text };
}

/** Hardly any bytes that no UTF-8 text has; a letter of another encoding in a comment is nothing to stop for. */
function isText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const strange = text.match(/[\0-\x08\x0e-\x1f\ufffd]/g)?.length ?? 0;
  return strange * 20 <= text.length;
}

/** The name of a spec without its ending: names run folders and generated ones. */
export function specName(path: string): string {
  return nameOf(path).replace(/\.moe$/, "");
}

/** As seen from the current directory, so that nothing that is written says where on the machine it was. */
export function shownPath({ cwd }: FileHost, path: string): string {
  if (!isAbsolute(path)) return normalise(path);
  const [from, to] = [normalise(cwd).split("/"), normalise(path).split("/")];
  let same = 0;
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++;
  if (same <= 1) return normalise(path);
  return join(...from.slice(same).map(() => ".."), ...to.slice(same));
}

function nearFile(host: FileHost, path: string): string[] {
  const folder = folderOf(path);
  if (host.kind(path) !== undefined || host.kind(folder) !== "folder") return [];
  const near = suggest(
    nameOf(path),
    host.list(folder).filter((name) => name.endsWith(".moe")),
  );
  return near === undefined ? [] : [`did you mean \`${join(folder, near)}\`?`];
}
