/** Three or more designs: a table of settings, costs and kernels, only the rows in which they differ. */

import { sha256 } from "../runtime/sha256.js";
import { type CostRow, mixtureMeasures, wholeMeasures } from "./cost-layer.js";
import type { DesignLine } from "./line.js";
import { sectionsOf } from "./lines-of.js";
import { pairSections } from "./pair-sections.js";
import { reachableParts } from "./reachable.js";
import { quantity } from "./render/numbers.js";
import type { CompiledSide } from "./side.js";

export interface DesignTable {
  readonly labels: readonly string[];
  readonly groups: readonly TableGroup[];
  /** rows that are the same in all designs */
  readonly same: number;
}

export interface TableGroup {
  readonly name: "settings" | "cost" | "kernels";
  readonly rows: readonly TableRow[];
}

export interface TableRow {
  readonly name: string;
  /** one for each design; undefined where it has none */
  readonly cells: readonly (string | undefined)[];
}

interface Compared extends TableRow {
  /** what decides whether cells are the same; the text of a cell is for people */
  readonly keys: readonly (string | undefined)[];
}

/** The table of all designs, in the order given. */
export function tableOf(sides: readonly CompiledSide[]): DesignTable {
  const all = { settings: settingRows(sides), cost: costRows(sides), kernels: kernelRows(sides) };
  const groups = (["settings", "cost", "kernels"] as const).map((name): TableGroup => {
    const rows = all[name].filter(differs).map(({ name: row, cells }) => ({ name: row, cells }));
    return { name, rows };
  });
  const every = [...all.settings, ...all.cost, ...all.kernels];
  return { labels: sides.map(({ label }) => label), groups, same: every.filter((row) => !differs(row)).length };
}

const differs = ({ keys }: Compared): boolean => keys.some((key) => key !== keys[0]);

/** Rows in the order in which designs first have them. */
function collect(
  sides: readonly CompiledSide[],
  of: (side: CompiledSide) => ReadonlyMap<string, readonly [key: string, text: string]>,
): readonly Compared[] {
  const columns = sides.map(of);
  const names = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  return names.map((name) => {
    const found = columns.map((column) => column.get(name));
    return { name, keys: found.map((cell) => cell?.[0]), cells: found.map((cell) => cell?.[1]) };
  });
}

/** Settings by the names of the first design. */
function settingRows(sides: readonly CompiledSide[]): readonly Compared[] {
  return collect(sides, (side) => {
    const { names } = pairSections(sides[0]!.design, side.design);
    const refer = (name: string) => names.get(name) ?? name;
    const cells = sectionsOf(side.design, refer).flatMap(({ kind, name, lines }) => {
      const owner = kind === "model" || kind === "train" ? kind : refer(name);
      return numbered(lines).map(([line, slot]) => {
        const key = JSON.stringify(Object.entries(line.values).sort(([a], [b]) => (a < b ? -1 : 1)));
        return [`${owner}.${slot}`, [key, line.text]] as const;
      });
    });
    return new Map(cells);
  });
}

/** The second line of a slot is `slot[1]`, whatever order lines were written in: they are sorted by what they say. */
function numbered(lines: readonly DesignLine[]): readonly (readonly [DesignLine, string])[] {
  const counts = new Map<string, number>();
  return [...lines]
    .sort((a, b) => (a.slot === b.slot && a.key !== b.key ? (a.key < b.key ? -1 : 1) : 0))
    .map((line) => {
      const count = counts.get(line.slot) ?? 0;
      counts.set(line.slot, count + 1);
      return [line, count === 0 ? line.slot : `${line.slot}[${count}]`] as const;
    });
}

function costRows(sides: readonly CompiledSide[]): readonly Compared[] {
  return collect(sides, ({ design, compiled }) => {
    const cell = (value: number, unit: CostRow["unit"]) => [String(value), quantity(value, unit)] as const;
    const whole = wholeMeasures(design, compiled).map(({ label, value, unit }) => [label, cell(value, unit)] as const);
    const parts = Object.keys(reachableParts(design).mixtures).flatMap((name) =>
      mixtureMeasures(design, name).map(
        ({ label, value, unit }) => [`${name}, one layer: ${label}`, cell(value, unit)] as const,
      ),
    );
    return new Map([...whole, ...parts]);
  });
}

function kernelRows(sides: readonly CompiledSide[]): readonly Compared[] {
  return collect(sides, ({ compiled }) => {
    const cells = (compiled?.kernels ?? []).map(({ name, print, launches }) => {
      const runs = Object.entries(launches).map(([program, count]) => `${program} × ${count}`);
      return [name, [print, `${runs.join(", ")} (${sha256(print).slice(0, 6)})`]] as const;
    });
    return new Map(cells);
  });
}
