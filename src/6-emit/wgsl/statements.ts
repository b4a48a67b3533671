/**
 * Spells row programs in WGSL. A row belongs to a team (a workgroup: inner axes are dealt out over its
 * lanes, sums meet in workgroup memory) or to one lane, which walks the axes itself. Barriers stand where a
 * lane may read what another wrote, and nowhere else. Tiles and flat kernels use `printElement`.
 */
import type { Dim, PExpr, Source, Stmt, Target } from "../../5-plan/plan.js";
import { asNumber, type Leaves, type Piece, printExpr, tight } from "../../targets/c-like.js";
import { wgslDialect as d } from "../../targets/wgsl/dialect.js";
import type { Lines } from "../lines.js";
import type { Bindings } from "./bindings.js";
import { constantName, loopName } from "./names.js";
import { isShort, namesOf, sharedDims, sourcesOf } from "./sources.js";

export interface Site {
  readonly bindings: Bindings;
  /** WGSL of the coordinates that are the row's: `row`, `i_e` */
  readonly coordinates: ReadonlyMap<string, string>;
  /** whether a workgroup shares the row */
  readonly team: boolean;
  /** maps that are computed again by whoever reads them, for want of workgroup memory */
  readonly again: ReadonlyMap<string, Extract<Stmt, { kind: "map" }>>;
  /** element types of locals that are not f32 */
  readonly locals: ReadonlyMap<string, string>;
  /** a tile's value, for epilogues */
  readonly tile?: (output: number) => string;
  /** where a parameter is read in epilogues and flat kernels */
  readonly at?: (dims: readonly Dim[]) => string;
  /** names already used for values looked up once */
  readonly taken: Set<string>;
}

/** A point in a row: places along inner axes by name. */
type Loops = ReadonlyMap<string, string>;

const START = { sum: "0.0", max: "LOWEST" } as const;

export function printRow(body: readonly Stmt[], site: Site, out: Lines): void {
  const fresh: Fresh = new Map();
  for (const s of body) {
    if (s.kind === "map" && s.to.local && site.again.has(s.to.local.name)) continue;
    if (site.team) meet(s, site, fresh, out);
    out.line(`// ${s.note}`);
    printStatement(s, site, out);
    if (site.team) remember(s, fresh);
  }
}

/** What was written since the last barrier, and along which axes it was dealt out. */
type Fresh = Map<string, { readonly dims: string; readonly storage: boolean }>;

/** A barrier, if the statement reads what other lanes wrote. */
function meet(s: Stmt, site: Site, fresh: Fresh, out: Lines): void {
  const mine = sharedDims(s);
  const picks = s.kind === "pick" || s.kind === "topK";
  const late = sourcesOf(s)
    .flatMap((from) => through(from, site))
    .map((from) => ({ from, written: fresh.get(keyOf(from)) }))
    .filter(({ from, written }) => written !== undefined && (picks || !sameLane(from, written.dims, mine, site)));
  if (late.length === 0) return;
  if (late.some(({ written }) => written!.storage)) out.line("storageBarrier();");
  if (late.some(({ written }) => !written!.storage)) out.line("workgroupBarrier();");
  fresh.clear();
}

/** Looks through maps that are computed again to what they read. */
function through(from: Source, site: Site): Source[] {
  const map = from.in === "local" ? site.again.get(from.name) : undefined;
  return map ? sourcesOf(map).flatMap((s) => through(s, site)) : [from];
}

function sameLane(from: Source, written: string, mine: readonly Dim[] | undefined, site: Site): boolean {
  if (mine === undefined || written === "" || from.in === "tile" || (from.in === "param" && from.gather)) return false;
  const inner = from.dims.filter((x) => !site.coordinates.has(x.name));
  return namesOf(inner) === written && namesOf(mine) === written;
}

const keyOf = (from: Source): string =>
  from.in === "param" ? `p${from.param}` : from.in === "local" ? `l${from.name}` : "";

function remember(s: Stmt, fresh: Fresh): void {
  if (s.kind === "accumulate") return;
  const dims = s.kind === "topK" ? "" : namesOf(s.to.dims);
  if (s.to.local && (s.to.dims.length > 0 || s.kind === "topK"))
    fresh.set(`l${s.to.local.name}`, { dims, storage: false });
  if (s.to.param !== undefined) fresh.set(`p${s.to.param}`, { dims, storage: true });
}

function printStatement(s: Stmt, site: Site, out: Lines): void {
  switch (s.kind) {
    case "map":
      return printMap(s, site, out);
    case "reduce":
      return s.to.dims.length === 0 ? printTotal(s, site, out) : printTotals(s, site, out);
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
  if (s.to.dims.length === 0) return storeScalar(s.to, value(s.expr, new Map(), site, out), site, out);
  declare(s.to, site, out);
  deal(s.to.dims, site, out, (loops) => storeAt(s.to, value(s.expr, loops, site, out), loops, site, out));
}

/** One number for the row: lanes add up their shares, then each other's. */
function printTotal(s: Extract<Stmt, { kind: "reduce" }>, site: Site, out: Lines): void {
  const name = s.to.local?.name ?? fresh(`t_${site.bindings.params[s.to.param!]!.name}`, site);
  const share = fresh(`${name}_share`, site);
  const add = (loops: Loops): void => out.line(`${share} = ${combine(s.how, share, value(s.expr, loops, site, out))};`);
  out.line(`var ${share} = ${START[s.how]};`);
  if (!site.team || isShort(s.over)) walk(s.over, new Map(), out, add);
  else deal(s.over, site, out, add);
  const total = site.team && !isShort(s.over) ? `team_${s.how}(lane, ${share})` : share;
  storeScalar(s.to, total, site, out, name);
}

/** Many sums: each element has its lane. */
function printTotals(s: Extract<Stmt, { kind: "reduce" }>, site: Site, out: Lines): void {
  declare(s.to, site, out);
  deal(s.to.dims, site, out, (loops) => {
    out.line(`var sum = ${START[s.how]};`);
    walk(s.over, loops, out, (inner) => out.line(`sum = ${combine(s.how, "sum", value(s.expr, inner, site, out))};`));
    storeAt(s.to, "sum", loops, site, out);
  });
}

const combine = (how: "sum" | "max", a: string, b: string): string =>
  how === "sum" ? `${a} + ${b}` : `max(${a}, ${b})`;

export const sumName = (param: string): string => `sum_${param}`;

/** Adds the row's contribution to the partial sums of its chunk; those of single numbers stay in registers. */
function printAccumulate(s: Extract<Stmt, { kind: "accumulate" }>, site: Site, out: Lines): void {
  const p = site.bindings.params[s.param]!;
  if (!site.team && s.dims.length > 0) return addInRegisters(s, sumName(p.name), site, out);
  if (s.dims.length > 0) {
    const size = s.dims.reduce((n, x) => n * x.size, 1);
    deal(s.dims, site, out, (loops) => {
      const at = `chunk * ${size}u + ${offset(s.dims, loops, site)}`;
      out.line(`let cell = ${at};`);
      out.line(`var sum = ${site.bindings.read(s.param, "cell")};`);
      walk(s.over, loops, out, (inner) => out.line(`sum = ${combine(s.how, "sum", value(s.expr, inner, site, out))};`));
      out.line(site.bindings.write(s.param, "cell", "sum"));
    });
    return;
  }
  const sum = sumName(p.name);
  const add = (loops: Loops): void => out.line(`${sum} = ${combine(s.how, sum, value(s.expr, loops, site, out))};`);
  if (!site.team || isShort(s.over)) return walk(s.over, new Map(), out, add);
  const share = fresh(`${sum}_share`, site);
  out.line(`var ${share} = ${START[s.how]};`);
  deal(s.over, site, out, (loops) => out.line(`${share} = ${combine(s.how, share, value(s.expr, loops, site, out))};`));
  out.line(`${sum} = ${combine(s.how, sum, `team_${s.how}(lane, ${share})`)};`);
}

/** A lane that walks rows of its own keeps their sums to itself until the end. */
function addInRegisters(s: Extract<Stmt, { kind: "accumulate" }>, name: string, site: Site, out: Lines): void {
  walk([...s.dims, ...s.over], new Map(), out, (loops) => {
    const cell = `${name}[${offset(s.dims, loops, site)}]`;
    out.line(`${cell} = ${combine(s.how, cell, value(s.expr, loops, site, out))};`);
  });
}

function printPick(s: Extract<Stmt, { kind: "pick" }>, site: Site, out: Lines): void {
  const one = (loops: Loops): string => {
    const chosen = fresh("chosen", site);
    out.line(`let ${chosen} = ${load(s.index, loops, site, true).text};`);
    const places = new Map(loops);
    for (const x of "dims" in s.from ? s.from.dims : []) {
      if (!places.has(x.name) && !site.coordinates.has(x.name)) places.set(x.name, `u32(max(${chosen}, 0))`);
    }
    return `select(0.0, ${asNumber(load(s.from, places, site, false), d).text}, ${chosen} >= 0)`;
  };
  if (s.to.dims.length === 0) return storeScalar(s.to, one(new Map()), site, out);
  declare(s.to, site, out);
  deal(s.to.dims, site, out, (loops) => storeAt(s.to, one(loops), loops, site, out));
}

/** The k best, one after another: after each, only what comes later in the order is looked at. */
function printTopK(s: Extract<Stmt, { kind: "topK" }>, site: Site, out: Lines): void {
  const inner = "dims" in s.key ? s.key.dims.filter((x) => !site.coordinates.has(x.name)) : [];
  const [axis] = inner;
  if (!axis || inner.length !== 1) throw new Error("the k best are chosen along one axis");
  if (s.to.local) declare({ ...s.to, dims: [{ name: "K", size: s.k }] }, site, out);
  const name = (base: string): string => fresh(base, site);
  const [limit, after, best, which] = [name("limit"), name("after"), name("best"), name("which_best")];
  out.line(`var ${limit} = HIGHEST;`);
  out.line(`var ${after} = -1;`);
  out.block(`for (var k = 0u; k < ${s.k}u; k++)`, () => {
    out.line(`var ${best} = LOWEST;`);
    out.line(`var ${which} = -1;`);
    const start = site.team ? "lane" : "0u";
    const step = site.team ? "i += LANES" : "i++";
    out.block(`for (var i = ${start}; i < ${s.size}u; ${step})`, () => {
      const key = asNumber(load(s.key, new Map([[axis.name, "i"]]), site, false), d).text;
      out.line(`let key = ${key};`);
      out.line(`let later = key < ${limit} || (key == ${limit} && i32(i) > ${after});`);
      out.block(`if (later && key > ${best})`, () => {
        out.line(`${best} = key;`);
        out.line(`${which} = i32(i);`);
      });
    });
    if (site.team) {
      out.line(`let winner = team_best(lane, Candidate(${best}, ${which}));`);
      out.line(`${limit} = winner.key;`);
      out.line(`${after} = winner.index;`);
    } else {
      out.line(`${limit} = ${best};`);
      out.line(`${after} = ${which};`);
    }
    const store = (): void => {
      if (s.to.local) out.line(`${s.to.local.name}[k] = ${after};`);
      if (s.to.param === undefined) return;
      const dims = site.bindings.params[s.to.param]!.dims;
      const loops = new Map(dims.filter((x) => !site.coordinates.has(x.name)).map((x) => [x.name, "k"]));
      out.line(site.bindings.write(s.to.param, offset(dims, loops, site), after));
    };
    if (site.team) out.block("if (lane == 0u)", store);
    else store();
  });
}

function declare(to: Target, site: Site, out: Lines): void {
  if (!to.local || site.team) return;
  const size = to.dims.reduce((n, x) => n * x.size, 1);
  out.line(`var ${to.local.name}: array<${to.local.dtype}, ${size}>;`);
}

/** Element types of the locals that hold whole numbers. */
export function integerLocals(body: readonly Stmt[]): Map<string, string> {
  const locals = body.flatMap((s) => (s.kind !== "accumulate" && s.to.local ? [s.to.local] : []));
  return new Map(locals.filter((l) => l.dtype === "i32").map((l) => [l.name, l.dtype]));
}

/** Locals of a team that live in workgroup memory: name, type and size. */
export function sharedLocals(
  body: readonly Stmt[],
  again: ReadonlySet<string>,
): { name: string; dtype: string; size: number }[] {
  return body.flatMap((s) => {
    if (s.kind === "accumulate" || !s.to.local || again.has(s.to.local.name)) return [];
    const size = s.kind === "topK" ? s.k : s.to.dims.reduce((n, x) => n * x.size, 1);
    return s.to.dims.length > 0 || s.kind === "topK" ? [{ name: s.to.local.name, dtype: s.to.local.dtype, size }] : [];
  });
}

/** Elements dealt out over the lanes of a team, or walked by the one lane there is. */
function deal(dims: readonly Dim[], site: Site, out: Lines, inner: (loops: Loops) => void): void {
  if (!site.team) return walk(dims, new Map(), out, inner);
  const size = dims.map(constantName).join(" * ");
  const [only] = dims;
  if (dims.length === 1) {
    const name = loopName(only!);
    out.block(`for (var ${name} = lane; ${name} < ${size}; ${name} += LANES)`, () =>
      inner(new Map([[only!.name, name]])),
    );
    return;
  }
  out.block(`for (var i = lane; i < ${size}; i += LANES)`, () => {
    const loops = new Map<string, string>();
    dims.forEach((x, at) => {
      const after = dims
        .slice(at + 1)
        .map(constantName)
        .join(" * ");
      const divided = after === "" ? "i" : `i / ${dims.length - at > 2 ? `(${after})` : after}`;
      out.line(
        `let ${loopName(x)} = ${at === 0 ? divided : after === "" ? `i % ${constantName(x)}` : `${divided} % ${constantName(x)}`};`,
      );
      loops.set(x.name, loopName(x));
    });
    inner(loops);
  });
}

/** Plain loops, one element after another. */
function walk(dims: readonly Dim[], loops: Loops, out: Lines, inner: (loops: Loops) => void): void {
  const [first, ...rest] = dims;
  if (!first) return inner(loops);
  const name = loopName(first);
  const next = new Map(loops).set(first.name, name);
  out.block(`for (var ${name} = 0u; ${name} < ${constantName(first)}; ${name}++)`, () => walk(rest, next, out, inner));
}

function storeScalar(to: Target, text: string, site: Site, out: Lines, given?: string): void {
  const dtype = to.local?.dtype ?? site.bindings.params[to.param!]!.dtype;
  const name = to.local?.name ?? given ?? fresh(`t_${site.bindings.params[to.param!]!.name}`, site);
  out.line(`let ${name} = ${dtype === "i32" ? `i32(${text})` : text};`);
  if (to.param === undefined) return;
  const write = site.bindings.write(to.param, offset(site.bindings.params[to.param]!.dims, new Map(), site), name);
  out.line(site.team ? `if (lane == 0u) { ${write} }` : write);
}

function storeAt(to: Target, text: string, loops: Loops, site: Site, out: Lines): void {
  const convert = (dtype: string) => (dtype === "i32" ? `i32(${text})` : text);
  if (to.local) out.line(`${to.local.name}[${offset(to.dims, loops, site)}] = ${convert(to.local.dtype)};`);
  if (to.param === undefined) return;
  const p = site.bindings.params[to.param]!;
  out.line(site.bindings.write(to.param, offset(p.dims, loops, site), convert(p.dtype)));
}

/** A free name, remembered. */
function fresh(base: string, site: Site): string {
  let name = base;
  for (let i = 2; site.taken.has(name); i++) name = `${base}_${i}`;
  site.taken.add(name);
  return name;
}

/** Told of every piece of text that reads memory; may put a name in its place. */
type Look = (piece: Piece, base: string, kind: "index" | "load") => Piece;
const plainly: Look = (piece) => piece;

/** An expression at a point; indices, and what it reads more than once, get names of their own a line before. */
function value(expr: PExpr, loops: Loops, site: Site, out: Lines): string {
  const names = new Map<string, string>();
  const named: Look = (piece) => (names.has(piece.text) ? tight(names.get(piece.text)!, piece.type) : piece);
  for (const kind of ["index", "load"] as const) {
    for (const [text, base] of readOften(expr, loops, site, kind, named)) {
      const name = fresh(`${base}_here`, site);
      out.line(`let ${name} = ${text};`);
      names.set(text, name);
    }
  }
  return asNumber(printed(expr, loops, site, named), d).text;
}

/** Texts of one kind that occur more than once, and what to call them after. */
function readOften(expr: PExpr, loops: Loops, site: Site, kind: "index" | "load", named: Look): [string, string][] {
  const seen = new Map<string, { count: number; base: string }>();
  printed(expr, loops, site, (piece, base, what) => {
    const now = named(piece, base, what);
    if (what === kind && !/^\w+$/.test(now.text))
      seen.set(now.text, { base, count: (seen.get(now.text)?.count ?? 0) + 1 });
    return now;
  });
  return [...seen].flatMap(([text, { count, base }]) =>
    count > 1 || kind === "index" ? [[text, base] as [string, string]] : [],
  );
}

function printed(expr: PExpr, loops: Loops, site: Site, look: Look): Piece {
  const number = (e: PExpr): string => asNumber(printed(e, loops, site, look), d).text;
  const leaves: Leaves = {
    load: (from) => load(from, loops, site, false, look),
    index: (axis) => tight(`f32(${placeOf(axis, loops, site)})`, "s"),
    random: (r) =>
      tight(`uniform_at(${number(r.seed)}, ${number(r.step)}, ${r.stream}u, ${offset(r.dims, loops, site)})`, "s"),
  };
  return printExpr(expr, d, leaves);
}

function placeOf(axis: string, loops: Loops, site: Site): string {
  const at = loops.get(axis) ?? site.coordinates.get(axis);
  if (at === undefined) throw new Error(`axis ${axis} is not walked here`);
  return at;
}

/** A source at a point, as a number (or, with `integer`, as an i32). */
function load(from: Source, loops: Loops, site: Site, integer: boolean, look: Look = plainly): Piece {
  if (from.in === "tile") return tight(site.tile!(from.output), "s");
  if (from.in === "local") return loadLocal(from, loops, site, integer, look);
  const p = site.bindings.params[from.param]!;
  if (from.gather && !site.at) return loadGathered(from, loops, site, look);
  const at = site.at ? site.at(from.dims) : offset(from.dims, loops, site);
  return look(converted(site.bindings.read(from.param, at), p.dtype, integer), p.name, "load");
}

const converted = (text: string, dtype: string, integer: boolean): Piece =>
  tight(
    (dtype === "f32" && !integer) || (dtype === "i32" && integer) ? text : `${integer ? "i32" : "f32"}(${text})`,
    "s",
  );

function loadLocal(
  from: Extract<Source, { in: "local" }>,
  loops: Loops,
  site: Site,
  integer: boolean,
  look: Look,
): Piece {
  const map = site.again.get(from.name);
  if (map) return computedAgain(map, from, loops, site);
  const dtype = site.locals.get(from.name) ?? "f32";
  if (from.dims.length === 0) return converted(from.name, dtype, integer);
  return look(converted(`${from.name}[${offset(from.dims, loops, site)}]`, dtype, integer), from.name, "load");
}

/** The expression of a map at the point where it is read, whatever the reader calls its axes. */
function computedAgain(
  map: Extract<Stmt, { kind: "map" }>,
  from: Extract<Source, { in: "local" }>,
  loops: Loops,
  site: Site,
): Piece {
  const flat = offset(from.dims, loops, site);
  const same = namesOf(from.dims) === namesOf(map.to.dims);
  const inner = new Map(
    map.to.dims.map((x, i) => {
      if (same) return [x.name, placeOf(x.name, loops, site)] as const;
      const after = map.to.dims.slice(i + 1).reduce((n, y) => n * y.size, 1);
      return [x.name, `((${flat}) / ${after}u % ${x.size}u)`] as const;
    }),
  );
  const piece = asNumber(printed(map.expr, inner, site, plainly), d);
  return piece.tight ? piece : tight(`(${piece.text})`, "s");
}

/** A row read by index: zero where the index is negative. */
function loadGathered(from: Extract<Source, { in: "param" }>, loops: Loops, site: Site, look: Look): Piece {
  const { index, divide, rest } = from.gather!;
  const indexName =
    index.in === "param" ? site.bindings.params[index.param]!.name : index.in === "local" ? index.name : "index";
  const row = look(load(index, loops, site, true), indexName, "index").text;
  const inner = from.dims.slice(from.dims.length - rest);
  const width = inner.map(constantName).join(" * ");
  const at = offset(inner, loops, site);
  const base = divide === 1 ? `u32(max(${row}, 0))` : `u32(max(${row}, 0)) / ${divide}u`;
  const place = rest === 0 ? base : `${base} * ${rest > 1 ? `(${width})` : width}${at === "0u" ? "" : ` + ${at}`}`;
  const p = site.bindings.params[from.param]!;
  const cell = converted(site.bindings.read(from.param, place), p.dtype, false);
  return look(tight(`select(0.0, ${cell.text}, ${row} >= 0)`, "s"), p.name, "load");
}

/** Row-major place of a point. */
function offset(dims: readonly Dim[], loops: Loops, site: Site): string {
  const parts = dims.map((x, i) => {
    const at = placeOf(x.name, loops, site);
    const after = dims.slice(i + 1).filter((y) => y.size !== 1);
    const stride = after.map(constantName).join(" * ");
    return stride === "" ? at : `${/^\w+$/.test(at) ? at : `(${at})`} * ${after.length > 1 ? `(${stride})` : stride}`;
  });
  return parts.length === 0 ? "0u" : parts.join(" + ");
}

/** One element of a tile or a flat kernel: values in order, stores last. */
export function printElement(body: readonly Stmt[], site: Site, placeFor: (param: number) => string, out: Lines): void {
  const stores: string[] = [];
  for (const s of body) {
    if (s.kind === "accumulate") {
      const sum = sumName(site.bindings.params[s.param]!.name);
      out.line(`${sum} = ${combine(s.how, sum, value(s.expr, new Map(), site, out))};`);
      continue;
    }
    if (s.kind !== "map") throw new Error(`a tile cannot hold ${s.kind}`);
    const name = s.to.local?.name ?? fresh(`new_${site.bindings.params[s.to.param!]!.name}`, site);
    out.line(`let ${name} = ${value(s.expr, new Map(), site, out)};`);
    if (s.to.param === undefined) continue;
    const whole = site.bindings.params[s.to.param]!.dtype === "i32";
    stores.push(site.bindings.write(s.to.param, placeFor(s.to.param), whole ? `i32(${name})` : name));
  }
  for (const text of stores) out.line(text);
}
