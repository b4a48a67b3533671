/** Kernels that choose: ranking keys, letting edges into experts with limited room, assigning units to experts evenly. */
import type { SpecialKernel } from "../../5-plan/plan.js";
import type { WgslPass } from "../../targets/wgsl/program.js";
import { blocks, elements } from "../gpu/sizes.js";
import { admitSizes, assignSizes, checkExperts, rankSizes } from "../gpu/special-sizes.js";
import { bindParams } from "./bindings.js";
import { assemble, type Context, grid, type WgslText } from "./view.js";

/** Parameters: keys, the place of each, what stands at each place. */
export function rankToWgsl(kernel: SpecialKernel, context: Context): WgslText {
  const b = bindParams(kernel.params, context.choice);
  const [key, rank, order] = [0, 1, 2];
  const sizes = rankSizes(kernel);
  const view = {
    declarations: b.declarations,
    ...sizes,
    keyOfI: b.read(key, "i"),
    keyOfJ: b.read(key, "j"),
    clearOrder: b.write(order, "i", "-1"),
    putOrder: b.write(order, "at", "i32(i - start)"),
    putRank: b.write(rank, "i", "place"),
  };
  const workgroups = grid(blocks(sizes.count, 256), context.profile);
  const passes: WgslPass[] = [
    { entry: "clear", workgroups, bindings: b.of([order]) },
    { entry: "find_places", workgroups, bindings: b.of() },
  ];
  return { code: assemble(kernel, "rank.wgsl", view, context), passes };
}

/** Parameters: edges, their order, room of each expert, perhaps experts of each unit best first, edges that are let in. */
export function admitToWgsl(kernel: SpecialKernel, context: Context): WgslText {
  const b = bindParams(kernel.params, context.choice);
  const [edge, order, room] = [0, 1, 2];
  const { ranked, to, ...sizes } = admitSizes(kernel);
  checkExperts("wgsl", "limiting room", sizes.experts, 4 * sizes.experts, context.profile.workgroupMemory);
  const view = {
    declarations: b.declarations,
    ...sizes,
    ranked: ranked !== undefined,
    roomOfE: b.read(room, "e"),
    clear: b.write(to, "i", "-1"),
    orderOfI: b.read(order, "i"),
    edgeAt: b.read(edge, "u32(at)"),
    ownOfK: b.read(to, "unit * K + k"),
    put: b.write(to, "u32(at)", "expert"),
    ...(ranked !== undefined && { rankedChoice: b.read(ranked, "unit * CHOICES + choice") }),
  };
  const passes: WgslPass[] = [{ entry: "main", workgroups: [1, 1, 1], bindings: b.of() }];
  return { code: assemble(kernel, "admit.wgsl", view, context), passes };
}

/** Lanes of the workgroup that solves one problem. */
const LANES = 256;

/** Parameters: keys, the expert of each unit, then memory of its own. */
export function assignToWgsl(kernel: SpecialKernel, context: Context): WgslText {
  const b = bindParams(kernel.params, context.choice);
  const [key, to, cost, unit] = [0, 1, 2, 3];
  const [units, experts] = assignSizes(kernel);
  const problems = elements(kernel.params[to]!) / units;
  const lanes = Math.min(LANES, context.profile.invocations);
  const bytes = 24 * (experts + 1) + 8 * lanes + 4;
  checkExperts("wgsl", "assigning units to experts", experts, bytes, context.profile.workgroupMemory);
  const keyOf = (expert: string): string => b.read(key, `(problem * UNITS + u) * EXPERTS + ${expert}`);
  const view = {
    declarations: b.declarations,
    units,
    experts,
    problems,
    lanes,
    span: Math.min(experts, lanes),
    keyOfE: keyOf("e"),
    keyOfHead: keyOf("head"),
    keyOfTail: keyOf("tail"),
    expertOfU: b.read(to, "problem * UNITS + u"),
    putBest: b.write(to, "at", "best"),
    putHead: b.write(to, "at", "i32(head)"),
    costOfMove: b.read(cost, "pair"),
    unitOfMove: b.read(unit, "pair"),
    putCost: b.write(cost, "pair", "smallest"),
    putUnit: b.write(unit, "pair", "mover"),
  };
  const passes: WgslPass[] = [{ entry: "main", workgroups: [problems, 1, 1], bindings: b.of() }];
  return { code: assemble(kernel, "assign.wgsl", view, context), passes };
}
