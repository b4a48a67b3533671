/** Runs the rules of a router, slot by slot, and says what came out: edges, weights, load, losses. */
import type { Mixture, RuleUse, Slot } from "../../2-design/design.js";
import { phasesOf } from "../../2-design/phases.js";
import type { RouterSite, RouterState } from "../../rules/build.js";
import { findRule } from "../../rules/index.js";
import { refuse } from "../../rules/refuse.js";
import { ensure } from "../internal.js";
import { joinPhases, phaseSites } from "./phases.js";
import type { Routed } from "./routed.js";

/** The seven steps, once the scores stand: unit → score → legal → select → weight → limit → balance. */
const ORDER: readonly Slot[] = ["mask", "gate", "bias", "group", "select", "rest", "dispatch", "weight"];

/** One mixture of one layer; where rules hold for some steps only, the step chooses between the phases. */
export function runRouter(mixture: Mixture, site: RouterSite): Routed {
  const phases = phasesOf(mixture.router.rules, site.training);
  if (phases.length === 1) return runRules(mixture.name, phases[0]!.rules, site);
  const siteOfPhase = phaseSites(site);
  const runs = phases.map((phase) => ({ phase, routed: runRules(mixture.name, phase.rules, siteOfPhase()) }));
  const joined = joinPhases(site, runs);
  if (joined !== undefined) return joined;
  // what goes into experts is the same in every phase: whether it is weighted, and whether it is mixed
  const timed = mixture.router.rules.filter(({ when }) => when !== undefined);
  throw refuse(timed.find(({ slot }) => slot === "weight" || slot === "dispatch") ?? timed[0]!);
}

function runRules(mixture: string, rules: readonly RuleUse[], site: RouterSite): Routed {
  const uses = (slot: Slot) => rules.filter((use) => use.slot === slot);
  const runUses = (start: RouterState, list: readonly RuleUse[]) =>
    list.reduce(
      (state, use) => site.g.within({ because: use.path }, () => buildOf(use)(site, state, use.args, use)),
      start,
    );
  const run = (start: RouterState, slots: readonly Slot[]) => runUses(start, slots.flatMap(uses));
  // noise that needs no scores changes what is scored
  const onScores = (use: RuleUse) => findRule(use.slot, use.rule)?.needs.includes("scores") === true;
  const noise = uses("noise");
  // units without an edge are copied where no rule says otherwise
  const seen = runUses(
    uses("rest").length === 0 ? { restCopy: true } : {},
    noise.filter((use) => !onScores(use)),
  );
  const scored = runUses(run(seen, ["score"]), noise.filter(onScores));
  const chosen = run(scored, ORDER);
  ensure(chosen.edges !== undefined && chosen.weight !== undefined, () => `${mixture} selects or weighs nothing`);
  const load = site.g.within({ role: "router.load" }, () => site.g.histogram(chosen.edges!, site.experts));
  const updates = (chosen.afterLoad ?? []).map((make) =>
    site.g.within({ role: "router.update", phase: "update" }, () => make(load, chosen.edges!)),
  );
  const fitting = run({ ...chosen, load, updates }, ["limit"]);
  // an edge counts what its own expert's gate says
  const limited = fitting.moved || chosen.weighsKept ? run(fitting, ["weight"]) : fitting;
  // losses read the edges as they were before any limit
  const balanced = run({ ...chosen, load, updates: [] }, ["balance"]);
  // what stays as it is is no update: nothing would have to be stored for it
  const moved = [...(limited.updates ?? []), ...(balanced.updates ?? [])].filter(
    ({ target, value }) => target !== value,
  );
  return { ...limited, selected: chosen.edges, losses: balanced.losses ?? [], updates: moved } as Routed;
}

function buildOf(use: RuleUse) {
  const build = findRule(use.slot, use.rule)?.build;
  if (build === undefined) throw refuse(use);
  return build;
}
