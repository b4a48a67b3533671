/** How results are kept: declared as locals, stored as scalars, elements or vectors. */
import type { Dim, Target } from "../../5-plan/plan.js";
import { asVector, type Piece } from "../../targets/c-like.js";
import { cpuDialect } from "../../targets/cpu/dialect.js";
import type { Lines } from "../lines.js";
import { wholeVectors } from "./loops.js";
import { rowPointer } from "./reads.js";
import { element, offset, outside, pointer, type Site, type Spot } from "./site.js";

/** Declares the array of a local that has axes. */
export function declare(to: Target, out: Lines): void {
  if (!to.local || to.dims.length === 0) return;
  const size = to.dims.reduce((n, x) => n * x.size, 1);
  out.line(`${ctype(to.local.dtype)} ${to.local.name}[${size}];`);
}

const ctype = (dtype: string): string => (dtype === "f32" ? "float" : dtype === "i32" ? "int" : "unsigned char");

/** Keeps one number. */
export function storeScalar(to: Target, value: string, site: Site, out: Lines): void {
  const name = to.local?.name ?? "value";
  const type = to.local?.dtype === "i32" ? "int" : "float";
  if (to.local)
    out.line(`const ${type} ${name} = ${type === "int" ? "(int)" : ""}${type === "int" ? `(${value})` : value};`);
  if (to.param !== undefined)
    out.line(`${element(site.params[to.param]!, outside(site))} = ${to.local ? name : value};`);
}

/** Keeps a vector where the spot stands. */
export function storeAt(to: Target, value: Piece, spot: Spot, out: Lines): void {
  const v = asVector(value, cpuDialect).text;
  const places = [
    ...(to.local ? [{ pointer: `${to.local.name} + ${offset(to.dims, to.dims, spot)}`, dtype: to.local.dtype }] : []),
    ...(to.param !== undefined
      ? [{ pointer: pointer(spot.site.params[to.param]!, spot), dtype: spot.site.params[to.param]!.dtype }]
      : []),
  ];
  const twice = places.length > 1;
  if (twice) out.line(`const vf both = ${v};`);
  for (const p of places)
    out.line(
      `${storeCall(p.dtype, spot.lanes!)}(${p.pointer}, ${twice ? "both" : v}${wholeVectors(spot.lanes!.size) ? "" : ", lanes"});`,
    );
}

const storeCall = (dtype: string, lanes: Dim): string =>
  `vf_store${dtype === "i32" ? "_int" : ""}${wholeVectors(lanes.size) ? "" : "_n"}`;

/** Keeps a number where the spot stands. */
export function storeElement(to: Target, value: string, spot: Spot, out: Lines): void {
  const at = offset(to.dims, to.dims, spot);
  if (to.local && to.param !== undefined) {
    out.line(`${to.local.name}[${at}] = ${value};`);
    out.line(`${element(spot.site.params[to.param]!, spot)} = ${to.local.name}[${at}];`);
  } else if (to.local) out.line(`${to.local.name}[${at}] = ${value};`);
  else out.line(`${element(spot.site.params[to.param!]!, spot)} = ${value};`);
}

/** C of the address of the row that a call fills. */
export const targetRow = ({ local, param }: Target, site: Site): string =>
  local?.name ?? rowPointer({ in: "param", param: param!, dims: site.params[param!]!.dims }, outside(site));

/** What a call has made in a local and is wanted in memory as well. */
export function copyLocal({ local, param, dims }: Target, site: Site, out: Lines): void {
  if (local === undefined || param === undefined) return;
  const row = targetRow({ param, dims }, site);
  const size = dims.reduce((n, x) => n * x.size, 1);
  out.line(`for (int i = 0; i < ${size}; i++) ${row}[i] = ${local.name}[i];`);
}
