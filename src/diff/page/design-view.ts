/** Both designs side by side: every line of every declaration, those that mean the same folded away. */
import type { Design } from "../../2-design/design.js";
import type { DesignLayer } from "../design-layer.js";
import type { DesignLine, Section } from "../line.js";
import { pairUp } from "../pair.js";
import { pairSections } from "../pair-sections.js";
import { designCounts, quietDetails } from "../render/design-text.js";

export interface DesignView {
  readonly counts: string;
  readonly renamed: DesignLayer["renamed"];
  readonly sections: readonly SectionView[];
  /** declarations without a change, in words; empty where there are none */
  readonly quiet: string;
}

export interface SectionView {
  readonly title: string;
  /** where links to the declaration lead */
  readonly ids: readonly string[];
  readonly changed: readonly LinePair[];
  readonly same: readonly LinePair[];
}

export interface LinePair {
  readonly slot: string;
  readonly status: "same" | "changed" | "added" | "removed" | "moved";
  readonly before: LineView | undefined;
  readonly after: LineView | undefined;
  /** defaults that changed something */
  readonly note: string;
}

export interface LineView {
  /** where links to this line lead */
  readonly id: string;
  readonly text: string;
  /** `line 50`, `default`, `derived` */
  readonly where: string;
  /** nobody wrote it */
  readonly quiet: boolean;
}

/** Where links to a line of a side lead. */
export function lineId(side: "before" | "after", path: string): string {
  return `${side}-${path.replaceAll(/[^\w.-]/g, "_")}`;
}

/** Every place of a page that a link can lead to. */
export function linkTargets({ sections }: DesignView): ReadonlySet<string> {
  const lines = (pairs: readonly LinePair[]) => pairs.flatMap(({ before, after }) => [before?.id, after?.id]);
  const ids = sections.flatMap(({ ids, changed, same }) => [...ids, ...lines(changed), ...lines(same)]);
  return new Set(ids.filter((id) => id !== undefined));
}

/** All lines of both designs. */
export function designView(before: Design, after: Design, layer: DesignLayer): DesignView {
  const sections = pairSections(before, after).pairs.map((pair) => sectionView(pair.before, pair.after, layer));
  const quiet = sections.filter(({ changed }) => changed.length === 0).map(({ title }) => title);
  return { counts: designCounts(layer), renamed: layer.renamed, sections, quiet: quiet.join(", ") };
}

function sectionView(before: Section | undefined, after: Section | undefined, layer: DesignLayer): SectionView {
  const names = [({ slot, key }: DesignLine) => `${slot} ${key}`, ({ slot }: DesignLine) => slot];
  const pairs = pairUp(before?.lines ?? [], after?.lines ?? [], names).map((pair) =>
    linePair(pair.before, pair.after, layer),
  );
  const { kind } = (after ?? before)!;
  const both =
    before && after && before.name !== after.name ? `${before.name} → ${after.name}` : (after ?? before)!.name;
  return {
    title: `${kind} ${both}`,
    ids: [...(before ? [lineId("before", before.name)] : []), ...(after ? [lineId("after", after.name)] : [])],
    changed: pairs.filter(({ status }) => status !== "same"),
    same: pairs.filter(({ status }) => status === "same"),
  };
}

function linePair(before: DesignLine | undefined, after: DesignLine | undefined, { changes }: DesignLayer): LinePair {
  const line = (after ?? before)!;
  const found = changes.find((change) => change.before?.path === before?.path && change.after?.path === after?.path);
  return {
    slot: line.slot,
    status: found?.status ?? "same",
    before: before && lineView("before", before),
    after: after && lineView("after", after),
    note: found ? quietDetails(found).join(", ") : "",
  };
}

function lineView(side: "before" | "after", { path, text, line, from }: DesignLine): LineView {
  const where = line === undefined ? from : `line ${line}`;
  return { id: lineId(side, path), text, where, quiet: from === "default" || from === "derived" };
}
