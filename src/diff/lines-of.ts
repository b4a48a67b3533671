/**
 * The lines of a design, one function for each kind of declaration. Whatever the design holds must show up in the
 * values of some line: a test changes every single value of a design and expects a difference.
 */
import type {
  Attention,
  Block,
  Dense,
  Design,
  Mixture,
  Model,
  Router,
  RuleUse,
  Table,
  Train,
} from "../2-design/design.js";
import { stackText } from "../2-design/layers.js";
import { pointText, stepText } from "../2-design/step-text.js";
import { byCodeUnit } from "../host/host.js";
import type { DesignLine, Scalar, Section, SectionKind } from "./line.js";
import { reachableParts } from "./reachable.js";
import {
  ffnValues,
  initValues,
  listText,
  normValues,
  ruleValues,
  scalar,
  setText,
  told,
  unitValues,
  valuesText,
} from "./values.js";

type Values = DesignLine["values"];

interface From {
  readonly provenance: Design["provenance"];
  readonly refer: Refer;
}

/** The name a reference means; two designs may call the same declaration differently. */
export type Refer = (name: string) => string;

/** All declarations that take part in a comparison: model, parts, tables, run. */
export function sectionsOf(design: Design, refer: Refer = (name) => name): readonly Section[] {
  const { model, train, provenance } = design;
  const parts = reachableParts(design);
  const from: From = { provenance, refer };
  const each = <T>(all: Readonly<Record<string, T>>, of: (part: T, from: From) => Section) =>
    Object.values(all).map((part) => of(part, from));
  return [
    ...(model ? [modelSection(model, from)] : []),
    ...each(parts.blocks, blockSection),
    ...each(parts.attentions, attentionSection),
    ...each(parts.denses, denseSection),
    ...each(parts.mixtures, mixtureSection),
    ...each(parts.routers, routerSection),
    ...each(parts.tables, tableSection),
    ...(train ? [trainSection(train, from)] : []),
  ];
}

interface Made {
  readonly slot: string;
  readonly values: Values;
  readonly key?: string;
  /** path below the section, where it is not the slot */
  readonly path?: string;
  /** text for lines without a text of their own */
  readonly text?: string;
}

function section(
  kind: SectionKind,
  name: string,
  made: readonly Made[],
  from: From,
  ordered: readonly string[] = [],
): Section {
  return { kind, name, lines: made.map((each) => line(name, each, from)), ordered };
}

function line(owner: string, { slot, values, key = slot, path: below = slot, text }: Made, from: From): DesignLine {
  const path = `${owner}.${below}`;
  const { provenance } = from;
  const known = provenance[path];
  const reasons = Object.keys(values).flatMap((name) => {
    const value = provenance[`${path}.${name}`] ?? (name === slot.split(".").at(-1) ? known : undefined);
    const unwritten = value?.from === "default" || value?.from === "derived";
    return unwritten ? [[name, value.because ?? value.from]] : [];
  });
  return {
    path,
    slot,
    key,
    text: known?.text ?? text ?? valuesText(values),
    line: known?.line,
    from: known?.from ?? "derived",
    values,
    because: Object.fromEntries(reasons),
  };
}

/** `experts`, `experts[1]`, … */
const numbered = (slot: string, index: number): string => (index === 0 ? slot : `${slot}[${index}]`);

function modelSection(model: Model, from: From): Section {
  const { name, vocab, context, dModel, dtype, embed, stack, norm, head, merge, ...rest } = model;
  told(rest);
  const layers = stackText(stack);
  const made: Made[] = [
    { slot: "vocab", values: { vocab } },
    { slot: "context", values: { context } },
    { slot: "d_model", values: { d_model: dModel } },
    { slot: "dtype", values: { ...dtype } },
    { slot: "embed", values: { tied: embed.tied, positions: embed.positions } },
    { slot: "layers", values: { layers: stackText(stack, from.refer) }, path: "repeat" },
    ...(merge ? [{ slot: "init", values: { merge: listText(merge) } }] : []),
    { slot: "norm", values: normValues(norm) },
    { slot: "head", values: { bias: head.bias } },
  ];
  const sized = section("model", name, made, from);
  // several `repeat` lines are one stack
  return { ...sized, lines: sized.lines.map((each) => (each.slot === "layers" ? { ...each, text: layers } : each)) };
}

function blockSection({ name, steps }: Block, from: From): Section {
  const made = steps.map((step, i): Made => {
    const { part, kind, norm, reads, dropout, ...rest } = step;
    told(rest);
    const reading = reads === undefined ? null : pointText(reads, from.refer);
    const values = { part: from.refer(part), kind, ...normValues(norm), reading, dropout: scalar(dropout) };
    return { slot: "residual", key: values.part, path: numbered("residual", i), values, text: stepText(step) };
  });
  return section("block", name, made, from, ["residual"]);
}

function attentionSection(attention: Attention, from: From): Section {
  const { name, heads, kvHeads, headDim, rope, mask, window, qkNorm, bias, init, ...rest } = attention;
  told(rest);
  const made: Made[] = [
    { slot: "heads", values: { heads } },
    { slot: "kv_heads", values: { kv_heads: kvHeads } },
    { slot: "head_dim", values: { head_dim: headDim } },
    { slot: "position", values: { position: rope ? "rope" : "none", base: scalar(rope?.base) } },
    { slot: "mask", values: { mask } },
    { slot: "window", values: { window: scalar(window) } },
    { slot: "qk_norm", values: { qk_norm: qkNorm } },
    { slot: "bias", values: { bias } },
    ...initLines(name, init, from),
  ];
  return section("attention", name, made, from);
}

function denseSection({ name, ffn, init, ...rest }: Dense, from: From): Section {
  told(rest);
  const made: Made = { slot: "ffn", values: ffnValues(ffn, from.refer), text: `${ffn.kind}(hidden: ${ffn.hidden})` };
  return section("dense", name, [made, ...initLines(name, init, from)], from);
}

/** `init` lines lie under their number in the provenance and under the weight's name in the design. */
function initLines(owner: string, inits: Mixture["init"], from: From): readonly Made[] {
  return Object.entries(inits).map(([weight, init]): Made => {
    const paths = Object.keys(inits).map((_, i) => numbered("init", i));
    const path = paths.find((each) => from.provenance[`${owner}.${each}.weight`]?.text === weight) ?? `init.${weight}`;
    return { slot: "init", key: weight, path, values: { weight, ...initValues(init) } };
  });
}

function mixtureSection(mixture: Mixture, from: From): Section {
  // E is the sum over the groups, which are lines themselves
  const { name, unit, latent, experts, expertCount: _sum, adjugate, shared, router, width, init, ...rest } = mixture;
  told(rest);
  const made: Made[] = [
    { slot: "unit", values: unitValues(unit) },
    { slot: "width", values: { width }, text: String(width) },
    ...(latent === undefined ? [] : [{ slot: "latent", values: { latent }, text: String(latent) }]),
    ...experts.map(({ count, ffn, slots, ...more }, i): Made => {
      told(more);
      const values = { count, ...ffnValues(ffn, from.refer), slots: scalar(slots) };
      return { slot: "experts", key: ffn.kind, path: numbered("experts", i), values };
    }),
    ...(adjugate ? [adjugateLine(adjugate, from)] : []),
    ...shared.map(({ count, ffn, gated, ...more }, i): Made => {
      told(more);
      return {
        slot: "shared",
        key: ffn.kind,
        path: numbered("shared", i),
        values: { count, ...ffnValues(ffn, from.refer), gated },
      };
    }),
    ...routerLines(router, `${name}.`, from),
    ...initLines(name, init, from),
  ];
  return section("moe", name, made, from);
}

function adjugateLine({ count, ffn, scaled, ...more }: NonNullable<Mixture["adjugate"]>, from: From): Made {
  told(more);
  return { slot: "adjugate", key: ffn.kind, values: { count, ...ffnValues(ffn, from.refer), scaled } };
}

function routerSection(router: Router, from: From): Section {
  return section("router", router.name, routerLines(router, `${router.name}.`, from), from);
}

function routerLines({ rules, allow }: Router, prefix: string, { refer }: From): readonly Made[] {
  const path = (use: RuleUse) => (use.path.startsWith(prefix) ? use.path.slice(prefix.length) : use.path);
  return [
    ...rules.map((use): Made => {
      return {
        slot: `router.${use.slot}`,
        key: use.rule,
        path: path(use),
        values: ruleValues(use, refer),
        text: use.text,
      };
    }),
    ...allow.map(({ what, because }, i): Made => {
      const values = { allow: what, because: scalar(because) };
      return { slot: "router.allow", key: what, path: numbered("router.allow", i), values };
    }),
  ];
}

function tableSection({ name, key, of, tiers, assign, counts, ...rest }: Table, from: From): Section {
  told(rest);
  const made: Made[] = [
    { slot: "key", values: { key } },
    { slot: "value", values: { of: from.refer(of) } },
    ...tiers.map(({ name: tier, coverage, sees }, i): Made => {
      // the name of a tier means nothing, its place does
      return {
        slot: "tier",
        key: String(i),
        path: numbered("tier", i),
        values: { coverage: scalar(coverage), sees },
        text: tier,
      };
    }),
    { slot: "assign", values: plainValues(assign) },
    { slot: "counts", values: countsValues(counts, from), text: "the training data" },
  ];
  return section("table", name, made, from);
}

function countsValues(counts: Table["counts"], { refer }: From): Values {
  if (!counts) return { counts: null };
  return counts.kind === "from" ? { kind: counts.kind, train: refer(counts.train) } : plainValues(counts);
}

function plainValues(object: Readonly<Record<string, number | string | boolean>>): Values {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => byCodeUnit(a, b)));
}

function trainSection(train: Train, from: From): Section {
  const { name, data, tokenizer, batch, steps, seed, optimize, schedule, clip, evaluate, watch, ...rest } = train;
  told(rest);
  const made: Made[] = [
    { slot: "data", values: { kind: data.kind, globs: listText(data.globs) } },
    { slot: "tokenizer", values: plainValues(tokenizer) },
    { slot: "batch", values: { sequences: batch } },
    { slot: "steps", values: { steps } },
    { slot: "seed", values: { seed } },
    ...optimize.map(({ kind, lr, betas, eps, decay, weights, ...more }, i): Made => {
      told(more);
      const values: Record<string, Scalar> = {
        kind,
        lr,
        betas: listText(betas),
        eps,
        decay,
        weights: setText(weights),
      };
      return { slot: "optimize", key: setText(weights), path: numbered("optimize", i), values };
    }),
    { slot: "schedule", values: { warmup: schedule.warmup, decay: schedule.decay.kind, to: schedule.decay.to } },
    { slot: "clip", values: { norm: scalar(clip) } },
    { slot: "eval", values: { every: scalar(evaluate?.every), held_out: scalar(evaluate?.heldOut) } },
    { slot: "watch", values: { watch: setText(watch) } },
  ];
  return section("train", name, made, from);
}
