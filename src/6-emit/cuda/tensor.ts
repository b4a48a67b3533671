/**
 * Matrix products on tensor cores (mma.sync), in CUDA: bf16 operands, f32 sums. One text for plain, batched, paired and
 * grouped products and for weight gradients; what differs is how eight neighbours of an operand come into a panel.
 */
import type { MatmulKernel, Operand, OuterKernel } from "../../5-plan/plan.js";
import { blocks } from "../gpu/sizes.js";
import type { Access } from "../gpu/spelling.js";
import { type Lines, lines } from "../lines.js";
import { finishText } from "./finish-text.js";
import { namedParams } from "./names.js";
import { runOf, withAfter } from "./pieces.js";
import { gathersOf, outputView, stepSourceOf, tableOf, tilesOf } from "./tile-view.js";
import { accessTo, assemble, type Context, type CudaText } from "./view.js";

export const TENSOR_ROWS = 128;
const COLUMNS = 128;
const DEPTH = 32;
const STAGES = 3;
const PAD = 8;

/** Lines of a tile with their steps side by side, or steps with their lines. */
const panelOf = (bySteps: boolean, tile: number): { line: number; size: number } =>
  bySteps ? { line: tile + PAD, size: DEPTH * (tile + PAD) } : { line: DEPTH, size: tile * DEPTH };

const sharedBytes = (a: number, b: number): number => Math.max(2 * STAGES * (a + b), 4 * TENSOR_ROWS * (COLUMNS + PAD));

export function tensorMatmulToCuda(given: MatmulKernel, context: Context): CudaText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = accessTo(kernel.params, context);
  const first = kernel.outputs[0]!;
  const [aBySteps, bBySteps] = [first.terms[0]!.a.major === "other", first.terms[0]!.b.major === "other"];
  const productColumns = kernel.paired ? COLUMNS / 2 : COLUMNS;
  const { view: outputs, tilesAcross } = outputView(kernel, productColumns);
  const [a, b] = [panelOf(aBySteps, TENSOR_ROWS), panelOf(bBySteps, COLUMNS)];
  const shared = sharedBytes(a.size, b.size);
  const view = {
    ...tileView(a, b, { aBySteps, bBySteps, productColumns }),
    ...outputs,
    paired: kernel.paired,
    m: kernel.m,
    width: first.n,
    tiles: kernel.group && tilesOf(kernel).name,
    lead: kernel.batch > 1 ? "batch" : undefined,
    steps: first.terms.reduce((n, t) => n + blocks(t.k, DEPTH), 0),
    gathers: gathersOf(kernel, bindings),
    bring: bringTerms(kernel, bindings, context),
    finish: finishText(kernel, bindings),
  };
  const rowTiles = kernel.group ? tilesOf(kernel).dims[0]!.size : blocks(kernel.m, TENSOR_ROWS);
  const grid = [tilesAcross, rowTiles, kernel.batch] as const;
  return {
    text: assemble(kernel, "tensor", context, view),
    passes: [{ entry: kernel.name, grid, threads: 256, shared }],
  };
}

type Panel = ReturnType<typeof panelOf>;

const tileView = (a: Panel, b: Panel, more: object): object => ({
  rows: TENSOR_ROWS,
  columns: COLUMNS,
  stages: STAGES,
  aLine: a.line,
  bLine: b.line,
  aPanel: a.size,
  bPanel: b.size,
  ...more,
});

/** Terms follow each other along the inner axis, each padded to whole steps. */
function bringTerms(kernel: MatmulKernel, bindings: Access, context: Context): string {
  const out = lines(4);
  const { terms } = kernel.outputs[0]!;
  let start = 0;
  terms.forEach((term, t) => {
    const end = start + blocks(term.k, DEPTH);
    const one = (): void => {
      out.line(`const int first_step = ${start === 0 ? "step" : `(step - ${start})`} * DEPTH;`);
      printBring(panelA(kernel, term.a, term.k, bindings, context), out);
      bringB(kernel, t, context, out);
    };
    if (t + 1 < terms.length) out.block(`${t === 0 ? "" : "else "}if (step < ${end})`, one);
    else if (t > 0) out.block("else", one);
    else one();
    start = end;
  });
  return out.text();
}

/** One operand of one product on its way into a panel. */
interface Bring {
  readonly operand: Operand;
  readonly base: string;
  /** where in shared memory: `a_panel`, or a later part of it */
  readonly panel: string;
  readonly line: "A_LINE" | "B_LINE";
  /** lines of the panel */
  readonly lines: number;
  readonly first: string;
  readonly end: string;
  readonly endK: string;
  readonly whole: boolean;
  readonly lineTable?: string;
  readonly stepSource?: (step: string) => string;
}

/** Eights never straddle an end, lie on 16 bytes and are stored in bf16. */
const isWhole = ({ param, stride, batchStride }: Operand, extent: number, { halves }: Context): boolean =>
  halves.has(param) && stride % 8 === 0 && batchStride % 8 === 0 && extent % 8 === 0;

function panelA(kernel: MatmulKernel, a: Operand, k: number, bindings: Access, context: Context): Bring {
  const name = kernel.params[a.param]!.name;
  return {
    operand: a,
    base: kernel.batch > 1 && a.batchStride > 0 ? `(${name} + (long long)batch * ${a.batchStride})` : name,
    panel: "a_panel",
    line: "A_LINE",
    lines: TENSOR_ROWS,
    first: "first_row",
    end: "end_row",
    endK: String(k),
    whole: isWhole(a, a.major === "k" ? k : kernel.group ? 1 : kernel.m, context),
    ...(a.gather && { lineTable: tableOf(a.gather, bindings) }),
  };
}

function bringB(kernel: MatmulKernel, term: number, context: Context, out: Lines): void {
  const by = kernel.group ? "expert" : "batch";
  for (const [i, o] of kernel.outputs.entries()) {
    const { b, k } = o.terms[term]!;
    const name = kernel.params[b.param]!.name;
    const leads = b.batchStride > 0 && (kernel.group !== undefined || kernel.batch > 1);
    const lines = kernel.paired ? COLUMNS / 2 : COLUMNS;
    const second = kernel.paired && i === 1;
    const print = (): void =>
      printBring(
        {
          operand: b,
          base: leads ? `(${name} + (long long)${by} * ${b.batchStride})` : name,
          panel: second ? `(b_panel + ${b.major === "k" ? `${lines} * B_LINE` : lines})` : "b_panel",
          line: "B_LINE",
          lines,
          first: "first_column",
          end: "width",
          endK: String(k),
          whole: isWhole(b, b.major === "k" ? k : o.n, context),
        },
        out,
      );
    if (kernel.paired || kernel.outputs.length === 1) print();
    else out.block(`if (output == ${i})`, print);
  }
}

/** A loop over the eights of a panel. */
function printBring(b: Bring, out: Lines): void {
  const { operand, base, panel, line, first, end, endK, whole, lineTable, stepSource } = b;
  const bySteps = operand.major === "other";
  out.block(`for (int i = lane; i < DEPTH * ${b.lines} / 8; i += LANES)`, () => {
    if (bySteps)
      out.line(`const int line = i % (${b.lines} / 8) * 8, k = i / (${b.lines} / 8), at_k = first_step + k;`);
    else out.line("const int line = i / (DEPTH / 8), k = i % (DEPTH / 8) * 8, at_k = first_step + k;");
    const to = `${panel} + ${bySteps ? `k * ${line} + line` : "in_panel(line, k)"}`;
    const across = bySteps ? lineTable !== undefined : stepSource !== undefined;
    if (across) {
      out.block("for (int j = 0; j < 8; j++)", () => {
        const source = bySteps ? `${lineTable}[line + j]` : `at_k + j < ${endK} ? ${stepSource!("(at_k + j)")} : -1`;
        const there = bySteps ? `at_k < ${endK}` : `${first} + line < ${end}`;
        const place = bySteps
          ? `(long long)at_k * ${operand.stride} + source`
          : `(long long)(${first} + line) * ${operand.stride} + source`;
        out.line(`const int source = ${source};`);
        out.line(`(${to})[j] = source >= 0 && ${there} ? as_bf16(${base}[${place}]) : (bf16)0;`);
      });
      return;
    }
    if (bySteps) {
      out.line(`const int source = ${stepSource ? `at_k < ${endK} ? ${stepSource("at_k")} : -1` : "at_k"};`);
      const there = stepSource ? "source >= 0" : `at_k < ${endK}`;
      const from = `${base} + (${there} ? (long long)source * ${operand.stride} + ${first} + line : 0)`;
      out.line(`bring_eight<${whole}>(${to}, ${from}, ${there} ? ${end} - ${first} - line : 0);`);
      return;
    }
    out.line(`const int row = ${lineTable ? `${lineTable}[line]` : `${first} + line`};`);
    const there = lineTable ? "row >= 0" : `row < ${end}`;
    const from = `${base} + (${there} ? (long long)row * ${operand.stride} + at_k : 0)`;
    out.line(`bring_eight<${whole}>(${to}, ${from}, ${there} ? ${endK} - at_k : 0);`);
  });
}

/** Weight gradients: the inner axis is the rows, of one expert each where there are experts. */
export function tensorOuterToCuda(given: OuterKernel, context: Context): CudaText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = accessTo(kernel.params, context);
  const lead = kernel.group ? "expert" : "batch";
  const many = kernel.batch > 1 || kernel.group !== undefined;
  const [aBySteps, bBySteps] = [kernel.a.major === "other", kernel.b.major === "other"];
  const [a, b] = [panelOf(aBySteps, TENSOR_ROWS), panelOf(bBySteps, COLUMNS)];
  const out = lines(4);
  out.line("const int first_step = begin + step * DEPTH;");
  for (const [operand, which] of [
    [kernel.a, "a"],
    [kernel.b, "b"],
  ] as const) {
    const name = kernel.params[operand.param]!.name;
    const extent = which === "a" ? kernel.m : kernel.n;
    printBring(
      {
        operand,
        base: many && operand.batchStride > 0 ? `(${name} + (long long)${lead} * ${operand.batchStride})` : name,
        panel: `${which}_panel`,
        line: which === "a" ? "A_LINE" : "B_LINE",
        lines: which === "a" ? TENSOR_ROWS : COLUMNS,
        first: which === "a" ? "first_row" : "first_column",
        end: String(extent),
        endK: "end",
        whole: operand.major === "other" && isWhole(operand, extent, context),
        ...(operand.gather && { stepSource: stepSourceOf(kernel, operand.gather, bindings) }),
      },
      out,
    );
  }
  const { group } = kernel;
  const run = runOf(given, kernel, bindings, context, "product0");
  const view = {
    ...tileView(a, b, { aBySteps, bBySteps, productColumns: COLUMNS }),
    m: kernel.m,
    width: kernel.n,
    run: true,
    ...run.view,
    bring: out.text(),
    finish: `    ${run.store}`,
  };
  const deep = (group?.experts ?? kernel.batch) * run.pieces;
  const grid = [blocks(kernel.n, COLUMNS), blocks(kernel.m, TENSOR_ROWS), deep] as const;
  const shared = sharedBytes(a.size, b.size);
  const text = assemble(kernel, "tensor", context, view);
  return withAfter({ text, passes: [{ entry: kernel.name, grid, threads: 256, shared }] }, run);
}
