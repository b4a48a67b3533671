/**
 * Matrix products in f32, in CUDA: a block makes one tile, panels of both operands pass through shared memory, each
 * thread keeps a block of sums in registers. Products in bf16 are `tensor.ts`.
 */
import type { MatmulKernel, Operand, OuterKernel, Term } from "../../5-plan/plan.js";
import { blocks } from "../gpu/sizes.js";
import { lines } from "../lines.js";
import { finishText } from "./finish-text.js";
import { namedParams } from "./names.js";
import { type Fetch, printFetch } from "./panels.js";
import { runOf, withAfter } from "./pieces.js";
import { gathersOf, outputView, stepSourceOf, tableOf, tilesOf } from "./tile-view.js";
import { accessTo, assemble, type Context, type CudaText } from "./view.js";

const DEPTH = 16;
const LANE_ROWS = 8;
const LANE_COLUMNS = 4;

/** Narrow results get narrow tiles; two products at once over tall tiles too. */
function tileColumns(n: number, rows: number, paired: boolean): number {
  if (paired && rows > 64) return 32;
  return n > 32 ? 64 : 32;
}

export function matmulToCuda(given: MatmulKernel, context: Context): CudaText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = accessTo(kernel.params, context);
  const products = kernel.paired ? 2 : 1;
  const rows = kernel.group ? context.tileRows : kernel.m > 32 ? 64 : 32;
  const columns = tileColumns(Math.max(...kernel.outputs.map((o) => o.n)), rows, kernel.paired);
  const threads = (rows / LANE_ROWS) * (columns / LANE_COLUMNS);
  const first = kernel.outputs[0]!;
  const { view: outputs, tilesAcross } = outputView(kernel, columns);
  const panels = Array.from({ length: products }, (_, i) => ({
    name: products > 1 ? `b_panel${i}` : "b_panel",
    sum: products > 1 ? `sum${i}` : "sum",
    product: `product${i}`,
  }));
  const view = {
    rows,
    columns,
    depth: DEPTH,
    lanes: threads,
    laneRows: LANE_ROWS,
    laneColumns: LANE_COLUMNS,
    memory: Math.max(DEPTH * (rows + 4 + products * (columns + 4)), products * rows * columns),
    panels,
    m: kernel.m,
    width: first.n,
    tiles: kernel.group && tilesOf(kernel).name,
    batched: kernel.batch > 1,
    ...outputs,
    gathers: gathersOf(kernel, bindings),
    terms: first.terms.map((t, i) => ({ k: t.k, fetchA: fetchA(kernel, t, bindings), fetchB: fetchB(kernel, i) })),
    finish: finishText(kernel, bindings),
  };
  const rowTiles = kernel.group ? tilesOf(kernel).dims[0]!.size : blocks(kernel.m, rows);
  const grid = [tilesAcross, rowTiles, kernel.batch] as const;
  return {
    text: assemble(kernel, "matmul", context, view),
    passes: [{ entry: kernel.name, grid, threads, shared: 0 }],
  };
}

const inFours = (n: number): boolean => n % 4 === 0;

/** Fours lie on 16 bytes and end where the matrix ends. */
const isWhole = ({ stride, batchStride }: Operand, extent: number): boolean =>
  inFours(stride) && inFours(batchStride) && inFours(extent);

function fetchA(kernel: MatmulKernel, { a, k }: Term, bindings: ReturnType<typeof accessTo>): string {
  const out = lines(6);
  const lead = kernel.batch > 1 && a.batchStride > 0 ? ` + (long long)batch * ${a.batchStride}` : "";
  printFetch(
    {
      operand: a,
      base: `${lead ? "(" : ""}${kernel.params[a.param]!.name}${lead}${lead ? ")" : ""}`,
      panel: "a_panel",
      first: "first_row",
      end: "end_row",
      endK: String(k),
      lines: "TILE_ROWS",
      whole: isWhole(a, a.major === "k" ? k : kernel.group ? 1 : kernel.m),
      ...(a.gather && { lineTable: tableOf(a.gather, bindings) }),
    },
    out,
  );
  return out.text();
}

function fetchB(kernel: MatmulKernel, term: number): string {
  const out = lines(6);
  const one = (index: number, panel: Fetch["panel"]): void => {
    const o = kernel.outputs[index]!;
    const { b, k } = o.terms[term]!;
    const by = kernel.group ? "expert" : "batch";
    const lead =
      b.batchStride > 0 && (kernel.group || kernel.batch > 1)
        ? `(${kernel.params[b.param]!.name} + (long long)${by} * ${b.batchStride})`
        : kernel.params[b.param]!.name;
    const whole = isWhole(b, b.major === "k" ? k : o.n);
    out.block("", () =>
      printFetch(
        {
          operand: b,
          base: lead,
          panel,
          first: "first_column",
          end: "width",
          endK: String(k),
          lines: "TILE_COLUMNS",
          whole,
        },
        out,
      ),
    );
  };
  for (const i of kernel.outputs.keys()) {
    if (kernel.paired) one(i, i === 0 ? "b_panel0" : "b_panel1");
    else {
      if (kernel.outputs.length > 1) out.line(`if (output == ${i})`);
      one(i, "b_panel");
    }
  }
  return out.text();
}

/** Weight gradients: the inner axis is the rows, of one expert each where there are experts. */
export function outerToCuda(given: OuterKernel, context: Context): CudaText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = accessTo(kernel.params, context);
  const rows = kernel.m > 32 ? 64 : 32;
  const columns = tileColumns(kernel.n, rows, false);
  const lead = kernel.group ? "expert" : "batch";
  const many = kernel.batch > 1 || kernel.group !== undefined;
  const fetch = (o: Operand, which: "a" | "b"): string => {
    const out = lines(6);
    const extent = which === "a" ? kernel.m : kernel.n;
    const name = kernel.params[o.param]!.name;
    printFetch(
      {
        operand: o,
        base: many && o.batchStride > 0 ? `(${name} + (long long)${lead} * ${o.batchStride})` : name,
        panel: `${which}_panel`,
        first: which === "a" ? "first_row" : "first_column",
        end: String(extent),
        endK: "end",
        lines: which === "a" ? "TILE_ROWS" : "TILE_COLUMNS",
        whole: o.major === "other" && isWhole(o, extent),
        ...(o.gather && { stepSource: stepSourceOf(kernel, o.gather, bindings) }),
      },
      out,
    );
    return out.text();
  };
  const run = runOf(given, kernel, bindings, context, "sum[r][c]");
  const view = {
    rows,
    columns,
    depth: DEPTH,
    lanes: (rows / LANE_ROWS) * (columns / LANE_COLUMNS),
    laneRows: LANE_ROWS,
    laneColumns: LANE_COLUMNS,
    m: kernel.m,
    n: kernel.n,
    grouped: kernel.group !== undefined,
    ...run.view,
    fetchA: fetch(kernel.a, "a"),
    fetchB: fetch(kernel.b, "b"),
    store: run.store,
  };
  const deep = (kernel.group?.experts ?? kernel.batch) * run.pieces;
  const grid = [blocks(kernel.n, columns), blocks(kernel.m, rows), deep] as const;
  const text = assemble(kernel, "outer", context, view);
  return withAfter({ text, passes: [{ entry: kernel.name, grid, threads: view.lanes, shared: 0 }] }, run);
}
