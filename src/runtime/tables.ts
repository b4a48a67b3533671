/**
 * Routing tables: which experts a token id may see, in each layer. Drawn before training from the counts of the
 * training tokens, never learned. Ids are sorted by count into tiers; a tier says how many experts its ids see, the
 * assignment says which.
 */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { choose, stream } from "./rng.js";

export interface TableTier {
  readonly name: string;
  /** share of all occurrences (0–1) that this tier and those before it cover; undefined: all ids that are left */
  readonly coverage: number | undefined;
  /** experts an id of this tier sees */
  readonly sees: number;
}

export type TableAssign =
  | { readonly kind: "random" | "hash" | "balanced"; readonly seed: number; readonly perLayer: boolean }
  | { readonly kind: "file"; readonly path: string };

export interface TableOptions {
  /** the table's name; part of the random streams */
  readonly name: string;
  /** V */
  readonly vocab: number;
  /** E */
  readonly experts: number;
  /** L, layers that use the table */
  readonly layers: number;
  readonly tiers: readonly TableTier[];
  readonly assign: TableAssign;
  /** V occurrences in the training tokens; may be absent when neither tiers nor assignment ask for them */
  readonly counts?: ArrayLike<number> | undefined;
}

export interface RoutingTable {
  /** per layer V×E of 0 and 1, row by row */
  readonly visible: readonly Uint8Array[];
  /** V, the index of each id's tier */
  readonly tierOf: Uint8Array;
  /** per tier: how many ids it has and their share of all occurrences (0 without counts) */
  readonly tiers: readonly { readonly name: string; readonly ids: number; readonly share: number }[];
}

/** Whether a table needs token counts; if not, it can be made from the spec alone. */
export function needsCounts({ tiers, assign }: Pick<TableOptions, "tiers" | "assign">): boolean {
  return assign.kind === "balanced" || tiers.some(({ coverage }) => coverage !== undefined);
}

/**
 * Makes the table of a design; the rows of a file (`assign file`) come in as `rows` from `readTableFile`.
 * MOE6023 without the counts it needs, MOE6012 when they do not fit, MOE6020 for a row of a file that names more or
 * fewer experts than its tier sees.
 */
export function makeTable(options: TableOptions, rows?: readonly Uint8Array[]): RoutingTable {
  checkCounts(options);
  const order = idsByCount(options);
  const tierOf = assignTiers(options, order);
  const visible = rows ?? drawLayers(options, order, tierOf);
  if (rows) checkSees(options, rows, tierOf);
  return { visible, tierOf, tiers: describeTiers(options, tierOf) };
}

function checkCounts(options: TableOptions): void {
  const { name, vocab, counts } = options;
  if (!needsCounts(options)) return;
  if (counts === undefined) throw new DiagnosticError([diagnose("MOE6023", { table: name })]);
  const fail = (reason: string): never => {
    throw new DiagnosticError([diagnose("MOE6012", { file: name, reason })]);
  };
  if (counts.length !== vocab) fail(`there are ${counts.length} counts for a vocabulary of ${vocab}`);
  if (total(counts) === 0) fail("all counts are zero");
}

function total(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let id = 0; id < counts.length; id++) sum += counts[id]!;
  return sum;
}

/** All ids, the most frequent first, ties by lower id; in order of ids without counts. */
function idsByCount({ vocab, counts }: TableOptions): number[] {
  const ids = Array.from({ length: vocab }, (_, id) => id);
  return counts ? ids.sort((a, b) => counts[b]! - counts[a]! || a - b) : ids;
}

/** Each tier takes the smallest prefix of the sorted ids whose share reaches its coverage, less what is taken. */
function assignTiers({ vocab, tiers, counts }: TableOptions, order: readonly number[]): Uint8Array {
  const tierOf = new Uint8Array(vocab);
  const all = counts ? total(counts) : 0;
  let [next, covered] = [0, 0];
  tiers.forEach(({ coverage }, tier) => {
    const takesRest = coverage === undefined || tier === tiers.length - 1;
    while (next < vocab && (takesRest || covered / all < coverage)) {
      covered += counts?.[order[next]!] ?? 0;
      tierOf[order[next++]!] = tier;
    }
  });
  return tierOf;
}

function describeTiers({ tiers, counts }: TableOptions, tierOf: Uint8Array): RoutingTable["tiers"] {
  const all = counts ? total(counts) : 0;
  return tiers.map(({ name }, tier) => {
    const ids = Array.from(tierOf.keys()).filter((id) => tierOf[id] === tier);
    const occurrences = ids.reduce((sum, id) => sum + (counts?.[id] ?? 0), 0);
    return { name, ids: ids.length, share: all === 0 ? 0 : occurrences / all };
  });
}

function drawLayers(options: TableOptions, order: readonly number[], tierOf: Uint8Array): Uint8Array[] {
  const { assign, layers } = options;
  if (assign.kind === "file") throw new Error("the rows of a table file were not read");
  const draw = (layer: number): Uint8Array =>
    drawers[assign.kind](options, { seed: assign.seed, layer, order, tierOf });
  if (assign.perLayer) return Array.from({ length: layers }, (_, layer) => draw(layer));
  return new Array<Uint8Array>(layers).fill(draw(0));
}

/** The kernels are chosen by what the tiers promise, so a file may not say otherwise. */
function checkSees(
  { name, tiers, experts, assign }: TableOptions,
  layers: readonly Uint8Array[],
  tierOf: Uint8Array,
): void {
  const file = assign.kind === "file" ? assign.path : name;
  layers.forEach((visible, layer) => {
    tierOf.forEach((tier, id) => {
      const found = visible.subarray(id * experts, (id + 1) * experts).reduce((sum, each) => sum + each, 0);
      const { sees, name: tierName } = tiers[tier]!;
      if (found === sees) return;
      const reason = `id ${id} sees ${found} experts in layer ${layer}, tier ${tierName} sees ${sees}`;
      throw new DiagnosticError([diagnose("MOE6020", { file, reason })]);
    });
  });
}

interface Draw {
  readonly seed: number;
  readonly layer: number;
  /** ids by falling count */
  readonly order: readonly number[];
  readonly tierOf: Uint8Array;
}

type Drawer = (options: TableOptions, draw: Draw) => Uint8Array;

const drawers: Readonly<Record<"random" | "hash" | "balanced", Drawer>> = {
  // one stream per layer, ids in order
  random: ({ name, vocab, experts, tiers }, { seed, layer, tierOf }) => {
    const rng = stream(seed, "table", name, layer);
    return fillRows(vocab, experts, (id) => choose(rng, tiers[tierOf[id]!]!.sees, experts));
  },
  // a function of the id: neither counts nor other ids move it
  hash: ({ name, vocab, experts, tiers }, { seed, layer, tierOf }) =>
    fillRows(vocab, experts, (id) => choose(stream(seed, "hash", name, layer, id), tiers[tierOf[id]!]!.sees, experts)),
  balanced: drawBalanced,
};

function fillRows(vocab: number, experts: number, row: (id: number) => readonly number[]): Uint8Array {
  const visible = new Uint8Array(vocab * experts);
  for (let id = 0; id < vocab; id++) for (const expert of row(id)) visible[id * experts + expert] = 1;
  return visible;
}

/** The most frequent id first, onto the experts with the least load so far, ties by lowest expert. */
function drawBalanced({ vocab, experts, tiers, counts }: TableOptions, { order, tierOf }: Draw): Uint8Array {
  const load = new Float64Array(experts);
  const visible = new Uint8Array(vocab * experts);
  for (const id of order) {
    const { sees } = tiers[tierOf[id]!]!;
    const byLoad = Array.from(load.keys()).sort((a, b) => load[a]! - load[b]! || a - b);
    for (const expert of byLoad.slice(0, sees)) {
      visible[id * experts + expert] = 1;
      // an id that sees several experts is expected to spread evenly over them
      load[expert] = load[expert]! + counts![id]! / sees;
    }
  }
  return visible;
}
