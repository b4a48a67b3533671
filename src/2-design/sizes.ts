/**
 * How large a design is: parameters, parameters a token meets, FLOPs a token costs, bytes. Plain arithmetic, each
 * number with the arithmetic as text. Parameters are counted exactly (BigInt), whatever sizes a spec names.
 */
import { count } from "../diagnostics/catalogue/count.js";
import { expertKind } from "../experts/index.js";
import { resolveAmount } from "../rules/amounts.js";
import { findRule } from "../rules/index.js";
import type { Facts } from "../rules/rule.js";
import { ffnWeights, type LocalWeight, normWeights } from "./block-weights.js";
import type { Attention, Design, Ffn, Mixture, RuleUse, Step, Unit } from "./design.js";
import { blockUses } from "./layers.js";
import { expertWidth } from "./mixture-weights.js";
import { attentionGroup } from "./placed.js";
import { embeddingWeights, headWeights, stepWeights } from "./weights.js";

/** One summand of the parameter count. */
export interface Term {
  /** what the parameters belong to, e.g. `Mixture.experts` */
  readonly path: string;
  readonly parameters: bigint;
  /** e.g. `6 layers × 16 experts × 393_216` */
  readonly because: string;
}

/** A number and where it comes from. */
export interface Size {
  readonly value: number;
  readonly because: string;
}

export interface MixtureSize {
  /** one layer, all experts, router, split and merge */
  readonly parameters: Size;
  /** of one layer, what one token is multiplied with */
  readonly active: Size;
  /** edges of one token: units per token × edges per unit */
  readonly edges: Size;
  /** forward FLOPs of one token in one layer: experts, shared experts, split and merge; the router not counted */
  readonly flops: Size;
  /** forward FLOPs of one token in the products of the router */
  readonly routerFlops: number;
}

export interface Sizes {
  readonly layers: number;
  readonly parameters: Size;
  /** what one token is multiplied with, embedding rows not counted */
  readonly active: Size;
  /** forward, one token, all layers and head */
  readonly flopsForward: Size;
  /** backward: twice the forward */
  readonly flopsBackward: Size;
  /** of the weights, in the format the optimiser keeps */
  readonly bytes: Size;
  readonly mixtures: Readonly<Record<string, MixtureSize>>;
}

/** Everything the parameter count is summed from; undefined where a size is not known. */
export function parameterTerms(design: Design): readonly Term[] | undefined {
  const { model } = design;
  if (!model) return undefined;
  const terms: (Term | undefined)[] = [
    term(`${model.name}.embed`, embeddingWeights(design), 1),
    term(`${model.name}.head`, headWeights(design), 1),
    term(`${model.name}.norm`, normWeights(model.norm, model.dModel), 1),
  ];
  for (const [block, layers] of blockUses(design)) {
    for (const step of design.blocks[block]?.steps ?? []) {
      for (const [path, weights] of byOwner(step, stepWeights(design, step))) terms.push(term(path, weights, layers));
    }
  }
  return terms.some((each) => each === undefined) ? undefined : (terms as Term[]);
}

/** Experts are a term of their own, because they are nearly always the largest. */
function byOwner(step: Step, weights: readonly LocalWeight[]): readonly (readonly [string, readonly LocalWeight[]])[] {
  const isExpert = ({ name }: LocalWeight) => name.startsWith("experts.");
  const experts = weights.filter(isExpert);
  const rest = weights.filter((weight) => !isExpert(weight));
  return experts.length > 0
    ? [
        [step.part, rest],
        [`${step.part}.experts`, experts],
      ]
    : [[step.part, rest]];
}

function term(path: string, weights: readonly LocalWeight[], layers: number): Term | undefined {
  const counts = weights.map(({ shape }) => volume(shape));
  if (counts.some((each) => each === undefined) || !Number.isSafeInteger(layers)) return undefined;
  const once = counts.reduce<bigint>((sum, each) => sum + each!, 0n);
  const shapes = weights.map(({ shape }) => (shape.length === 0 ? "1" : shape.map(count).join(" × "))).join(" + ");
  const because = layers === 1 ? shapes : `${layers} layers × (${shapes})`;
  return { path, parameters: once * BigInt(layers), because: because || "none" };
}

function volume(shape: readonly number[]): bigint | undefined {
  let product = 1n;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    product *= BigInt(size);
  }
  return product;
}

/** The sizes of a design with a model; undefined without one. */
export function sizesOf(design: Design): Sizes | undefined {
  const terms = parameterTerms(design);
  const { model } = design;
  if (!terms || !model) return undefined;
  const total = terms.reduce((sum, { parameters }) => sum + Number(parameters), 0);
  const layers = [...blockUses(design).values()].reduce((sum, count) => sum + count, 0);
  const mixtures = Object.fromEntries(
    Object.values(design.mixtures).map((mixture) => [mixture.name, mixtureSize(mixture, design)]),
  );
  const unused = unusedParameters(design, mixtures);
  const embedded = volumeOf(embeddingWeights(design));
  const active = total - unused - (model.embed.tied ? 0 : embedded);
  const forward = forwardFlops(design);
  const width = { f32: 4, bf16: 2, f16: 2 }[model.dtype.params];
  return {
    layers,
    parameters: {
      value: total,
      because: terms
        .filter(({ parameters }) => parameters > 0n)
        .map(({ path, parameters }) => `${path} ${count(parameters)}`)
        .join(" + "),
    },
    active: {
      value: active,
      because: `${count(total)} − ${count(unused)} of experts a token does not meet${model.embed.tied ? "" : ` − ${count(embedded)} of the embedding`}`,
    },
    flopsForward: forward,
    flopsBackward: { value: 2 * forward.value, because: "twice the forward pass: once for inputs, once for weights" },
    bytes: { value: total * width, because: `${count(total)} parameters × ${width} bytes (${model.dtype.params})` },
    mixtures,
  };
}

function volumeOf(weights: readonly LocalWeight[]): number {
  return weights.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

function unusedParameters(design: Design, mixtures: Readonly<Record<string, MixtureSize>>): number {
  return sumSteps(design, (step) => {
    const size = mixtures[step.part];
    return step.kind === "mixture" && size ? size.parameters.value - size.active.value : 0;
  });
}

function sumSteps(design: Design, of: (step: Step) => number): number {
  let sum = 0;
  for (const [block, layers] of blockUses(design)) {
    for (const step of design.blocks[block]?.steps ?? []) sum += layers * of(step);
  }
  return sum;
}

/** Sizes of one mixture in one layer; `inside` names the blocks it stands in as a part of an expert. */
export function mixtureSize(mixture: Mixture, design: Design, inside: readonly string[] = []): MixtureSize {
  const weights = stepWeights(design, { part: mixture.name, kind: "mixture", norm: { kind: "rms", eps: 1e-5 } }).slice(
    1,
  );
  const total = volumeOf(weights);
  const routed = volumeOf(weights.filter(({ name }) => name.startsWith("experts.")));
  const edges = edgesPerToken(mixture, design);
  const share = Math.min(1, edges.value / mixture.expertCount);
  const adjugates = volumeOf(weights.filter(({ name }) => name.startsWith("adjugate.")));
  const met = mixture.adjugate ? Math.min(1, edges.value / mixture.adjugate.count) : 0;
  const outside = total - routed - adjugates;
  return {
    parameters: {
      value: total,
      because: `experts ${count(routed)}${adjugates > 0 ? ` + adjugates ${count(adjugates)}` : ""} + router, projections and shared experts ${count(outside)}`,
    },
    active: {
      value: Math.round(routed * share + adjugates * met) + outside,
      because: `${edges.value} of ${mixture.expertCount} experts × ${count(routed / mixture.expertCount)}${adjugates > 0 ? ` + at most ${count(adjugates * met)} of adjugates` : ""} + ${count(outside)}`,
    },
    edges,
    flops: mixtureFlops(mixture, edges.value, design, inside),
    routerFlops: routerFlops(mixture, weights),
  };
}

/** Two FLOPs for each number of each matrix and unit; keys meet the queries of every head, embeddings are looked up. */
function routerFlops(mixture: Mixture, weights: readonly LocalWeight[]): number {
  const matrices = weights.filter(
    ({ name, shape }) => name.startsWith("router.") && shape.length === 2 && !name.endsWith("embedding.weight"),
  );
  const once = matrices.reduce(
    (sum, weight) => sum + 2 * volumeOf([weight]) * (weight.name.includes(".keys.") ? choicesOf(mixture) : 1),
    0,
  );
  // slots read units, and units read slots
  const slots = mixture.experts.reduce((sum, group) => sum + group.count * (group.slots ?? 0), 0);
  return (once + 2 * 2 * slots * expertWidth(mixture)) * unitsPerToken(mixture.unit);
}

/** Of runs, where they are whole. */
function unitsPerToken(unit: Unit): number {
  if (unit.kind === "subtoken") return unit.heads;
  return unit.kind === "chunk" ? 1 / unit.size : unit.kind === "sequence" ? 0 : 1;
}

/** Edges of a token, on average where experts choose, at most where the number varies. */
function edgesPerToken(mixture: Mixture, design: Design): Size {
  const units = mixture.unit.kind === "subtoken" ? mixture.unit.heads : 1;
  const { value, because } = edgesPerUnit(mixture, design);
  return { value: units * value, because: units === 1 ? because : `${units} sub-tokens × ${because}` };
}

/** Of the phase with most edges, where rules take turns. */
function edgesPerUnit(mixture: Mixture, design: Design): Size {
  const selects = mixture.router.rules.filter(({ slot }) => slot === "select");
  const each = selects.map((select) => edgesOfRule(select, mixture, design));
  const none = { value: mixture.expertCount, because: `at most ${mixture.expertCount} (nothing selected)` };
  return each.reduce((most, size) => (size.value > most.value ? size : most), each[0] ?? none);
}

function edgesOfRule(select: RuleUse, mixture: Mixture, design: Design): Size {
  const experts = mixture.expertCount;
  const slots = mixture.experts.reduce((sum, group) => sum + group.count * (group.slots ?? 0), 0);
  const length = design.model?.context;
  if (slots > 0 && length !== undefined)
    return { value: slots / length, because: `${slots} slots for ${length} tokens` };
  const context = { experts, unit: mixture.unit, tables: design.tables };
  const facts: Facts = findRule("select", select.rule)?.facts?.(select.args, context) ?? {};
  const rows = facts.rowsPerExpert;
  const { text } = select;
  if (facts.unitsPerSequence !== undefined) {
    const { context } = design.model ?? { context: 1 };
    const units = resolveAmount(facts.unitsPerSequence, context, experts);
    return { value: units / context, because: `${units} of ${context} units × 1 (${text})` };
  }
  if (rows?.share !== undefined)
    return { value: rows.share * experts, because: `${rows.share} of the units × ${experts} experts (${text})` };
  if (rows?.capacity !== undefined) return { value: rows.capacity, because: `${rows.capacity} on average (${text})` };
  const most = choicesOf(mixture) * Math.min(facts.edgesPerUnit ?? experts, experts);
  return { value: most, because: `${facts.exactEdges ? "" : "at most "}${most} (${text})` };
}

/** How many times over a unit chooses: heads of product keys. */
function choicesOf({ router }: Mixture): number {
  const keys = router.rules.find(({ slot, rule }) => slot === "score" && rule === "product_keys");
  return keys === undefined ? 1 : Number(keys.args.heads);
}

function mixtureFlops(mixture: Mixture, edges: number, design: Design, inside: readonly string[]): Size {
  const width = design.model?.dModel ?? 0;
  const rows = ((design.model?.context ?? 0) * edges) / mixture.expertCount;
  const each = mixture.experts.map(({ ffn }) => expertFlops(ffn, expertWidth(mixture), rows, design, inside));
  const routed = mixture.experts.reduce((sum, { count }, i) => sum + (count / mixture.expertCount) * each[i]!.value, 0);
  const shared = mixture.shared.reduce((sum, { count, ffn }) => sum + count * ffnFlops(ffn, width), 0);
  const { unit } = mixture;
  const projections = unit.kind === "subtoken" ? Number(unit.split === "linear") + Number(unit.merge === "linear") : 0;
  const units = unit.kind === "subtoken" ? unit.heads : 1;
  const latent = units * 2 * 2 * mixture.width * (mixture.latent ?? 0);
  const around = projections * 2 * width * width + latent;
  const because = [`${edges} edge${edges === 1 ? "" : "s"} × ${each.map((size) => size.because).join(" or ")}`];
  const adjugates = adjugateFlops(mixture, edges);
  if (adjugates > 0) because.push(`at most ${count(adjugates)} of adjugates`);
  if (shared > 0) because.push(`shared experts ${count(shared)}`);
  const keys = attentionGroup(mixture, design);
  const looked = keys && design.model ? keyFlops(keys.attention, design) : 0;
  if (looked > 0) because.push(`keys and values ${count(looked)}`);
  if (around > 0) because.push(`${latent > 0 ? "latent width" : "split and merge"} ${count(around)}`);
  return { value: edges * routed + adjugates + shared + looked + around, because: because.join(" + ") };
}

/** Of one token, when no two of its experts have an adjugate in common. */
function adjugateFlops({ adjugate, ...mixture }: Mixture, edges: number): number {
  return adjugate ? Math.min(edges, adjugate.count) * ffnFlops(adjugate.ffn, expertWidth(mixture)) : 0;
}

/** Forward FLOPs of one row of one expert; a block that is an expert sees `rows` of the positions of a sequence. */
function expertFlops(ffn: Ffn, width: number, rows: number, design: Design, inside: readonly string[]): Size {
  const { block, attention } = ffn;
  if (attention !== undefined) return headFlops(design, attention);
  if (block === undefined) return { value: ffnFlops(ffn, width), because: ffnFlopsText(ffn, width) };
  // a block that holds itself is refused, but not before its size is asked for
  const steps = inside.includes(block) ? [] : (design.blocks[block]?.steps ?? []);
  const value = steps.reduce((sum, step) => sum + stepFlops(design, step, rows, [...inside, block]), 0);
  return { value, because: `${count(value)} of block(${block})` };
}

/** Forward FLOPs of one token in one step that sees sequences of `length`. */
function stepFlops(design: Design, step: Step, length: number, inside: readonly string[] = []): number {
  const { part } = step;
  if (step.kind === "attention") return attentionFlops(design, part, length);
  if (step.kind === "dense") return ffnFlops(design.denses[part]!.ffn, design.model!.dModel);
  return mixtureSize(design.mixtures[part]!, design, inside).flops.value;
}

/** Two FLOPs for each number of each matrix: 6·F·C for swiglu. */
function ffnFlops(ffn: Ffn, width: number): number {
  const matrices = expertKind(ffn.kind)?.matrices ?? 0;
  return matrices > 0 ? 2 * matrices * ffn.hidden * width : 2 * volumeOf(ffnWeights(ffn, width, [], {}));
}

/** The product behind the FLOPs of one row. */
function ffnFlopsText(ffn: Ffn, width: number): string {
  const matrices = expertKind(ffn.kind)?.matrices ?? 0;
  return matrices > 0 ? `${matrices} × 2 × ${ffn.hidden} × ${width}` : `${ffnFlops(ffn, width)} of ${ffn.kind}`;
}

function forwardFlops(design: Design): Size {
  const { dModel, vocab, context } = design.model!;
  const steps = sumSteps(design, (step) => stepFlops(design, step, context));
  const head = 2 * dModel * vocab;
  return {
    value: steps + head,
    because: `layers ${count(steps)} + head 2 × ${dModel} × ${count(vocab)} = ${count(head)}`,
  };
}

/** Projections, then q kᵀ and the weighted sum over the positions seen, half of them on average when causal. */
function attentionFlops(design: Design, part: string, length: number): number {
  const attention = design.attentions[part]!;
  return keyFlops(attention, design) + queryFlops(attention, design, length);
}

/** The products that make keys and values. */
function keyFlops({ kvHeads, headDim }: Attention, { model }: Design): number {
  return 2 * model!.dModel * headDim * 2 * kvHeads;
}

/** The products with the matrices of the queries and behind them, and what the heads do with the positions they see. */
function queryFlops({ heads, headDim, mask, window }: Attention, { model }: Design, length: number): number {
  const seen = Math.min(window ?? length, mask === "causal" ? (length + 1) / 2 : length);
  return 2 * model!.dModel * headDim * 2 * heads + 4 * heads * headDim * seen;
}

/** Of the heads of one expert. */
function headFlops(design: Design, name: string): Size {
  const attention = Object.hasOwn(design.attentions, name) ? design.attentions[name] : undefined;
  if (!attention || !design.model) return { value: Number.NaN, because: `attention(${name})` };
  const value = queryFlops(attention, design, design.model.context);
  return { value, because: `${count(value)} of attention(${name})` };
}
