/**
 * Every unit sees one expert. A softmax over one expert is exactly 1 and has no gradient, and the best of one expert
 * is that expert: gate and selection follow from the table, and the scores vanish unless somebody else reads them.
 */
import { select } from "../../3-graph/expr-build.js";
import type { Node, Value } from "../../3-graph/graph.js";
import type { Replace } from "../../3-graph/rewrite.js";
import { again } from "../again.js";
import { choosesWithinUnits, readersOf } from "../readers.js";
import { maskedKeys, maskedSoftmaxes } from "../router-view.js";
import { defineRewrite, type Layer, type Plan } from "./rewrite.js";

export const oneLegalExpert = defineRewrite({
  name: "one-legal-expert",
  doc: "Where every unit sees one expert, its gate is 1 and nothing is scored.",
  plan(layer) {
    const { legalPerUnit, table } = layer.site.rules;
    if (table === undefined) return { kind: "refused", why: "no table says which experts a token sees" };
    if (legalPerUnit !== 1) return { kind: "refused", why: `some ${layer.site.unitWord} see several experts` };
    return planned(layer, table);
  },
});

function planned({ graph, node, site }: Layer, table: string): Plan {
  const { scope } = node.at;
  const gates = maskedSoftmaxes(graph, scope, table);
  const inner = new Set(gates.flatMap((softmax) => [...softmax.inner]));
  const readers = readersOf(graph);
  const chosenFrom = (key: Node): boolean =>
    readers(key.outputs[0]!).every(({ node: reader }) => choosesWithinUnits(reader, readers));
  const keys = maskedKeys(graph, scope, table).filter(({ key }) => !inner.has(key) && chosenFrom(key));
  if (gates.length + keys.length === 0) return { kind: "refused", why: `nothing is scored behind \`${table}\`` };
  const replace = new Map<Node, Replace>([
    ...gates.map(({ gate, legal }): [Node, Replace] => [gate, whereLegal(legal, 1, 0)]),
    // any key will do where a unit chooses: there is one to choose from
    ...keys.map(({ key, legal }): [Node, Replace] => [key, whereLegal(legal, 0, Number.NEGATIVE_INFINITY)]),
  ]);
  return { kind: "possible", why: site.because("legalPerUnit").join(", "), gain: Number.POSITIVE_INFINITY, replace };
}

const whereLegal =
  (legal: Value, yes: number, no: number): Replace =>
  (g, { outputs }) => [g.map([again(g, legal)], (seen) => select(seen, yes, no), { axes: outputs[0]!.axes })];
