/**
 * Products by way of matrices that the lanes of a subgroup hold together, where an adapter offers them (an experiment of
 * Dawn's, `chromium_experimental_subgroup_matrix`). Operands pass through workgroup memory as they do otherwise; what an
 * adapter multiplies is a table of its own, of which one line is chosen.
 */
import type { MatrixShape, WgslProfile } from "../../targets/wgsl/limits.js";
import { blockName } from "./lane-sums.js";
import type { Tile } from "./matmul-tiles.js";

/** The tile of a workgroup; its height is that of all tiles of sorted rows. */
const ROWS = 64;
const COLUMNS = 32;
const DEPTH = 16;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

export interface MatrixChoice {
  readonly shape: MatrixShape;
  readonly tile: Tile;
  readonly lanes: number;
}

/** The largest shape that divides the tile: of f16 where both factors are, otherwise of f32; undefined where there is none. */
export function matricesFor(
  { matrices }: WgslProfile,
  factors: "f16" | "f32",
  products: number,
): MatrixChoice | undefined {
  if (!matrices) return undefined;
  const columns = COLUMNS / products;
  const fits = ({ rows, columns: n, steps }: MatrixShape): boolean =>
    ROWS % rows === 0 && columns % n === 0 && DEPTH % steps === 0;
  const size = ({ rows, columns: n, steps }: MatrixShape): number => rows * n * steps;
  const [shape] = matrices.shapes
    .filter((each) => fits(each) && (each.component === "f32" || factors === "f16"))
    .sort((a, b) => a.component.localeCompare(b.component) || size(b) - size(a));
  const tile = { rows: ROWS, columns, depth: DEPTH, laneRows: 4, laneColumns: 4 };
  return shape && { shape, tile, lanes: matrices.lanes };
}

/** Text that depends on shape and tile alone. */
export function matrixView({ shape, tile, lanes }: MatrixChoice, products: number): object {
  const { component, rows, columns, steps } = shape;
  const [down, across] = [range(tile.rows / rows), range(tile.columns / columns)];
  const all = range(products).map((p) => ({
    panel: `${blockName(p)}_panel`,
    results: `${blockName(p)}_results`,
    load: `load_${blockName(p)}`,
  }));
  return {
    ...tile,
    lanes,
    component,
    matrixRows: rows,
    matrixColumns: columns,
    matrixSteps: steps,
    leftType: `subgroup_matrix_left<${component}, ${steps}, ${rows}>`,
    rightType: `subgroup_matrix_right<${component}, ${columns}, ${steps}>`,
    resultType: `subgroup_matrix_result<f32, ${columns}, ${rows}>`,
    products: all,
    lefts: down.map((at) => ({ name: `a${at}`, at })),
    rights: all.flatMap(({ panel }, p) => across.map((at) => ({ name: `${blockName(p)}${at}`, panel, at }))),
    sums: all.flatMap(({ results }, p) =>
      down.flatMap((row) =>
        across.map((column) => ({
          name: `sum_${blockName(p)}_${row}_${column}`,
          left: `a${row}`,
          right: `${blockName(p)}${column}`,
          results,
          row,
          column,
        })),
      ),
    ),
    scalars: all.map((_, p) => `product${p}: f32`).join(", "),
    finished: all.map(({ results }) => `${results}[i]`).join(", "),
  };
}
