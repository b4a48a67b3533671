/**
 * Spells the statements of a row program in C: loops over the inner axes, the last one in vectors. The caller says where
 * the row is.
 */
import type { Stmt } from "../../5-plan/plan.js";
import { asNumber } from "../../targets/c-like.js";
import { cpuDialect } from "../../targets/cpu/dialect.js";
import type { Lines } from "../lines.js";
import { expression } from "./expression.js";
import { declareRows } from "./gathered-rows.js";
import { nest, scalarNest } from "./loops.js";
import { rowPointer, scalarLoad } from "./reads.js";
import { printAccumulate, printReduce } from "./reductions.js";
import { outside, type Site } from "./site.js";
import { copyLocal, declare, storeAt, storeElement, storeScalar, targetRow } from "./writes.js";

export function printStatements(body: readonly Stmt[], bare: Site, out: Lines): void {
  const site = { ...bare, rowsByIndex: declareRows(body, bare, out) };
  for (const s of body) {
    out.line(`/* ${s.note} */`);
    printStatement(s, site, out);
  }
}

function printStatement(s: Stmt, site: Site, out: Lines): void {
  switch (s.kind) {
    case "map":
      return printMap(s, site, out);
    case "reduce":
      return printReduce(s, site, out);
    case "accumulate":
      return printAccumulate(s, site, out);
    case "pick":
      return printPick(s, site, out);
    case "topK":
      return printTopK(s, site, out);
    default:
      return s satisfies never;
  }
}

function printMap(s: Extract<Stmt, { kind: "map" }>, site: Site, out: Lines): void {
  const { to } = s;
  if (to.dims.length === 0) {
    const value = asNumber(expression(s.expr, outside(site)), cpuDialect).text;
    return storeScalar(to, value, site, out);
  }
  declare(to, out);
  nest(to.dims, site, out, (spot) => storeAt(to, expression(s.expr, spot), spot, out));
}

function printPick(s: Extract<Stmt, { kind: "pick" }>, site: Site, out: Lines): void {
  const spot = outside(site);
  const row = rowPointer(s.from, spot);
  if (s.to.dims.length === 0) {
    const index = scalarLoad(s.index, spot);
    storeScalar(s.to, `(${index} < 0 ? 0.0f : ${row}[(int)${index}])`, site, out);
    return;
  }
  declare(s.to, out);
  scalarNest(s.to.dims, new Map(), out, (loops) => {
    const here = { ...spot, loops };
    out.line(`const int chosen = ${scalarLoad(s.index, here)};`);
    storeElement(s.to, `chosen < 0 ? 0.0f : ${row}[chosen]`, here, out);
  });
}

function printTopK(s: Extract<Stmt, { kind: "topK" }>, site: Site, out: Lines): void {
  const spot = outside(site);
  const key = rowPointer(s.key, spot);
  declare(s.to, out);
  out.line(`top_k(${key}, ${s.size}, ${targetRow(s.to, site)}, ${s.k});`);
  copyLocal(s.to, site, out);
}
