/**
 * Soft MoE (arXiv 2308.00951): experts read mixtures of units, slot by slot, and every unit reads a mixture of what they
 * give. Sequences are mixed within themselves. Between the two mixtures slots are ordinary units with one known edge.
 */
import type { Mixture } from "../../2-design/design.js";
import { add, div, floor, index, lt, mul, select, sub, type Term } from "../expr-build.js";
import type { Axis, Value } from "../graph.js";
import { ensure } from "../internal.js";
import type { ForwardContext } from "./context.js";
import type { Routed } from "./routed.js";

/** SL, slots of all experts together; undefined where experts have none. */
export function slotAxis({ experts }: Mixture): Axis | undefined {
  if (experts.every(({ slots }) => slots === undefined)) return undefined;
  return { name: "SL", size: experts.reduce((sum, { count, slots = 1 }) => sum + count * slots, 0) };
}

/** The expert of a slot: experts in order, the slots of each side by side. */
export function expertOfSlot({ experts }: Mixture): (slot: Term) => Term {
  const starts: { readonly slot: number; readonly expert: number; readonly slots: number }[] = [];
  let [slot, expert] = [0, 0];
  for (const { count, slots = 1 } of experts) {
    starts.push({ slot, expert, slots });
    slot += count * slots;
    expert += count;
  }
  const within = (at: Term, start: (typeof starts)[number]): Term => {
    const place = sub(at, start.slot);
    // half a step keeps the quotient off whole numbers, where rounding could lose one
    return add(start.slots === 1 ? place : floor(div(add(place, 0.5), start.slots)), start.expert);
  };
  const [first, ...rest] = starts;
  return (at) =>
    rest.reduce((chosen, start) => select(lt(at, start.slot), chosen, within(at, start)), within(at, first!));
}

/** What experts read: slots as units [B·SL, C], each with one edge to its expert. */
export function slotsOf(c: ForwardContext, mixture: Mixture, x: Value, routed: Routed): { x: Value; routed: Routed } {
  const { g } = c;
  const { mixing } = routed;
  ensure(mixing !== undefined, () => `${mixture.name} mixes nothing`);
  const [B, S, SL] = mixing.axes as [Axis, Axis, Axis];
  const C = x.axes.at(-1)!;
  const rows = { name: "N", size: B.size * SL.size };
  return g.within({ role: "router.mixing" }, () => {
    const mixed = g.contract(mixing, g.view(x, [B, S, C]), [S.name], { axes: [B, SL, C] });
    const slot = sub(index(rows.name), mul(floor(div(add(index(rows.name), 0.5), SL.size)), SL.size));
    const edges = g.map([], () => expertOfSlot(mixture)(slot), { axes: [rows, { name: "K", size: 1 }], dtype: "i32" });
    const most = Math.max(...mixture.experts.map(({ slots = 1 }) => slots));
    const weight = g.map([], () => 1, { axes: edges.axes });
    return { x: g.view(mixed, [rows, C]), routed: { ...routed, edges, weight, room: B.size * most } };
  });
}

/** Every unit's mixture of what the slots gave: [U, C]. */
export function fromSlots({ g }: ForwardContext, x: Value, { mixing, slotWeight }: Routed, given: Value): Value {
  ensure(mixing !== undefined && slotWeight !== undefined, () => "slots without weights");
  const [B, S, SL] = mixing.axes as [Axis, Axis, Axis];
  const C = x.axes.at(-1)!;
  return g.within({ role: "experts.combine" }, () => {
    const y = g.contract(g.view(slotWeight, [B, S, SL]), g.view(given, [B, SL, C]), [SL.name], { axes: [B, S, C] });
    return g.view(y, x.axes);
  });
}
