/** Weights and buffers of a mixture, without the layer in front of their names. */
import { ffnWeights, type Inits, initOf, type LocalWeight } from "./block-weights.js";
import type { Mixture, RuleUse } from "./design.js";

/** The weights of one use of a block, `attend.q.weight` and so on. */
export type BlockWeights = (block: string) => readonly LocalWeight[];

/** Split, router, experts, shared experts, merge. `width` is D, `vocab` V; `ofBlock` knows what blocks hold that are experts. */
export function mixtureWeights(
  mixture: Mixture,
  width: number,
  vocab: number,
  ofBlock: BlockWeights,
): readonly LocalWeight[] {
  return [
    ...projection(mixture, "split", width),
    ...routerWeights(mixture, vocab),
    ...latentWeights(mixture),
    ...expertWeights(mixture, ofBlock),
    ...sharedWeights(mixture, width),
    ...projection(mixture, "merge", width),
  ];
}

/** The width that routed experts work in. */
export const expertWidth = ({ latent, width }: Mixture): number => latent ?? width;

/** `latent.down.weight` [L,C] before the experts, `latent.up.weight` [C,L] after them. */
function latentWeights({ latent, width, init }: Mixture): readonly LocalWeight[] {
  if (latent === undefined) return [];
  const own = initOf(init, "latent");
  return [
    { name: "latent.down.weight", shape: [latent, width], class: "matrices", ...own },
    { name: "latent.up.weight", shape: [width, latent], class: "matrices", residual: true, ...own },
  ];
}

function projection(mixture: Mixture, which: "split" | "merge", width: number): readonly LocalWeight[] {
  const { unit, init } = mixture;
  if (unit.kind !== "subtoken" || unit[which] !== "linear") return [];
  const residual = which === "merge";
  return [{ name: `${which}.weight`, shape: [width, width], class: "matrices", residual, ...initOf(init, which) }];
}

/** [E,C] for a linear score; the second score of a router is `router.1.…`. */
function routerWeights(mixture: Mixture, vocab: number): readonly LocalWeight[] {
  const { rules } = mixture.router;
  const scores = rules.filter((rule) => rule.slot === "score");
  const noisy = rules.some((rule) => rule.slot === "noise" && rule.rule === "gaussian" && rule.args.learned === true);
  const predicted = rules.some((rule) => rule.slot === "balance" && rule.rule === "predictor");
  return [
    ...scores.flatMap((score, i) => scoreWeights(mixture, score, vocab, i === 0 ? "router" : `router.${i}`)),
    ...(noisy ? [routerMatrix("router.noise.weight", [mixture.expertCount, mixture.width], mixture.init)] : []),
    ...(predicted ? predictorWeights(mixture) : []),
  ];
}

/** Numbers that a predictor makes: one per expert where experts choose, one where sequences do. */
export function predictions({ router, expertCount }: Mixture): number {
  return router.rules.some(({ slot, args }) => slot === "select" && args.per === "expert") ? expertCount : 1;
}

function predictorWeights(mixture: Mixture): readonly LocalWeight[] {
  const outputs = predictions(mixture);
  const bias: LocalWeight = {
    name: "router.predictor.bias",
    shape: [outputs],
    class: "router",
    init: { kind: "zeros" },
  };
  return [routerMatrix("router.predictor.weight", [outputs, mixture.width], mixture.init), bias];
}

/** Numbers that a score makes: one per expert, or per slot where experts read mixtures of units. */
function scoredOf({ experts }: Mixture): number {
  return experts.reduce((sum, { count, slots = 1 }) => sum + count * slots, 0);
}

function scoreWeights(mixture: Mixture, score: RuleUse, vocab: number, name: string): readonly LocalWeight[] {
  const { args, rule } = score;
  const { expertCount: experts, width, init } = mixture;
  const matrix = (last: string, shape: readonly number[]) => routerMatrix(`${name}.${last}`, shape, init);
  const outputs = typeof args.to === "number" ? args.to : scoredOf(mixture);
  const inputs = args.from === "previous.scores" ? experts : width;
  if (rule === "mlp")
    return [matrix("hidden.weight", [Number(args.hidden), width]), matrix("weight", [outputs, Number(args.hidden)])];
  if (rule === "product_keys") {
    const keyWidth = Number(args.width);
    return [0, 1].flatMap((s) => [
      matrix(`query.${s}.weight`, [Number(args.heads) * keyWidth, width]),
      matrix(`keys.${s}.weight`, [Number(args.keys), keyWidth]),
    ]);
  }
  if (rule === "embedding") {
    const [table, weight] = [
      matrix("embedding.weight", [vocab, Number(args.dim)]),
      matrix("weight", [experts, Number(args.dim)]),
    ];
    const until = args.as === "student" ? taughtUntil(mixture) : undefined;
    return [table, weight].map((each) => (until === undefined ? each : { ...each, until }));
  }
  const bias: LocalWeight = { name: `${name}.bias`, shape: [outputs], class: "router", init: { kind: "zeros" } };
  const biases = args.bias === true ? [bias] : [];
  if (args.normalized !== true) return [matrix("weight", [outputs, inputs]), ...biases];
  const projected = Number(args.projection);
  return [
    matrix("projection.weight", [projected, inputs]),
    matrix("weight", [outputs, projected]),
    // starts at 1 and is multiplied with the rule's `temperature`
    { name: `${name}.temperature`, shape: [], class: "router", init: { kind: "ones" } },
    ...biases,
  ];
}

/** The step from which on nothing teaches the student; undefined where something always does. */
function taughtUntil({ router }: Mixture): number | undefined {
  const lessons = router.rules.filter(({ slot, rule }) => slot === "balance" && rule === "distill");
  const ends = lessons.map(({ when }) => when?.untilStep ?? Number.POSITIVE_INFINITY);
  const last = Math.max(...ends);
  return Number.isFinite(last) ? last : undefined;
}

function routerMatrix(name: string, shape: readonly number[], init: Inits): LocalWeight {
  return { name, shape, class: "router", ...initOf(init, "router") };
}

/** `experts.up.weight` [E,F,C] and so on; `experts.0.…`, `experts.1.…` where there are several groups. */
function expertWeights(mixture: Mixture, ofBlock: BlockWeights): readonly LocalWeight[] {
  return mixture.experts.flatMap(({ count, ffn }, i) => {
    const weights =
      ffn.block === undefined
        ? ffnWeights(ffn, expertWidth(mixture), [count], mixture.init)
        : ofBlock(ffn.block).map((weight) => ({ ...weight, shape: [count, ...weight.shape] }));
    return named(groupPrefix(mixture, i), weights);
  });
}

/** What the names of a group's weights start with: `experts.`, or `experts.1.` where there are several groups. */
export function groupPrefix({ experts }: Mixture, group: number): string {
  return experts.length > 1 ? `experts.${group}.` : "experts.";
}

/** Shared experts work on whole tokens, whatever is routed: their width is D. */
function sharedWeights(mixture: Mixture, width: number): readonly LocalWeight[] {
  const several = mixture.shared.length > 1;
  return mixture.shared.flatMap(({ count, ffn, gated }, i) => {
    const scale: LocalWeight = { name: "scale.weight", shape: [count, width], class: "matrices" };
    const weights = [...ffnWeights(ffn, width, [count], mixture.init), ...(gated ? [scale] : [])];
    return named(several ? `shared.${i}.` : "shared.", weights);
  });
}

function named(prefix: string, weights: readonly LocalWeight[]): readonly LocalWeight[] {
  return weights.map((weight) => ({ ...weight, name: prefix + weight.name }));
}

/** Something that is kept and saved with the weights, but not trained by gradients. */
export interface BufferSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "u8" | "f32";
  /** what every number is at the start; 0 unless said */
  readonly init?: number;
}

/** Routing tables (`visible` [V,E] u8, named like their table) load-balance biases (`router.load_bias` [E]), strengths. */
export function mixtureBuffers(mixture: Mixture, vocab: number): readonly BufferSpec[] {
  const { rules } = mixture.router;
  const tables = [...new Set(rules.filter(({ rule }) => rule === "table").map(({ args }) => String(args.table)))];
  const biased = rules.some(({ slot, rule }) => slot === "bias" && rule === "load_balance");
  const sparse = rules.find(({ slot, rule }) => slot === "balance" && rule === "l1");
  return [
    ...tables.map((name) => ({ name: name.toLowerCase(), shape: [vocab, mixture.expertCount], dtype: "u8" as const })),
    ...(biased ? [{ name: "router.load_bias", shape: [mixture.expertCount], dtype: "f32" as const }] : []),
    ...(sparse
      ? [{ name: "router.l1_strength", shape: [], dtype: "f32" as const, init: Number(sparse.args.weight) }]
      : []),
  ];
}
