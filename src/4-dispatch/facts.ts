/**
 * What is known about one mixture before a single token is seen: sizes, and what the rules of its router promise,
 * each with the line that promises it. Strategies and rewrites read this and nothing else; they never see a rule.
 */
import type { Design, Mixture, RuleUse, Slot } from "../2-design/design.js";
import type { Node } from "../3-graph/graph.js";
import { ensure } from "../3-graph/internal.js";
import { findRule } from "../rules/index.js";
import type { Facts } from "../rules/rule.js";
import { slots } from "../words/router.js";
import { type GroupFacts, groupFacts } from "./group-facts.js";
import { isInPlace } from "./in-place.js";
import { dependsOnWeights } from "./readers.js";

export interface SiteFacts {
  /** the mixture's name */
  readonly site: string;
  /** what is routed, for people: `tokens`, `sub-tokens` */
  readonly unitWord: string;
  /** U, units of one run */
  readonly units: number;
  /** C */
  readonly width: number;
  /** E */
  readonly experts: number;
  /** K, places for edges of a unit */
  readonly edgesPerUnit: number;
  readonly groups: readonly GroupFacts[];
  /** experts that every token meets, beside the router */
  readonly shared: readonly { readonly count: number; readonly kind: string; readonly hidden: number }[];
  /** no weight takes part in choosing the experts of a unit, as the graph shows */
  readonly routeKnown: boolean;
  /** edge k of every unit goes to expert k or nowhere, as the graph shows */
  readonly edgesInPlace: boolean;
  /** nobody asks for gradients: half of the work and of the rows falls away */
  readonly forwardOnly: boolean;
  /** what all rules together promise */
  readonly rules: Facts;
  /** most edges that an expert can have; undefined where nothing limits them */
  readonly room: number | undefined;
  /** share of all tokens whose table row leaves one expert, as the tiers ask for; 0 where none does */
  readonly knownShare: number;
  /** the lines behind a fact, as `explain` prints them */
  readonly because: (fact: keyof Facts) => readonly string[];
}

/** The facts of the mixture that an `experts` node belongs to. */
export function factsOf(design: Design, node: Node, forwardOnly = false): SiteFacts {
  const { op, inputs } = node;
  ensure(op.kind === "experts", () => `${op.kind} has no facts`);
  const mixture = design.mixtures[op.site];
  ensure(mixture !== undefined, () => `the design has no mixture ${op.site}`);
  const stated = stateFacts(design, mixture);
  const merged = mergeFacts(stated);
  // adjugates have edges of their own, of which no rule knows
  const rules = mixture.adjugate ? demandsIn(merged) : merged;
  const placed = op.groups.reduce((sum, { count }) => sum + count, 0);
  const [x, edges] = inputs;
  const [units, edgesPerUnit] = [x!.axes[0]!.size, edges!.axes.at(-1)!.size];
  return {
    site: op.site,
    unitWord: unitWord(mixture),
    units,
    width: x!.axes.at(-1)!.size,
    experts: mixture.adjugate ? placed : mixture.expertCount,
    edgesPerUnit,
    shared: mixture.shared.map(({ count, ffn: { kind, hidden } }) => ({ count, kind, hidden })),
    groups: op.groups.map((group) => groupFacts(group, x!.axes.at(-1)!.size, op.width?.size)),
    routeKnown: !dependsOnWeights(edges!),
    edgesInPlace: edgesPerUnit === mixture.expertCount && isInPlace(edges!),
    forwardOnly,
    rules,
    room: op.room,
    knownShare: knownShareOf(design, rules),
    because: (fact) => stated.filter(({ facts }) => facts[fact] !== undefined).map(({ use }) => lineOf(design, use)),
  };
}

const unitWord = ({ unit }: Mixture): string =>
  ({ token: "tokens", subtoken: "sub-tokens", sequence: "sequences", chunk: "chunks" })[unit.kind];

interface Stated {
  readonly use: RuleUse;
  readonly facts: Facts;
}

function stateFacts(design: Design, mixture: Mixture): readonly Stated[] {
  const context = { experts: mixture.expertCount, unit: mixture.unit, tables: design.tables };
  return mixture.router.rules.map((use) => ({
    use,
    facts: findRule(use.slot, use.rule)?.facts?.(use.args, context) ?? {},
  }));
}

/** A promise holds if every rule that may be in force makes it; a demand holds as soon as one rule makes it. */
function mergeFacts(stated: readonly Stated[]): Facts {
  const merged: Record<string, unknown> = {};
  for (const slot of new Set(stated.map(({ use }) => use.slot))) {
    const rules = stated.filter(({ use }) => use.slot === slot);
    Object.assign(merged, slot === "balance" ? {} : promisesOf(slot, rules));
    for (const { facts } of rules) for (const demand of DEMANDS) if (facts[demand] === true) merged[demand] = true;
  }
  return repeated(merged as Facts);
}

/** Edges of all choices of a unit. */
function repeated(facts: Facts): Facts {
  const { choices = 1, edgesPerUnit } = facts;
  return edgesPerUnit === undefined ? facts : { ...facts, edgesPerUnit: choices * edgesPerUnit };
}

/** Facts that forbid something: one rule is enough. */
const DEMANDS = ["readsAllLogits", "drops", "weightOnInput"] as const;

const demandsIn = (facts: Facts): Facts =>
  Object.fromEntries(Object.entries(facts).filter(([name]) => (DEMANDS as readonly string[]).includes(name)));

/**
 * What holds in every step. Rules that are always in force keep what they promise; where none is, the rules of a slot
 * take turns (the check of phases sees to that), and what the weakest of them promises holds.
 */
function promisesOf(slot: Slot, rules: readonly Stated[]): Facts {
  const always = rules.filter(({ use }) => use.when === undefined);
  if (always.length > 0) return Object.assign({}, ...always.map(({ facts }) => promised(facts))) as Facts;
  if (rules.length < 2 || !takesTurns(slot)) return {};
  const [first, ...others] = rules.map(({ facts }) => promised(facts));
  const weakest = Object.keys(first!).flatMap((name) => {
    const values = [first!, ...others].map((facts) => facts[name as keyof Facts]);
    const value = weakestOf(name, values);
    return value === undefined ? [] : [[name, value]];
  });
  const facts = Object.fromEntries(weakest) as Facts;
  // exactly as many edges only where it is the same number in every phase
  const varies = others.some(({ edgesPerUnit }) => edgesPerUnit !== first!.edgesPerUnit);
  return varies ? { ...facts, exactEdges: false } : facts;
}

const promised = (facts: Facts): Facts =>
  Object.fromEntries(Object.entries(facts).filter(([name]) => !(DEMANDS as readonly string[]).includes(name)));

const takesTurns = (slot: Slot): boolean => slots.find((each) => each.slot === slot)?.times !== "0+";

/** Upper bounds: the largest holds for all. Of anything else only what all say is kept. */
const BOUNDS: readonly string[] = ["edgesPerUnit", "legalPerUnit", "room"] satisfies (keyof Facts)[];

function weakestOf(name: string, values: readonly unknown[]): unknown {
  if (values.some((value) => value === undefined)) return undefined;
  if (BOUNDS.includes(name)) return Math.max(...(values as number[]));
  return values.every((value) => JSON.stringify(value) === JSON.stringify(values[0])) ? values[0] : undefined;
}

/** Tiers that see one expert: their coverage, or what the others leave. */
function knownShareOf(design: Design, { table, someRoutesKnown, legalPerUnit }: Facts): number {
  if (legalPerUnit === 1) return 1;
  if (!someRoutesKnown || table === undefined) return 0;
  const tiers = design.tables[table]?.tiers ?? [];
  const written = tiers.reduce((sum, tier) => sum + (tier.coverage ?? 0), 0);
  const known = tiers.filter((tier) => tier.sees === 1);
  return known.reduce((sum, tier) => sum + (tier.coverage ?? Math.max(0, 1 - written)), 0);
}

/** `select top(1) per token (line 50)`. */
export function lineOf(design: Design, use: Pick<RuleUse, "slot" | "text" | "path">): string {
  const line = design.provenance[use.path]?.line;
  const text = `${use.slot} ${use.text}`;
  return line === undefined ? text : `${text} (line ${line})`;
}
