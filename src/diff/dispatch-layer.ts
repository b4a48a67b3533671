/** Layer 4, dispatch: what is known about each mixture, and how it is run because of that. */
import type { SiteView } from "./compiled.js";
import { pairUp } from "./pair.js";

export interface DispatchLayer {
  readonly sites: readonly SiteDiff[];
}

export interface SiteDiff {
  /** as the second design calls it where it has it */
  readonly site: string;
  readonly same: boolean;
  readonly gained: SiteView["facts"];
  readonly lost: SiteView["facts"];
  readonly before?: Chosen;
  readonly after?: Chosen;
  /** rewrites of the router whose fate changed */
  readonly rewrites: readonly RewriteDiff[];
}

export type Chosen = Pick<SiteView, "strategy" | "why" | "seconds" | "losers">;

export interface RewriteDiff {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Compares mixtures of the same name, or of names that are paired. */
export function dispatchLayer(
  before: readonly SiteView[],
  after: readonly SiteView[],
  names: ReadonlyMap<string, string>,
): DispatchLayer {
  const later = new Set(after);
  const name = (view: SiteView) => (later.has(view) ? (names.get(view.site) ?? view.site) : view.site);
  return { sites: pairUp(before, after, [name]).map((pair) => siteDiff(pair.before, pair.after)) };
}

function siteDiff(before: SiteView | undefined, after: SiteView | undefined): SiteDiff {
  const lost = factsOnly(before, after);
  const gained = factsOnly(after, before);
  const rewrites = rewriteDiffs(before, after);
  const same = before?.strategy === after?.strategy && lost.length + gained.length + rewrites.length === 0;
  const sides = { ...(before && { before: chosen(before) }), ...(after && { after: chosen(after) }) };
  return { site: (after ?? before)!.site, same, gained, lost, ...sides, rewrites };
}

function chosen({ strategy, why, seconds, losers }: SiteView): Chosen {
  return { strategy, why, seconds, losers };
}

function factsOnly(one: SiteView | undefined, other: SiteView | undefined): SiteView["facts"] {
  const known = new Set((other?.facts ?? []).map(({ text }) => text));
  return (one?.facts ?? []).filter(({ text }) => !known.has(text));
}

function rewriteDiffs(before: SiteView | undefined, after: SiteView | undefined): readonly RewriteDiff[] {
  const names = [...new Set([...(before?.rewrites ?? []), ...(after?.rewrites ?? [])].map(({ name }) => name))];
  const fate = (view: SiteView | undefined, name: string) => view?.rewrites.find((each) => each.name === name);
  return names.flatMap((name) => {
    const [a, b] = [fate(before, name), fate(after, name)];
    if ((a?.applied ?? false) === (b?.applied ?? false)) return [];
    return [{ name, before: a && fateText(a), after: b && fateText(b) }];
  });
}

const fateText = ({ applied, why }: SiteView["rewrites"][number]): string =>
  `${applied ? "applied" : "left out"}: ${why}`;
