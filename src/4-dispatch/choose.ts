/** The choice of a strategy for one mixture: the cheapest legal one, or the one that was asked for. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { suggest } from "../diagnostics/suggest.js";
import { type Cost, costOf } from "./cost.js";
import type { SiteFacts } from "./facts.js";
import type { Profile } from "./profile.js";
import { strategies } from "./strategies/index.js";
import type { Strategy } from "./strategy.js";

export interface Loser {
  readonly name: string;
  /** undefined where the strategy is not legal: what it would cost does not matter */
  readonly cost: Cost | undefined;
  readonly reason: string;
}

export interface Decision {
  readonly strategy: Strategy;
  readonly cost: Cost;
  readonly why: string;
  /** legal ones by cost, then those that are not legal */
  readonly losers: readonly Loser[];
}

/**
 * Decides. `wanted` is what the user asked for: MOE5002 for a name that no strategy has, MOE5003 for a strategy that
 * would be wrong here. What was only `measured` gives way where it is not legal.
 */
export function choose(site: SiteFacts, profile: Profile, wanted?: string, measured = false): Decision {
  const legal = strategies.filter((strategy) => strategy.refusal(site) === undefined);
  const costs = new Map(legal.map((strategy) => [strategy, costOf(strategy.work(site, profile), profile)]));
  const ranked = [...legal].sort((a, b) => costs.get(a)!.seconds - costs.get(b)!.seconds);
  const asked = measured ? legal.find(({ name }) => name === wanted) : wanted && requested(site, wanted);
  const strategy = asked || ranked[0]!;
  const cost = costs.get(strategy)!;
  return {
    strategy,
    cost,
    why: !asked ? "cheapest of those that are legal" : measured ? "fastest, as measured" : "asked for with --dispatch",
    losers: [
      ...ranked.filter((other) => other !== strategy).map((other) => slower(other, costs.get(other)!, cost)),
      ...strategies.flatMap((other) => illegal(other, site)),
    ],
  };
}

function slower({ name }: Strategy, cost: Cost, best: Cost): Loser {
  const ratio = cost.seconds / best.seconds;
  if (ratio < 1) return { name, cost, reason: "estimated to be cheaper" };
  if (ratio < 1.005) return { name, cost, reason: "costs the same" };
  return { name, cost, reason: `${ratio < 9.95 ? ratio.toFixed(2) : ratio.toFixed(0)} times the cost` };
}

function illegal(strategy: Strategy, site: SiteFacts): readonly Loser[] {
  const reason = strategy.refusal(site);
  return reason === undefined ? [] : [{ name: strategy.name, cost: undefined, reason }];
}

function requested(site: SiteFacts, name: string): Strategy {
  const strategy = findStrategy(name);
  const reason = strategy.refusal(site);
  if (reason === undefined) return strategy;
  const others = strategies.filter((other) => other.refusal(site) === undefined).map((other) => `\`${other.name}\``);
  throw new DiagnosticError([
    diagnose("MOE5003", { strategy: name, site: site.site, reason }, { help: [`legal here: ${others.join(", ")}`] }),
  ]);
}

/** The strategy of a name; MOE5002 with the nearest name otherwise. */
export function findStrategy(name: string): Strategy {
  const found = strategies.find((strategy) => strategy.name === name);
  if (found !== undefined) return found;
  const names = strategies.map((strategy) => strategy.name);
  const near = suggest(name, names);
  const help = near === undefined ? `strategies: ${names.join(", ")}` : `did you mean \`${near}\`?`;
  throw new DiagnosticError([diagnose("MOE5002", { strategy: name }, { help: [help] })]);
}
