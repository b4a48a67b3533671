/**
 * How matrix products are cut: the tile of a workgroup and the block of it that a lane keeps in registers, by class
 * of adapter. One table, first row that fits. `panels`: operands pass through workgroup memory, 16 steps of the
 * inner axis at a time. `lanes`: every lane reads its own operands, for adapters made of software, where lanes take
 * turns and a barrier costs more than reading again.
 */
import type { WgslProfile } from "../../targets/wgsl/limits.js";
import { GROUP_ROWS } from "./shape.js";

/** Rows and columns of a workgroup's tile, steps of the inner axis at a time, rows and columns of a lane. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly laneRows: number;
  readonly laneColumns: number;
}

interface Case {
  readonly class: WgslProfile["tiles"];
  /** the least rows and columns of a result that the tile is for */
  readonly from: { readonly rows: number; readonly columns: number };
  /** whether two products are made at once */
  readonly paired?: boolean;
  readonly tile: Tile;
}

const tile = (rows: number, columns: number, depth: number, laneRows: number, laneColumns: number): Tile => ({
  rows,
  columns,
  depth,
  laneRows,
  laneColumns,
});

const TILES: readonly Case[] = [
  { class: "panels", from: { rows: 33, columns: 33 }, paired: true, tile: tile(64, 64, 16, 4, 8) },
  { class: "panels", from: { rows: 33, columns: 1 }, paired: true, tile: tile(64, 32, 16, 4, 4) },
  { class: "panels", from: { rows: 2048, columns: 33 }, tile: tile(128, 64, 16, 8, 8) },
  { class: "panels", from: { rows: 33, columns: 33 }, tile: tile(64, 64, 16, 8, 8) },
  { class: "panels", from: { rows: 33, columns: 17 }, tile: tile(64, 32, 16, 8, 4) },
  { class: "panels", from: { rows: 33, columns: 1 }, tile: tile(64, 16, 16, 4, 4) },
  { class: "panels", from: { rows: 1, columns: 33 }, tile: tile(32, 64, 16, 4, 8) },
  { class: "panels", from: { rows: 1, columns: 1 }, tile: tile(32, 16, 16, 4, 4) },
  { class: "lanes", from: { rows: 33, columns: 1 }, paired: true, tile: tile(64, 16, 4, 4, 4) },
  { class: "lanes", from: { rows: 33, columns: 1 }, tile: tile(64, 16, 4, 8, 4) },
  { class: "lanes", from: { rows: 1, columns: 1 }, tile: tile(32, 16, 4, 4, 4) },
];

/** What has to be known of a product: sorted rows come in tiles of one height, which the sort has fixed. */
export interface Cut {
  readonly rows: number;
  readonly columns: number;
  readonly paired: boolean;
  readonly grouped: boolean;
}

export function tileFor({ rows, columns, paired, grouped }: Cut, { tiles }: WgslProfile): Tile {
  const tall = grouped ? Math.max(33, Math.min(rows, 2047)) : rows;
  const fits = (c: Case): boolean =>
    c.class === tiles && c.from.rows <= tall && c.from.columns <= columns && (paired || !c.paired);
  const found = TILES.find((c) => fits(c) && (!grouped || c.tile.rows === GROUP_ROWS));
  if (!found) throw new Error(`no tile for ${rows} by ${columns}`);
  return found.tile;
}
