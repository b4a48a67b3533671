/** How an operand is read where a piece of code stands: a scalar, a vector, a strided vector, a row of a table by index. */
import type { Dim, Param, Source } from "../../5-plan/plan.js";
import { type Piece, tight } from "../../targets/c-like.js";
import { lanesOf, wholeVectors } from "./loops.js";
import { offset, type Spot, strideOf } from "./site.js";

/** What a source holds at the spot: a vector where it walks the lanes, else a scalar, as float unless `integer`. */
export function load(from: Source, spot: Spot, integer: boolean): Piece {
  if (from.in === "tile") return tight(spot.site.tile!(from.output), "v");
  if (spot.site.at !== undefined) return loadAt(from, spot);
  if (from.in === "local") return loadLocal(from, spot);
  const p = spot.site.params[from.param]!;
  if (from.gather) return loadGathered(from, p, spot);
  const walksLanes = spot.lanes !== undefined && from.dims.some((x) => x.name === spot.lanes!.name);
  const at = offset(from.dims, from.dims, spot);
  const base = at === "0" ? p.name : `${p.name} + ${at}`;
  if (!walksLanes) return tight(scalarAt(p, at, integer), "s");
  const stride = strideOf(from.dims, spot.lanes!.name);
  return vectorLoad(base, p.dtype, stride, spot.lanes!);
}

function scalarAt(p: Param, at: string, integer: boolean): string {
  const cell = `${p.name}[${at}]`;
  return p.dtype === "f32" || integer ? cell : `(float)${cell}`;
}

function vectorLoad(base: string, dtype: string, stride: number, lanes: Dim): Piece {
  const n = lanesOf(lanes);
  const of = dtype === "f32" ? "" : dtype === "i32" ? "_int" : "_u8";
  if (stride !== 1) return tight(`vf_load${of}_strided(${base}, ${stride}, ${n})`, "v");
  if (dtype === "u8") return tight(`vf_load_u8(${base}, ${n})`, "v");
  if (dtype === "i32") return tight(`vf_load_int(${base}, ${n})`, "v");
  return tight(wholeVectors(lanes.size) ? `vf_load(${base})` : `vf_load_n(${base}, lanes)`, "v");
}

function loadLocal(from: Extract<Source, { in: "local" }>, spot: Spot): Piece {
  if (from.dims.length === 0) return tight(from.name, "s");
  const at = offset(from.dims, from.dims, spot);
  const walks = spot.lanes !== undefined && from.dims.some((x) => x.name === spot.lanes!.name);
  if (!walks) return tight(`${from.name}[${at}]`, "s");
  return vectorLoad(`${from.name} + ${at}`, from.dtype, strideOf(from.dims, spot.lanes!.name), spot.lanes!);
}

/** A row read by index: zeros where the index is negative. */
function loadGathered(from: Extract<Source, { in: "param" }>, p: Param, spot: Spot): Piece {
  const g = from.gather!;
  const indexed = g.index.in === "param" || g.index.in === "local" ? g.index : undefined;
  if (!indexed) throw new Error("an index lies in memory");
  const restDims = from.dims.slice(from.dims.length - g.rest);
  const width = restDims.reduce((n, x) => n * x.size, 1);
  const known = spot.site.rowsByIndex?.get(gatherKey(from));
  if (known !== undefined) return loadLocal({ in: "local", name: known, dtype: p.dtype, dims: restDims }, spot);
  const walksIndex = spot.lanes !== undefined && indexed.dims.some((x) => x.name === spot.lanes!.name);
  const row = scalarLoad(indexed, spot);
  const at = offset(restDims, restDims, spot);
  const base = `${p.name} + (ptrdiff_t)${g.divide === 1 ? `(${row})` : `(${row} / ${g.divide})`} * ${width}${at === "0" ? "" : ` + ${at}`}`;
  if (walksIndex) {
    const indexBase = load({ ...indexed }, { ...spot, lanes: undefined }, true).text;
    return tight(
      `vf_gather(${p.name}${at === "0" ? "" : ` + ${at}`}, &${indexBase}, ${g.divide}, ${width}, ${lanesOf(spot.lanes!)})`,
      "v",
    );
  }
  const walks = spot.lanes !== undefined && restDims.some((x) => x.name === spot.lanes!.name);
  if (!walks) {
    const cell = `*(${base})`;
    return tight(`(${row} < 0 ? 0.0f : ${p.dtype === "f32" ? cell : `(float)${cell}`})`, "s");
  }
  return tight(
    `(${row} < 0 ? vf_splat(0.0f) : ${vectorLoad(base, p.dtype, strideOf(restDims, spot.lanes!.name), spot.lanes!).text})`,
    "v",
  );
}

/** Inside tiles and flat kernels the position is given. */
function loadAt(from: Source, spot: Spot): Piece {
  if (from.in === "local") return tight(from.name, "v");
  if (from.in === "tile") throw new Error("handled before");
  const p = spot.site.params[from.param]!;
  const { offset: at, vector } = spot.site.at!(from.dims);
  if (!vector) return tight(scalarAt(p, at, false), "s");
  const of = p.dtype === "f32" ? "_n" : p.dtype === "i32" ? "_int" : "_u8";
  return tight(`vf_load${of}(${p.name} + ${at}, lanes)`, "v");
}

/** Pointer to the inner axes of a source at the current row. */
export function rowPointer(from: Source, spot: Spot): string {
  if (from.in === "local") return from.name;
  if (from.in === "tile") throw new Error("a tile has no rows");
  const p = spot.site.params[from.param]!;
  const at = offset(from.dims, from.dims, spot, true);
  return at === "0" ? p.name : `(${p.name} + ${at})`;
}

/** The element of a source at the spot, whole numbers as such. */
export function scalarLoad(from: Source, spot: Spot): string {
  const piece = load(from, { ...spot, lanes: undefined }, true);
  return piece.text;
}

type Gathered = Extract<Source, { in: "param" }>;

/** What a looked-up row is known by. */
export const gatherKey = (from: Gathered): string =>
  `${from.param} ${JSON.stringify(from.gather!.index)} ${from.gather!.divide}`;
