/** Kernels that choose: ranking keys, letting edges into experts with limited room, assigning units to experts evenly. */
import type { SpecialKernel } from "../../5-plan/plan.js";
import type { WgslPass } from "../../targets/wgsl/program.js";
import { blocks, elements } from "../gpu/sizes.js";
import { admitSizes, assignSizes, checkExperts, rankSizes } from "../gpu/special-sizes.js";
import { bindParams } from "./bindings.js";
import { SORT_CHUNK } from "./shape.js";
import { assemble, type Context, grid, type WgslText } from "./view.js";

/** Lanes of the workgroup that lets in edges, or solves one problem of assignment. */
const LANES = 256;

/** Parameters: keys, the place of each, what stands at each place, sorted keys. */
export function rankToWgsl(kernel: SpecialKernel, context: Context): WgslText {
  const b = bindParams(kernel.params, context.choice);
  const [key, rank, order, sorted] = [0, 1, 2, 3];
  const { size, rows } = rankSizes(kernel);
  const chunks = blocks(size, SORT_CHUNK);
  const view = {
    declarations: b.declarations,
    size,
    rows,
    chunk: SORT_CHUNK,
    chunks,
    keyOfI: b.read(key, "i"),
    sorted: b.read(sorted, "at"),
    putSorted: b.write(sorted, "at", "own"),
    placeOfI: b.read(rank, "i"),
    putPlace: b.write(rank, "i", "i32(place)"),
    clearOrder: b.write(order, "i", "-1"),
    putOrder: b.write(order, "at", "i32(i - start)"),
    putRank: b.write(rank, "i", "place"),
  };
  const passes: WgslPass[] = [
    { entry: "sort_chunks", workgroups: grid(rows * chunks, context.profile), bindings: b.of() },
    { entry: "find_places", workgroups: grid(blocks(rows * size, SORT_CHUNK), context.profile), bindings: b.of() },
  ];
  return { code: assemble(kernel, "rank.wgsl", view, context), passes };
}

/** Parameters: edges, their order, room of each expert, perhaps experts of each unit best first, edges that are let in, state. */
export function admitToWgsl(kernel: SpecialKernel, context: Context): WgslText {
  const b = bindParams(kernel.params, context.choice);
  const [edge, order, room] = [0, 1, 2];
  const { ranked, to, ...sizes } = admitSizes(kernel);
  const lanes = Math.min(LANES, context.profile.invocations);
  const bytes = 4 * sizes.experts + 4 * lanes + 8;
  checkExperts("wgsl", "limiting room", sizes.experts, bytes, context.profile.workgroupMemory);
  const [turn, choice, refused] = [0, 1, 2];
  const state = (part: number, at = "at"): string => b.read(to + 1, `${at} * 3u + ${part}u`);
  const putState = (part: number, value: string): string => b.write(to + 1, `at * 3u + ${part}u`, value);
  const view = {
    declarations: b.declarations,
    ...sizes,
    lanes,
    ranked: ranked !== undefined,
    roomOfE: b.read(room, "e"),
    clear: [b.write(to, "at", "-1"), ...[turn, choice, refused].map((part) => putState(part, "0"))].join(" "),
    orderOfI: b.read(order, "i"),
    putTurn: putState(turn, "turn"),
    putFirst: b.write(to, "at", b.read(edge, "at")),
    askedByAt: b.read(to, "at"),
    askedByOther: b.read(to, "other"),
    turnOfOther: state(turn, "other"),
    putRefused: putState(refused, "select(0, 1, no)"),
    isRefused: state(refused),
    choiceOfAt: state(choice),
    putChoice: putState(choice, "choice + 1"),
    putNext: b.write(to, "at", "next"),
    ...(ranked !== undefined && { rankedChoice: b.read(ranked, "at / K * CHOICES + u32(choice)") }),
  };
  const passes: WgslPass[] = [{ entry: "main", workgroups: [1, 1, 1], bindings: b.of() }];
  return { code: assemble(kernel, "admit.wgsl", view, context), passes };
}

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
