/**
 * Spells the statements of a kernel in C: loops over the inner axes, the last one in vectors. The caller
 * says where the row, the tile or the element is; this decides how each operand is read there.
 */
import type { Dim, Param, PExpr, Source, Stmt, Target } from "../../5-plan/plan.js";
import { asNumber, asVector, type Leaves, type Piece, printExpr, tight } from "../../targets/c-like.js";
import { cpuDialect } from "../../targets/cpu/dialect.js";
import type { Lines } from "../lines.js";
import { sourcesOf } from "../sources.js";

export interface Site {
  readonly params: readonly Param[];
  /** C expression of a coordinate outside the inner loops: `row`, `row / P` */
  readonly coordinates: ReadonlyMap<string, string>;
  /** a tile's value, for epilogues */
  readonly tile?: (output: number) => string;
  /** set where every statement is about one vector (tiles, flat kernels): where a parameter is read there */
  readonly at?: (dims: readonly Dim[]) => { readonly offset: string; readonly vector: boolean };
  /** name of the chunk, for partial sums */
  readonly chunk: string;
  /** pointers to rows that were looked up once for the whole row program, by what they read */
  readonly rowsByIndex?: ReadonlyMap<string, string>;
}

const d = cpuDialect;
export const loopName = (dim: Dim): string => `i_${dim.name.toLowerCase()}`;

/** Where a piece of code stands: loops around it, and the axis whose lanes a vector holds. */
interface Spot {
  readonly site: Site;
  readonly loops: ReadonlyMap<string, string>;
  /** the axis in vectors; undefined: scalars */
  readonly lanes: Dim | undefined;
}

export function printStatements(body: readonly Stmt[], bare: Site, out: Lines): void {
  const site = { ...bare, rowsByIndex: declareRows(body, bare, out) };
  for (const s of body) {
    out.line(`/* ${s.note} */`);
    printStatement(s, site, out);
  }
}

type Gathered = Extract<Source, { in: "param" }>;
const gatherKey = (from: Gathered): string =>
  `${from.param} ${JSON.stringify(from.gather!.index)} ${from.gather!.divide}`;

/** Looks up, once for each row, the rows of other tables that its statements read: `no_row` where there is none. */
function declareRows(body: readonly Stmt[], site: Site, out: Lines): Map<string, string> {
  const names = new Map<string, string>();
  for (const from of body.flatMap(sourcesOf)) {
    if (from.in !== "param" || !from.gather || from.gather.index.in !== "param") continue;
    const { index, divide, rest } = from.gather;
    const p = site.params[from.param]!;
    if (
      names.has(gatherKey(from)) ||
      p.dtype !== "f32" ||
      rest === 0 ||
      !index.dims.every((x) => site.coordinates.has(x.name))
    )
      continue;
    const at = scalarLoad(index, { site, loops: new Map(), lanes: undefined });
    const width = from.dims.slice(from.dims.length - rest).reduce((n, x) => n * x.size, 1);
    const name = unusedName(`${p.name}_row`, names);
    names.set(gatherKey(from), name);
    out.line(
      `const float *const ${name} = ${at} < 0 ? no_row : ${p.name} + (ptrdiff_t)(${divide === 1 ? at : `${at} / ${divide}`}) * ${width};`,
    );
  }
  return names;
}

function unusedName(base: string, taken: ReadonlyMap<string, string>): string {
  const names = new Set(taken.values());
  let name = base;
  for (const letter of "bcdefghijklmnopqrstuvwxyz") {
    if (!names.has(name)) break;
    name = `${base}_${letter}`;
  }
  return name;
}

/** Longest row any statement looks up: so long must the row of zeros be. */
export function longestRow(body: readonly Stmt[]): number {
  const widths = body
    .flatMap(sourcesOf)
    .map((s) =>
      s.in === "param" && s.gather ? s.dims.slice(s.dims.length - s.gather.rest).reduce((n, x) => n * x.size, 1) : 0,
    );
  return Math.max(0, ...widths);
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
    const value = asNumber(expression(s.expr, { site, loops: new Map(), lanes: undefined }), d).text;
    return storeScalar(to, value, site, out);
  }
  declare(to, out);
  nest(to.dims, site, out, (spot) => storeAt(to, expression(s.expr, spot), spot, out));
}

/** Loops over dims, the last in vectors; `inner` gets the spot inside. */
function nest(
  dims: readonly Dim[],
  site: Site,
  out: Lines,
  inner: (spot: Spot) => void,
  loops = new Map<string, string>(),
): void {
  const [first, ...rest] = dims;
  if (!first) return inner({ site, loops, lanes: undefined });
  const name = loopName(first);
  const next = new Map(loops).set(first.name, name);
  if (rest.length > 0) {
    out.block(`for (int ${name} = 0; ${name} < ${first.size}; ${name}++)`, () => nest(rest, site, out, inner, next));
    return;
  }
  out.block(`for (int ${name} = 0; ${name} < ${first.size}; ${name} += VL)`, () => {
    if (!wholeVectors(first.size)) out.line(`const int lanes = LANES(${first.size}, ${name});`);
    inner({ site, loops: next, lanes: first });
  });
}

/** Every vector is full whatever the machine: no machine has more than 16 lanes. */
const wholeVectors = (size: number): boolean => size % 16 === 0;
const lanesOf = (dim: Dim): string => (wholeVectors(dim.size) ? "VL" : "lanes");

function declare(to: Target, out: Lines): void {
  if (!to.local || to.dims.length === 0) return;
  const size = to.dims.reduce((n, x) => n * x.size, 1);
  out.line(`${ctype(to.local.dtype)} ${to.local.name}[${size}];`);
}

const ctype = (dtype: string): string => (dtype === "f32" ? "float" : dtype === "i32" ? "int" : "unsigned char");

function storeScalar(to: Target, value: string, site: Site, out: Lines): void {
  const name = to.local?.name ?? "value";
  const type = to.local?.dtype === "i32" ? "int" : "float";
  if (to.local)
    out.line(`const ${type} ${name} = ${type === "int" ? "(int)" : ""}${type === "int" ? `(${value})` : value};`);
  if (to.param !== undefined)
    out.line(
      `${address(site.params[to.param]!, to.param, { site, loops: new Map(), lanes: undefined })} = ${to.local ? name : value};`,
    );
}

function storeAt(to: Target, value: Piece, spot: Spot, out: Lines): void {
  const v = asVector(value, d).text;
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

function printReduce(s: Extract<Stmt, { kind: "reduce" }>, site: Site, out: Lines): void {
  const { to, over } = s;
  const last = over.at(-1)!;
  if (to.dims.length === 0) {
    const sum = unusedSum(to, site);
    const start = s.how === "sum" ? "0.0f" : "-INFINITY";
    out.line(`vf ${sum} = vf_splat(${start});`);
    nest(over, site, out, (spot) =>
      out.line(`${sum} = ${combine(s.how, sum, masked(expression(s.expr, spot), last, s.how))};`),
    );
    storeScalar(to, `vf_h${s.how}(${sum})`, site, out);
    return;
  }
  declare(to, out);
  nest(to.dims, site, out, (spot) => {
    out.line(`vf sum = vf_splat(${s.how === "sum" ? "0.0f" : "-INFINITY"});`);
    scalarNest(over, spot.loops, out, (loops) => {
      out.line(`sum = ${combine(s.how, "sum", asVector(expression(s.expr, { ...spot, loops }), d).text)};`);
    });
    storeAt(to, tight("sum", "v"), spot, out);
  });
}

const unusedSum = (to: Target, site: Site): string =>
  `${to.local?.name ?? `value_${site.params[to.param!]!.name}`}_lanes`;

function masked(value: Piece, last: Dim, how: "sum" | "max"): string {
  const v = asVector(value, d).text;
  return wholeVectors(last.size) ? v : `vf_keep(${v}, lanes, ${how === "sum" ? "0.0f" : "-INFINITY"})`;
}

const combine = (how: "sum" | "max", a: string, b: string): string =>
  how === "sum" ? `${a} + ${b}` : `vf_max(${a}, ${b})`;

/** Plain loops, one element at a time, around a vector that is already open. */
function scalarNest(
  dims: readonly Dim[],
  loops: ReadonlyMap<string, string>,
  out: Lines,
  inner: (loops: ReadonlyMap<string, string>) => void,
): void {
  const [first, ...rest] = dims;
  if (!first) return inner(loops);
  const name = loopName(first);
  out.block(`for (int ${name} = 0; ${name} < ${first.size}; ${name}++)`, () =>
    scalarNest(rest, new Map(loops).set(first.name, name), out, inner),
  );
}

/** Adds the row's contribution to the partial result of its chunk. */
function printAccumulate(s: Extract<Stmt, { kind: "accumulate" }>, site: Site, out: Lines): void {
  const size = s.dims.reduce((n, x) => n * x.size, 1);
  const base = `${site.params[s.param]!.name} + ${site.chunk} * ${size}`;
  if (s.dims.length > 0) {
    nest(s.dims, site, out, (spot) => {
      const at = `${base} + ${offset(s.dims, s.dims, spot)}`;
      const tail = wholeVectors(spot.lanes!.size) ? "" : ", lanes";
      const load = `${tail ? "vf_load_n" : "vf_load"}(${at}${tail})`;
      if (s.over.length === 0) {
        out.line(
          `${tail ? "vf_store_n" : "vf_store"}(${at}, ${combine(s.how, load, asVector(expression(s.expr, spot), d).text)}${tail});`,
        );
        return;
      }
      out.line(`vf sum = ${load};`);
      scalarNest(s.over, spot.loops, out, (loops) =>
        out.line(`sum = ${combine(s.how, "sum", asVector(expression(s.expr, { ...spot, loops }), d).text)};`),
      );
      out.line(`${tail ? "vf_store_n" : "vf_store"}(${at}, sum${tail});`);
    });
    return;
  }
  const one = (value: string) =>
    s.how === "sum" ? `${base}[0] += ${value}` : `${base}[0] = f_max(${base}[0], ${value})`;
  if (s.over.length === 0) {
    out.line(
      `${one(asNumber(expression(s.expr, { site, loops: new Map(), lanes: undefined }), d).text).replaceAll(`${base}[0]`, `(${base})[0]`)};`,
    );
    return;
  }
  out.block("", () => {
    out.line(`vf sum = vf_splat(${s.how === "sum" ? "0.0f" : "-INFINITY"});`);
    nest(s.over, site, out, (spot) =>
      out.line(`sum = ${combine(s.how, "sum", masked(expression(s.expr, spot), s.over.at(-1)!, s.how))};`),
    );
    out.line(`${one(`vf_h${s.how}(sum)`).replaceAll(`${base}[0]`, `(${base})[0]`)};`);
  });
}

function printPick(s: Extract<Stmt, { kind: "pick" }>, site: Site, out: Lines): void {
  const spot: Spot = { site, loops: new Map(), lanes: undefined };
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

function storeElement(to: Target, value: string, spot: Spot, out: Lines): void {
  const at = offset(to.dims, to.dims, spot);
  if (to.local && to.param !== undefined) {
    out.line(`${to.local.name}[${at}] = ${value};`);
    out.line(`${address(spot.site.params[to.param]!, to.param, spot)} = ${to.local.name}[${at}];`);
  } else if (to.local) out.line(`${to.local.name}[${at}] = ${value};`);
  else out.line(`${address(spot.site.params[to.param!]!, to.param!, spot)} = ${value};`);
}

function printTopK(s: Extract<Stmt, { kind: "topK" }>, site: Site, out: Lines): void {
  const spot: Spot = { site, loops: new Map(), lanes: undefined };
  const key = rowPointer(s.key, spot);
  declare(s.to, out);
  const target =
    s.to.local?.name ?? rowPointer({ in: "param", param: s.to.param!, dims: site.params[s.to.param!]!.dims }, spot);
  out.line(`top_k(${key}, ${s.size}, ${target}, ${s.k});`);
  if (s.to.local && s.to.param !== undefined) {
    const row = rowPointer({ in: "param", param: s.to.param, dims: site.params[s.to.param]!.dims }, spot);
    out.line(`for (int i = 0; i < ${s.k}; i++) ${row}[i] = ${s.to.local.name}[i];`);
  }
}

/** Pointer to the inner axes of a source at the current row. */
function rowPointer(from: Source, spot: Spot): string {
  if (from.in === "local") return from.name;
  if (from.in === "tile") throw new Error("a tile has no rows");
  const p = spot.site.params[from.param]!;
  const at = offset(from.dims, from.dims, spot, true);
  return at === "0" ? p.name : `(${p.name} + ${at})`;
}

function scalarLoad(from: Source, spot: Spot): string {
  const piece = load(from, { ...spot, lanes: undefined }, true);
  return piece.text;
}

function expression(expr: PExpr, spot: Spot): Piece {
  const leaves: Leaves = {
    load: (from) => load(from, spot, false),
    index: (axis) => indexOf(axis, spot),
    random: (r) => random(r, spot),
  };
  return printExpr(expr, d, leaves);
}

function indexOf(axis: string, spot: Spot): Piece {
  const at = spot.loops.get(axis) ?? spot.site.coordinates.get(axis);
  if (at === undefined) throw new Error(`axis ${axis} is not walked here`);
  if (spot.lanes?.name === axis) return tight(`vf_count(${at})`, "v");
  return tight(`(float)(${at})`, "s");
}

function random(r: Extract<PExpr, { op: "random" }>, spot: Spot): Piece {
  const at = offset(r.dims, r.dims, spot);
  const args = [
    expression(r.seed, { ...spot, lanes: undefined }).text,
    expression(r.step, { ...spot, lanes: undefined }).text,
    String(r.stream),
    at,
  ];
  return spot.lanes ? tight(`vf_random(${args.join(", ")})`, "v") : tight(`f_random(${args.join(", ")})`, "s");
}

function load(from: Source, spot: Spot, integer: boolean): Piece {
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

function strideOf(dims: readonly Dim[], name: string): number {
  const at = dims.findIndex((x) => x.name === name);
  return dims.slice(at + 1).reduce((n, x) => n * x.size, 1);
}

/** Row-major offset of the current spot; with `rowOnly` the inner axes are left out. */
export function offset(
  dims: readonly Dim[],
  all: readonly Dim[],
  spot: { site: Site; loops: ReadonlyMap<string, string> },
  rowOnly = false,
): string {
  const parts: string[] = [];
  for (const dim of dims) {
    const at = spot.loops.get(dim.name) ?? spot.site.coordinates.get(dim.name);
    if (at === undefined) {
      if (rowOnly) continue;
      throw new Error(`axis ${dim.name} is not walked here`);
    }
    const stride = strideOf(all, dim.name);
    parts.push(
      stride === 1
        ? at
        : `${/^\w+$/.test(at) ? at : `(${at})`} * ${spot.site.coordinates.has(dim.name) ? `(ptrdiff_t)${stride}` : stride}`,
    );
  }
  return parts.length === 0 ? "0" : parts.join(" + ");
}

function pointer(p: Param, spot: Spot): string {
  const at = offset(p.dims, p.dims, spot);
  return at === "0" ? p.name : `${p.name} + ${at}`;
}

function address(p: Param, _param: number, spot: Spot): string {
  return `${p.name}[${offset(p.dims, p.dims, spot)}]`;
}

/** Statements of a tile's epilogue or a flat kernel: every local is one vector, stores come last. */
export function printVectorBody(
  body: readonly Stmt[],
  site: Site,
  target: (param: number) => { readonly pointer: string; readonly far: boolean },
  out: Lines,
): void {
  const spot: Spot = { site, loops: new Map(), lanes: { name: "lane", size: 1 } };
  const stores: string[] = [];
  for (const s of body) {
    if (s.kind === "accumulate") {
      const cell = `sums_${site.params[s.param]!.name}`;
      out.line(
        `${cell} = ${combine(s.how, cell, `vf_keep(${asVector(expression(s.expr, spot), d).text}, lanes, ${s.how === "sum" ? "0.0f" : "-INFINITY"})`)};`,
      );
      continue;
    }
    if (s.kind !== "map") throw new Error(`a tile cannot hold ${s.kind}`);
    const name = s.to.local?.name ?? `value_${site.params[s.to.param!]!.name}`;
    out.line(`const vf ${name} = ${asVector(expression(s.expr, spot), d).text};`);
    if (s.to.param === undefined) continue;
    const of = site.params[s.to.param]!.dtype === "i32" ? "_int" : "";
    const { pointer, far } = target(s.to.param);
    stores.push(far && of === "" ? `vf_stream(${pointer}, ${name});` : `vf_store${of}_n(${pointer}, ${name}, lanes);`);
  }
  for (const text of stores) out.line(text);
}
