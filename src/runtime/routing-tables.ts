/**
 * The routing tables of a design, by the names they have in checkpoints (`layers.3.mixture.visible`): drawn from token
 * counts before training, or read from a checkpoint afterwards.
 */
import type { Design, Table } from "../2-design/design.js";
import type { FileHost } from "../host/host.js";
import { folderOf } from "../host/paths.js";
import { fileInProject, readTableFile } from "./table-file.js";
import { makeTable, needsCounts, type RoutingTable } from "./tables.js";
import { readCounts } from "./token-counts.js";

/** V×E of 0 and 1 for every table of every layer. */
export type TablesByName = ReadonlyMap<string, Uint8Array>;

export interface TableUse {
  /** name of the buffer, `layers.3.mixture.visible` */
  readonly buffer: string;
  readonly layer: number;
  readonly table: string;
}

/** Where a design uses its tables, layer by layer. */
export function tableUses(design: Design): readonly TableUse[] {
  const blocks = (design.model?.stack ?? []).flatMap(({ count, block }) => new Array<string>(count).fill(block));
  return blocks.flatMap((block, layer) =>
    (design.blocks[block]?.steps ?? []).flatMap(({ kind, part }) => {
      const rules = kind === "mixture" ? design.mixtures[part]!.router.rules : [];
      const names = new Set(rules.filter(({ rule }) => rule === "table").map(({ args }) => String(args.table)));
      return [...names].map((table) => ({ buffer: bufferName(layer, part, table), layer, table }));
    }),
  );
}

function bufferName(layer: number, part: string, table: string): string {
  return `layers.${layer}.${part.toLowerCase()}.${table.toLowerCase()}`;
}

/** Whether the tables that a design uses cannot be drawn without token counts. */
export function designNeedsCounts(design: Design): boolean {
  return tableUses(design).some(({ table: name }) => {
    const table = design.tables[name]!;
    return table.counts?.kind !== "file" && needsCounts(table);
  });
}

export interface DrawnTables {
  readonly byName: TablesByName;
  /** by the table's name, for people */
  readonly made: ReadonlyMap<string, RoutingTable>;
}

/** Draws every table that the model uses; errors are those of `makeTable` and `readTableFile`. */
export function drawTables(host: FileHost, design: Design, counts?: ArrayLike<number>): DrawnTables {
  const uses = tableUses(design);
  const made = new Map<string, RoutingTable>();
  for (const { table: name } of uses) {
    if (made.has(name)) continue;
    const layers = uses.filter(({ table }) => table === name).length;
    made.set(name, drawTable(host, design, design.tables[name]!, layers, counts));
  }
  const seen = new Map<string, number>();
  const byName = uses.map(({ buffer, table }): [string, Uint8Array] => {
    const nth = seen.get(table) ?? 0;
    seen.set(table, nth + 1);
    return [buffer, made.get(table)!.visible[nth]!];
  });
  return { byName: new Map(byName), made };
}

function drawTable(host: FileHost, design: Design, table: Table, layers: number, ofData?: ArrayLike<number>) {
  const { name, tiers, assign } = table;
  const [vocab, experts] = [design.model!.vocab, design.mixtures[table.of]!.expertCount];
  const counts = table.counts?.kind === "file" ? fileCounts(host, design, table.counts.path) : ofData;
  const options = { name, vocab, experts, layers, tiers, assign, counts };
  if (assign.kind !== "file") return makeTable(options);
  const file = { path: assign.path, ...placeOf(design), vocab, experts, layers };
  return makeTable(options, readTableFile(host, file));
}

/** Files that a spec names lie in the project, beside the spec or below. */
export const placeOf = ({ spec }: Design) => ({ folder: folderOf(spec.path), project: "." });

function fileCounts(host: FileHost, design: Design, path: string): Float64Array {
  return readCounts(host, fileInProject(host, { path, ...placeOf(design) }), design.model!.vocab);
}
