/** Where a piece of GPU code stands: whose row it works on, how memory is reached there, which names are taken. */
import type { Dim, Stmt } from "../../5-plan/plan.js";
import type { Access, Spelling } from "./spelling.js";

export interface Site {
  readonly spelling: Spelling;
  readonly bindings: Access;
  /** text of the coordinates that are the row's: `row`, `i_e` */
  readonly coordinates: ReadonlyMap<string, string>;
  /** whether several lanes share the row */
  readonly team: boolean;
  /** maps that are computed again by whoever reads them, for want of shared memory */
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
export type Loops = ReadonlyMap<string, string>;

/** A free name, remembered. */
export function fresh(base: string, site: Site): string {
  let name = base;
  for (let i = 2; site.taken.has(name); i++) name = `${base}_${i}`;
  site.taken.add(name);
  return name;
}

/** A site in a tile or a flat kernel: every parameter is read at one place. */
export function elementSite(
  spelling: Spelling,
  bindings: Access,
  at: (dims: readonly Dim[]) => string,
  tile?: (output: number) => string,
): Site {
  const taken = new Set(bindings.params.map((p) => p.name));
  const nothing = { coordinates: new Map(), team: false, again: new Map(), locals: new Map() };
  return { spelling, bindings, ...nothing, at, taken, ...(tile && { tile }) };
}
