/**
 * The forward pass of one layer as stages: what belongs to one role (`router.scores`, `experts.up`) is one stage, and
 * stages are joined where one reads what another made. For people: nodes of the graph are not told one by one.
 */
import type { Graph, Node, Value } from "../3-graph/graph.js";

export interface StageGraph {
  readonly stages: readonly Stage[];
  readonly edges: readonly StageEdge[];
}

export interface Stage {
  /** `mixture.router.scores`; `from tokens` for what comes from outside */
  readonly id: string;
  readonly scope: string;
  readonly role: string;
  readonly kind: StageKind;
  /** of its last value: `R 4096 × F 512` */
  readonly shape: string;
  /** names of the weights it reads */
  readonly weights: readonly string[];
  /** path in the design that asked for it */
  readonly because: string | undefined;
  /** something outside the layer reads it in the forward pass */
  readonly leaves: boolean;
}

/** `outside`: tokens, tables, the residual stream; `product`: matrix products and attention; `order`: sorting and counting. */
export type StageKind = "outside" | "product" | "order" | "plain";

export interface StageEdge {
  readonly from: string;
  readonly to: string;
}

const products: readonly string[] = ["contract", "attention"];
const orders: readonly string[] = ["topK", "partition", "bucket", "histogram"];

/** The stages of all scopes below a prefix: `layers.0.` for the first layer. Stages never lead back to themselves. */
export function stageGraph(graph: Graph, prefix: string): StageGraph {
  const forward = graph.nodes.filter(({ op, at }) => at.phase === "forward" && !("name" in op));
  const own = forward.filter(({ at }) => `${at.scope}.`.startsWith(prefix));
  const inside = new Set(own);
  const left = new Set(forward.filter((node) => !inside.has(node)).flatMap(({ inputs }) => inputs));
  const stages = new Map<string, Node[]>();
  const sources = new Map<string, Value>();
  const before = new Map<string, Set<string>>();
  const stageOfNode = new Map<Node, string>();
  for (const node of own) {
    const found = node.inputs.flatMap((value) => {
      const from = stageOfNode.get(value.node) ?? sourceOf(value, prefix);
      if (from !== undefined && !inside.has(value.node) && !sources.has(from)) sources.set(from, value);
      return from ?? [];
    });
    const id = stageId(`${node.at.scope}.`.slice(prefix.length) + node.at.role, found, before);
    stageOfNode.set(node, id);
    stages.set(id, [...(stages.get(id) ?? []), node]);
    const reads = before.get(id) ?? new Set();
    before.set(id, reads);
    for (const from of found) if (from !== id) reads.add(from);
  }
  const outside = [...sources].map(([id, value]) => sourceStage(id, value));
  return {
    stages: [...outside, ...[...stages].map(([id, nodes]) => stageOf(id, nodes, left))],
    edges: [...before].flatMap(([to, reads]) => [...reads].map((from) => ({ from, to }))),
  };
}

/** A role whose later nodes read what its own earlier ones led to is two stages, or more: `mixture.unit`, `mixture.unit 2`. */
function stageId(name: string, reads: readonly string[], before: ReadonlyMap<string, ReadonlySet<string>>): string {
  for (let number = 1; ; number++) {
    const id = number === 1 ? name : `${name} ${number}`;
    if (!reads.some((each) => each !== id && leadsTo(id, each, before))) return id;
  }
}

function leadsTo(from: string, to: string, before: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const [waiting, seen] = [[to], new Set<string>()];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (id === from) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    waiting.push(...(before.get(id) ?? []));
  }
  return false;
}

/** What a layer gets from outside; weights and rotary tables are told with the stage that reads them. */
function sourceOf({ node }: Value, prefix: string): string | undefined {
  const { op } = node;
  if (op.kind === "param" || op.kind === "state") return undefined;
  if (op.kind === "input") return op.name === "step" || op.name === "seed" ? undefined : `from ${op.name}`;
  if (op.kind === "data") return op.name.startsWith(prefix) ? `from ${op.name.slice(prefix.length)}` : undefined;
  // what tells of load and drops is summed over layers, beside the stream
  if (node.outputs[0]!.axes.length < 2) return `from ${node.at.role} of a layer before`;
  const [, , part] = node.at.scope.split(".");
  return part === undefined ? "from the residual stream" : `from the stream after ${part}`;
}

function sourceStage(id: string, { axes }: Value): Stage {
  const role = id.replace("from ", "");
  return { id, scope: "", role, kind: "outside", shape: shapeOf(axes), weights: [], because: undefined, leaves: false };
}

function stageOf(id: string, nodes: readonly Node[], left: ReadonlySet<Value>): Stage {
  const last = nodes.at(-1)!;
  const names = nodes.flatMap(({ inputs }) =>
    inputs.flatMap(({ node: { op } }) => (op.kind === "param" ? [op.name] : [])),
  );
  const has = (kinds: readonly string[]) => nodes.some(({ op }) => kinds.includes(op.kind));
  return {
    id,
    scope: last.at.scope,
    role: last.at.role,
    kind: has(products) ? "product" : has(orders) ? "order" : "plain",
    shape: shapeOf(largest(last).axes),
    weights: [...new Set(names)],
    because: nodes.find(({ at }) => at.because !== undefined)?.at.because,
    leaves: nodes.some(({ outputs }) => outputs.some((value) => left.has(value))),
  };
}

/** Of what a stage makes: sorted rows rather than where the runs begin. */
function largest({ outputs }: Node): Value {
  const size = ({ axes }: Value) => axes.reduce((product, axis) => product * axis.size, 1);
  return outputs.reduce((most, value) => (size(value) > size(most) ? value : most));
}

const shapeOf = (axes: Value["axes"]): string =>
  axes.map(({ name, size }) => `${name} ${size}`).join(" × ") || "one number";
