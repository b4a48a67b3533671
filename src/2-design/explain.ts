/**
 * `moec explain FILE`: what was decided and why, as text. One screen for the model and one for each mixture: the seven
 * steps, what each rule means, where it comes from, and how large everything is. Pure: a design in, a text out.
 */
import { count } from "../diagnostics/catalogue/count.js";
import { expertKind } from "../experts/index.js";
import { findRule } from "../rules/index.js";
import type { Design, Ffn, Mixture, Provenance, RuleUse, Slot, Table, Unit } from "./design.js";
import { stackText } from "./layers.js";
import { bytesText, flopsText } from "./numbers.js";
import { type Sizes, sizesOf } from "./sizes.js";
import { stepText } from "./step-text.js";
import { textColumn, wrapped } from "./wrapped.js";

/** The steps of routing, and which slots belong to each. */
export const routingSteps: readonly { readonly name: string; readonly slots: readonly Slot[] }[] = [
  { name: "unit", slots: [] },
  { name: "score", slots: ["score", "noise"] },
  { name: "legal", slots: ["mask"] },
  { name: "select", slots: ["gate", "bias", "group", "select", "rest", "dispatch"] },
  { name: "weight", slots: ["weight"] },
  { name: "limit", slots: ["limit"] },
  { name: "balance", slots: ["balance"] },
];

/** Explains a whole design; ends with a line end. */
export function explainDesign(design: Design): string {
  const sizes = sizesOf(design);
  const sections = [
    explainModel(design, sizes),
    ...Object.values(design.mixtures).map((mixture) => explainMixture(design, mixture, sizes)),
  ];
  const routers = Object.values(design.routers).filter((router) => !design.model || router.rules.length > 0);
  const alone = routers.map((router) =>
    [`router ${router.name}`, ...routingSteps.slice(1).flatMap((step) => stepLines(step, router.rules, design))].join(
      "\n",
    ),
  );
  const text = [...sections, ...alone].filter((section) => section !== "").join("\n\n");
  const lines = text.split("\n").flatMap((line) => wrapped(line, textColumn(line)));
  return `${lines.join("\n")}\n`;
}

function explainModel(design: Design, sizes: Sizes | undefined): string {
  const { model, train } = design;
  if (!model || !sizes) return `${design.spec.path}: no model; mixtures and routers only`;
  const stack = stackText(model.stack);
  const blocks = Object.values(design.blocks).map((block) => `${block.name}: ${block.steps.map(stepText).join(", ")}`);
  return [
    `${model.name}, ${design.spec.path}`,
    `  layers      ${stack} (${blocks.join("; ")})`,
    `  sizes       V ${count(model.vocab)}, S ${count(model.context)}, D ${count(model.dModel)}${source(design, `${model.name}.d_model`)}`,
    ...Object.values(design.attentions).map(
      (each) =>
        `  attention   ${each.name}: ${each.heads} heads of ${each.headDim}${source(design, `${each.name}.head_dim`)}, ${each.kvHeads} for keys and values`,
    ),
    ...Object.values(design.denses).map((each) => `  dense       ${each.name}: ${ffnText(each.ffn)}`),
    ...(model.merge
      ? [`  start       experts from ${model.merge.join(", ")}, one each; all else their mean; routers drawn`]
      : []),
    `  parameters  ${count(sizes.parameters.value)}, of which one token meets ${count(sizes.active.value)}`,
    `  weights     ${bytesText(sizes.bytes.value)} in ${model.dtype.params}`,
    `  per token   ${flopsText(sizes.flopsForward.value)} forward, ${flopsText(sizes.flopsBackward.value)} backward (2 per multiply-add; router not counted)`,
    ...(train
      ? [
          `  training    ${count(train.steps)} steps of ${train.batch} × ${count(model.context)} tokens, seed ${train.seed}`,
        ]
      : []),
  ].join("\n");
}

function explainMixture(design: Design, mixture: Mixture, sizes: Sizes | undefined): string {
  const size = sizes?.mixtures[mixture.name];
  const groups = mixture.experts.map(
    (group, i) =>
      `  experts     ${count(group.count)} of ${ffnText(group.ffn)}${slotsText(group.slots)}${source(design, `${mixture.name}.experts${i === 0 ? "" : `[${i}]`}`)}`,
  );
  const shared = mixture.shared.map(
    (group) =>
      `  shared      ${count(group.count)} of ${ffnText(group.ffn)}${group.gated ? ", gated" : ""}, for every token`,
  );
  const sizeLines = size
    ? [
        `  a layer     ${count(size.parameters.value)} parameters = ${size.parameters.because}`,
        `  a token     ${count(size.active.value)} of them = ${size.active.because}`,
        `              ${flopsText(size.flops.value)} forward = ${size.flops.because}`,
        ...(size.routerFlops > 0 ? [`              and ${flopsText(size.routerFlops)} of its router, in no sum`] : []),
      ]
    : [];
  const tables = usedTables(mixture, design).map((table) => tableLine(table));
  return [
    `moe ${mixture.name}`,
    ...groups,
    ...adjugateLine(mixture, design),
    ...shared,
    `  1 unit      ${unitText(mixture.unit)}${source(design, `${mixture.name}.unit`)}`,
    ...routingSteps.slice(1).flatMap((step) => stepLines(step, rulesToTell(mixture, design), design)),
    ...mixture.router.allow.map(({ what, because }) => `  allowed     ${what}: ${because ?? "no reason given"}`),
    ...tables,
    ...sizeLines,
  ].join("\n");
}

const slotsText = (slots: number | undefined): string =>
  slots === undefined ? "" : `; each reads ${count(slots)} mixture${slots === 1 ? "" : "s"} of units`;

function adjugateLine({ name, adjugate, expertCount }: Mixture, design: Design): readonly string[] {
  if (adjugate === undefined) return [];
  const { count: number, ffn, scaled } = adjugate;
  const each = `one for every ${count(expertCount / number)} experts, weights × ${scaled}`;
  return [`  adjugate    ${count(number)} of ${ffnText(ffn)}, ${each}${source(design, `${name}.adjugate`)}`];
}

/** All rules but a `rest` that nobody wrote, where no unit is ever left without an edge. */
function rulesToTell({ router, unit, expertCount: experts }: Mixture, { tables, provenance }: Design) {
  const context = { experts, unit, tables };
  const leavesNone = router.rules
    .filter(({ slot }) => slot === "select")
    .every(({ rule, args }) => {
      const { exactEdges, allEdges } = findRule("select", rule)?.facts?.(args, context) ?? {};
      return exactEdges === true || allEdges === true;
    });
  return router.rules.filter(
    ({ slot, path }) => slot !== "rest" || !leavesNone || provenance[path]?.from !== "default",
  );
}

function stepLines(step: (typeof routingSteps)[number], rules: readonly RuleUse[], design: Design): readonly string[] {
  const own = step.slots.flatMap((slot) => rules.filter((rule) => rule.slot === slot));
  const label = `  ${routingSteps.indexOf(step) + 1} ${step.name}`.padEnd(14);
  if (own.length === 0) return [`${label}${nothingSaid[step.name] ?? "none"}`];
  return own.flatMap((rule, i) => [
    `${i === 0 ? label : " ".repeat(14)}${ruleLine(rule, design)}`,
    `${" ".repeat(16)}${ruleMeaning(rule)}`,
  ]);
}

/** What it means when a step has no rule. */
export const nothingSaid: Readonly<Record<string, string>> = {
  score: "nothing is scored",
  legal: "every expert",
  weight: "nothing",
  limit: "none",
  balance: "no loss",
};

function ruleLine(rule: RuleUse, design: Design): string {
  return `${rule.slot} ${rule.text}${source(design, rule.path)}`;
}

/** What a rule means, in one sentence. */
export function ruleMeaning(rule: RuleUse): string {
  const found = findRule(rule.slot, rule.rule);
  return found?.means?.(rule.args) ?? found?.doc ?? "";
}

/** Where a value comes from, in parentheses. */
function source(design: Design, path: string): string {
  const found = design.provenance[path];
  return found ? ` (${provenanceText(found)})` : "";
}

/** `line 48`, `default: …`, `= d_model / heads = 256 / 8`. */
export function provenanceText({ from, line, because }: Provenance): string {
  switch (from) {
    case "written":
      return line === undefined ? (because ?? "written") : `line ${line}`;
    case "inherited":
      return `inherited from line ${line}`;
    case "default":
      return because === undefined ? "default" : `default: ${because}`;
    case "derived":
      return `= ${because}`;
  }
}

function ffnText({ kind, hidden, clamp, bias, block, attention }: Ffn): string {
  const args = [
    ...(hidden > 0 ? [`hidden: ${count(hidden)}`] : []),
    ...(clamp === undefined ? [] : [`clamp: ${clamp}`]),
    ...(bias ? ["bias"] : []),
    ...(block === undefined ? [] : [block]),
    ...(attention === undefined ? [] : [attention]),
  ];
  const text = args.length > 0 ? `${kind}(${args.join(", ")})` : kind;
  return `${text}: ${expertKind(kind)?.doc.replace(/\.$/, "") ?? ""}`;
}

/** What is routed, in words. */
export function unitText(unit: Unit): string {
  switch (unit.kind) {
    case "subtoken": {
      const residual = unit.residualInside ? ", residual inside" : "";
      return `${unit.heads} sub-tokens per token, split ${unit.split}, merge ${unit.merge}${residual}`;
    }
    case "chunk":
      return `runs of ${unit.size} tokens`;
    case "sequence":
      return "whole sequences";
    case "token":
      return "token";
  }
}

function usedTables(mixture: Mixture, { tables }: Design): readonly Table[] {
  const names = new Set(mixture.router.rules.map((rule) => (rule.rule === "table" ? String(rule.args.table) : "")));
  return [...names].flatMap((name) => tables[name] ?? []);
}

function tableLine({ name, tiers, assign }: Table): string {
  const rows = tiers.map(
    (tier) =>
      `${tier.name} ${tier.coverage === undefined ? (tiers.length === 1 ? "(all ids)" : "(all other ids)") : `(ids of the first ${Number((tier.coverage * 100).toPrecision(6))}% of occurrences)`} sees ${tier.sees}`,
  );
  const how =
    assign.kind === "file"
      ? `from ${JSON.stringify(assign.path)}`
      : `${assign.kind}, seed ${assign.seed}${assign.perLayer ? ", anew for every layer" : ", the same in all layers"}`;
  return `  table       ${name}: ${rows.join("; ")}; ${how}`;
}
