/**
 * How four neighbours of an operand come into a panel in shared memory. A panel holds lines (rows of A, columns of B)
 * side by side, one step of the inner axis after another; operands lie either way round, and their lines or steps may be
 * found by index.
 */
import type { Operand } from "../../5-plan/plan.js";
import type { Lines } from "../lines.js";

/** One operand of one product, with names of what the text around it knows. */
export interface Fetch {
  readonly operand: Operand;
  /** the pointer: parameter and, where there are several matrices, which */
  readonly base: string;
  /** read a number at a place of the pointer, where it is not plain f32 */
  readonly panel: "a_panel" | "b_panel" | "b_panel0" | "b_panel1";
  /** first line of the tile and the end of lines: `first_row`, `end_row` */
  readonly first: string;
  readonly end: string;
  /** end of the inner axis */
  readonly endK: string;
  /** lines of a tile: `TILE_ROWS` */
  readonly lines: string;
  /** whether fours never straddle an end and lie on 16 bytes */
  readonly whole: boolean;
  /** table in shared memory with the source of each line, where lines are found by index */
  readonly lineTable?: string;
  /** the source of step `step`, where steps are found by index; -1 for none */
  readonly stepSource?: (step: string) => string;
}

const panelLine = (panel: string): string => (panel === "a_panel" ? "A_LINE" : "B_LINE");

/** Prints the body of a loop over `i`, fours of a panel. */
export function printFetch(f: Fetch, out: Lines): void {
  const { operand, lines, panel } = f;
  if (operand.major === "k") {
    out.line("const int line = i / (DEPTH / 4), step = i % (DEPTH / 4) * 4;");
    alongSteps(f, out);
    out.line(`for (int j = 0; j < 4; j++) ${panel}[(step + j) * ${panelLine(panel)} + line] = four[j];`);
    return;
  }
  out.line(`const int line = i % (${lines} / 4) * 4, step = i / (${lines} / 4);`);
  alongLines(f, out);
  out.line(`for (int j = 0; j < 4; j++) ${panel}[step * ${panelLine(panel)} + line + j] = four[j];`);
}

/** Steps lie side by side. */
function alongSteps({ operand, base, first, end, endK, whole, lineTable, stepSource }: Fetch, out: Lines): void {
  if (stepSource) {
    out.line(`for (int j = 0; j < 4; j++) {`);
    out.line(`  const int source = k + step + j < ${endK} ? ${stepSource("(k + step + j)")} : -1;`);
    out.line(`  const bool there = source >= 0 && ${first} + line < ${end};`);
    out.line(
      `  four[j] = there ? number_at(${base}, (long long)(${first} + line) * ${operand.stride} + source) : 0.0f;`,
    );
    out.line("}");
    return;
  }
  const row = lineTable ? `${lineTable}[line]` : `${first} + line`;
  const there = lineTable ? "row >= 0" : `row < ${end}`;
  out.line(`const int row = ${row};`);
  out.line(
    `fetch_four<${whole}>(four, ${base} + (long long)row * ${operand.stride} + k + step, ${there} ? ${endK} - k - step : 0);`,
  );
}

/** Lines lie side by side. */
function alongLines({ operand, base, first, end, endK, whole, lineTable, stepSource }: Fetch, out: Lines): void {
  if (lineTable) {
    out.line(`for (int j = 0; j < 4; j++) {`);
    out.line(`  const int source = ${lineTable}[line + j];`);
    out.line(`  const bool there = source >= 0 && k + step < ${endK};`);
    out.line(`  four[j] = there ? number_at(${base}, (long long)(k + step) * ${operand.stride} + source) : 0.0f;`);
    out.line("}");
    return;
  }
  out.line(`const int source = ${stepSource ? `k + step < ${endK} ? ${stepSource("(k + step)")} : -1` : "k + step"};`);
  const there = stepSource ? "source >= 0" : `source < ${endK}`;
  out.line(
    `fetch_four<${whole}>(four, ${base} + (long long)source * ${operand.stride} + ${first} + line, ${there} ? ${end} - ${first} - line : 0);`,
  );
}
