/**
 * Reverse-mode differentiation as a pass: from a graph with a scalar output to the same graph with one
 * more output `grad.<weight>` for every weight. Each op knows its own gradient; a few well-known shapes
 * (softmax, log-sum-exp) have a better one than their parts and are recognised first.
 */
import { has } from "./axes.js";
import { createBuilder, type GraphBuilder } from "./builder.js";
import { add } from "./expr-build.js";
import type { Graph, Node, Value } from "./graph.js";
import { ensure } from "./internal.js";
import type { Grad, OpDefinition } from "./ops/definition.js";
import { roleOfGradient } from "./ops/gradient-role.js";
import { definitionOf } from "./ops/index.js";
import { recognised } from "./patterns/index.js";
import { rewrite } from "./rewrite.js";

/** Adds the gradients of output `loss` with respect to every weight. Weights it does not depend on get zeros. */
export function differentiate(graph: Graph, loss = "loss"): Graph {
  const root = graph.outputs.get(loss);
  ensure(root !== undefined && root.axes.length === 0, () => `${loss} is not a scalar output`);
  const g = createBuilder();
  g.adopt(graph);
  const grads = backward(g, graph, root);
  const outputs = new Map(graph.outputs);
  for (const node of graph.nodes) {
    if (node.op.kind !== "param") continue;
    const { name } = node.op;
    const place = { scope: node.at.scope, role: roleOfGradient(name), phase: "backward" as const };
    const grad = g.within(place, () => g.spreadOut(grads.get(node.outputs[0]!) ?? 0, node.outputs[0]!.axes));
    outputs.set(`grad.${name}`, grad);
  }
  return withoutStops(g.finish({ outputs, updates: graph.updates }));
}

/** Visits the nodes from last to first; a value's gradient is complete when its node is reached. */
function backward(g: GraphBuilder, graph: Graph, root: Value): ReadonlyMap<Value, Grad> {
  const active = valuesWithGradient(graph);
  const grads = new Map<Value, Grad>([[root, 1]]);
  const give = (to: Value, grad: Grad | undefined): void => {
    if (grad === undefined || !active.has(to)) return;
    const before = grads.get(to);
    grads.set(to, before === undefined ? grad : sumOf(g, to, before, grad));
  };
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((v) => grads.has(v) && active.has(v))) continue;
    g.within({ ...node.at, phase: "backward" }, () => {
      const special = recognised(
        g,
        node,
        node.outputs.map((v) => grads.get(v)),
      );
      if (special !== undefined) return give(special.to, special.grad);
      gradients(g, node, grads).forEach((grad, i) => {
        give(node.inputs[i]!, grad);
      });
    });
  }
  return grads;
}

/** Axes in the order of the value whose gradient it is, as far as the terms have them. */
function sumOf(g: GraphBuilder, of: Value, a: Grad, b: Grad): Grad {
  if (typeof a === "number" && typeof b === "number") return a + b;
  const known = [a, b].flatMap((grad) => (typeof grad === "number" ? [] : grad.axes));
  return g.map([a, b], (x, y) => add(x, y), { axes: of.axes.filter((axis) => has(known, axis.name)) });
}

function gradients(g: GraphBuilder, node: Node, known: ReadonlyMap<Value, Grad>): readonly (Grad | undefined)[] {
  const { op, inputs, outputs } = node;
  const definition = definitionOf(op.kind) as OpDefinition<typeof op.kind>;
  const grads = outputs.map((v) => known.get(v));
  return definition.gradient?.({ op: op as never, g, inputs, outputs, grads }) ?? [];
}

/** Values that depend on a weight smoothly: only these have a gradient. */
function valuesWithGradient(graph: Graph): ReadonlySet<Value> {
  const active = new Set<Value>();
  for (const node of graph.nodes) {
    const flows =
      node.op.kind === "param" ||
      (definitionOf(node.op.kind).gradient !== undefined && node.inputs.some((v) => active.has(v)));
    if (flows) for (const v of node.outputs) if (v.dtype === "f32") active.add(v);
  }
  return active;
}

/** A `stop` has done its work once the gradient stands. */
const withoutStops = (graph: Graph): Graph =>
  rewrite(graph, (_, node, inputs) => (node.op.kind === "stop" ? inputs : undefined));
