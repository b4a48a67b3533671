/**
 * Tiles of products on Hopper, one table: all are 128 rows high, and as wide as makes the work of all multiprocessors end
 * first. Stages of the ring are as many as fit into a block's shared memory.
 */
import { blocks } from "../../gpu/sizes.js";

export const TILE_ROWS = 128;
export const DEPTH = 64;

export interface Tile {
  readonly columns: 64 | 128 | 192 | 256;
  readonly stages: number;
}

/** A stage takes 128 bytes for each row and each column. */
const TILES: readonly Tile[] = [
  { columns: 256, stages: 4 },
  { columns: 192, stages: 5 },
  { columns: 128, stages: 6 },
  { columns: 64, stages: 8 },
];

/** Columns' worth of time that a tile takes besides its columns: filling the ring, finishing, reading A. */
const TILE_COST = 32;

/** What tiles there are to choose from and how many of them a choice makes. */
export interface Work {
  /** width of each result */
  readonly widths: readonly number[];
  /** tiles that lie below and behind each other */
  readonly down: number;
  /** two results side by side in a tile */
  readonly paired: boolean;
  /** whether lines of B lie side by side, in blocks of 64 */
  readonly bySteps: boolean;
  /** of the GPU */
  readonly multiprocessors: number;
}

/** The quickest by waves of tiles over the multiprocessors; the widest where several are. */
export function tileFor(work: Work): Tile {
  const costOf = ({ columns }: Tile): number =>
    Math.ceil((work.down * tilesAcross(work, columns)) / work.multiprocessors) * (columns + TILE_COST);
  // half a tile must be whole blocks of lines, or whole sixteens
  const possible = TILES.filter(({ columns }) => !work.paired || (columns / 2) % (work.bySteps ? 64 : 16) === 0);
  return possible.reduce((best, tile) => (costOf(tile) < costOf(best) ? tile : best));
}

export const tilesAcross = ({ widths, paired }: Work, columns: number): number =>
  paired ? blocks(widths[0]!, columns / 2) : widths.reduce((n, w) => n + blocks(w, columns), 0);

/** Bytes of shared memory: room to begin on 1024 bytes, the ring, two barriers a stage. */
export const sharedOf = ({ columns, stages }: Tile): number => 1024 + stages * (128 * (TILE_ROWS + columns) + 16);
