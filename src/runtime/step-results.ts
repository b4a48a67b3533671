/** What one training step leaves behind, read out of the arena: losses, expert loads, and where a divergence began. */
import type { Bundle } from "./bundle.js";
import type { Engine } from "./engine.js";
import { type Load, summariseLoad } from "./load.js";
import { firstBadWeight } from "./start-weights.js";

/** A mixture of one layer, as its outputs are named. */
export interface MixtureSite {
  readonly layer: number;
  /** `layers.3.mixture` */
  readonly scope: string;
}

/** The mixtures whose load a program counts, first layer first. */
export function mixtureSites(engine: Engine, program: string): readonly MixtureSite[] {
  const scopes = engine.outputs(program).flatMap((name) => /^(layers\.\d+\..+)\.load$/.exec(name)?.[1] ?? []);
  const sites = scopes.map((scope) => ({ scope, layer: Number(scope.split(".")[1]) }));
  return sites.sort((a, b) => a.layer - b.layer);
}

export interface StepResults {
  readonly loss: number;
  readonly crossEntropy: number;
  /** all balance losses together */
  readonly balance: number;
  readonly lr: number;
  /** before clipping */
  readonly gradNorm: number;
  /** edges per expert, mixture by mixture; copies */
  readonly loads: readonly Load[];
  /** share of the edges that a limit removed, 0–1 */
  readonly dropped: number;
  /** mean entropy of the gate over units, nats, mixture by mixture; empty where it is not measured */
  readonly routerEntropy: readonly number[];
}

/** Reads the results of the last run of `train`. */
export function stepResults(engine: Engine, sites: readonly MixtureSite[]): StepResults {
  const scalar = (name: string): number => engine.output("train", name)?.[0] ?? Number.NaN;
  const perSite = (what: string) => sites.flatMap(({ scope }) => engine.output("train", `${scope}.${what}`) ?? []);
  const loads = perSite("load").map((load) => load.slice());
  const edges = loads.reduce((sum, load) => sum + load.reduce((a, b) => a + b, 0), 0);
  const dropped = perSite("dropped").reduce((sum, [each = 0]) => sum + each, 0);
  const [loss, crossEntropy] = [scalar("loss"), scalar("cross_entropy")];
  return {
    loss,
    crossEntropy,
    balance: loss - crossEntropy,
    lr: scalar("lr"),
    gradNorm: scalar("grad_norm"),
    loads,
    dropped: edges === 0 ? 0 : dropped / edges,
    routerEntropy: perSite("router.entropy").map(([each = Number.NaN]) => each),
  };
}

/** The ten numbers that scripts rely on, and what the design watches besides. */
export function metricsOf(step: number, results: StepResults, tokensPerSecond: number, watch: readonly string[]) {
  const { maxOverMean, dead } = summariseLoad(results.loads);
  return {
    step,
    loss: results.loss,
    cross_entropy: results.crossEntropy,
    balance: results.balance,
    lr: results.lr,
    grad_norm: results.gradNorm,
    tokens_per_second: tokensPerSecond,
    load_max_over_mean: maxOverMean,
    dead_experts: dead,
    dropped: results.dropped,
    ...(watch.includes("router_entropy") && { router_entropy: results.routerEntropy }),
    ...(watch.includes("expert_load") && { expert_load: results.loads.map((load) => Array.from(load)) }),
  };
}

/** Something that should be a number and is not. */
export interface Culprit {
  readonly what: string;
  readonly value: number;
}

/**
 * The first thing that is not finite, in the order in which a step computes: router and counters of the first layer
 * to the last, losses, the gradients' norm, then the weights it left behind. Undefined when all losses are finite.
 */
export function findCulprit(engine: Engine, bundle: Bundle, results: StepResults): Culprit | undefined {
  const { loss, crossEntropy, gradNorm } = results;
  if ([loss, crossEntropy, gradNorm].every(Number.isFinite)) return undefined;
  const names = engine.outputs("train").filter((name) => name.startsWith("layers."));
  for (const name of [...names, "cross_entropy", "loss"]) {
    const bad = engine.output("train", name)?.find((each) => !Number.isFinite(each));
    if (bad !== undefined) return { what: what(name), value: bad };
  }
  const weight = firstBadWeight(engine, bundle);
  const last = weight ? `, which spoils \`${weight.name}\` first` : "";
  return { what: `the norm of the gradients${last}`, value: gradNorm };
}

const what = (name: string): string => (name === "loss" ? "the loss" : `\`${name}\``);
