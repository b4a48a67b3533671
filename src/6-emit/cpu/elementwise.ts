/** Row programs, flat kernels and the completion of partial sums, in C. */

import type { Dim, FinishKernel, FlatKernel, RowsKernel } from "../../5-plan/plan.js";
import { hasOneRow } from "../../5-plan/waits.js";
import { lines } from "../lines.js";
import { fill } from "../templates.js";
import { longestRow } from "./gathered-rows.js";
import type { Site } from "./site.js";
import { printStatements } from "./statements.js";
import { printVectorBody } from "./vector-body.js";
import { type CKernel, header, partialsOf } from "./view.js";

export function rowsToC(kernel: RowsKernel): CKernel {
  const scalar = kernel.domain.length === 0;
  const alone = hasOneRow(kernel);
  const out = lines(scalar || alone ? 2 : 6);
  const site: Site = {
    params: kernel.params,
    coordinates: rowCoordinates(kernel.domain),
    chunk: scalar || alone ? "0" : "chunk",
  };
  printStatements(kernel.body, site, out);
  const rows = kernel.domain.reduce((n, d) => n * d.size, 1);
  const view = {
    ...header(kernel),
    scalar,
    alone,
    rows,
    partials: partialsOf(kernel.body, kernel.params),
    body: out.text(),
  };
  return { text: fill("cpu/rows.c", view), scratch: 0, shared: 0, noRow: longestRow(kernel.body) };
}

/** Where a row stands on each of its axes. */
export function rowCoordinates(domain: readonly Dim[]): Map<string, string> {
  const last = domain.at(-1);
  if (domain.length <= 1) return new Map(last ? [[last.name, "row"]] : []);
  const [outer, inner] = domain as [Dim, Dim];
  return new Map([
    [outer.name, `(row / ${inner.size})`],
    [inner.name, `(row % ${inner.size})`],
  ]);
}

export function flatToC(kernel: FlatKernel): CKernel {
  const out = lines(6);
  const at = (dims: readonly Dim[]) =>
    dims.length === 0 ? { offset: "0", vector: false } : { offset: "at", vector: true };
  const site: Site = { params: kernel.params, coordinates: new Map(), at, chunk: "chunk" };
  printVectorBody(kernel.body, site, (param) => ({ pointer: `${kernel.params[param]!.name} + at`, far: false }), out);
  const partials = partialsOf(kernel.body, kernel.params);
  return { text: fill("cpu/flat.c", { ...header(kernel), partials, body: out.text() }), scratch: 0, shared: 0 };
}

export function finishToC(kernel: FinishKernel): CKernel {
  const view = { ...header(kernel), chunks: kernel.chunks, size: kernel.size, max: kernel.how === "max" };
  return { text: fill("cpu/finish.c", view), scratch: 0, shared: 0 };
}
