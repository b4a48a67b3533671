/** The list of kernels, and the data from which the page lays two kernel texts side by side. */
import type { Design } from "../../2-design/design.js";
import type { Comparison } from "../compare.js";
import type { KernelRow, KernelSide, KernelStatus } from "../kernels-layer.js";
import { kernelWords } from "../render/kernel-words.js";
import { quantity } from "../render/numbers.js";
import type { CompiledSide } from "../side.js";
import { diffText, type TextLine, type TextRow } from "../text-diff.js";
import { scalarText } from "../values.js";
import { lineId } from "./design-view.js";

export interface KernelPageView {
  /** two designs are compared; with one, kernels are told by kind instead of by status */
  readonly pair: boolean;
  readonly note: string;
  readonly counts: readonly { readonly status: KernelLook; readonly count: number }[];
  readonly list: readonly {
    readonly index: number;
    readonly target: string;
    readonly status: KernelLook;
    readonly role: string;
    readonly words: string;
  }[];
  /** JSON for the page's script */
  readonly data: string;
}

/** What decides how a kernel looks in the list. */
export type KernelLook = KernelStatus | KernelSide["kind"];

/** What the script knows of one kernel. */
export interface KernelData {
  readonly target: string;
  readonly status: KernelLook;
  readonly role: string;
  readonly words: string;
  readonly facts: readonly (readonly [name: string, before: string, after: string])[];
  readonly from: readonly {
    /** empty on a page of one design */
    readonly side: "before" | "after" | "";
    readonly path: string;
    /** of a line of the design, or of its declaration; empty where the page has neither */
    readonly id: string;
    readonly where: string;
  }[];
  /** lines of both sides and how they stand beside each other */
  readonly text: TextData;
}

type RowData =
  | readonly [string, number, number, readonly number[], readonly number[]]
  | readonly ["s", number, number, number];

export interface TextData {
  readonly before: string;
  readonly after: string;
  /**
   * status letter, line before or 0, line after or 0, ranges of characters that only one side has: before, after;
   * for lines that are the same instead of ranges how many of them there are from here on
   */
  readonly rows: readonly RowData[];
}

const statuses: readonly KernelStatus[] = ["changed", "retuned", "added", "removed", "moved", "same"];

/** Two sides compiled for one target, and what came of comparing them. */
export interface Compared {
  readonly comparison: Comparison;
  readonly before: CompiledSide;
  readonly after: CompiledSide;
}

/** All kernels of all targets, the first target's first; a note instead when they were not compared. */
export function kernelPageView(compared: readonly Compared[], targets: ReadonlySet<string>): KernelPageView {
  const pair = true;
  const [{ comparison }] = compared as readonly [Compared];
  const { kernels, refused } = comparison;
  if (!kernels) return { pair, note: refused[0]?.message ?? "nothing to compile", counts: [], list: [], data: "[]" };
  const data = compared.flatMap((each) => {
    const rows = each.comparison.kernels?.rows ?? [];
    const target = (each.after.compiled ?? each.before.compiled)?.target ?? "";
    const ordered = statuses.flatMap((status) => rows.filter((row) => row.status === status));
    return ordered.map((row) => kernelData(row, each, target, targets));
  });
  return {
    pair,
    note: "",
    counts: statuses.flatMap((status) =>
      kernels.totals[status] > 0 ? [{ status, count: kernels.totals[status] }] : [],
    ),
    list: data.map(({ target, status, role, words }, index) => ({ index, target, status, role, words })),
    data: scriptJson(data),
  };
}

/** JSON that may stand inside a script element. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}

function kernelData(
  row: KernelRow,
  { before, after }: Compared,
  target: string,
  targets: ReadonlySet<string>,
): KernelData {
  return {
    target,
    status: row.status,
    role: row.role,
    words: kernelWords(row),
    facts: factsOf(row),
    from: [
      ...origins("before", row.before, before.design, targets),
      ...origins("after", row.after, after.design, targets),
    ],
    text: textData(row, before, after),
  };
}

function factsOf({ before, after, parameters }: KernelRow): KernelData["facts"] {
  const fact = (name: string, of: (side: KernelSide) => string) =>
    [name, before ? of(before) : "", after ? of(after) : ""] as const;
  return [
    fact("name", ({ name }) => name),
    fact("kind", ({ kind }) => kind),
    fact("steps", ({ pieces }) => pieces.join(", ")),
    ...parameters.map((each) => [each.name, scalarText(each.before), scalarText(each.after)] as const),
    fact("launches", ({ launches }) =>
      Object.entries(launches)
        .map(([program, count]) => `${program} × ${count}`)
        .join(", "),
    ),
    fact("FLOPs a launch", ({ flops }) => quantity(flops, "flop")),
    fact("bytes a launch", ({ bytes }) => quantity(bytes, "byte")),
  ];
}

/** The lines of the design that a kernel comes from, with where the page shows them. */
export function origins(
  side: "before" | "after",
  kernel: Pick<KernelSide, "because"> | undefined,
  { provenance }: Design,
  targets: ReadonlySet<string>,
): KernelData["from"] {
  return (kernel?.because ?? []).map((path) => {
    const line = provenance[path]?.line;
    const ids = [lineId(side, path), lineId(side, path.split(".")[0]!)];
    return { side, path, id: ids.find((id) => targets.has(id)) ?? "", where: line === undefined ? "" : `line ${line}` };
  });
}

function textData(row: KernelRow, before: CompiledSide, after: CompiledSide): TextData {
  const text = (side: CompiledSide, kernel: KernelSide | undefined) =>
    (kernel && side.compiled?.texts().get(kernel.name)) ?? "";
  return sideBySide(text(before, row.before), text(after, row.after));
}

function sideBySide(a: string, b: string): TextData {
  // one text is enough where both are the same
  if (a === b) return { before: a, after: "", rows: [] };
  return { before: a, after: b, rows: a === "" || b === "" ? [] : rowsData(diffText(a, b)) };
}

/** Runs of lines that are the same are told once. */
function rowsData(rows: readonly TextRow[]): readonly RowData[] {
  const told: RowData[] = [];
  let run = 0;
  rows.forEach((row, i) => {
    const [before, after] = [row.before?.number ?? 0, row.after?.number ?? 0];
    if (row.status !== "same") told.push([row.status[0]!, before, after, marks(row.before), marks(row.after)]);
    else if (rows[i + 1]?.status === "same") run++;
    else {
      told.push(["s", before - run, after - run, run + 1]);
      run = 0;
    }
  });
  return told;
}

/** Start and end of every range that only this side has. */
function marks(line: TextLine | undefined): readonly number[] {
  const found: number[] = [];
  let at = 0;
  for (const { text, only } of line?.words ?? []) {
    if (only) found.push(at, at + text.length);
    at += text.length;
  }
  return found;
}
