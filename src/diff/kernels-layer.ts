/**
 * Layer 5, the kernels: paired by role, then by what they compute. A kernel is the same when its text is; it is
 * explained by the numbers of its plan and by the steps that were fused into it.
 */
import { byCodeUnit } from "../host/host.js";
import type { KernelView } from "./kernel-view.js";
import type { Scalar } from "./line.js";
import { type Pair, pairUp } from "./pair.js";

/** `retuned`: other sizes or constants; `changed`: other steps; `moved`: the same text under another role. */
export type KernelStatus = "same" | "retuned" | "changed" | "added" | "removed" | "moved";

export interface KernelsLayer {
  readonly rows: readonly KernelRow[];
  readonly totals: Readonly<Record<KernelStatus, number>>;
}

export interface KernelRow {
  readonly status: KernelStatus;
  /** as the second design names it where it has it */
  readonly role: string;
  readonly before?: KernelSide;
  readonly after?: KernelSide;
  /** numbers of the plan that differ */
  readonly parameters: readonly { readonly name: string; readonly before: Scalar; readonly after: Scalar }[];
  /** steps that only one side computes in this kernel */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

export type KernelSide = Pick<
  KernelView,
  "name" | "kind" | "pieces" | "because" | "launches" | "flops" | "bytes" | "file"
>;

/** Pairs and explains all kernels; `names` are the second design's parts by what the first calls them. */
export function kernelsLayer(
  before: readonly KernelView[],
  after: readonly KernelView[],
  names: ReadonlyMap<string, string>,
): KernelsLayer {
  const rows = pairKernels(before, after, names).map(rowOf);
  const count = (status: KernelStatus): number => rows.filter((row) => row.status === status).length;
  const totals = {
    same: count("same"),
    retuned: count("retuned"),
    changed: count("changed"),
    added: count("added"),
    removed: count("removed"),
    moved: count("moved"),
  };
  return { rows, totals };
}

function pairKernels(
  before: readonly KernelView[],
  after: readonly KernelView[],
  names: ReadonlyMap<string, string>,
): readonly Pair<KernelView>[] {
  const later = new Set(after);
  const role = (kernel: KernelView) => (later.has(kernel) ? roleBefore(kernel.role, names) : kernel.role);
  const programs = ({ launches }: KernelView) => Object.keys(launches).sort(byCodeUnit).join(" ");
  const name = (kernel: KernelView) => (later.has(kernel) ? roleBefore(kernel.name, names) : kernel.name);
  return pairUp(before, after, [
    (kernel) => `${name(kernel)} ${kernel.print}`,
    (kernel) => `${role(kernel)} ${programs(kernel)} ${kernel.print}`,
    (kernel) => `${role(kernel)} ${kernel.print}`,
    (kernel) => kernel.print,
    (kernel) => `${name(kernel)} ${kernel.shape}`,
    (kernel) => `${role(kernel)} ${programs(kernel)} ${kernel.shape}`,
    (kernel) => `${role(kernel)} ${programs(kernel)}`,
    role,
  ]);
}

/** A role starts with its part: `mixture_experts_up` of a part that was called otherwise. */
function roleBefore(role: string, names: ReadonlyMap<string, string>): string {
  for (const [after, before] of names) {
    const [from, to] = [after.toLowerCase(), before.toLowerCase()];
    if (role === from || role.startsWith(`${from}_`)) return to + role.slice(from.length);
  }
  return role;
}

function rowOf({ before, after }: Pair<KernelView>): KernelRow {
  const kernel = (after ?? before)!;
  const sides = { ...(before && { before: sideOf(before) }), ...(after && { after: sideOf(after) }) };
  const pieces = [before?.pieces ?? [], after?.pieces ?? []] as const;
  return {
    status: statusOf(before, after),
    role: kernel.name,
    ...sides,
    parameters: before && after ? parameterChanges(before, after) : [],
    gained: before && after ? without(pieces[1], pieces[0]) : [],
    lost: before && after ? without(pieces[0], pieces[1]) : [],
  };
}

function sideOf({ name, kind, pieces, because, launches, flops, bytes, file }: KernelView): KernelSide {
  return { name, kind, pieces, because, launches, flops, bytes, ...(file && { file }) };
}

function statusOf(before: KernelView | undefined, after: KernelView | undefined): KernelStatus {
  if (!before) return "added";
  if (!after) return "removed";
  if (before.print === after.print) return before.role === after.role ? "same" : "moved";
  return before.shape === after.shape && !before.file && !after.file ? "retuned" : "changed";
}

/** Kernels of two kinds have numbers of their own: only those of one name are compared. */
function parameterChanges(before: KernelView, after: KernelView): KernelRow["parameters"] {
  const all = [...new Set([...Object.keys(before.parameters), ...Object.keys(after.parameters)])];
  const inBoth = (name: string) => name in before.parameters && name in after.parameters;
  const names = before.kind === after.kind ? all : all.filter(inBoth);
  return names.flatMap((name) => {
    const [a, b] = [before.parameters[name] ?? null, after.parameters[name] ?? null];
    return a === b ? [] : [{ name, before: a, after: b }];
  });
}

/** Items of the first list that the second lacks, counting repetitions. */
function without(items: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return items.filter((item) => {
    const at = left.indexOf(item);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
