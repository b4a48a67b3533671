/**
 * Tiles of products on Hopper and who makes them, one table. All are 128 rows high. Either both warpgroups make one tile,
 * 64 rows each (together), or each makes tiles of its own and they take turns at the tensor cores (in turns, "ping-pong"):
 * one finishes its tile while the other multiplies. Sums of a whole tile in one warpgroup's registers allow no more than
 * 192 columns, and only 128 where something is computed behind the product or threads bring pieces, so where the inner
 * axis is long, the wider tile, which reads less per product, wins. Two blocks with tiles below each other may share
 * what they read of B: a cluster, whose copies go to both.
 */
import { blocks } from "../../gpu/sizes.js";

export const TILE_ROWS = 128;
export const DEPTH = 64;
/** Columns that pass through a warp's panels at once, and bytes of such a panel: sixteen lines of 128 bytes. */
export const SLICE = 64;
const PANEL = 16 * 128;
const WARPS = 8;

type Columns = 64 | 128 | 192 | 256;

/** Who makes a tile. */
export interface Shape {
  readonly columns: Columns;
  readonly inTurns: boolean;
  /** two blocks make tiles that lie below each other, and each brings half of what both read */
  readonly shares: boolean;
}

/** A choice among the shapes that somebody wants to see for itself. */
export type Schedule = Partial<Pick<Shape, "inTurns" | "shares">>;

export interface Tile extends Shape {
  readonly stages: number;
  /** sets of panels for results, and for what is read behind products: two where one is filled while the other is on its way */
  readonly resultSets: number;
  readonly operandSets: number;
  /** estimated cycles: multiplying one tile, finishing it */
  readonly multiplying: number;
  readonly finishing: number;
}

/** The first of equals wins: wide before narrow, together before in turns, alone before shared. */
const SHAPES: readonly Omit<Shape, "shares">[] = [
  { columns: 256, inTurns: false },
  { columns: 192, inTurns: false },
  { columns: 192, inTurns: true },
  { columns: 128, inTurns: false },
  { columns: 128, inTurns: true },
  { columns: 64, inTurns: false },
  { columns: 64, inTurns: true },
];

/** Bytes that a block may ask for, and what it wants besides stages and panels: room to begin on 1024 bytes, barriers. */
const SHARED = 232_448;
const AROUND = 1024 + 256;
const stageOf = (columns: number): number => 128 * (TILE_ROWS + columns) + 16;

/** Panels of a slice. */
export interface Through {
  /** that are written at once */
  readonly results: number;
  /** that are read behind products, by the copy engine */
  readonly operands: number;
  /** bytes of all that is read and written behind products, for each row and column */
  readonly bytes: number;
}

/** What tiles there are to choose from and how many of them a choice makes. */
export interface Work {
  /** width of each result */
  readonly widths: readonly number[];
  /** tiles that lie below and behind each other */
  readonly down: number;
  /** two results side by side in a tile */
  readonly paired: boolean;
  /** steps of the inner axis, where it is ragged on average */
  readonly steps: number;
  readonly through: Through;
  /** sums leave as they are, and the copy engine brings everything: registers are left for more sums */
  readonly light: boolean;
  /** share of pairs of tiles below each other that read the same of B; undefined where none can be shared */
  readonly alike: number | undefined;
  /** of the GPU */
  readonly multiprocessors: number;
  /** only these shapes */
  readonly schedule?: Schedule | undefined;
}

/**
 * Cycles, by arithmetic and not by measurement: tensor cores make 128 rows by one column by 64 steps in 4; shared memory
 * takes and gives 128 bytes a cycle, and each 64 rows read all of B once; about 40 bytes come from the level-two cache a
 * cycle, fewer go out; a tile's end costs its warps some 800 of waiting.
 */
const COLUMN = 4;
const SHARED_MEMORY = 128;
const IN = 40;
const OUT = 32;
const WAITING = 800;
/** Cycles that two blocks wait for each other in a tile. */
const KEEPING_STEP = 400;

/** Sums of so many columns leave a warpgroup registers for everything else. */
const MOST_IN_TURNS = 128;

/** Sets of panels to try, the most useful first. */
const SETS = [
  { resultSets: 2, operandSets: 2 },
  { resultSets: 1, operandSets: 2 },
  { resultSets: 1, operandSets: 1 },
] as const;
const MOST_STAGES = 8;

/** The tile that gets all work done first; the first of the table where several do. Undefined where panels leave no room for a ring. */
export function tileFor(work: Work): Tile | undefined {
  const both = work.alike !== undefined && work.multiprocessors > 1 ? [false, true] : [false];
  const shapes = both.flatMap((shares) => SHAPES.map((shape) => ({ ...shape, shares })));
  const tiles = shapes.filter((shape) => isPossible(shape, work)).flatMap((shape) => withRoom(shape, work) ?? []);
  return tiles.reduce<Tile | undefined>(
    (best, tile) => (best && costOf(best, work) <= costOf(tile, work) ? best : tile),
    undefined,
  );
}

function isPossible({ columns, inTurns, shares }: Shape, { paired, light, alike, schedule = {} }: Work): boolean {
  if (paired && (columns / 2) % SLICE !== 0) return false;
  if (inTurns && columns > MOST_IN_TURNS && !light) return false;
  if (inTurns !== (schedule.inTurns ?? inTurns)) return false;
  return alike === undefined || shares === (schedule.shares ?? (shares && alike > 0));
}

/** Four stages are enough to be ahead of memory; with three it is close; two would not do. */
function withRoom(shape: Shape, work: Work): Tile | undefined {
  const { through } = work;
  for (const least of [4, 3])
    for (const sets of SETS) {
      const panels = sets.resultSets * through.results + sets.operandSets * through.operands;
      const stages = Math.floor((SHARED - AROUND - WARPS * PANEL * panels) / stageOf(shape.columns));
      if (stages >= least)
        return { ...shape, ...sets, stages: Math.min(stages, MOST_STAGES), ...cyclesOf(shape, work, sets) };
    }
  return undefined;
}

function cyclesOf(
  { columns, shares }: Shape,
  { steps, through: { bytes, operands }, alike = 0 }: Work,
  { operandSets }: { readonly operandSets: number },
): Pick<Tile, "multiplying" | "finishing"> {
  const fromCache = 128 * (TILE_ROWS + columns * (shares ? 1 - alike / 2 : 1));
  const throughPanels = 128 * (TILE_ROWS + columns) + 128 * (TILE_ROWS + 2 * columns);
  const step = Math.max(COLUMN * columns, throughPanels / SHARED_MEMORY, fromCache / IN);
  // with one set, what is read behind a slice is asked for when the slice before it is done
  const waits = operands > 0 && operandSets === 1 ? columns / SLICE : 1;
  return {
    multiplying: steps * step + (shares ? KEEPING_STEP : 0),
    finishing: (TILE_ROWS * columns * bytes) / OUT + waits * WAITING,
  };
}

/** Of one tile after another on one multiprocessor; in turns, a warpgroup waits for half as many warps twice as long. */
function tileCycles({ inTurns, multiplying, finishing }: Tile): number {
  return inTurns ? Math.max(multiplying, (multiplying + finishing + WAITING) / 2) : multiplying + finishing;
}

function costOf(tile: Tile, work: Work): number {
  // whole clusters, and a pair of tiles for each
  const of = tile.shares ? 2 : 1;
  const [down, at] = [blocks(work.down, of), Math.floor(work.multiprocessors / of)];
  return Math.ceil((down * tilesAcross(work, tile.columns)) / at) * tileCycles(tile);
}

const tilesAcross = ({ widths, paired }: Pick<Work, "widths" | "paired">, columns: number): number =>
  paired ? blocks(widths[0]!, columns / 2) : widths.reduce((n, w) => n + blocks(w, columns), 0);

/** Bytes of shared memory that a launch asks for. */
export const sharedOf = (
  { columns, stages, resultSets, operandSets }: Tile,
  { results, operands }: Pick<Through, "results" | "operands">,
): number => AROUND + stages * stageOf(columns) + WARPS * PANEL * (resultSets * results + operandSets * operands);
