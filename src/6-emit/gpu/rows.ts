/**
 * Spells row programs for GPUs. A row belongs to a team of lanes (inner axes are dealt out over them, sums meet in
 * memory the team shares) or to one lane, which walks the axes itself. Barriers stand where a lane may read what
 * another wrote, and nowhere else. Tiles and flat kernels are spelled by `element.ts`.
 */
import type { Dim, Source, Stmt, Target } from "../../5-plan/plan.js";
import { asNumber } from "../../targets/c-like.js";
import type { Lines } from "../lines.js";
import { isShort, namesOf, sharedDims, sourcesOf } from "../sources.js";
import { declare } from "./locals.js";
import { constantName, loopName } from "./names.js";
import { covers, loopHead, printSum, type Rolled } from "./repeats.js";
import { fresh, type Loops, type Site } from "./site.js";
import { product } from "./sizes.js";
import type { Wave } from "./spelling.js";
import { combine, startOf, sumName } from "./sums.js";
import { printTopK } from "./top-k.js";
import { load, offset, value } from "./values.js";

/** Statements in their order; `repeats` are printed as loops. */
export function printRow(body: readonly Stmt[], site: Site, out: Lines, repeats: readonly Rolled[] = []): void {
  const fresh: Fresh = new Map();
  for (const [i, s] of body.entries()) {
    const repeat = repeats.find((r) => covers(r, i));
    if (!repeat || repeat.period === 0) printOne(s, site, fresh, out, repeat);
    else if (repeat.at === i) printRepeat(repeat, body, site, fresh, out);
  }
}

function printOne(s: Stmt, site: Site, fresh: Fresh, out: Lines, sum?: Rolled): void {
  if (s.kind === "map" && s.to.local && site.again.has(s.to.local.name)) return;
  if (site.team) meet(s, site, fresh, out);
  out.line(`// ${s.note}`);
  printStatement(sum ? printSum(s, sum, site, out) : s, site, out);
  if (site.team) remember(s, fresh, waveFor(s, site) !== undefined);
}

/** A loop whose iterations share nothing that they write. */
function printRepeat(repeat: Rolled, body: readonly Stmt[], site: Site, fresh: Fresh, out: Lines): void {
  const { at, period, params, bindings } = repeat;
  if (params.flat().some((p) => fresh.has(`p${p}`))) {
    out.line(site.spelling.meet("storage"));
    fresh.clear();
  }
  out.block(loopHead(repeat, site.spelling), () => {
    out.line(`// ${params[0]!.map((p) => site.bindings.params[p]!.name).join(", ")}, and so on`);
    for (const s of body.slice(at, at + period)) printOne(s, { ...site, bindings }, fresh, out);
  });
  for (const row of params.slice(1))
    row.forEach((p, j) => {
      const written = fresh.get(`p${params[0]![j]!}`);
      if (written) fresh.set(`p${p}`, written);
    });
}

/** What was written since the last barrier, and along which axes it was dealt out. */
type Fresh = Map<string, { readonly dims: string; readonly storage: boolean }>;

/** A barrier, if the statement reads what other lanes wrote. */
function meet(s: Stmt, site: Site, fresh: Fresh, out: Lines): void {
  const mine = waveFor(s, site) ? undefined : sharedDims(s);
  const picks = s.kind === "pick" || s.kind === "topK";
  const late = sourcesOf(s)
    .flatMap((from) => through(from, site))
    .map((from) => ({ from, written: fresh.get(keyOf(from)) }))
    .filter(({ from, written }) => written !== undefined && (picks || !sameLane(from, written.dims, mine, site)));
  if (late.length === 0) return;
  if (late.some(({ written }) => written!.storage)) out.line(site.spelling.meet("storage"));
  if (late.some(({ written }) => !written!.storage)) out.line(site.spelling.meet("shared"));
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

/** `byWaves`: no lane has an element to itself. */
function remember(s: Stmt, fresh: Fresh, byWaves: boolean): void {
  if (s.kind === "accumulate") return;
  const dims = s.kind === "topK" || byWaves ? "" : namesOf(s.to.dims);
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
function printTotal(s: Reduce, site: Site, out: Lines): void {
  const name = s.to.local?.name ?? fresh(`t_${site.bindings.params[s.to.param!]!.name}`, site);
  const share = fresh(`${name}_share`, site);
  const add = (loops: Loops): void =>
    out.line(`${share} = ${combine(s.how, share, value(s.expr, loops, site, out), site)};`);
  out.line(site.spelling.vary("f32", share, startOf(s.how, site)));
  if (!site.team || isShort(s.over)) walk(s.over, new Map(), site, out, add);
  else deal(s.over, site, out, add);
  const total = site.team && !isShort(s.over) ? site.spelling.together(s.how, share) : share;
  storeScalar(s.to, total, site, out, name);
}

/** Turns that the lanes of a wave take to add up their shares. */
const TURNS_TO_MEET = 6;

type Reduce = Extract<Stmt, { kind: "reduce" }>;

/** Few sums of many numbers: with a lane for each, most would stand idle, and none would read what is side by side. */
function waveFor(s: Stmt, { team, spelling: { wave } }: Site): Wave | undefined {
  if (!team || !wave || s.kind !== "reduce" || s.to.dims.length === 0) return undefined;
  const [sums, numbers] = [product(s.to.dims), product(s.over)];
  const turns = Math.ceil(sums / wave.waves) * (Math.ceil(numbers / wave.lanes) + TURNS_TO_MEET);
  return turns < Math.ceil(sums / (wave.lanes * wave.waves)) * numbers ? wave : undefined;
}

/** Waves take turns with the sums; the first lane of each has the result. */
function printByWaves(s: Reduce, wave: Wave, site: Site, out: Lines): void {
  const { spelling } = site;
  dealTo(wave.number, wave.count, s.to.dims, site, out, (loops) => {
    out.line(spelling.vary("f32", "share", startOf(s.how, site)));
    dealTo(
      wave.lane,
      spelling.count(wave.lanes),
      s.over,
      site,
      out,
      (inner) => {
        const places = new Map([...loops, ...inner]);
        out.line(`share = ${combine(s.how, "share", value(s.expr, places, site, out), site)};`);
      },
      "j",
    );
    out.line(spelling.fix("f32", "sum", wave.together(s.how, "share")));
    out.block(`if (${wave.lane} == 0)`, () => storeAt(s.to, "sum", loops, site, out));
  });
}

/** Many sums: each element has its lane. */
function printTotals(s: Reduce, site: Site, out: Lines): void {
  const wave = waveFor(s, site);
  if (wave) return printByWaves(s, wave, site, out);
  declare(s.to, site, out);
  deal(s.to.dims, site, out, (loops) => {
    out.line(site.spelling.vary("f32", "sum", startOf(s.how, site)));
    walk(s.over, loops, site, out, (inner) =>
      out.line(`sum = ${combine(s.how, "sum", value(s.expr, inner, site, out), site)};`),
    );
    storeAt(s.to, "sum", loops, site, out);
  });
}

/** Adds the row's contribution to the partial sums of its chunk; those of single numbers stay in registers. */
function printAccumulate(s: Extract<Stmt, { kind: "accumulate" }>, site: Site, out: Lines): void {
  const p = site.bindings.params[s.param]!;
  if (!site.team && s.dims.length > 0) return addInRegisters(s, sumName(p.name), site, out);
  if (s.dims.length > 0) {
    const size = s.dims.reduce((n, x) => n * x.size, 1);
    deal(s.dims, site, out, (loops) => {
      const at = `chunk * ${site.spelling.count(size)} + ${offset(s.dims, loops, site)}`;
      out.line(site.spelling.fix("index", "cell", at));
      out.line(site.spelling.vary("f32", "sum", site.bindings.read(s.param, "cell")));
      walk(s.over, loops, site, out, (inner) =>
        out.line(`sum = ${combine(s.how, "sum", value(s.expr, inner, site, out), site)};`),
      );
      out.line(site.bindings.write(s.param, "cell", "sum"));
    });
    return;
  }
  const sum = sumName(p.name);
  const add = (loops: Loops): void =>
    out.line(`${sum} = ${combine(s.how, sum, value(s.expr, loops, site, out), site)};`);
  if (!site.team || isShort(s.over)) return walk(s.over, new Map(), site, out, add);
  const share = fresh(`${sum}_share`, site);
  out.line(site.spelling.vary("f32", share, startOf(s.how, site)));
  deal(s.over, site, out, (loops) =>
    out.line(`${share} = ${combine(s.how, share, value(s.expr, loops, site, out), site)};`),
  );
  out.line(`${sum} = ${combine(s.how, sum, site.spelling.together(s.how, share), site)};`);
}

/** A lane that walks rows of its own keeps their sums to itself until the end. */
function addInRegisters(s: Extract<Stmt, { kind: "accumulate" }>, name: string, site: Site, out: Lines): void {
  walk([...s.dims, ...s.over], new Map(), site, out, (loops) => {
    const cell = `${name}[${offset(s.dims, loops, site)}]`;
    out.line(`${cell} = ${combine(s.how, cell, value(s.expr, loops, site, out), site)};`);
  });
}

function printPick(s: Extract<Stmt, { kind: "pick" }>, site: Site, out: Lines): void {
  const { fix, toIndex, choose, zero, dialect } = site.spelling;
  const one = (loops: Loops): string => {
    const chosen = fresh("chosen", site);
    out.line(fix("i32", chosen, load(s.index, loops, site, true).text));
    const places = new Map(loops);
    for (const x of "dims" in s.from ? s.from.dims : []) {
      if (!places.has(x.name) && !site.coordinates.has(x.name)) places.set(x.name, toIndex(chosen));
    }
    return choose(`${chosen} >= 0`, asNumber(load(s.from, places, site, false), dialect).text, zero);
  };
  if (s.to.dims.length === 0) return storeScalar(s.to, one(new Map()), site, out);
  declare(s.to, site, out);
  deal(s.to.dims, site, out, (loops) => storeAt(s.to, one(loops), loops, site, out));
}

/** Elements dealt out over the lanes of a team, or walked by the one lane there is. */
function deal(dims: readonly Dim[], site: Site, out: Lines, inner: (loops: Loops) => void): void {
  if (!site.team) return walk(dims, new Map(), site, out, inner);
  dealTo("lane", "LANES", dims, site, out, inner);
}

/** Elements dealt out over so many, of whom this is the nth; `at` counts those of several axes. */
function dealTo(
  nth: string,
  many: string,
  dims: readonly Dim[],
  site: Site,
  out: Lines,
  inner: (loops: Loops) => void,
  at = "i",
): void {
  const { counter, fix } = site.spelling;
  const size = dims.map(constantName).join(" * ");
  const [only] = dims;
  if (dims.length === 1) {
    const name = loopName(only!);
    out.block(`for (${counter(name, nth)}; ${name} < ${size}; ${name} += ${many})`, () =>
      inner(new Map([[only!.name, name]])),
    );
    return;
  }
  out.block(`for (${counter(at, nth)}; ${at} < ${size}; ${at} += ${many})`, () => {
    const loops = new Map<string, string>();
    dims.forEach((x, n) => {
      const after = dims
        .slice(n + 1)
        .map(constantName)
        .join(" * ");
      const divided = after === "" ? at : `${at} / ${dims.length - n > 2 ? `(${after})` : after}`;
      const place = n === 0 ? divided : after === "" ? `${at} % ${constantName(x)}` : `${divided} % ${constantName(x)}`;
      out.line(fix("index", loopName(x), place));
      loops.set(x.name, loopName(x));
    });
    inner(loops);
  });
}

/** Plain loops, one element after another. */
function walk(dims: readonly Dim[], loops: Loops, site: Site, out: Lines, inner: (loops: Loops) => void): void {
  const [first, ...rest] = dims;
  if (!first) return inner(loops);
  const name = loopName(first);
  const next = new Map(loops).set(first.name, name);
  const { counter, count } = site.spelling;
  const head = `for (${counter(name, count(0))}; ${name} < ${constantName(first)}; ${name}++)`;
  out.block(head, () => walk(rest, next, site, out, inner));
}

function storeScalar(to: Target, text: string, site: Site, out: Lines, given?: string): void {
  const dtype = to.local?.dtype ?? site.bindings.params[to.param!]!.dtype;
  const name = to.local?.name ?? given ?? fresh(`t_${site.bindings.params[to.param!]!.name}`, site);
  const whole = dtype === "i32";
  out.line(site.spelling.fix(whole ? "i32" : "f32", name, whole ? site.spelling.toInt(text) : text));
  if (to.param === undefined) return;
  const write = site.bindings.write(to.param, offset(site.bindings.params[to.param]!.dims, new Map(), site), name);
  out.line(site.team ? `if (lane == ${site.spelling.count(0)}) { ${write} }` : write);
}

function storeAt(to: Target, text: string, loops: Loops, site: Site, out: Lines): void {
  const convert = (dtype: string) => (dtype === "i32" ? site.spelling.toInt(text) : text);
  if (to.local) out.line(`${to.local.name}[${offset(to.dims, loops, site)}] = ${convert(to.local.dtype)};`);
  if (to.param === undefined) return;
  const p = site.bindings.params[to.param]!;
  out.line(site.bindings.write(to.param, offset(p.dims, loops, site), convert(p.dtype)));
}
