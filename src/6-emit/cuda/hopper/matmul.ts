/**
 * Products of matrices for Hopper: plain, batched, of several results, paired, and over rows sorted by expert. B comes by
 * the copy engine, and A too unless its rows are found by index.
 */
import type { MatmulKernel } from "../../../5-plan/plan.js";
import type { TensorMapSpec } from "../../../targets/cuda/program.js";
import { blocks } from "../../gpu/sizes.js";
import type { Access } from "../../gpu/spelling.js";
import { type Lines, lines } from "../../lines.js";
import { namedParams } from "../names.js";
import { gathersOf, outputView, tableOf, tilesOf } from "../tile-view.js";
import { accessTo, type Context, type CudaText } from "../view.js";
import { throughOf } from "./desk.js";
import { type Finish, finishOf, passesOf, printFinish } from "./finish-slices.js";
import { assembleHopper } from "./kernel.js";
import {
  bytesOfPanel,
  mapOf,
  named,
  type Panel,
  printBoxes,
  printHalves,
  printPart,
  printRowPieces,
} from "./panels.js";
import { DEPTH, TILE_ROWS, type Tile, tileFor } from "./tiles.js";

/** Undefined where what is written behind the product leaves no room for a ring. */
export function hopperMatmulToCuda(given: MatmulKernel, context: Context): CudaText | undefined {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = accessTo(kernel.params, context);
  const terms = kernel.outputs[0]!.terms;
  let down = kernel.group ? tilesOf(kernel).dims[0]!.size : blocks(kernel.m, TILE_ROWS);
  const leads = kernel.group ? kernel.group.experts : kernel.batch;
  const steps = terms.reduce((n, t) => n + blocks(t.k, DEPTH), 0);
  const gathers = gathersOf(kernel, bindings);
  const alike = alikeOf(kernel);
  const whole = finishOf(kernel, bindings, context);
  const tileOf = (finish: Finish): Tile | undefined =>
    tileFor({
      widths: kernel.outputs.map((o) => o.n),
      down: kernel.group ? blocks(kernel.m, TILE_ROWS) : down * kernel.batch,
      paired: kernel.paired,
      steps,
      through: throughOf(passesOf(finish), finish.brought),
      light: finish.computed.length === 0 && gathers.length === 0,
      alike,
      multiprocessors: context.multiprocessors,
      schedule: context.schedule,
    });
  // where shared memory is short, threads read what is read behind products
  const finish = tileOf(whole) ? whole : { ...whole, brought: [] };
  const tile = tileOf(finish);
  if (!tile) return undefined;
  if (tile.shares) down = blocks(down, 2);
  const productColumns = kernel.paired ? tile.columns / 2 : tile.columns;
  const { view: outputs, tilesAcross } = outputView(kernel, productColumns, "across");
  const maps: TensorMapSpec[] = [];
  const view = {
    ...outputs,
    productColumns,
    across: tilesAcross,
    down,
    leads: kernel.group || kernel.batch === 1 ? undefined : kernel.batch,
    lead: kernel.group ? "expert" : kernel.batch > 1 ? "batch" : undefined,
    tiles: kernel.group && tilesOf(kernel).name,
    entries: kernel.group && tilesOf(kernel).dims[0]!.size,
    m: kernel.m,
    width: kernel.outputs[0]!.n,
    steps,
    gathers,
    bring: bringTerms(kernel, { productColumns, leads, shares: tile.shares }, bindings, maps),
    paired: kernel.paired,
    finish: printFinish(kernel, finish, bindings, maps),
    aBySteps: terms[0]!.a.major === "other",
    bBySteps: terms[0]!.b.major === "other",
  };
  const tiles = tilesAcross * down * (kernel.group ? 1 : kernel.batch) * (tile.shares ? 2 : 1);
  return assembleHopper(kernel, context, {
    tile,
    view,
    maps,
    tiles,
    byHand: gathers.length > 0,
    passes: passesOf(finish),
    brought: finish.brought,
    raggedRows: kernel.group !== undefined,
    steps,
    alike,
  });
}

/** Share of pairs of tiles below each other that multiply with the same matrix; where runs end within pairs, they do not. */
function alikeOf({ m, group, batch }: MatmulKernel): number {
  if (group) return Math.max(0, 1 - (TILE_ROWS * group.experts) / m);
  const tiles = blocks(m, TILE_ROWS);
  return tiles > 1 && (batch === 1 || tiles % 2 === 0) ? 1 : 0;
}

/** Terms follow each other along the inner axis, each padded to whole steps. */
function bringTerms(
  kernel: MatmulKernel,
  { productColumns, leads, shares }: { productColumns: number; leads: number; shares: boolean },
  bindings: Access,
  maps: TensorMapSpec[],
): string {
  const byHand = kernel.outputs[0]!.terms.some((t) => t.a.gather);
  const out = lines(8);
  const { terms } = kernel.outputs[0]!;
  const lead = kernel.group ? "expert" : "batch";
  let start = 0;
  terms.forEach((term, t) => {
    const end = start + blocks(term.k, DEPTH);
    const a: Panel = {
      operand: term.a,
      name: kernel.params[term.a.param]!.name,
      to: "a_panel",
      lines: TILE_ROWS,
      first: "first_row",
      inHalves: kernel.group !== undefined,
      extent: kernel.m,
      k: term.k,
      leads: kernel.batch,
      lead,
    };
    const one = (): void => {
      out.line(`const int at_k = ${start === 0 ? "step" : `(step - ${start})`} * DEPTH;`);
      const boxes = (): void => {
        if (!term.a.gather) printBoxes(a, named(mapOf(a), maps), out);
        bringB(kernel, t, { productColumns, leads, lead, shares }, maps, out);
      };
      if (!byHand) return boxes();
      const bytesOfA = kernel.group ? "(lower ? A_PANEL : A_PANEL / 2)" : "A_PANEL";
      const bytes = term.a.gather ? "B_PANEL" : `${bytesOfA} + B_PANEL`;
      out.block(shares ? "if (lane == 0 && !idle)" : "if (lane == 0)", () => {
        out.line(`expect_bytes(here, ${bytes});`);
        boxes();
      });
      if (term.a.gather) printRowPieces(a, tableOf(term.a.gather, bindings), out);
    };
    if (t + 1 < terms.length) out.block(`${t === 0 ? "" : "else "}if (step < ${end})`, one);
    else if (t > 0) out.block("else", one);
    else one();
    start = end;
  });
  return out.text();
}

function bringB(
  kernel: MatmulKernel,
  term: number,
  { productColumns, leads, lead, shares }: { productColumns: number; leads: number; lead: string; shares: boolean },
  maps: TensorMapSpec[],
  out: Lines,
): void {
  for (const [i, o] of kernel.outputs.entries()) {
    const { b, k } = o.terms[term]!;
    const second = kernel.paired && i === 1;
    const panel: Panel = {
      operand: b,
      name: kernel.params[b.param]!.name,
      to: second ? `b_panel + ${bytesOfPanel({ lines: productColumns })}` : "b_panel",
      lines: productColumns,
      first: "first_column",
      extent: o.n,
      k,
      leads,
      lead,
    };
    const whole = (): void => printBoxes(panel, named(mapOf(panel), maps), out);
    // of a pair each block brings one product's, of a single product each brings half
    const part = (): void => {
      const print = (): void => printPart(panel, named(mapOf(panel), maps), out);
      if (kernel.paired) out.block(`if (!both || blockIdx.x % 2 == ${i})`, print);
      else printHalves(panel, maps, out);
    };
    const print = shares ? part : whole;
    if (kernel.paired || kernel.outputs.length === 1) print();
    else out.block(`if (output == ${i})`, print);
  }
}
