/** What row programs, flat kernels and the completion of sums mean, as C++ in f64: one function over units of the work. */
import type { Dim, FinishKernel, FlatKernel, Kernel, RowsKernel, Source, Stmt, Target } from "../../../5-plan/plan.js";
import { accumulates } from "../../gpu/chunks.js";
import { blocks, product } from "../../gpu/sizes.js";
import { type Lines, lines } from "../../lines.js";
import { literal, meaningOf, offset, read, type Spot, walker, within } from "./expressions.js";

/** A function's body over `a` and `unit`, and how many units there are. */
export interface Meaning {
  readonly body: string;
  readonly units: number;
}

/** What the meaning of a kernel depends on besides the plan. */
export interface MeaningContext {
  /** chunks that sums over rows are made in */
  readonly chunks: number;
  /** rows of a tile of sorted rows */
  readonly tileRows: number;
  /** parameters that are written twice, and the second place */
  readonly twins: ReadonlyMap<number, number>;
  /** elements of a flat kernel */
  readonly count: number;
}

/** `put(a[3], place, value);`, twice where the parameter has a twin. */
export function put(param: number, place: string, value: string, { twins }: Pick<MeaningContext, "twins">): string {
  const twin = twins.get(param);
  const first = `put(a[${param}], ${place}, ${value});`;
  return twin === undefined ? first : `${first} put(a[${twin}], ${place}, ${value});`;
}

/** A unit is a row, or a chunk of rows where sums are made over them. */
export function rowsMeaning(kernel: RowsKernel, context: MeaningContext): Meaning {
  const rows = product(kernel.domain);
  const { domain, body, params } = kernel;
  const spot = within({ params, places: new Map() }, domain);
  const print = (out: Lines): void => {
    domain.forEach((d, i) => {
      const after = product(domain.slice(i + 1));
      out.line(`[[maybe_unused]] const long long ${walker(d)} = row / ${after} % ${d.size};`);
    });
    for (const s of body) statement(s, spot, kernel, context, out);
  };
  return inChunks(body, rows, context, print);
}

/** A unit is an element, or a chunk of elements where sums are made over them. */
export function flatMeaning(kernel: FlatKernel, context: MeaningContext): Meaning {
  const { body, params } = kernel;
  const element = (dims: readonly Dim[]): string => (dims.length === 0 ? "0" : "row");
  const spot: Spot = { params, places: new Map(), element };
  return inChunks(body, context.count, context, (out) => elementStatements(body, spot, () => "row", context, out));
}

/** A unit is one number of the sums. */
export function finishMeaning({ how, size }: FinishKernel, context: MeaningContext): Meaning {
  const out = lines(2);
  out.line(`double all = ${literal(how === "sum" ? 0 : Number.NEGATIVE_INFINITY)};`);
  const share = `at(a[0], chunk * ${size} + unit)`;
  const next = how === "sum" ? `all + ${share}` : `std::fmax(all, ${share})`;
  out.line(`for (long long chunk = 0; chunk < ${context.chunks}; chunk++) all = ${next};`);
  out.line(put(1, "unit", "all", context));
  return { body: out.text(), units: size };
}

/** Prints `print` for one row, or, with sums, for all rows of a chunk. */
function inChunks(body: readonly Stmt[], rows: number, context: MeaningContext, print: (out: Lines) => void): Meaning {
  const out = lines(2);
  const sums = accumulates(body);
  if (sums.length === 0) {
    out.line(`[[maybe_unused]] const long long row = unit;`);
    print(out);
    return { body: out.text(), units: rows };
  }
  const per = blocks(rows, context.chunks);
  for (const s of sums) {
    const start = literal(s.how === "sum" ? 0 : Number.NEGATIVE_INFINITY);
    out.line(`std::vector<double> sums_${s.param}(${product(s.dims)}, ${start});`);
  }
  out.block(`for (long long row = unit * ${per}; row < std::min<long long>(${rows}, (unit + 1) * ${per}); row++)`, () =>
    print(out),
  );
  for (const s of sums) {
    const size = product(s.dims);
    out.line(
      `for (long long i = 0; i < ${size}; i++) ${put(s.param, `unit * ${size} + i`, `sums_${s.param}[i]`, context)}`,
    );
  }
  return { body: out.text(), units: context.chunks };
}

const combined = (how: "sum" | "max", a: string, b: string): string =>
  how === "sum" ? `${a} + ${b}` : `std::fmax(${a}, ${b})`;

/** Loops over axes, one in the other. */
function loops(dims: readonly Dim[], out: Lines, inner: () => void): void {
  const [first, ...rest] = dims;
  if (!first) return inner();
  const i = walker(first);
  out.block(`for (long long ${i} = 0; ${i} < ${first.size}; ${i}++)`, () => loops(rest, out, inner));
}

function statement(s: Stmt, spot: Spot, kernel: RowsKernel, context: MeaningContext, out: Lines): void {
  out.line(`// ${s.note}`);
  switch (s.kind) {
    case "map":
      return each(s.to, spot, context, out, (here) => meaningOf(s.expr, here));
    case "reduce":
      return each(s.to, spot, context, out, (here) => {
        out.line(`double total = ${literal(s.how === "sum" ? 0 : Number.NEGATIVE_INFINITY)};`);
        const inside = within(here, s.over);
        loops(s.over, out, () => out.line(`total = ${combined(s.how, "total", meaningOf(s.expr, inside))};`));
        return "total";
      });
    case "accumulate": {
      const inside = within(spot, [...s.dims, ...s.over]);
      const cell = `sums_${s.param}[${offset(s.dims, inside)}]`;
      return loops([...s.dims, ...s.over], out, () =>
        out.line(`${cell} = ${combined(s.how, cell, meaningOf(s.expr, inside))};`),
      );
    }
    case "pick":
      return each(s.to, spot, context, out, (here) => picked(s.from, s.index, here, out));
    case "topK":
      return best(s, spot, kernel, context, out);
    default:
      return s satisfies never;
  }
}

/** A value for each place of a target: kept for the row, stored, or both. */
function each(to: Target, spot: Spot, context: MeaningContext, out: Lines, value: (here: Spot) => string): void {
  const here = within(spot, to.dims);
  const size = product(to.dims);
  const kept = to.local?.name;
  if (kept !== undefined) out.line(to.dims.length === 0 ? `double ${kept};` : `std::vector<double> ${kept}(${size});`);
  out.block("", () =>
    loops(to.dims, out, () => {
      const dtype = to.local?.dtype ?? spot.params[to.param!]!.dtype;
      const found = value(here);
      out.line(`const double value = ${dtype === "i32" ? `std::trunc(${found})` : found};`);
      if (kept !== undefined) out.line(`${kept}${to.dims.length === 0 ? "" : `[${offset(to.dims, here)}]`} = value;`);
      if (to.param !== undefined) out.line(put(to.param, offset(spot.params[to.param]!.dims, here), "value", context));
    }),
  );
}

/** from[index], 0 where the index is negative. */
function picked(from: Source, index: Source, here: Spot, out: Lines): string {
  out.line(`const long long chosen = (long long)${read(index, here)};`);
  const missing = ("dims" in from ? from.dims : []).filter((d) => !here.places.has(d.name));
  const places = new Map([...here.places, ...missing.map((d) => [d.name, "chosen"] as const)]);
  return `(chosen < 0 ? 0.0 : ${read(from, { ...here, places })})`;
}

/** The numbers of the k largest, ties to the lowest; -1 where nothing above -inf is left. */
function best(
  s: Extract<Stmt, { kind: "topK" }>,
  spot: Spot,
  kernel: RowsKernel,
  context: MeaningContext,
  out: Lines,
): void {
  const axis = ("dims" in s.key ? s.key.dims : []).find((d) => !kernel.domain.some((x) => x.name === d.name))!;
  const kept = s.to.local?.name;
  if (kept !== undefined) out.line(`std::vector<double> ${kept}(${s.k});`);
  const keyAt = (i: string): string => read(s.key, { ...spot, places: new Map([...spot.places, [axis.name, i]]) });
  out.block("", () => {
    out.line(`std::vector<double> keys(${s.size});`);
    out.line(`std::vector<long long> order;`);
    out.block(`for (long long i = 0; i < ${s.size}; i++)`, () => {
      out.line(`keys[i] = ${keyAt("i")};`);
      out.line("if (keys[i] > -INFINITY) order.push_back(i);");
    });
    out.line(
      "std::stable_sort(order.begin(), order.end(), [&](long long x, long long y) { return keys[x] > keys[y]; });",
    );
    out.block(`for (long long k = 0; k < ${s.k}; k++)`, () => {
      out.line("const double value = k < (long long)order.size() ? (double)order[k] : -1.0;");
      if (kept !== undefined) out.line(`${kept}[k] = value;`);
      if (s.to.param === undefined) return;
      const { dims } = spot.params[s.to.param]!;
      const missing = dims.filter((d) => !spot.places.has(d.name));
      const places = new Map([...spot.places, ...missing.map((d) => [d.name, "k"] as const)]);
      out.line(put(s.to.param, offset(dims, { ...spot, places }), "value", context));
    });
  });
}

/** Statements about one element of a tile or a flat kernel: values in order, what outsiders need stored last. */
export function elementStatements(
  body: readonly Stmt[],
  spot: Spot,
  place: (param: number) => string,
  context: MeaningContext,
  out: Lines,
): void {
  const stores: string[] = [];
  for (const [n, s] of body.entries()) {
    if (s.kind === "accumulate") {
      const cell = `sums_${s.param}[0]`;
      out.line(`${cell} = ${combined(s.how, cell, meaningOf(s.expr, spot))};`);
      continue;
    }
    if (s.kind !== "map") throw new Error(`an element cannot hold ${(s as Kernel | Stmt).kind}`);
    const name = s.to.local?.name ?? `value_${n}`;
    out.line(`[[maybe_unused]] const double ${name} = ${meaningOf(s.expr, spot)};`);
    if (s.to.param !== undefined) stores.push(put(s.to.param, place(s.to.param), name, context));
  }
  for (const text of stores) out.line(text);
}
