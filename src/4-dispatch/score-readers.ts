/**
 * Who reads the scores behind a mask. A rewrite may leave out the scores of experts that a unit cannot see only while
 * nothing but the masked softmax and the masked choice reads them; anybody else is named, with the line that asks.
 */
import type { Node, Value } from "../3-graph/graph.js";
import { lineOf } from "./facts.js";
import { choosesWithinUnits, type Reader, readersOf } from "./readers.js";
import type { Layer } from "./rewrites/rewrite.js";
import { type MaskedSoftmax, maskedKeys, maskedSoftmaxes, scoreProduct } from "./router-view.js";

export interface MaskedScores {
  /** the matrix product that makes the scores */
  readonly product: Node;
  /** [U, E]: 1 where the table lets the unit see the expert */
  readonly legal: Value;
}

/** The scores that only the mask's own softmax and choice read; otherwise why they must stay as they are. */
export function maskedScores(layer: Layer, table: string): MaskedScores | string {
  const gates = maskedSoftmaxes(layer.graph, layer.node.at.scope, table);
  const [gate] = gates;
  const found = gate && scoreProduct(gate.logits);
  if (gate?.logits.node.op.kind === "spread") return `only the scores that are seen behind \`${table}\` are made`;
  if (gate === undefined || found === undefined)
    return `the scores behind \`${table}\` are not one matrix product under a masked softmax`;
  const others = strangers(layer, [found.product, ...found.steps], gates, table);
  if (others.length > 0)
    return `${others.join(" and ")} ${others.length > 1 ? "need" : "needs"} the scores of every unit`;
  return { product: found.product, legal: gate.legal };
}

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
      if (reader.node !== undefined && family.has(reader.node)) continue;
      // choosing from scores that are −∞ but for one does not depend on the one
      if (isMasked(member) && choosesWithinUnits(reader.node, readers)) continue;
      found.add(nameOf(layer, reader));
    }
  }
  return [...found];
}

const isMasked = ({ op }: Node): boolean => op.kind === "map" && op.expr.op === "select";

/** The line that asked for a reader; its role where no line did; the result where it is one. */
function nameOf({ design, site }: Layer, { node, name }: Reader): string {
  if (node === undefined) return `the result \`${name}\``;
  const uses = Object.values(design.mixtures).flatMap(({ router }) => router.rules);
  const use = uses.find(({ path }) => path === node.at.because);
  if (use !== undefined) return `\`${lineOf(design, use)}\``;
  const lines = site.because("readsAllLogits");
  return lines.length > 0 ? lines.map((line) => `\`${line}\``).join(" and ") : `\`${node.at.role}\``;
}
