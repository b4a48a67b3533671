/** What every kernel for Hopper has in common: its ring, its roles, its launch. */
import type { MatmulKernel, OuterKernel } from "../../../5-plan/plan.js";
import type { TensorMapSpec } from "../../../targets/cuda/program.js";
import { assemble, type Context, type CudaText } from "../view.js";
import { type Pass, type Passing, throughOf } from "./desk.js";
import { printBring } from "./finish-slices.js";
import { DEPTH, sharedOf, TILE_ROWS, type Tile } from "./tiles.js";

const THREADS = 384;
/** Registers of a thread: of 65 536, the warpgroup that brings keeps few, so that the two that multiply have many. */
const REGISTERS = { engine: { bring: 40, multiply: 232 }, byHand: { bring: 56, multiply: 224 } } as const;

interface HopperKernel {
  readonly tile: Tile;
  readonly maps: readonly TensorMapSpec[];
  /** tiles that there can be */
  readonly tiles: number;
  /** whether threads bring pieces, or the copy engine does everything */
  readonly byHand: boolean;
  /** what is written behind products, and what the copy engine brings for that */
  readonly passes: readonly Pass[];
  readonly brought: readonly Passing[];
  /** whether rows behind a tile's end may be somebody else's */
  readonly raggedRows: boolean;
  /** of the inner axis, on average */
  readonly steps: number;
  /** share of pairs of tiles below each other that read the same of B, if any can */
  readonly alike: number | undefined;
  readonly view: object & {
    readonly lead?: string | undefined;
    readonly pieces?: number | undefined;
    readonly outputs?: boolean;
  };
}

export function assembleHopper(kernel: MatmulKernel | OuterKernel, context: Context, h: HopperKernel): CudaText {
  const { tile, brought } = h;
  const through = throughOf(h.passes, brought);
  const { bring, multiply } = h.byHand ? REGISTERS.byHand : REGISTERS.engine;
  const parts = [
    ...(h.view.lead ? [h.view.lead] : []),
    ...(h.view.pieces ? ["piece"] : []),
    ...(h.view.outputs ? ["output", "width"] : []),
    ...(tile.shares && h.raggedRows ? ["neighbour"] : []),
    ...["first_row", "end_row", "first_column"],
  ];
  const maps = [...h.maps];
  const view = {
    ...h.view,
    rows: TILE_ROWS,
    columns: tile.columns,
    stages: tile.stages,
    inTurns: tile.inTurns,
    halves: tile.inTurns ? 2 : 1,
    shares: tile.shares,
    partial: h.raggedRows || tile.shares,
    warpsThatGiveBack: (tile.inTurns ? 4 : 8) * (tile.shares ? 2 : 1),
    resultPanels: through.results,
    resultSets: tile.resultSets,
    operandPanels: through.operands,
    operandSets: brought.length > 0 ? tile.operandSets : 0,
    operandLead: brought.some((p) => p.lead !== "0") ? h.view.lead : undefined,
    bringOperands: printBring(brought, maps),
    how: h.byHand ? "pieces and the copy engine" : "the copy engine",
    fullArrivals: h.byHand ? 128 : 1,
    byHand: h.byHand,
    producerRegisters: bring,
    consumerRegisters: multiply,
    maps,
    parts: parts.join(", "),
  };
  return {
    text: assemble(kernel, "hopper", context, view),
    passes: [
      {
        entry: kernel.name,
        grid: { tiles: h.tiles, ...(tile.shares && { together: 2 }) },
        threads: THREADS,
        shared: sharedOf(tile, through),
        maps,
      },
    ],
    schedule: scheduleOf(h),
  };
}

/** For people: how tiles are made and how their results leave, and why so. */
function scheduleOf(h: HopperKernel): string {
  const { tile, brought, raggedRows, steps } = h;
  const share = Math.round((100 * tile.finishing) / (tile.multiplying + tile.finishing));
  const why = `${Math.round(steps)} steps of ${DEPTH} make finishing ${share} % of a tile's work`;
  const who = tile.inTurns ? "warpgroups in turns (ping-pong)" : "warpgroups together (cooperative)";
  const ends = raggedRows ? ", ends of experts' runs by threads" : "";
  const read =
    brought.length > 0 ? `, ${brought.map((p) => p.name).join(" and ")} for what is behind products come by it` : "";
  return `tiles of ${TILE_ROWS} x ${tile.columns}, ${who}: ${why}; ${sharingOf(h)}; results leave by the copy engine${ends}${read}`;
}

function sharingOf({ tile, alike }: HopperKernel): string {
  const pairs = `${Math.round(100 * (alike ?? 0))} % of tiles below each other`;
  if (tile.shares) return `two blocks (a cluster) share B, which ${pairs} have in common`;
  if (alike === undefined) return "B is not shared: its rows are found by index, or tiles below each other are odd";
  return `B is not shared: ${pairs} have it in common`;
}
