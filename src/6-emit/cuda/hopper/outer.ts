/**
 * Weight gradients for Hopper: the inner axis is the rows, of one expert each where there are experts. Whole steps come by
 * the copy engine; the last step of an expert's run, whose neighbours are another's rows, and rows by index, in pieces.
 */
import type { Operand, OuterKernel } from "../../../5-plan/plan.js";
import type { TensorMapSpec } from "../../../targets/cuda/program.js";
import { blocks } from "../../gpu/sizes.js";
import type { Access } from "../../gpu/spelling.js";
import { type Lines, lines } from "../../lines.js";
import { namedParams } from "../names.js";
import { cutOf, runOf, withAfter } from "../pieces.js";
import { stepSourceOf } from "../tile-view.js";
import { accessTo, type Context, type CudaText } from "../view.js";
import { type Passing, throughOf } from "./desk.js";
import { printPass } from "./finish-slices.js";
import { assembleHopper } from "./kernel.js";
import { mapOf, named, type Panel, printBoxes, printHalves, printStepPieces } from "./panels.js";
import { DEPTH, TILE_ROWS, type Tile, tileFor } from "./tiles.js";

export function hopperOuterToCuda(given: OuterKernel, context: Context): CudaText | undefined {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = accessTo(kernel.params, context);
  const { group, store, m, n } = kernel;
  const run = runOf(given, kernel, bindings, context, "product0");
  const cut = cutOf(given);
  const leads = group?.experts ?? kernel.batch;
  const rows = blocks(m, TILE_ROWS);
  const lead = group ? "expert" : "batch";
  const steps = blocks(kernel.k / (group?.experts ?? 1) / run.pieces, DEPTH);
  const param = cut?.param ?? store.param;
  const name = kernel.params[param]!.name;
  const pieceOf = leads > 1 ? `piece * ${leads} + ${lead}` : "piece";
  const result: Passing = {
    param,
    name,
    of: name,
    half: context.halves.has(param),
    stride: cut ? n : store.stride,
    extent: [n, m, leads * run.pieces],
    apart: cut ? m * n : store.batchStride,
    lead: cut ? pieceOf : leads > 1 && store.batchStride > 0 ? lead : "0",
  };
  const passes = [[result]];
  const byHand = group !== undefined || kernel.b.gather !== undefined;
  // an odd number of tiles below each other would leave a block without one
  const alike = kernel.b.gather || rows % 2 !== 0 ? undefined : 1;
  const tile = tileFor({
    widths: [n],
    down: rows * leads * run.pieces,
    paired: false,
    steps,
    through: throughOf(passes, []),
    light: !byHand,
    alike,
    multiprocessors: context.multiprocessors,
    schedule: context.schedule,
  });
  if (!tile) return undefined;
  const down = tile.shares ? rows / 2 : rows;
  const across = blocks(n, tile.columns);
  const maps: TensorMapSpec[] = [];
  const bring = bringBoth(kernel, { tile, leads, lead, byHand }, bindings, maps);
  const finish = (value: string, indent: number): string => {
    const out = lines(indent);
    out.block("", () => printPass(passes[0]!, () => value, false, maps, out));
    return out.text();
  };
  const view = {
    productColumns: tile.columns,
    across,
    down,
    leads: leads > 1 ? leads : undefined,
    m,
    width: n,
    run: true,
    ragged: group !== undefined || run.pieces > 1,
    ...run.view,
    bring,
    finish: finish("product0 + part * 16", 6),
    finishNothing: finish("nothing", 8),
    aBySteps: true,
    bBySteps: true,
  };
  const tiles = across * rows * leads * run.pieces;
  const made = { tile, view, maps, tiles, byHand, passes, brought: [], raggedRows: false, steps, alike };
  return withAfter(assembleHopper(kernel, context, made), run);
}

interface Around {
  readonly tile: Tile;
  readonly leads: number;
  readonly lead: string;
  readonly byHand: boolean;
}

function bringBoth(kernel: OuterKernel, around: Around, bindings: Access, maps: TensorMapSpec[]): string {
  const out = lines(8);
  const panelOf = (operand: Operand, which: "a" | "b"): Panel => ({
    operand,
    name: kernel.params[operand.param]!.name,
    to: `${which}_panel`,
    lines: which === "a" ? TILE_ROWS : around.tile.columns,
    first: which === "a" ? "first_row" : "first_column",
    extent: which === "a" ? kernel.m : kernel.n,
    k: kernel.k,
    leads: around.leads,
    lead: around.lead,
  });
  const both = [panelOf(kernel.a, "a"), panelOf(kernel.b, "b")];
  out.line("const int at_k = begin + step * DEPTH;");
  if (around.byHand) printByHand(kernel, both, around.tile.shares, bindings, maps, out);
  else for (const panel of both) printWhole(panel, around.tile.shares, maps, out);
  return out.text();
}

/** In boxes; B's, where two blocks share them, each block half. */
function printWhole(panel: Panel, shares: boolean, maps: TensorMapSpec[], out: Lines): void {
  if (shares && panel.to === "b_panel") printHalves(panel, maps, out);
  else printBoxes(panel, named(mapOf(panel), maps), out);
}

function printByHand(
  kernel: OuterKernel,
  both: readonly Panel[],
  shares: boolean,
  bindings: Access,
  maps: TensorMapSpec[],
  out: Lines,
): void {
  const inBoxes = both.filter((p) => !p.operand.gather);
  const bytes = inBoxes.map((p) => (p.to === "a_panel" ? "A_PANEL" : "B_PANEL")).join(" + ");
  out.block("if (at_k + DEPTH <= end)", () => {
    out.block("if (lane == 0)", () => {
      out.line(`expect_bytes(here, ${bytes});`);
      for (const panel of inBoxes) printWhole(panel, shares, maps, out);
    });
  });
  out.block("else", () => {
    for (const panel of inBoxes) out.block("", () => printStepPieces(panel, (step) => step, out));
  });
  for (const panel of both) {
    const { gather } = panel.operand;
    if (gather) printStepPieces(panel, stepSourceOf(kernel, gather, bindings), out);
  }
}
