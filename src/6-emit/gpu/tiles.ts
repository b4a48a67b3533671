/**
 * Rows sorted by expert are multiplied tile by tile. Which expert a tile belongs to and where it begins is a
 * table that the sort leaves behind: three numbers a tile (expert, first row, end), expert -1 where there is
 * no such tile. The host never learns it.
 */
import type { Param } from "../../5-plan/plan.js";
import { blocks } from "./sizes.js";

/** Tiles there can be: every expert may leave one tile unfilled. */
export const mostTiles = (rows: number, experts: number, tileRows: number): number => blocks(rows, tileRows) + experts;

export const tilesParam = (rows: number, experts: number, tileRows: number, access: Param["access"]): Param => ({
  name: "tiles",
  dtype: "i32",
  access,
  dims: [
    { name: "tile", size: mostTiles(rows, experts, tileRows) },
    { name: "part", size: 3 },
  ],
});
