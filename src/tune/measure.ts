/**
 * Measures the legal strategies of one mixture on the device that is to run it: one build with a program for each, run
 * in turns, the median of each. Strategies that are estimated to be far behind are left out, and said to be.
 */
import type { Graph, Node } from "../3-graph/graph.js";
import { printGraph } from "../3-graph/print.js";
import { costOf } from "../4-dispatch/cost.js";
import type { SiteFacts } from "../4-dispatch/facts.js";
import type { Profile } from "../4-dispatch/profile.js";
import { strategies } from "../4-dispatch/strategies/index.js";
import type { Strategy } from "../4-dispatch/strategy.js";
import { TRIAL_EDGES, trialGraph } from "../4-dispatch/trial.js";
import type { Engine } from "../runtime/engine.js";
import { nextWord, stream } from "../runtime/rng.js";
import { edgesUnder, type Load, loadsOf } from "./loads.js";

/** Estimated to take more than this many times as long as the best: not measured. */
const HOPELESS = 10;
const ROUNDS = 7;

export interface Trial {
  /** in the order of the list of strategies; those that come to the same program are measured once, under the first name */
  readonly programs: ReadonlyMap<string, Graph>;
  /** legal, but not measured, and why */
  readonly skipped: readonly { readonly strategy: string; readonly why: string }[];
}

/** What there is to measure for one mixture. */
export function trialOf(node: Node, site: SiteFacts, profile: Profile): Trial {
  const legal = strategies.filter((strategy) => strategy.refusal(site) === undefined);
  const seconds = (strategy: Strategy): number => costOf(strategy.work(site, profile), profile).seconds;
  const best = Math.min(...legal.map(seconds));
  const programs = new Map<string, Graph>();
  const skipped: { strategy: string; why: string }[] = [];
  const seen = new Map<string, string>();
  for (const strategy of legal) {
    const ratio = seconds(strategy) / best;
    if (ratio > HOPELESS) {
      skipped.push({ strategy: strategy.name, why: `estimated at ${ratio.toFixed(0)} times the best` });
      continue;
    }
    const graph = trialGraph(node, strategy, site);
    const text = printGraph(graph);
    const twin = seen.get(text);
    if (twin !== undefined) skipped.push({ strategy: strategy.name, why: `the same program as ${twin} here` });
    else programs.set(strategy.name, graph);
    seen.set(text, twin ?? strategy.name);
  }
  return { programs, skipped };
}

export interface Measurement {
  readonly strategy: string;
  readonly load: Load;
  /** median of all rounds */
  readonly milliseconds: number;
}

/** Runs every strategy under every load, in turns; `progress` is told after each round how many are done. */
export async function measure(
  engine: Engine,
  names: readonly string[],
  site: SiteFacts,
  progress: (done: number, all: number) => void,
): Promise<readonly Measurement[]> {
  fillRandom(engine);
  await engine.push();
  const loads = loadsOf(site);
  const found: Measurement[] = [];
  for (const [i, load] of loads.entries()) {
    (engine.view("input", TRIAL_EDGES) as Int32Array).set(edgesUnder(load, site));
    const times = await takeTurns(engine, names, (round) => progress(i * ROUNDS + round, loads.length * ROUNDS));
    found.push(...names.map((strategy, n) => ({ strategy, load, milliseconds: median(times[n]!) })));
  }
  return found;
}

async function takeTurns(engine: Engine, names: readonly string[], progress: (round: number) => void) {
  const times = names.map((): number[] => []);
  // the first round warms caches and is not counted
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [n, name] of names.entries()) {
      const start = performance.now();
      await engine.run(programName(name));
      if (round > 0) times[n]!.push(performance.now() - start);
    }
    progress(round);
  }
  return times;
}

/** Names of programs are names in C. */
export const programName = (strategy: string): string => strategy.replaceAll("-", "_");

/** Numbers like those of a fresh model; zeros would run faster than any real numbers. */
function fillRandom(engine: Engine): void {
  const rng = stream(1, "tune", "numbers");
  for (const role of ["param", "input"] as const) {
    for (const { name, dtype } of engine.kept(role)) {
      if (dtype !== "f32") continue;
      const numbers = engine.floats(role, name);
      for (let i = 0; i < numbers.length; i++) numbers[i] = (nextWord(rng) / 2 ** 32 - 0.5) * 0.2;
    }
  }
}

export const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};
