/**
 * Sums over rows that an index names: a row times each of them, or all of them added up. They are calls of two loops
 * of rows.h, which read what all rows share once and go through the rows in vectors, whatever axis the sum is over.
 */
import type { Dim, Param, Source, Stmt, Target } from "../../5-plan/plan.js";
import type { Lines } from "../lines.js";
import { rowPointer } from "./reads.js";
import { outside, type Site } from "./site.js";
import { copyLocal, declare, targetRow } from "./writes.js";

type Gathered = Extract<Source, { in: "param" }> & { readonly gather: object };
type Reduce = Extract<Stmt, { kind: "reduce" }>;

export interface RowSum {
  /** `dot`: one number per index; `sum`: one row */
  readonly form: "dot" | "sum";
  /** where the rows lie */
  readonly table: Gathered;
  /** numbers of the rows, along the last axis of the index */
  readonly index: Source;
  readonly rows: Dim;
  readonly width: number;
  /** the row that is multiplied with each, or the number that each is multiplied with */
  readonly other: Source | undefined;
}

/** A few rows that an index names, each as long as the axis: Σ_d x[d]·table[index[l]][d] or Σ_l w[l]·table[index[l]][d]. */
export function rowSumOf({ how, to, over, expr }: Reduce, params: readonly Param[]): RowSum | undefined {
  if (how !== "sum" || to.dims.length !== 1 || over.length !== 1) return undefined;
  const [kept, summed] = [to.dims[0]!, over[0]!];
  const factors = expr.op === "mul" ? [expr.a, expr.b] : [expr];
  const loads = factors.flatMap((each) => (each.op === "load" ? [each.from] : []));
  const table = loads.find((from): from is Gathered => from.in === "param" && from.gather !== undefined);
  if (loads.length !== factors.length || table === undefined || table.gather.rest !== 1) return undefined;
  if (!loads.every((from) => from.in !== "param" || params[from.param]!.dtype === "f32")) return undefined;
  const other = loads.find((from) => from !== table);
  const { index, divide } = table.gather;
  const [rows, columns] = [index.in === "tile" ? undefined : index.dims.at(-1), table.dims.at(-1)!];
  if (rows === undefined || divide !== 1 || rows.size < 2 || (index.in === "param" && index.gather)) return undefined;
  const shape = { table, index, rows, width: columns.size, other };
  if (rows.name === kept.name && columns.name === summed.name)
    return other !== undefined && endsIn(other, summed) ? { form: "dot", ...shape } : undefined;
  const weighs = other === undefined || endsIn(other, rows);
  return rows.name === summed.name && columns.name === kept.name && weighs ? { form: "sum", ...shape } : undefined;
}

/** Whether it lies along this axis in memory, as numbers of its own. */
function endsIn(from: Source, axis: Dim): boolean {
  if (from.in === "tile" || (from.in === "param" && from.gather !== undefined)) return false;
  return from.dims.at(-1)?.name === axis.name;
}

/** The call of a loop of rows.h. */
export function printRowSum(sum: RowSum, to: Target, site: Site, out: Lines): void {
  const { form, table, index, rows, width, other } = sum;
  const spot = outside(site);
  const [by, from] = [other === undefined ? "0" : rowPointer(other, spot), site.params[table.param]!.name];
  declare(to, out);
  out.line(`${form}_rows(${by}, ${from}, ${width}, ${rowPointer(index, spot)}, ${rows.size}, ${targetRow(to, site)});`);
  copyLocal(to, site, out);
}
