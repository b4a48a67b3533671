/**
 * Prints statements that say the same of one tensor after another as a loop, and a sum of many single numbers as another.
 * Who finds them, and how a tensor is reached by its number in the loop, is a target's business.
 */
import type { PExpr, Stmt } from "../../5-plan/plan.js";
import type { Lines } from "../lines.js";
import { fresh, type Site } from "./site.js";
import type { Access } from "./spelling.js";

export interface Repeat {
  /** the first statement, and how many are one iteration; 0: a part of one statement */
  readonly at: number;
  readonly period: number;
  /** first statements of all iterations; others may stand between them */
  readonly starts: readonly number[];
  /** for each iteration: the parameters that take the place of those of the first */
  readonly params: readonly (readonly number[])[];
  /** the sum that a loop makes, where it is a part of one statement */
  readonly sum?: PExpr;
}

/** Whether a statement is one of a repeat's, or has a sum of it. */
export const covers = ({ starts, period }: Repeat, statement: number): boolean =>
  starts.some((start) => statement >= start && statement < start + Math.max(1, period));

/** A repeat, and how the parameters of the first iteration are reached in all of them. */
export interface Rolled extends Repeat {
  readonly bindings: Access;
}

/** What the iterations of a loop count with. */
export const ITERATION = "tensor";

/** The head of the loop. */
export const loopHead = ({ params }: Repeat, { counter, count }: Site["spelling"]): string =>
  `for (${counter(ITERATION, count(0))}; ${ITERATION} < ${count(params.length)}; ${ITERATION}++)`;

/** The statement without a sum of its: that is made before it, in the order of its terms. */
export function printSum(s: Stmt, repeat: Rolled, site: Site, out: Lines): Stmt {
  if (s.kind !== "map") throw new Error("a sum is a part of a map");
  const { vary, zero, count } = site.spelling;
  const total = fresh("total", site);
  out.line(vary("f32", total, zero));
  out.block(loopHead(repeat, site.spelling), () =>
    out.line(`${total} = ${total} + ${repeat.bindings.read(repeat.params[0]![0]!, count(0))};`),
  );
  return { ...s, expr: withTotal(s.expr, repeat.sum!, total) };
}

function withTotal(e: PExpr, sum: PExpr, total: string): PExpr {
  if (e === sum) return { op: "load", from: { in: "local", name: total, dtype: "f32", dims: [] } };
  const again = (x: PExpr): PExpr => withTotal(x, sum, total);
  switch (e.op) {
    case "const":
    case "index":
    case "load":
    case "random":
      return e;
    case "select":
      return { ...e, c: again(e.c), a: again(e.a), b: again(e.b) };
    default:
      return "b" in e ? { ...e, a: again(e.a), b: again(e.b) } : { ...e, a: again(e.a) };
  }
}
