/** Weight gradients in WGSL: products whose inner axis is the rows, of one expert each where there are experts. */
import type { Operand, OuterKernel } from "../../5-plan/plan.js";
import { blocks } from "../gpu/sizes.js";
import { lines } from "../lines.js";
import { bindParams } from "./bindings.js";
import { type Block, type BlockRead, quadParams, readBlock } from "./blocks.js";
import { loadFunction, multiply, sumsView } from "./lane-sums.js";
import { inQuads, lookedUp } from "./matmul.js";
import { type Tile, tileFor } from "./matmul-tiles.js";
import { namedParams } from "./names.js";
import { assemble, type Context, type WgslText } from "./view.js";

export function outerToWgsl(given: OuterKernel, context: Context): WgslText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const { a, b, store, group, m, n } = kernel;
  const others = new Set([store.param, group?.offsets ?? -1, a.gather?.param ?? -1, b.gather?.param ?? -1]);
  const quads = quadParams(kernel.params, [a, b], others, context.choice);
  const bindings = bindParams(kernel.params, inQuads(context.choice, quads));
  const tile = tileFor({ rows: m, columns: n, paired: false, grouped: false }, context.profile);
  const panels = context.profile.tiles === "panels";
  const lead = group ? "expert" : "batch";
  const many = (group?.experts ?? kernel.batch) > 1 || group !== undefined;
  const read = (o: Operand, name: "a" | "b", places: number): Block => {
    const line = (k: string): string => (kernel.batch > 1 ? `batch * ${kernel.k}u + ${k}` : k);
    const { gather } = o;
    const count = name === "a" ? m : n;
    const block: BlockRead = {
      operand: o,
      name,
      place: name === "a" ? "row" : "column",
      places,
      placeEnd: `${count}u`,
      wholePlaces: count % 4 === 0,
      k: "k",
      kEnd: "end_k",
      // an expert's rows begin and end anywhere
      inside: !group && kernel.k % tile.depth === 0,
      wholeSteps: !group && kernel.k % 4 === 0,
      zeroBeyond: name === "a",
      lead: many ? { index: lead, stride: o.batchStride } : undefined,
      ...(gather && { kSource: (k: string) => lookedUp(bindings.read(gather.param, line(k)), gather.divide) }),
    };
    return readBlock(block, bindings, quads);
  };
  const at = `${many && store.batchStride > 0 ? `${lead} * ${store.batchStride}u + ` : ""}row * ${store.stride}u + column`;
  const view = {
    ...sumsView(tile, 1),
    declarations: bindings.declarations,
    m,
    n,
    lead,
    begin: group ? `u32(${bindings.read(group.offsets, "expert")})` : "0u",
    end: group ? `u32(${bindings.read(group.offsets, "expert + 1u")})` : `${kernel.k}u`,
    grouped: group !== undefined,
    store: bindings.write(store.param, at, "product0"),
    ...(panels
      ? {
          loadA: indented(loadFunction(read(a, "a", 4))),
          loadB: indented(loadFunction(read(b, "b", 4))),
          byRowsA: a.major === "other",
          byColumnsB: b.major === "other",
        }
      : { loop: laneLoop(read(a, "a", tile.laneRows), read(b, "b", tile.laneColumns), tile) }),
  };
  const workgroups = [blocks(n, tile.columns), blocks(m, tile.rows), group?.experts ?? kernel.batch] as const;
  return {
    code: assemble(kernel, panels ? "outer.wgsl" : "outer-lanes.wgsl", view, context),
    passes: [{ entry: "main", workgroups, bindings: bindings.of() }],
  };
}

const indented = (all: readonly string[]): string => all.map((line) => `  ${line}`).join("\n");

/** The loop of a lane that reads its own operands. */
function laneLoop(a: Block, b: Block, tile: Tile): string {
  const out = lines(2);
  for (const line of [...a.before, ...b.before]) out.line(line);
  out.block("for (var k = begin_k; k < end_k; k += 4u)", () => {
    for (const line of [...a.within, ...b.within, ...multiply(a, [b], tile)]) out.line(line);
  });
  return out.text();
}
