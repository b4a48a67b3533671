/**
 * Spells what an expression reads at a point of a row: parameters, locals, rows found by index. What is read more than
 * once gets a name of its own first.
 */
import type { Dim, PExpr, Source, Stmt } from "../../5-plan/plan.js";
import { asNumber, type Leaves, type Piece, printExpr, tight } from "../../targets/c-like.js";
import type { Lines } from "../lines.js";
import { namesOf } from "../sources.js";
import { constantName } from "./names.js";
import { fresh, type Loops, type Site } from "./site.js";
import type { Spelling } from "./spelling.js";

/** Told of every piece of text that reads memory; may put a name in its place. */
type Look = (piece: Piece, base: string, kind: "index" | "load") => Piece;
const plainly: Look = (piece) => piece;

/** An expression at a point; indices, and what it reads more than once, get names of their own a line before. */
export function value(expr: PExpr, loops: Loops, site: Site, out: Lines): string {
  const names = new Map<string, string>();
  const named: Look = (piece) => (names.has(piece.text) ? tight(names.get(piece.text)!, piece.type) : piece);
  for (const kind of ["index", "load"] as const) {
    for (const [text, base] of readOften(expr, loops, site, kind, named)) {
      const name = fresh(`${base}_here`, site);
      out.line(site.spelling.fix(kind === "index" ? "i32" : "f32", name, text));
      names.set(text, name);
    }
  }
  return asNumber(printed(expr, loops, site, named), site.spelling.dialect).text;
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
  const { dialect, toFloat, count } = site.spelling;
  const number = (e: PExpr): string => asNumber(printed(e, loops, site, look), dialect).text;
  const leaves: Leaves = {
    load: (from) => load(from, loops, site, false, look),
    index: (axis) => tight(toFloat(placeOf(axis, loops, site)), "s"),
    random: (r) =>
      tight(
        `uniform_at(${number(r.seed)}, ${number(r.step)}, ${count(r.stream)}, ${offset(r.dims, loops, site)})`,
        "s",
      ),
  };
  return printExpr(expr, dialect, leaves);
}

function placeOf(axis: string, loops: Loops, site: Site): string {
  const at = loops.get(axis) ?? site.coordinates.get(axis);
  if (at === undefined) throw new Error(`axis ${axis} is not walked here`);
  return at;
}

/** A source at a point, as a number (or, with `integer`, as an i32). */
export function load(from: Source, loops: Loops, site: Site, integer: boolean, look: Look = plainly): Piece {
  if (from.in === "tile") return tight(site.tile!(from.output), "s");
  if (from.in === "local") return loadLocal(from, loops, site, integer, look);
  const p = site.bindings.params[from.param]!;
  if (from.gather && !site.at) return loadGathered(from, loops, site, look);
  const at = site.at ? site.at(from.dims) : offset(from.dims, loops, site);
  return look(converted(site.bindings.read(from.param, at), p.dtype, integer, site.spelling), p.name, "load");
}

/** A cell as the number that is wanted, whatever it is stored as. */
function converted(text: string, dtype: string, integer: boolean, { toInt, toFloat }: Spelling): Piece {
  const same = dtype === (integer ? "i32" : "f32");
  return tight(same ? text : integer ? toInt(text) : toFloat(text), "s");
}

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
  if (from.dims.length === 0) return converted(from.name, dtype, integer, site.spelling);
  return look(
    converted(`${from.name}[${offset(from.dims, loops, site)}]`, dtype, integer, site.spelling),
    from.name,
    "load",
  );
}

/** The expression of a map at the point where it is read, whatever the reader calls its axes. */
function computedAgain(
  map: Extract<Stmt, { kind: "map" }>,
  from: Extract<Source, { in: "local" }>,
  loops: Loops,
  site: Site,
): Piece {
  const { count } = site.spelling;
  const flat = offset(from.dims, loops, site);
  const same = namesOf(from.dims) === namesOf(map.to.dims);
  const inner = new Map(
    map.to.dims.map((x, i) => {
      if (same) return [x.name, placeOf(x.name, loops, site)] as const;
      const after = map.to.dims.slice(i + 1).reduce((n, y) => n * y.size, 1);
      return [x.name, `((${flat}) / ${count(after)} % ${count(x.size)})`] as const;
    }),
  );
  const piece = asNumber(printed(map.expr, inner, site, plainly), site.spelling.dialect);
  return piece.tight ? piece : tight(`(${piece.text})`, "s");
}

/** A row read by index: zero where the index is negative. */
function loadGathered(from: Extract<Source, { in: "param" }>, loops: Loops, site: Site, look: Look): Piece {
  const { index, divide, rest } = from.gather!;
  const { count, toIndex, choose, zero } = site.spelling;
  const indexName =
    index.in === "param" ? site.bindings.params[index.param]!.name : index.in === "local" ? index.name : "index";
  const row = look(load(index, loops, site, true), indexName, "index").text;
  const inner = from.dims.slice(from.dims.length - rest);
  const width = inner.map(constantName).join(" * ");
  const at = offset(inner, loops, site);
  const base = divide === 1 ? toIndex(row) : `${toIndex(row)} / ${count(divide)}`;
  const place = rest === 0 ? base : `${base} * ${rest > 1 ? `(${width})` : width}${at === count(0) ? "" : ` + ${at}`}`;
  const p = site.bindings.params[from.param]!;
  const cell = converted(site.bindings.read(from.param, place), p.dtype, false, site.spelling);
  return look(tight(choose(`${row} >= 0`, cell.text, zero), "s"), p.name, "load");
}

/** Row-major place of a point. */
export function offset(dims: readonly Dim[], loops: Loops, site: Site): string {
  const parts = dims.map((x, i) => {
    const at = placeOf(x.name, loops, site);
    const after = dims.slice(i + 1).filter((y) => y.size !== 1);
    const stride = after.map(constantName).join(" * ");
    return stride === "" ? at : `${/^\w+$/.test(at) ? at : `(${at})`} * ${after.length > 1 ? `(${stride})` : stride}`;
  });
  return parts.length === 0 ? site.spelling.count(0) : parts.join(" + ");
}
