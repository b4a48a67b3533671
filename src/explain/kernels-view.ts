/** The kernels of one design for the page: what each is, what it costs at least, and its text on every target. */
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { kernelText, textTargets } from "../diff/kernel-text.js";
import type { KernelView } from "../diff/kernel-view.js";
import { type KernelData, type KernelPageView, origins, scriptJson } from "../diff/page/kernel-page-view.js";
import { quantity } from "../diff/render/numbers.js";
import type { CompiledSide } from "../diff/side.js";
import { scalarText } from "../diff/values.js";
import type { KernelBound, Roof } from "./roofline.js";
import { timeText } from "./time-text.js";

/** All kernels in the given order; a note instead when the design was not compiled. */
export function kernelsOfPage(
  side: CompiledSide,
  order: readonly string[],
  roof: Roof | undefined,
  targets: ReadonlySet<string>,
): KernelPageView {
  const { compiled, refused } = side;
  const pair = false;
  if (!compiled) return { pair, note: refused[0]?.message ?? "nothing to compile", counts: [], list: [], data: "[]" };
  const views = order.map((name) => compiled.kernels.find((kernel) => kernel.name === name)!);
  const kinds = [...new Set(views.map(({ kind }) => kind))];
  const bounds = new Map(roof?.kernels.map((each) => [each.name, each]));
  return {
    pair,
    note: "",
    counts: kinds.map((status) => ({ status, count: views.filter(({ kind }) => kind === status).length })),
    list: views.map(({ name, kind, pieces }, index) => ({ index, status: kind, role: name, words: pieces.join(", ") })),
    data: scriptJson(views.map((view) => kernelData(view, side, bounds.get(view.name), targets))),
  };
}

function kernelData(
  view: KernelView,
  side: CompiledSide,
  bound: KernelBound | undefined,
  targets: ReadonlySet<string>,
): KernelData {
  const texts = textTargets.flatMap((target) => {
    const text = textOf(side, view.name, target);
    return text === undefined ? [] : [[target, { before: "", after: text, rows: [] }] as const];
  });
  return {
    status: view.kind,
    role: view.name,
    words: view.pieces.join(", "),
    facts: factsOf(view, bound).map(([name, value]) => [name, value, value] as const),
    // one design has no sides
    from: origins("after", view, side.design, targets).map((each) => ({ ...each, side: "" })),
    texts: Object.fromEntries(texts),
  };
}

function factsOf(view: KernelView, bound: KernelBound | undefined): readonly (readonly [string, string])[] {
  const launches = Object.entries(view.launches).map(([program, count]) => `${program} × ${count}`);
  const parameters = Object.entries(view.parameters).filter(([, value]) => value !== null && value !== false);
  return [
    ...parameters.map(([name, value]) => [name, scalarText(value)] as const),
    ["launches", launches.join(", ")],
    ["FLOPs a launch", quantity(view.flops, "flop")],
    ["bytes a launch", quantity(view.bytes, "byte")],
    ...(bound ? ([["at least", `${timeText(bound.seconds)} in all launches, bound by ${bound.by}`]] as const) : []),
  ];
}

/** Undefined where the target cannot hold the design. */
function textOf({ compiled }: CompiledSide, name: string, target: string): string | undefined {
  try {
    return kernelText(compiled!.plan, name, target);
  } catch (cause) {
    if (cause instanceof DiagnosticError) return undefined;
    throw cause;
  }
}
