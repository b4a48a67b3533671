/** Fills the buffers that never change: routing tables and the angles of rotary positions. */
import type { DataSource } from "../3-graph/graph.js";
import type { Buffer } from "../5-plan/plan.js";
import type { Engine } from "./engine.js";
import type { TablesByName, TableUse } from "./routing-tables.js";

/** Writes every data buffer of the plan. */
export function fillData(engine: Engine, tables: TablesByName, uses: readonly TableUse[]): void {
  for (const buffer of engine.kept("data")) {
    if (buffer.source === undefined) throw new Error(`nobody says what ${buffer.name} holds`);
    engine.view("data", buffer.name).set(dataOf(buffer.source, buffer, tables, uses));
  }
}

/** The numbers of one data buffer. */
export function dataOf(
  source: DataSource,
  { dims }: Pick<Buffer, "dims">,
  tables: TablesByName,
  uses: readonly TableUse[],
): ArrayLike<number> {
  const [rows = 1, columns = 1] = dims.map(({ size }) => size);
  if (source.kind === "rope") return ropeAngles(source, rows, columns);
  const use = uses.find(({ layer, table }) => layer === source.layer && table === source.table);
  const visible = use && tables.get(use.buffer);
  if (visible === undefined) throw new Error(`there is no table ${source.table} in layer ${source.layer}`);
  if (source.form === "visible") return visible;
  return expertsOf(visible, rows, visible.length / rows, columns, source.form === "choices" ? 2 : 1);
}

/** [S, headDim/2]: the cosine or sine of p · base^(−2j/headDim). */
function ropeAngles({ base, part }: { base: number; part: "cos" | "sin" }, positions: number, pairs: number) {
  const turn = part === "cos" ? Math.cos : Math.sin;
  return Float32Array.from({ length: positions * pairs }, (_, at) => {
    const [position, pair] = [Math.floor(at / pairs), at % pairs];
    return turn(position * base ** (-pair / pairs));
  });
}

/** [V, n]: the experts of each id in ascending order, −1 where an id has fewer, and for ids with less than `least`. */
function expertsOf(visible: Uint8Array, ids: number, experts: number, most: number, least: number): Int32Array {
  const found = new Int32Array(ids * most).fill(-1);
  for (let id = 0; id < ids; id++) {
    let count = 0;
    for (let expert = 0; expert < experts && count < most; expert++) {
      if (visible[id * experts + expert] === 1) found[id * most + count++] = expert;
    }
    if (count < least) found.fill(-1, id * most, (id + 1) * most);
  }
  return found;
}
