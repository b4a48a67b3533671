/** Row programs, flat kernels and the completion of partial sums, in WGSL. */
import type { Dim, FinishKernel, FlatKernel, RowsKernel } from "../../5-plan/plan.js";
import type { WgslProfile } from "../../targets/wgsl/limits.js";
import { type Accumulate, accumulates } from "../gpu/chunks.js";
import { printElement } from "../gpu/element.js";
import { sharedLocals } from "../gpu/locals.js";
import { dimsOf } from "../gpu/names.js";
import { overflowing, rowSite, widest } from "../gpu/row-shape.js";
import { printRow } from "../gpu/rows.js";
import { elementSite } from "../gpu/site.js";
import { blocks, product } from "../gpu/sizes.js";
import { sumName } from "../gpu/sums.js";
import { lines } from "../lines.js";
import { fill } from "../templates.js";
import { type Bindings, bindParams } from "./bindings.js";
import { namedParams } from "./names.js";
import { wgslSpelling } from "./spelling.js";
import { assemble, type Context, grid, lanesFor, type WgslText } from "./view.js";

/** Rows whose inner axes are no longer than this are walked by one lane each. */
const LANE_ROW = 16;
const LANES_OF_ROWS = 32;

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
  printRow(kernel.body, rowSite(kernel, wgslSpelling, bindings, !perLane, again, out), out, bindings.rolled);
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
    team: teamFunctions(lanes, `${body} ${JSON.stringify(sumViews)}`, context.profile),
    folded: workgroups[1] > 1,
    perLane,
    sums: sumViews,
    reuse: shared.length > 0,
    note: perLane ? "Each lane walks a row of its own." : "",
    body,
  };
  return {
    code: assemble(kernel, "rows.wgsl", view, context, dims),
    passes: [{ entry: "main", workgroups, bindings: bindings.of() }],
  };
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

/** The functions of a workgroup that a text calls; by way of subgroups where there are any. */
function teamFunctions(lanes: number, text: string, { subgroups }: WgslProfile): string {
  const uses = { sum: text.includes("team_sum("), max: text.includes("team_max("), best: text.includes("team_best(") };
  return uses.sum || uses.max || uses.best
    ? fill(subgroups ? "wgsl/team-subgroups.wgsl" : "wgsl/team.wgsl", { lanes, ...uses })
    : "";
}

export function flatToWgsl(given: FlatKernel, context: Context): WgslText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = bindParams(kernel.params, context.choice);
  const sums = accumulates(kernel.body);
  const lanes = sums.length > 0 ? context.profile.invocations : 256;
  const out = lines(sums.length > 0 ? 4 : 2);
  const at = (dims: readonly Dim[]): string => (dims.length === 0 ? "0u" : "at");
  printElement(kernel.body, elementSite(wgslSpelling, bindings, at), () => "at", out);
  const long = kernel.params.findIndex(
    (p, i) => p.dims.length > 0 && p.dims[0]!.name !== "chunk" && !context.choice.pooled.has(i),
  );
  const chunks = sums.length > 0 ? context.chunks : 0;
  const sumViews = sums.map((s) => ({ ...sumView(s, bindings, true) }));
  const view = {
    declarations: bindings.declarations,
    lanes,
    chunks,
    team: teamFunctions(lanes, JSON.stringify(sumViews), context.profile),
    // bindings show exactly the tensor, so that one text serves tensors of every length
    count: `arrayLength(&${kernel.params[long]!.name})`,
    sums: sumViews,
    body: out.text(),
  };
  const workgroups = chunks > 0 ? ([chunks, 1, 1] as const) : { perWorkgroup: lanes };
  return {
    code: assemble(kernel, "flat.wgsl", view, context),
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
    team: single ? teamFunctions(lanes, `team_${kernel.how}(`, context.profile) : "",
    partial: bindings.read(0, single ? "chunk" : "chunk * SIZE + i"),
    store: bindings.write(1, single ? "0u" : "i", "all"),
  };
  const workgroups = [single ? 1 : blocks(kernel.size, lanes), 1, 1] as const;
  return {
    code: assemble(kernel, "finish.wgsl", view, context),
    passes: [{ entry: "main", workgroups, bindings: bindings.of() }],
  };
}
