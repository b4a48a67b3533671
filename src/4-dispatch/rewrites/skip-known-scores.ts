/**
 * Units that see one expert need no scores: their gate is 1 whatever the score says, exactly, and no gradient reaches
 * it. The rows of the others are moved together, scored by a product over that many rows, and read back in place;
 * unscored rows hold zeros. Legal only while nothing but the masked softmax and the masked choice reads the scores.
 */
import type { GraphBuilder } from "../../3-graph/builder.js";
import { lt, select } from "../../3-graph/expr-build.js";
import type { Node, Value } from "../../3-graph/graph.js";
import type { Replace } from "../../3-graph/rewrite.js";
import { again } from "../again.js";
import { lineOf } from "../facts.js";
import { type Reader, readersOf } from "../readers.js";
import { type MaskedSoftmax, maskedKeys, maskedSoftmaxes, scoreProduct } from "../router-view.js";
import { defineRewrite, type Layer, type Plan } from "./rewrite.js";

export const skipKnownScores = defineRewrite({
  name: "skip-known-scores",
  doc: "Units that see one expert are not scored: only the other rows enter the router's product.",
  plan(layer) {
    const { rules, unitWord } = layer.site;
    if (rules.table === undefined) return { kind: "refused", why: "no table says which experts a token sees" };
    if (!rules.someRoutesKnown) return { kind: "refused", why: `all ${unitWord} see several experts` };
    if (rules.legalPerUnit === 1) return { kind: "refused", why: `all ${unitWord} see one expert: nothing is scored` };
    return planned(layer, rules.table);
  },
});

function planned(layer: Layer, table: string): Plan {
  const { graph, node, site } = layer;
  const gates = maskedSoftmaxes(graph, node.at.scope, table);
  const [gate] = gates;
  const found = gate && scoreProduct(gate.logits);
  if (gate === undefined || found === undefined)
    return { kind: "refused", why: `the scores behind \`${table}\` are not one matrix product under a masked softmax` };
  const chain = [found.product, ...found.steps];
  const others = strangers(layer, chain, gates, table);
  if (others.length > 0)
    return {
      kind: "refused",
      why: `${others.join(" and ")} ${others.length > 1 ? "need" : "needs"} the scores of every unit`,
    };
  return {
    kind: "possible",
    why: `${percent(site.knownShare)} of ${site.unitWord} see one expert: ${site.because("someRoutesKnown").join(", ")}`,
    gain: gainOf(layer),
    replace: new Map([[found.product, scoreUnknown(gate.legal)]]),
  };
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;

/** Who else reads the scores, as lines of the spec where a line asked for it. */
function strangers(layer: Layer, chain: readonly Node[], gates: readonly MaskedSoftmax[], table: string): string[] {
  const readers = readersOf(layer.graph);
  const gateNodes = new Set(gates.map(({ gate }) => gate));
  const family = new Set([...chain, ...gates.flatMap(({ inner }) => [...inner])]);
  for (const { key } of maskedKeys(layer.graph, layer.node.at.scope, table)) {
    // a key made from the gate is as safe as the gate
    if (key.inputs.some((v) => family.has(v.node) && !gateNodes.has(v.node))) family.add(key);
  }
  const found = new Set<string>();
  for (const member of family) {
    if (gateNodes.has(member)) continue;
    for (const reader of readers(member.outputs[0]!)) {
      if (reader.node !== undefined && (family.has(reader.node) || choosesFrom(member, reader.node, readers))) continue;
      found.add(nameOf(layer, reader));
    }
  }
  return [...found];
}

/** Choosing from scores that are −∞ but for one does not depend on the one. */
function choosesFrom(member: Node, reader: Node, readers: (value: Value) => readonly Reader[]): boolean {
  const masked = member.op.kind === "map" && member.op.expr.op === "select";
  const isChoice = (node: Node | undefined): boolean => node?.op.kind === "topK";
  const behindStop = reader.op.kind === "stop" && readers(reader.outputs[0]!).every(({ node }) => isChoice(node));
  return masked && (isChoice(reader) || behindStop);
}

/** The line that asked for a reader; its role where no line did; the result where it is one. */
function nameOf({ design, site }: Layer, { node, name }: Reader): string {
  if (node === undefined) return `the result \`${name}\``;
  const uses = Object.values(design.mixtures).flatMap(({ router }) => router.rules);
  const use = uses.find(({ path }) => path === node.at.because);
  if (use !== undefined) return `\`${lineOf(design, use)}\``;
  const lines = site.because("readsAllLogits");
  return lines.length > 0 ? lines.map((line) => `\`${line}\``).join(" and ") : `\`${node.at.role}\``;
}

/**
 * Saved: three products of the rows left out. Paid: a sort, and scores and their gradients read by index. Measured
 * with one thread, 4 096 units of width 256, 20 % of them known: 0.2 ms won of 17.5 ms with 16 experts (estimate
 * 0.15), 0.2 of 19.3 ms with 64 (estimate 0.2).
 */
function gainOf({ site, profile }: Layer): number {
  const { units, experts, width, knownShare } = site;
  const { flops, bytes, threads, launch, tileColumns } = profile;
  const saved = (3 * 2 * knownShare * units * Math.max(experts, tileColumns) * width) / (flops * threads);
  const moved = (2 * 4 * units * experts) / (bytes * threads);
  return saved - moved - EXTRA_LAUNCHES * launch;
}

/** The sort, and the softmax that no longer rides in the product's epilogue, forward and backward. */
const EXTRA_LAUNCHES = 3;

const scoreUnknown =
  (legal: Value): Replace =>
  (g, { op, outputs }, [x, weight]) => {
    if (op.kind !== "contract") return undefined;
    const one = { name: "G", size: 1 };
    const units = outputs[0]!.axes[0]!;
    const { offsets, rows, slots } = g.within({ role: "router.unknown" }, () => g.partition(unknown(g, legal), one));
    const left = g.take(x!, rows, { inverse: slots });
    const right = g.view(weight!, [one, ...weight!.axes]);
    const group = { rows: rows.axes[0]!.name, experts: one.name };
    const scores = g.contract(left, right, op.over, { group, offsets });
    const back = g.take(scores, slots, { inverse: rows });
    return [g.view(back, [units, ...outputs[0]!.axes.slice(1)])];
  };

/** [U] i32: 0 for units that see several experts, −1 for the others. */
function unknown(g: GraphBuilder, legal: Value): Value {
  const seen = again(g, legal);
  const count = g.reduce(
    "sum",
    g.map([seen], (one) => one),
    [seen.axes.at(-1)!.name],
  );
  return g.map([count], (n) => select(lt(1, n), 0, -1), { dtype: "i32" });
}
