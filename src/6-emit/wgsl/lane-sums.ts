/**
 * The sums that a lane keeps in registers during a matrix product, one by one: their names, how four steps of the
 * inner axis are added to them, and how a tile's shape reads in a template.
 */
import type { Block } from "./blocks.js";
import type { Tile } from "./matmul-tiles.js";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** The factors of A: B, and C where two products are made at once. */
export const blockName = (p: number): string => "bc"[p]!;

const sumName = (p: number, products: number, row: number, quad: number): string =>
  `sum_${products > 1 ? `${blockName(p)}_` : ""}${row}_${quad * 4}`;

/** The body of a function that gives four places by four steps, a column a step. */
export function loadFunction({ before, within, at }: Block): string[] {
  const columns = range(4).map(
    (step) =>
      `vec4<f32>(${range(4)
        .map((place) => at(place, step))
        .join(", ")})`,
  );
  return [...before, ...within, `return mat4x4<f32>(${columns.join(", ")});`];
}

/** Four columns of a factor at one step. */
const columnName = (p: number, quad: number, step: number): string => `${blockName(p)}_columns${quad * 4}_${step}`;

/** Adds the products of four steps: rows of A times fours of columns of each B. */
export function multiply(a: Block, b: readonly Block[], { laneRows, laneColumns }: Tile): string[] {
  const lines: string[] = [];
  const quads = laneColumns / 4;
  for (const [p, block] of b.entries())
    for (const q of range(quads))
      for (const step of range(4)) {
        const cells = range(4).map((i) => block.at(q * 4 + i, step));
        lines.push(`let ${columnName(p, q, step)} = vec4<f32>(${cells.join(", ")});`);
      }
  for (const row of range(laneRows))
    for (const p of b.keys())
      for (const q of range(quads)) {
        const terms = range(4).map((step) => `${a.at(row, step)} * ${columnName(p, q, step)}`);
        lines.push(`${sumName(p, b.length, row, q)} += ${terms.join(" + ")};`);
      }
  return lines;
}

/** Text that depends on the tile's shape alone. */
export function sumsView(tile: Tile, products: number): object {
  const lanesAcross = tile.columns / tile.laneColumns;
  const quads = tile.laneColumns / 4;
  const all = range(products);
  const joined = (text: (p: number) => string): string => all.map(text).join(", ");
  const quadNames = (p: number): string[] =>
    range(tile.laneRows).flatMap((r) => range(quads).map((q) => sumName(p, products, r, q)));
  return {
    ...tile,
    lanes: lanesAcross * (tile.rows / tile.laneRows),
    lanesAcross,
    rowQuads: tile.rows / 4,
    columnQuads: tile.columns / 4,
    aLoads: range(tile.laneRows / 4),
    bLoads: all.flatMap((p) =>
      range(quads).map((q) => ({ name: `${blockName(p)}${q}`, tile: `${blockName(p)}_panel`, q })),
    ),
    panels: all.map((p) => ({ name: `${blockName(p)}_panel`, load: `load_${blockName(p)}` })),
    sums: all.flatMap(quadNames),
    rowsOfLane: range(tile.laneRows).map((r) => ({
      a: `a${Math.floor(r / 4)}.${"xyzw"[r % 4]}`,
      sums: all.flatMap((p) =>
        range(quads).map((q) => ({ name: sumName(p, products, r, q), b: `${blockName(p)}${q}` })),
      ),
    })),
    products: all.map((p) => ({ all: `quads${p}`, sums: quadNames(p).join(", ") })),
    quadCount: tile.laneRows * quads,
    quadsAcross: quads,
    quadValues: joined((p) => `quads${p}[i]`),
    values: joined((p) => `value${p}: vec4<f32>`),
    elements: joined((p) => `value${p}[i]`),
    scalars: joined((p) => `product${p}: f32`),
  };
}
