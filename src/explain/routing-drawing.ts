/**
 * A drawing of routing: a few units in rows, experts in columns; which an expert may take, and which it takes. Who
 * takes whom is made up (the same for every design); how many may and how many do is the design's.
 */
import type { Design, Mixture, Unit } from "../2-design/design.js";
import { findRule } from "../rules/index.js";
import type { Facts } from "../rules/rule.js";

export interface DrawingView {
  readonly width: number;
  readonly height: number;
  readonly rows: readonly { readonly y: number; readonly label: string }[];
  readonly cells: readonly { readonly x: number; readonly y: number; readonly look: "open" | "legal" | "taken" }[];
  /** of a cell */
  readonly w: number;
  readonly h: number;
  readonly caption: string;
}

const [high, most, wide, labels, shownRows] = [19, 512, 900, 96, 6] as const;

/** Undefined where it is not known how many experts a unit has. */
export function routingDrawing(mixture: Mixture, design: Design): DrawingView | undefined {
  const facts = factsOf(mixture, design);
  const per = edgesOf(facts, mixture);
  if (per === undefined) return undefined;
  const columns = Math.min(mixture.expertCount, most);
  const pitch = Math.min(high, wide / columns);
  const heads = mixture.unit.kind === "subtoken" ? mixture.unit.heads : 1;
  const rows = Array.from({ length: shownRows }, (_, i) => ({
    y: i * high + 2,
    label: labelOf(mixture.unit, i, heads),
  }));
  const sees = seesOf(mixture, design, facts, Math.floor, heads);
  const cells = rows.flatMap(({ y }, row) => {
    const order = shuffled(columns, row);
    const legal = new Set(order.slice(0, Math.ceil((sees(row) / mixture.expertCount) * columns - 1e-9) || 1));
    const taken = new Set(order.slice(0, Math.min(legal.size, Math.round(per))));
    return Array.from({ length: columns }, (_, column) => {
      const look = taken.has(column) ? "taken" : legal.has(column) ? "legal" : "open";
      return { x: round(labels + column * pitch), y, look } as const;
    });
  });
  const left = mixture.expertCount - columns;
  return {
    width: Math.ceil(labels + columns * pitch),
    height: shownRows * high + 4,
    rows,
    cells,
    w: round(0.8 * pitch),
    h: 15,
    caption: `${columns}${left > 0 ? ` of ${mixture.expertCount}` : ""} experts; filled: taken, framed: may be taken. Which ones is made up, how many is not.`,
  };
}

function factsOf({ router, unit, expertCount: experts }: Mixture, { tables }: Design): Facts {
  const stated = router.rules.map(
    (use) => findRule(use.slot, use.rule)?.facts?.(use.args, { experts, unit, tables }) ?? {},
  );
  return Object.assign({}, ...stated) as Facts;
}

/** Experts of one unit, as a mean where experts choose. */
function edgesOf(facts: Facts, { expertCount }: Mixture): number | undefined {
  const { edgesPerUnit, allEdges, rowsPerExpert } = facts;
  if (allEdges) return expertCount;
  if (edgesPerUnit !== undefined) return edgesPerUnit;
  if (rowsPerExpert?.capacity !== undefined) return Math.max(1, Math.round(rowsPerExpert.capacity));
  return undefined;
}

type Sees = (row: number) => number;

/** How many experts the unit of a row may have: by tier where a table says so, the first tier in two rows of three. */
function seesOf(
  { expertCount }: Mixture,
  { tables }: Design,
  facts: Facts,
  floor: typeof Math.floor,
  heads: number,
): Sees {
  const tiers = facts.table === undefined ? [] : (tables[facts.table]?.tiers ?? []);
  if (tiers.length === 0) return () => facts.legalPerUnit ?? expertCount;
  return (row) => tiers[floor(row / heads) % 3 === 2 ? tiers.length - 1 : 0]!.sees;
}

function labelOf({ kind }: Unit, row: number, heads: number): string {
  if (kind !== "subtoken") return `${kind} ${row + 1}`;
  return `token ${Math.floor(row / heads) + 1}, part ${(row % heads) + 1}`;
}

/** Numbers below n in an order that looks like none; a multiplier without common divisors visits all of them. */
function shuffled(n: number, row: number): readonly number[] {
  const steps = [7, 11, 5, 13, 3, 17];
  const step = steps
    .slice(row % steps.length)
    .concat(steps, 1)
    .find((each) => divisor(each, n) === 1)!;
  return Array.from({ length: n }, (_, i) => ((i + 1) * step + row * 5) % n);
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

const round = (value: number): number => Math.round(value * 10) / 10;
