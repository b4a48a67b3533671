/**
 * How one operand of a product comes into its panel on Hopper: in boxes by the copy engine, which wants a map of the
 * tensor, or in pieces of sixteen bytes by the threads of a warpgroup, where lines or steps are found by index or a run of
 * steps ends anywhere.
 */
import type { Operand } from "../../../5-plan/plan.js";
import type { TensorMapSpec } from "../../../targets/cuda/program.js";
import type { Lines } from "../../lines.js";
import { DEPTH } from "./tiles.js";

/** An operand, with names of what the text around it knows. */
export interface Panel {
  readonly operand: Operand;
  /** the parameter */
  readonly name: string;
  /** where in the ring: `a_panel`, or a later part of `b_panel` */
  readonly to: string;
  /** lines of the panel: rows of A, columns of B */
  readonly lines: number;
  /** first line of the tile */
  readonly first: string;
  /** whether the lower 64 of its 128 lines come only where the text's `lower` says so */
  readonly inHalves?: boolean;
  /** brought in two parts, each by one of two blocks where both have the same matrix: parts of lines, or of steps */
  readonly inParts?: boolean;
  /** lines and steps that there are */
  readonly extent: number;
  readonly k: number;
  /** matrices behind each other, and which it is */
  readonly leads: number;
  readonly lead: string;
}

/** Bytes of a panel. */
export const bytesOfPanel = ({ lines }: Pick<Panel, "lines">): number => 2 * DEPTH * lines;

const bySteps = ({ operand }: Panel): boolean => operand.major === "other";

/** Boxes of a map are 64 numbers of every line of a panel, or 64 lines of every step. */
export function mapOf(panel: Panel): TensorMapSpec {
  const { operand, extent, k, leads } = panel;
  const [inner, outer] = bySteps(panel) ? [extent, k] : [k, extent];
  return {
    name: `${panel.name}_map`,
    param: operand.param,
    width: 2,
    dims: [inner, outer, operand.batchStride > 0 ? leads : 1],
    strides: [2 * operand.stride, 2 * (operand.batchStride || operand.stride * outer)],
    box: [64, (bySteps(panel) ? DEPTH : panel.inHalves ? 64 : panel.lines) / (panel.inParts ? 2 : 1), 1],
  };
}

/** By the copy engine; over `at_k`, `here` and the name of its map. */
export function printBoxes(panel: Panel, map: string, out: Lines): void {
  const { to, first, lines } = panel;
  const z = panel.operand.batchStride > 0 && panel.leads > 1 ? panel.lead : "0";
  if (!bySteps(panel)) {
    out.line(`bring_box(${to}, ${map}, at_k, ${first}, ${z}, here);`);
    if (panel.inHalves) out.line(`if (lower) bring_box(${to} + 64 * 128, ${map}, at_k, ${first} + 64, ${z}, here);`);
  } else if (lines === 64) out.line(`bring_box(${to}, ${map}, ${first}, at_k, ${z}, here);`);
  else
    out.line(
      `for (int i = 0; i < ${lines}; i += 64) bring_box(${to} + i * 128, ${map}, ${first} + i, at_k, ${z}, here);`,
    );
}

/** One of two parts of a panel for two blocks, or all of it for this one, over `half`, `both` and what `printBoxes` wants. */
export function printPart(panel: Panel, map: string, out: Lines): void {
  const { to, first, lines } = panel;
  const z = panel.operand.batchStride > 0 && panel.leads > 1 ? panel.lead : "0";
  const [half, size] = panel.inParts ? ["half", bySteps(panel) ? DEPTH / 2 : lines / 2] : ["", 0];
  const plus = (text: string, by: number): string => (half === "" ? text : `${text} + half * ${by}`);
  if (!bySteps(panel)) {
    const place = `at_k, ${plus(first, size)}, ${z}`;
    out.line(`bring_box_for_two(${plus(to, size * 128)}, ${map}, ${place}, here, both);`);
    return;
  }
  out.line(`for (int i = 0; i < ${lines}; i += 64)`);
  const place = `${first} + i, ${plus("at_k", size)}, ${z}`;
  out.line(`  bring_box_for_two(${plus(`${to} + i * 128`, size * 128)}, ${map}, ${place}, here, both);`);
}

/** Both halves, or the one that is this block's to bring for both. */
export function printHalves(panel: Panel, maps: TensorMapSpec[], out: Lines): void {
  const one = { ...panel, inParts: true };
  out.block("for (int half = 0; half < 2; half++)", () =>
    out.block("if (!both || blockIdx.x % 2 == half)", () => printPart(one, named(mapOf(one), maps), out)),
  );
}

const baseOf = ({ operand, name, leads, lead }: Panel): string =>
  operand.batchStride > 0 && leads > 1 ? `${name} + (long long)${lead} * ${operand.batchStride}` : name;

/** Rows by index, in pieces; `rows`: the table of the rows that this thread brings pieces of. */
export function printRowPieces(panel: Panel, rows: string, out: Lines): void {
  const { to, k, operand } = panel;
  out.line("#pragma unroll");
  out.block(`for (int i = 0; i < ${panel.lines} / 16; i++)`, () => {
    out.line(`const int row = ${rows}[i], k = at_k + lane % 8 * 8;`);
    out.line(`const bool there = row >= 0 && k < ${k};`);
    const from = `${baseOf(panel)} + (there ? (long long)row * ${operand.stride} + k : 0)`;
    out.line(`bring_piece(${to}, lane / 8 + i * 16, lane % 8, ${from}, there);`);
  });
}

/** Steps in pieces; `source`: where a step is found, -1 for none. */
export function printStepPieces(panel: Panel, source: (step: string) => string, out: Lines): void {
  const { to, lines, first, extent, operand } = panel;
  out.line("#pragma unroll 4");
  out.block(`for (int i = lane; i < DEPTH * ${lines} / 8; i += 128)`, () => {
    out.line(`const int step_of = i / (${lines} / 8), eight = i % (${lines} / 8), at = at_k + step_of;`);
    out.line(`const int source = at < end ? ${source("at")} : -1, line = ${first} + eight * 8;`);
    out.line(`const bool there = source >= 0 && line < ${extent};`);
    const from = `${baseOf(panel)} + (there ? (long long)source * ${operand.stride} + line : 0)`;
    out.line(`bring_piece(${to} + eight / 8 * 8192, step_of, eight % 8, ${from}, there);`);
  });
}

/** The name of a map, which joins the others unless it is one of them. */
export function named(map: TensorMapSpec, maps: TensorMapSpec[]): string {
  const shapeOf = ({ param, dims, strides, box }: TensorMapSpec): string => JSON.stringify([param, dims, strides, box]);
  const known = maps.find((m) => shapeOf(m) === shapeOf(map));
  if (known) return known.name;
  const count = maps.filter((m) => m.param === map.param).length;
  const name = count === 0 ? map.name : `${map.name}${count + 1}`;
  maps.push({ ...map, name });
  return name;
}
