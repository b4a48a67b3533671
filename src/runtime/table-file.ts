/**
 * Routing tables that the user brings (`assign file("…")`). Three forms:
 * `.json`: a list of V rows, each an expert number or a list of them, or L such lists, one per layer;
 * `.u8.bin`: V×E (or L×V×E) bytes of 0 and 1; any other `.bin`: V×n little-endian 32-bit expert numbers, −1 for
 * none, the same in all layers. The file must lie in the project.
 */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { type FileHost, IoError } from "../host/host.js";
import { isAbsolute, isInside, join } from "../host/paths.js";

/** A file that a spec names. */
export interface ProjectFile {
  /** as the spec names it, relative to the spec's folder */
  readonly path: string;
  /** folder of the spec */
  readonly folder: string;
  /** folder that the file may not leave */
  readonly project: string;
}

export interface TableFileOptions extends ProjectFile {
  /** V, E, L */
  readonly vocab: number;
  readonly experts: number;
  readonly layers: number;
}

type Fail = (reason: string) => never;

/**
 * Per layer V×E of 0 and 1. MOE6009 for a path that leaves the project (`..`, absolute, through a link), MOE6013 when
 * it cannot be read, MOE6020 when it does not fit the model or a row has no expert.
 */
export function readTableFile(host: FileHost, options: TableFileOptions): Uint8Array[] {
  const path = fileInProject(host, options);
  const fail: Fail = (reason) => {
    throw new DiagnosticError([diagnose("MOE6020", { file: options.path, reason })]);
  };
  const bytes = host.readBytes(path);
  const layers = path.endsWith(".json")
    ? fromJson(new TextDecoder().decode(bytes), options, fail)
    : path.endsWith(".u8.bin")
      ? fromMask(bytes, options, fail)
      : fromNumbers(bytes, options, fail);
  for (const visible of layers) checkRows(visible, options.experts, fail);
  return layers;
}

/** The real path of a file that a spec names; MOE6009 when it leaves the project, MOE6013 when it is not there. */
export function fileInProject(host: FileHost, { path, folder, project }: ProjectFile): string {
  const root = host.realPath(join(host.cwd, project));
  const outside = (): never => {
    throw new DiagnosticError([diagnose("MOE6009", { file: path, root: project })]);
  };
  if (isAbsolute(path)) outside();
  // by name first, so that nothing outside is touched; then by where links really lead
  const named = join(root, toRelative(host, folder, project), path);
  if (!isInside(named, root)) outside();
  try {
    const real = host.realPath(named);
    return isInside(real, root) ? real : outside();
  } catch (cause) {
    if (!(cause instanceof IoError)) throw cause;
    throw new DiagnosticError([diagnose("MOE6013", { file: path, reason: cause.message })]);
  }
}

/** The spec's folder seen from the project; a spec outside the project has nothing in it. */
function toRelative(host: FileHost, folder: string, project: string): string {
  const [inner, outer] = [join(host.cwd, folder), join(host.cwd, project)];
  return isInside(inner, outer) ? inner.slice(outer.length).replace(/^\/+/, "") : "..";
}

function fromJson(text: string, { vocab, experts, layers }: TableFileOptions, fail: Fail): Uint8Array[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return fail("it is not JSON");
  }
  if (!Array.isArray(parsed)) return fail("it is not a list");
  // L lists of V rows, or V rows for all layers; L = V cannot be mistaken: rows of rows are lists of lists
  const perLayer = parsed.length === layers && parsed.every((each) => Array.isArray(each) && each.length === vocab);
  const tables: unknown[][] = perLayer ? parsed : [parsed];
  const read = tables.map((rows) => {
    if (rows.length !== vocab) fail(`it has ${rows.length} rows, the vocabulary has ${vocab}`);
    return markExperts(
      rows.map((row) => (Array.isArray(row) ? row : [row])),
      experts,
      fail,
    );
  });
  return perLayer ? read : repeat(read[0]!, layers);
}

function fromMask(bytes: Uint8Array, { vocab, experts, layers }: TableFileOptions, fail: Fail): Uint8Array[] {
  const size = vocab * experts;
  if (bytes.some((byte) => byte > 1)) fail("it holds bytes other than 0 and 1");
  if (bytes.length === size) return repeat(bytes, layers);
  if (bytes.length !== size * layers) fail(`it has ${bytes.length} bytes, expected ${size} or ${size * layers}`);
  return Array.from({ length: layers }, (_, layer) => bytes.slice(layer * size, (layer + 1) * size));
}

function fromNumbers(bytes: Uint8Array, { vocab, experts, layers }: TableFileOptions, fail: Fail): Uint8Array[] {
  const width = bytes.length / (4 * vocab);
  if (!Number.isInteger(width) || width < 1 || width > experts) {
    fail(`its ${bytes.length} bytes are not ${vocab} rows of 1 to ${experts} 32-bit numbers`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true));
  const rows = Array.from({ length: vocab }, (_, id) => numbers.slice(id * width, (id + 1) * width));
  const named = rows.map((row) => row.filter((each) => each !== -1));
  return repeat(markExperts(named, experts, fail), layers);
}

function markExperts(rows: readonly (readonly unknown[])[], experts: number, fail: Fail): Uint8Array {
  const visible = new Uint8Array(rows.length * experts);
  rows.forEach((row, id) => {
    for (const expert of row) {
      const isExpert = Number.isInteger(expert) && (expert as number) >= 0 && (expert as number) < experts;
      if (!isExpert) fail(`row ${id} names ${JSON.stringify(expert)}; experts are 0 to ${experts - 1}`);
      visible[id * experts + (expert as number)] = 1;
    }
  });
  return visible;
}

function checkRows(visible: Uint8Array, experts: number, fail: Fail): void {
  for (let row = 0; row < visible.length / experts; row++) {
    if (!visible.subarray(row * experts, (row + 1) * experts).includes(1)) fail(`row ${row} names no expert`);
  }
}

function repeat(table: Uint8Array, layers: number): Uint8Array[] {
  return new Array<Uint8Array>(layers).fill(table);
}
