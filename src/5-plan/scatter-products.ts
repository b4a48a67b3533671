/**
 * A row that goes to several places, each time times another number, is not written down once for each: what the
 * gradient of scores of a few experts needs. scatterAdd(weight × row) becomes a scatterAdd with weights.
 */
import type { Graph, Node, Value } from "../3-graph/graph.js";
import { sameAxes } from "./operands.js";
import { countUses, rebuild } from "./rewrite.js";

/** The same graph, in which no product that only a scatterAdd reads is a value of its own. */
export function scatterProducts(graph: Graph): Graph {
  const uses = countUses(graph);
  return rebuild(graph, (node, to) => {
    const parts = node.op.kind === "scatterAdd" && uses.get(node.inputs[0]!) === 1 ? weightedRows(node) : undefined;
    if (parts === undefined) return to.keep(node);
    const inputs = [parts.rows, node.inputs[1]!, parts.weight].map(to.of);
    const [out] = node.outputs;
    to.replace(out!, to.add(node.op, inputs, [{ axes: out!.axes, dtype: out!.dtype }], node.at)[0]!);
  });
}

/** A weight for every index [I, J] and rows [I, D] behind values [I, J, D]. */
function weightedRows({ inputs }: Node): { readonly weight: Value; readonly rows: Value } | undefined {
  const [values, index, already] = inputs as [Value, Value, Value | undefined];
  const { op, inputs: factors } = values.node;
  if (op.kind !== "contract" || op.over.length > 0 || op.group || already !== undefined) return undefined;
  const weight = factors.find((v) => sameAxes(v.axes, index.axes));
  const rows = factors.find((v) => v !== weight);
  if (weight === undefined || rows === undefined) return undefined;
  const rest = values.axes.slice(index.axes.length);
  const lead = rows.axes.slice(0, rows.axes.length - rest.length);
  const fits = lead.length > 0 && sameAxes(lead, index.axes.slice(0, lead.length));
  return fits && sameAxes(rows.axes.slice(lead.length), rest) ? { weight, rows } : undefined;
}
