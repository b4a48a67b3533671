/** Runs the rules of a router, slot by slot, and says what came out: edges, weights, load, losses. */
import type { Mixture, RuleUse, Slot } from "../../2-design/design.js";
import type { RouterSite, RouterState } from "../../rules/build.js";
import { findRule } from "../../rules/index.js";
import { refuse } from "../../rules/refuse.js";
import { ensure } from "../internal.js";

/** The seven steps, once the scores stand: unit → score → legal → select → weight → limit → balance. */
const ORDER: readonly Slot[] = ["mask", "gate", "bias", "group", "select", "rest", "dispatch", "weight"];

export interface Routed extends RouterState {
  readonly edges: NonNullable<RouterState["edges"]>;
  readonly weight: NonNullable<RouterState["weight"]>;
  readonly load: NonNullable<RouterState["load"]>;
  /** edges as they were selected, before any limit */
  readonly selected: NonNullable<RouterState["edges"]>;
}

export function runRouter(mixture: Mixture, site: RouterSite): Routed {
  const uses = (slot: Slot) => mixture.router.rules.filter((use) => use.slot === slot && applies(use, site.training));
  const runUses = (start: RouterState, list: readonly RuleUse[]) =>
    list.reduce(
      (state, use) => site.g.within({ because: use.path }, () => buildOf(use)(site, state, use.args, use)),
      start,
    );
  const run = (start: RouterState, slots: readonly Slot[]) => runUses(start, slots.flatMap(uses));
  // noise that needs no scores changes what is scored
  const onScores = (use: RuleUse) => findRule(use.slot, use.rule)?.needs.includes("scores") === true;
  const noise = uses("noise");
  const seen = runUses(
    {},
    noise.filter((use) => !onScores(use)),
  );
  const scored = runUses(run(seen, ["score"]), noise.filter(onScores));
  const chosen = run(scored, ORDER);
  ensure(chosen.edges !== undefined && chosen.weight !== undefined, () => `${mixture.name} selects or weighs nothing`);
  const load = site.g.within({ role: "router.load" }, () => site.g.histogram(chosen.edges!, site.experts));
  const updates = (chosen.afterLoad ?? []).map((make) =>
    site.g.within({ role: "router.update", phase: "update" }, () => make(load)),
  );
  const limited = run({ ...chosen, load, updates }, ["limit"]);
  // losses read the edges as they were before any limit
  const balanced = run({ ...chosen, load }, ["balance"]);
  return { ...limited, selected: chosen.edges, losses: balanced.losses ?? [] } as Routed;
}

function buildOf(use: RuleUse) {
  const build = findRule(use.slot, use.rule)?.build;
  if (build === undefined || use.when?.fromStep !== undefined || use.when?.untilStep !== undefined) throw refuse(use);
  return build;
}

const applies = ({ when }: RuleUse, training: boolean): boolean =>
  when?.phase === undefined || (when.phase === "training") === training;
