/** Row programs, flat kernels and the completion of partial sums, in WGSL. */
import type { Dim, FinishKernel, FlatKernel, Kernel, RowsKernel, Stmt } from "../../5-plan/plan.js";
import { lines } from "../lines.js";
import { fill } from "../templates.js";
import { type Bindings, bindParams } from "./bindings.js";
import { dimsOf, loopName, namedParams } from "./names.js";
import { integerLocals, printElement, printRow, type Site, sharedLocals, sumName } from "./statements.js";
import { assemble, blocks, type Context, grid, lanesFor, product, type WgslText } from "./view.js";

/**
 * How many chunks the rows of a plan are summed in: many, so that many workgroups share them, but no more than
 * there is work or memory for. One number for all kernels, because those that finish sums serve many of them.
 */
export function chunksOf(kernels: readonly Kernel[]): number {
  const sums = kernels.flatMap((k) =>
    k.kind === "rows" ? accumulates(k.body).map((s) => ({ rows: product(k.domain), size: product(s.dims) })) : [],
  );
  const rows = Math.max(1, ...sums.map((s) => s.rows));
  const size = Math.max(1, ...sums.map((s) => s.size));
  const most = size <= 8192 ? 256 : size <= 65_536 ? 64 : 32;
  let chunks = 32;
  while (chunks < most && chunks * 8 < rows) chunks *= 2;
  return chunks;
}

/** Rows whose inner axes are no longer than this are walked by one lane each. */
const LANE_ROW = 16;
const LANES_OF_ROWS = 32;

type Accumulate = Extract<Stmt, { kind: "accumulate" }>;
const accumulates = (body: readonly Stmt[]): Accumulate[] =>
  body.filter((s): s is Accumulate => s.kind === "accumulate");

export function rowsToWgsl(given: RowsKernel, context: Context): WgslText {
  const dims = dimsOf(given);
  const kernel = { ...given, params: namedParams(given.params, dims) };
  const bindings = bindParams(kernel.params, context.choice);
  const sums = accumulates(kernel.body);
  const perLane = kernel.domain.length > 0 && widest(kernel) <= LANE_ROW;
  const rows = product(kernel.domain);
  const chunks = sums.length > 0 ? context.chunks : 0;
  const lanes = perLane ? LANES_OF_ROWS : lanesFor(widest(kernel), context.profile);
  const again = perLane ? new Set<string>() : overflowing(kernel.body, context.profile.workgroupMemory - 8 * lanes);
  const shared = perLane ? [] : sharedLocals(kernel.body, again);
  const out = lines(chunks > 0 ? 4 : 2);
  printRow(kernel.body, siteOf(kernel, bindings, !perLane, again, out), out);
  const body = out.text();
  const workgroups =
    chunks > 0
      ? ([chunks, 1, 1] as [number, number, number])
      : grid(perLane ? blocks(rows, lanes) : rows, context.profile);
  const sumViews = sums.map((s) => sumView(s, bindings, perLane));
  const view = {
    declarations: bindings.declarations,
    rows: kernel.domain.length > 0 ? rows : undefined,
    chunks,
    perChunk: chunks > 0 ? blocks(rows, chunks) : 0,
    lanes,
    shared,
    team: teamFunctions(lanes, `${body} ${JSON.stringify(sumViews)}`),
    folded: workgroups[1] > 1,
    perLane,
    sums: sumViews,
    reuse: shared.length > 0,
    note: perLane ? "Each lane walks a row of its own." : "",
    body,
  };
  return {
    code: assemble(kernel, "rows.wgsl", view, context.from, dims),
    passes: [{ entry: "main", workgroups, bindings: bindings.of() }],
  };
}

/** The most elements that one statement deals out or keeps. */
function widest(kernel: RowsKernel): number {
  const size = (s: Stmt): number => {
    if (s.kind === "topK") return s.size;
    if (s.kind === "accumulate") return product([...s.dims, ...s.over]);
    if (s.kind === "reduce") return product([...s.to.dims, ...s.over]);
    return product(s.to.dims);
  };
  return Math.max(1, ...kernel.body.map(size));
}

/** Locals that do not fit into workgroup memory, largest first; only maps can be computed again. */
function overflowing(body: readonly Stmt[], bytes: number): Set<string> {
  const maps = new Set(
    body.flatMap((s) => (s.kind === "map" && s.to.local && s.to.param === undefined ? [s.to.local.name] : [])),
  );
  const again = new Set<string>();
  const used = () => sharedLocals(body, again).reduce((n, l) => n + 4 * l.size, 0);
  const order = sharedLocals(body, again)
    .filter((l) => maps.has(l.name))
    .sort((a, b) => b.size - a.size);
  for (const l of order) if (used() > bytes) again.add(l.name);
  return again;
}

function siteOf(
  kernel: RowsKernel,
  bindings: Bindings,
  team: boolean,
  again: ReadonlySet<string>,
  out: ReturnType<typeof lines>,
): Site {
  const maps = kernel.body.flatMap((s) =>
    s.kind === "map" && s.to.local && again.has(s.to.local.name) ? [[s.to.local.name, s] as const] : [],
  );
  const coordinates = rowCoordinates(kernel.domain, out);
  const locals = kernel.body.flatMap((s) => (s.kind !== "accumulate" && s.to.local ? [s.to.local.name] : []));
  const taken = new Set([...bindings.params.map((p) => p.name), ...locals]);
  return { bindings, coordinates, team, again: new Map(maps), locals: integerLocals(kernel.body), taken };
}

/** Where a row stands on each of its axes; printed where that takes a division. */
function rowCoordinates(domain: readonly Dim[], out: ReturnType<typeof lines>): Map<string, string> {
  const [outer, inner] = domain;
  if (!outer) return new Map();
  if (!inner) return new Map([[outer.name, "row"]]);
  out.line(`let ${loopName(outer)} = row / ${inner.size}u;`);
  out.line(`let ${loopName(inner)} = row % ${inner.size}u;`);
  return new Map([
    [outer.name, loopName(outer)],
    [inner.name, loopName(inner)],
  ]);
}

/** Where a partial sum is kept during a chunk, and how it is put down at its end. */
function sumView(s: Accumulate, bindings: Bindings, perLane: boolean): object {
  const p = bindings.params[s.param]!;
  const size = product(s.dims);
  const start = s.how === "sum" ? "0.0" : "LOWEST";
  const register = sumName(p.name);
  const put = (at: string, total: string): string => `if (lane == 0u) { ${bindings.write(s.param, at, total)} }`;
  if (s.dims.length === 0) {
    const total = perLane ? `team_${s.how}(lane, ${register})` : register;
    const name = `total_${p.name}`;
    return { register, initial: start, finish: [`let ${name} = ${total};`, put("chunk", name)] };
  }
  if (!perLane) return { size, clear: bindings.write(s.param, `chunk * ${size}u + i`, start), finish: [] };
  const finish = Array.from({ length: size }, (_, i) => {
    const name = `total_${p.name}_${i}`;
    return [`let ${name} = team_${s.how}(lane, ${register}[${i}]);`, put(`chunk * ${size}u + ${i}u`, name)];
  });
  const initial = `array<f32, ${size}>(${Array.from({ length: size }, () => start).join(", ")})`;
  return { register, initial, finish: finish.flat() };
}

/** The functions of a workgroup that a text calls. */
export function teamFunctions(lanes: number, text: string): string {
  const uses = { sum: text.includes("team_sum("), max: text.includes("team_max("), best: text.includes("team_best(") };
  return uses.sum || uses.max || uses.best ? fill("wgsl/team.wgsl", { lanes, ...uses }) : "";
}

export function flatToWgsl(given: FlatKernel, context: Context): WgslText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = bindParams(kernel.params, context.choice);
  const sums = accumulates(kernel.body);
  const lanes = sums.length > 0 ? context.profile.invocations : 256;
  const out = lines(sums.length > 0 ? 4 : 2);
  const at = (dims: readonly Dim[]): string => (dims.length === 0 ? "0u" : "at");
  const taken = new Set(kernel.params.map((p) => p.name));
  const site: Site = { bindings, coordinates: new Map(), team: false, again: new Map(), locals: new Map(), at, taken };
  printElement(kernel.body, site, () => "at", out);
  const long = kernel.params.findIndex(
    (p, i) => p.dims.length > 0 && p.dims[0]!.name !== "chunk" && !context.choice.pooled.has(i),
  );
  const chunks = sums.length > 0 ? context.chunks : 0;
  const sumViews = sums.map((s) => ({ ...sumView(s, bindings, true) }));
  const view = {
    declarations: bindings.declarations,
    lanes,
    chunks,
    team: teamFunctions(lanes, JSON.stringify(sumViews)),
    // bindings show exactly the tensor, so that one text serves tensors of every length
    count: `arrayLength(&${kernel.params[long]!.name})`,
    sums: sumViews,
    body: out.text(),
  };
  const workgroups = chunks > 0 ? ([chunks, 1, 1] as const) : { perWorkgroup: lanes };
  return {
    code: assemble(kernel, "flat.wgsl", view, context.from),
    passes: [{ entry: "main", workgroups, bindings: bindings.of() }],
  };
}

export function finishToWgsl(given: FinishKernel, context: Context): WgslText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = bindParams(kernel.params, context.choice);
  const { chunks } = context;
  const single = kernel.size === 1;
  const lanes = 64;
  const start = kernel.how === "sum" ? "0.0" : "LOWEST";
  const view = {
    declarations: bindings.declarations,
    chunks,
    size: kernel.size,
    lanes,
    single,
    start,
    how: kernel.how,
    max: kernel.how === "max",
    team: single ? teamFunctions(lanes, `team_${kernel.how}(`) : "",
    partial: bindings.read(0, single ? "chunk" : "chunk * SIZE + i"),
    store: bindings.write(1, single ? "0u" : "i", "all"),
  };
  const workgroups = [single ? 1 : blocks(kernel.size, lanes), 1, 1] as const;
  return {
    code: assemble(kernel, "finish.wgsl", view, context.from),
    passes: [{ entry: "main", workgroups, bindings: bindings.of() }],
  };
}
