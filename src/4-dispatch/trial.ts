/**
 * One mixture alone, as a program of its own: its experts lowered by one strategy, over rows, edges and weights that
 * whoever runs it brings. Router, norm and residual are left out: they are the same whatever strategy is chosen.
 */
import { createBuilder } from "../3-graph/builder.js";
import { mul } from "../3-graph/expr-build.js";
import { differentiate } from "../3-graph/gradient.js";
import type { Graph, Node, Value } from "../3-graph/graph.js";
import { verify } from "../3-graph/verify.js";
import type { SiteFacts } from "./facts.js";
import { readCall } from "./site.js";
import type { Strategy } from "./strategy.js";

/** The input that says which experts each unit goes to, [U, K] i32. */
export const TRIAL_EDGES = "edges";

/** Forward, and backward down to rows, edge weights and the experts' weights where the site has a backward pass. */
export function trialGraph(node: Node, strategy: Strategy, site: SiteFacts): Graph {
  const g = createBuilder();
  const [x, edges, weight, ...weights] = node.inputs;
  const param = (name: string, { axes }: Value): Value => g.param(name, axes, { kind: "zeros" }, "matrices");
  const inputs = [
    param("x", x!),
    g.input(TRIAL_EDGES, edges!.axes, "i32"),
    param("weight", weight!),
    ...weights.map((each, i) => param(nameOf(each) ?? `experts.${i}`, each)),
  ];
  const y = g.within(node.at, () => strategy.lower(g, readCall(g, node, inputs), site));
  if (site.forwardOnly) return verify(g.finish({ outputs: new Map([["y", y]]) }));
  const probe = g.input("probe", y.axes);
  const loss = g.reduce(
    "sum",
    g.map([y, probe], mul),
    y.axes.map(({ name }) => name),
  );
  return verify(differentiate(verify(g.finish({ outputs: new Map([["loss", loss]]) }))));
}

const nameOf = ({ node }: Value): string | undefined => (node.op.kind === "param" ? node.op.name : undefined);
