/**
 * Layer 1, the design: what was said differently. Lines are compared by what they mean; a line that is written in
 * another way, in another place or under another name is the same line.
 */
import { byCodeUnit } from "../host/host.js";
import { type Effect, effectOf } from "./effect.js";
import type { DesignLine, Origin, Scalar, Section, SectionKind } from "./line.js";
import { type Pair, pairUp } from "./pair.js";
import type { PairedSections } from "./pair-sections.js";

export interface DesignLayer {
  readonly changes: readonly DesignChange[];
  /** declarations under another name; nothing else about them changed by it */
  readonly renamed: readonly { readonly kind: SectionKind; readonly before: string; readonly after: string }[];
  /** lines that mean the same on both sides */
  readonly unchanged: number;
}

export interface DesignChange {
  readonly status: "added" | "removed" | "changed" | "moved";
  readonly kind: SectionKind;
  /** the declaration it is in, as the second design calls it where it has it */
  readonly section: string;
  readonly slot: string;
  readonly path: string;
  readonly before?: LineSide;
  readonly after?: LineSide;
  /** the values that differ; none for lines that only moved */
  readonly details: readonly Detail[];
  /** the strongest promise that it breaks by itself */
  readonly effect: Effect;
}

export interface LineSide {
  readonly path: string;
  readonly text: string;
  readonly line?: number;
  readonly from: Origin;
}

export interface Detail {
  readonly name: string;
  readonly before: Scalar;
  readonly after: Scalar;
  /** why the value is what it is, where nobody wrote it: before, after */
  readonly because?: { readonly before?: string; readonly after?: string };
}

/** Compares two designs whose declarations are paired. */
export function designLayer({ pairs }: PairedSections): DesignLayer {
  const changes: DesignChange[] = [];
  let unchanged = 0;
  for (const pair of pairs) {
    const found = diffSection(pair);
    changes.push(...found.changes);
    unchanged += found.unchanged;
  }
  return { changes, renamed: pairs.flatMap(renameOf), unchanged };
}

function renameOf({ before, after }: Pair<Section>): DesignLayer["renamed"] {
  return before && after && before.name !== after.name
    ? [{ kind: after.kind, before: before.name, after: after.name }]
    : [];
}

function diffSection({ before, after }: Pair<Section>): { changes: readonly DesignChange[]; unchanged: number } {
  const { kind, name } = (after ?? before)!;
  const names = [({ slot, key }: DesignLine) => `${slot} ${key}`, ({ slot }: DesignLine) => slot];
  const pairs = pairUp(before?.lines ?? [], after?.lines ?? [], names);
  const changes = pairs.flatMap((pair) => diffLine(pair, kind, name));
  const ordered = after?.ordered ?? before?.ordered ?? [];
  const moved = ordered.flatMap((slot) => orderOf(pairs.filter(isPaired), slot, kind, name));
  return { changes: [...changes, ...moved], unchanged: pairs.length - changes.length };
}

type BothLines = Pair<DesignLine> & { readonly before: DesignLine; readonly after: DesignLine };

function isPaired(pair: Pair<DesignLine>): pair is BothLines {
  return pair.before !== undefined && pair.after !== undefined;
}

/** One change when lines that both sides have stand in another order, where order is meaning. */
function orderOf(
  pairs: readonly BothLines[],
  slot: string,
  kind: SectionKind,
  section: string,
): readonly DesignChange[] {
  const own = pairs.filter(({ after }) => after.slot === slot);
  const inOrder = (side: "before" | "after") => [...own].sort((a, b) => place(a[side]) - place(b[side]));
  const [first, second] = [inOrder("before"), inOrder("after")];
  if (first.every((pair, i) => pair === second[i])) return [];
  const text = (order: readonly BothLines[], side: "before" | "after") =>
    order.map((pair) => pair[side].key).join(", ");
  const from = "written";
  return [
    {
      status: "moved",
      kind,
      section,
      slot,
      path: second[0]!.after.path,
      before: { path: first[0]!.before.path, text: text(first, "before"), from },
      after: { path: second[0]!.after.path, text: text(second, "after"), from },
      details: [],
      effect: effectOf(kind, slot, []),
    },
  ];
}

/** The number of a line in its slot. */
const place = ({ path }: DesignLine): number => Number(/\[(\d+)\]$/.exec(path)?.[1] ?? 0);

function diffLine({ before, after }: Pair<DesignLine>, kind: SectionKind, section: string): readonly DesignChange[] {
  const line = (after ?? before)!;
  const details = detailsOf(before, after);
  if (before && after && details.length === 0) return [];
  const status = !before ? "added" : !after ? "removed" : "changed";
  const { slot, path } = line;
  const effect = effectOf(
    kind,
    slot,
    details.map(({ name }) => name),
  );
  const sides = { ...(before && { before: sideOf(before) }), ...(after && { after: sideOf(after) }) };
  return [{ status, kind, section, slot, path, ...sides, details, effect }];
}

function sideOf({ path, text, line, from }: DesignLine): LineSide {
  return { path, text, ...(line !== undefined && { line }), from };
}

function detailsOf(before: DesignLine | undefined, after: DesignLine | undefined): readonly Detail[] {
  const names = [...new Set([...Object.keys(before?.values ?? {}), ...Object.keys(after?.values ?? {})])];
  const value = (line: DesignLine | undefined, name: string): Scalar => line?.values[name] ?? null;
  return names.sort(byCodeUnit).flatMap((name) => {
    if (value(before, name) === value(after, name)) return [];
    const because = { ...reason("before", before, name), ...reason("after", after, name) };
    const reasons = Object.keys(because).length > 0 ? { because } : {};
    return [{ name, before: value(before, name), after: value(after, name), ...reasons }];
  });
}

function reason(side: "before" | "after", line: DesignLine | undefined, name: string) {
  const text = line?.because[name];
  return text === undefined ? {} : { [side]: text };
}

/** The changes of a declaration's slot. */
export function changesOf(layer: DesignLayer, section: string, slot: string): readonly DesignChange[] {
  return layer.changes.filter((change) => change.section === section && change.slot === slot);
}
