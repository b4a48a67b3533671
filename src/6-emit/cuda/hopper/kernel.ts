/** What every kernel for Hopper has in common: its ring, its roles, its launch. */
import type { MatmulKernel, OuterKernel } from "../../../5-plan/plan.js";
import type { TensorMapSpec } from "../../../targets/cuda/program.js";
import { assemble, type Context, type CudaText } from "../view.js";
import { sharedOf, TILE_ROWS, type Tile } from "./tiles.js";

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
  readonly view: object & {
    readonly lead?: string | undefined;
    readonly pieces?: number | undefined;
    readonly outputs?: boolean;
  };
}

export function assembleHopper(kernel: MatmulKernel | OuterKernel, context: Context, h: HopperKernel): CudaText {
  const { bring, multiply } = h.byHand ? REGISTERS.byHand : REGISTERS.engine;
  const parts = [
    ...(h.view.lead ? [h.view.lead] : []),
    ...(h.view.pieces ? ["piece"] : []),
    ...(h.view.outputs ? ["output", "width"] : []),
    ...["first_row", "end_row", "first_column"],
  ];
  const view = {
    ...h.view,
    rows: TILE_ROWS,
    columns: h.tile.columns,
    stages: h.tile.stages,
    how: h.byHand ? "pieces and the copy engine" : "the copy engine",
    fullArrivals: h.byHand ? 128 : 1,
    byHand: h.byHand,
    producerRegisters: bring,
    consumerRegisters: multiply,
    maps: h.maps,
    parts: parts.join(", "),
  };
  return {
    text: assemble(kernel, "hopper", context, view),
    passes: [
      { entry: kernel.name, grid: { tiles: h.tiles }, threads: THREADS, shared: sharedOf(h.tile), maps: h.maps },
    ],
  };
}
