/** Row programs in CUDA: a row belongs to a warp, to a block where it is wide, or to one thread where it is narrow. */
import type { RowsKernel } from "../../5-plan/plan.js";
import { STATIC_SHARED } from "../../targets/cuda/profiles.js";
import { accumulates } from "../gpu/chunks.js";
import { sharedLocals } from "../gpu/locals.js";
import { dimsOf } from "../gpu/names.js";
import { overflowing, rowSite, widest } from "../gpu/row-shape.js";
import { printRow } from "../gpu/rows.js";
import { blocks, product } from "../gpu/sizes.js";
import { lines } from "../lines.js";
import { namedParams } from "./names.js";
import { sumView } from "./partial-sums.js";
import { cudaSpelling, type Team } from "./spelling.js";
import { accessTo, assemble, type Context, type CudaText } from "./view.js";

/** Rows no wider than this are walked by one thread each; up to the second width a warp shares one. */
const THREAD_ROW = 16;
const WARP_ROW = 2048;
const WARPS = 8;

/** Who works on a row, and how many rows a block works on at a time. */
interface Shape {
  readonly team: Team;
  readonly alone: boolean;
  /** threads of a row; of a chunk of rows where each thread has its own */
  readonly lanes: number;
  /** teams in a block */
  readonly teams: number;
  readonly again: ReadonlySet<string>;
}

function shapeOf(kernel: RowsKernel, chunked: boolean): Shape {
  const width = widest(kernel);
  if (kernel.domain.length > 0 && width <= THREAD_ROW)
    return { team: "warp", alone: true, lanes: 32, teams: chunked ? WARPS : 4, again: new Set() };
  const again = overflowing(kernel.body, STATIC_SHARED - 1024);
  const bytes = sharedLocals(kernel.body, again).reduce((n, l) => n + 4 * l.size, 0);
  const fitting = bytes === 0 ? WARPS : Math.floor(STATIC_SHARED / bytes);
  if (width <= WARP_ROW && fitting >= 1)
    return {
      team: "warp",
      alone: false,
      lanes: 32,
      teams: kernel.domain.length > 0 ? Math.min(WARPS, fitting) : 1,
      again,
    };
  return { team: "block", alone: false, lanes: width > 8192 ? 512 : 256, teams: 1, again };
}

export function rowsToCuda(given: RowsKernel, context: Context): CudaText {
  const dims = dimsOf(given);
  const kernel = { ...given, params: namedParams(given.params, dims) };
  const bindings = accessTo(kernel.params, context);
  const sums = accumulates(kernel.body);
  const chunks = sums.length > 0 ? context.chunks : 0;
  const shape = shapeOf(kernel, chunks > 0);
  const spelling = cudaSpelling(shape.team);
  const rows = product(kernel.domain);
  const shared = shape.alone ? [] : sharedLocals(kernel.body, shape.again);
  const out = lines(chunks > 0 ? 4 : 2);
  printRow(kernel.body, rowSite(kernel, spelling, bindings, !shape.alone, shape.again, out), out);
  const { teams, lanes, alone, team } = shape;
  const threads = lanes * teams;
  const view = {
    threads,
    lanes,
    teams,
    several: teams > 1,
    block: team === "block",
    rows: kernel.domain.length > 0 ? rows : undefined,
    chunks,
    perChunk: chunks > 0 ? blocks(rows, chunks) : 0,
    shared: shared.map((l) => ({ ...l, type: l.dtype === "i32" ? "int" : "float", all: l.size * teams })),
    alone,
    together: alone && chunks === 0,
    sums: sums.map((s) => sumView(s, bindings, spelling, alone)),
    reuse: shared.length > 0 ? spelling.meet("shared") : undefined,
    body: out.text(),
  };
  const pieces = chunks > 0 ? blocks(chunks, teams) : alone ? blocks(rows, threads) : blocks(rows, teams);
  const passes = [{ entry: kernel.name, grid: [pieces, 1, 1] as const, threads, shared: 0 }];
  return { text: assemble(kernel, "rows", context, view, dims), passes };
}
