/** Weights and buffers of a mixture, without the layer in front of their names. */
import { findRule } from "../rules/index.js";
import type { RuleSizes } from "../rules/rule.js";
import { ffnWeights, initOf, type LocalWeight } from "./block-weights.js";
import type { Mixture, RuleUse } from "./design.js";

/** What parts of the design hold that are experts. */
export interface PartWeights {
  /** one use of a block, `attend.q.weight` and so on */
  readonly block: (name: string) => readonly LocalWeight[];
  /** an attention, `q.weight` and so on */
  readonly attention: (name: string) => readonly LocalWeight[];
}

/** Split, router, experts, shared experts, merge. `width` is D, `vocab` V. */
export function mixtureWeights(
  mixture: Mixture,
  width: number,
  vocab: number,
  parts: PartWeights,
): readonly LocalWeight[] {
  return [
    ...projection(mixture, "split", width),
    ...routerWeights(mixture, width, vocab),
    ...latentWeights(mixture),
    ...keyWeights(mixture, parts),
    ...expertWeights(mixture, parts),
    ...adjugateWeights(mixture),
    ...sharedWeights(mixture, width),
    ...projection(mixture, "merge", width),
  ];
}

/** The width that routed experts work in. */
export const expertWidth = ({ latent, width }: Pick<Mixture, "latent" | "width">): number => latent ?? width;

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

/** What the rules of the router learn; what the second score learns is `router.1.…`. */
function routerWeights(mixture: Mixture, model: number, vocab: number): readonly LocalWeight[] {
  const { rules } = mixture.router;
  const scores = rules.filter((rule) => rule.slot === "score");
  const all = rules.flatMap((use) => {
    const at = scores.indexOf(use);
    return ruleWeights(mixture, use, { model, vocab }, at > 0 ? `router.${at}` : "router");
  });
  // rules of one slot may learn the same numbers together
  return all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i);
}

function ruleWeights(
  mixture: Mixture,
  use: RuleUse,
  { model, vocab }: Pick<RuleSizes, "model" | "vocab">,
  prefix: string,
): readonly LocalWeight[] {
  const { expertCount: experts, width } = mixture;
  const sizes = { experts, scored: scoredOf(mixture), width, model, vocab, foretold: predictions(mixture) };
  const learned = findRule(use.slot, use.rule)?.weights?.(use.args, sizes) ?? [];
  const until = use.args.as === "student" ? taughtUntil(mixture) : undefined;
  return learned.map(({ name, shape, init }) => ({
    name: `${prefix}.${name}`,
    shape,
    class: "router",
    ...(init ? { init } : initOf(mixture.init, "router")),
    ...(until !== undefined && { until }),
  }));
}

/** Numbers that a predictor makes: one per expert where experts choose, one where sequences do. */
export function predictions({ router, expertCount }: Mixture): number {
  return router.rules.some(({ slot, args }) => slot === "select" && args.per === "expert") ? expertCount : 1;
}

/** Numbers that a score makes: one per expert, or per slot where experts read mixtures of units. */
function scoredOf({ experts }: Mixture): number {
  return experts.reduce((sum, { count, slots = 1 }) => sum + count * slots, 0);
}

/** The step from which on nothing teaches the student; undefined where something always does. */
function taughtUntil({ router }: Mixture): number | undefined {
  const lessons = router.rules.filter(({ slot, rule }) => slot === "balance" && rule === "distill");
  const ends = lessons.map(({ when }) => when?.untilStep ?? Number.POSITIVE_INFINITY);
  const last = Math.max(...ends);
  return Number.isFinite(last) ? last : undefined;
}

/** `experts.up.weight` [E,F,C] and so on; `experts.0.…`, `experts.1.…` where there are several groups. */
function expertWeights(mixture: Mixture, parts: PartWeights): readonly LocalWeight[] {
  return mixture.experts.flatMap(({ count, ffn }, i) => {
    const each = (weights: readonly LocalWeight[]) =>
      weights.map((weight) => ({ ...weight, shape: [count, ...weight.shape] }));
    if (ffn.block !== undefined) return named(groupPrefix(mixture, i), each(parts.block(ffn.block)));
    if (ffn.attention !== undefined)
      return named(groupPrefix(mixture, i), each(parts.attention(ffn.attention).filter(isOfQueries)));
    return named(groupPrefix(mixture, i), ffnWeights(ffn, expertWidth(mixture), [count], mixture.init));
  });
}

/** `k.weight`, `v.weight` and the norms of heads, which experts that are attentions have in common. */
function keyWeights({ experts }: Mixture, parts: PartWeights): readonly LocalWeight[] {
  const found = experts.find(({ ffn }) => ffn.attention !== undefined)?.ffn.attention;
  return found === undefined ? [] : parts.attention(found).filter((weight) => !isOfQueries(weight));
}

/** Queries and outputs: what every expert has of its own. */
const isOfQueries = ({ name }: LocalWeight): boolean => /^[qo]\./.test(name);

/** `adjugate.up.weight` [n,F,C] and so on. */
function adjugateWeights({ adjugate, init, ...mixture }: Mixture): readonly LocalWeight[] {
  if (adjugate === undefined) return [];
  const width = expertWidth(mixture);
  return named("adjugate.", ffnWeights(adjugate.ffn, width, [adjugate.count], init));
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

/** Routing tables (`visible` [V,E] u8, named like their table), and what rules keep between steps (`router.load_bias` [E]). */
export function mixtureBuffers(mixture: Mixture, vocab: number): readonly BufferSpec[] {
  const { rules } = mixture.router;
  const { expertCount: experts } = mixture;
  const tables = rules.filter(({ rule }) => rule === "table").map(({ args }) => String(args.table).toLowerCase());
  const kept = rules.flatMap(({ slot, rule, args }) => findRule(slot, rule)?.state?.(args, { experts }) ?? []);
  const all: readonly BufferSpec[] = [
    ...tables.map((name) => ({ name, shape: [vocab, experts], dtype: "u8" as const })),
    ...kept.map((each) => ({ ...each, name: `router.${each.name}`, dtype: "f32" as const })),
  ];
  return all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i);
}
