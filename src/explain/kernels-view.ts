/** The kernels of one design for the page: what each is, what it costs at least, and its text on every target. */
import type { KernelView } from "../diff/kernel-view.js";
import { type KernelData, type KernelPageView, origins, scriptJson } from "../diff/page/kernel-page-view.js";
import { quantity } from "../diff/render/numbers.js";
import type { CompiledSide } from "../diff/side.js";
import { scalarText } from "../diff/values.js";
import type { KernelBound, Roof } from "./roofline.js";
import { timeText } from "./time-text.js";

/** All kernels, the first target's in the given order; a note instead when the design was not compiled. */
export function kernelsOfPage(
  sides: readonly CompiledSide[],
  order: readonly string[],
  roof: Roof | undefined,
  targets: ReadonlySet<string>,
): KernelPageView {
  const [{ compiled, refused }] = sides as readonly [CompiledSide];
  const pair = false;
  if (!compiled) return { pair, note: refused[0]?.message ?? "nothing to compile", counts: [], list: [], data: "[]" };
  const bounds = new Map(roof?.kernels.map((each) => [each.name, each]));
  const place = (name: string) => order.indexOf(name);
  const data = sides.flatMap((side, i) => {
    const views = [...(side.compiled?.kernels ?? [])];
    if (i === 0) views.sort((a, b) => place(a.name) - place(b.name));
    return views.map((view) => kernelData(view, side, i === 0 ? bounds.get(view.name) : undefined, targets));
  });
  const kinds = [...new Set(data.map(({ status }) => status))];
  return {
    pair,
    note: "",
    counts: kinds.map((status) => ({ status, count: data.filter((each) => each.status === status).length })),
    list: data.map(({ target, status, role, words }, index) => ({ index, target, status, role, words })),
    data: scriptJson(data),
  };
}

function kernelData(
  view: KernelView,
  { design, compiled }: CompiledSide,
  bound: KernelBound | undefined,
  targets: ReadonlySet<string>,
): KernelData {
  const { target, texts } = compiled!;
  return {
    target,
    status: view.kind,
    role: view.name,
    words: view.pieces.join(", "),
    facts: factsOf(view, bound).map(([name, value]) => [name, value, value] as const),
    // one design has no sides
    from: origins("after", view, design, targets).map((each) => ({ ...each, side: "" })),
    text: { before: "", after: texts().get(view.name) ?? "", rows: [] },
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
