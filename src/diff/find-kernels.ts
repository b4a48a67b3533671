/** The two texts of the kernels that a name means, on one target. */
import { byCodeUnit } from "../host/host.js";
import type { Comparison } from "./compare.js";
import { roleOf } from "./kernel-view.js";
import type { KernelRow } from "./kernels-layer.js";
import type { KernelTexts } from "./render/text.js";
import type { CompiledSide } from "./side.js";

/** Kernels of exactly that name, or else all of that role; `known` are the names there are. */
export function findKernels(
  { kernels }: Comparison,
  before: CompiledSide,
  after: CompiledSide,
  wanted: string,
  target: string,
): { readonly found: readonly KernelTexts[]; readonly known: readonly string[] } {
  const rows = kernels?.rows ?? [];
  const names = ({ before: a, after: b }: KernelRow) => [a?.name, b?.name].filter((name) => name !== undefined);
  const exact = rows.filter((row) => names(row).includes(wanted));
  const chosen = exact.length > 0 ? exact : rows.filter((row) => names(row).some((name) => roleOf(name) === wanted));
  const found = chosen.map((row) => textsOf(row, before, after, target));
  return { found, known: [...new Set(rows.flatMap(names))].sort(byCodeUnit) };
}

function textsOf(row: KernelRow, before: CompiledSide, after: CompiledSide, target: string): KernelTexts {
  const text = (side: CompiledSide, name: string | undefined) =>
    (name !== undefined && side.compiled?.texts().get(name)) || "";
  const names = [row.before?.name, row.after?.name] as const;
  return { target, names, before: text(before, names[0]), after: text(after, names[1]) };
}
