/**
 * Proves that tokens can be computed one after the other: that what a graph gives for a token depends on other tokens
 * through causal attention alone, whose keys and values can be kept. Every value either is the same for all tokens, or
 * holds, in the order of the tokens, as many numbers for each that were made from that token's; else something before it
 * compares, counts or numbers tokens, and that place is the answer. Cautious: what is not understood is refused.
 */
import { has, namesOf, sameAxes, sizeOf } from "./axes.js";
import { indicesOf } from "./expr-visit.js";
import type { StepSize } from "./forward/context.js";
import type { Axis, Graph, Node, Place, Value } from "./graph.js";
import type { Kind, OpOf } from "./ops/definition.js";

/** What is known of a value. */
type Known =
  /** made of no token; differs along these of its axes */
  | { readonly kind: "fixed"; readonly along: readonly string[] }
  /** token by token: these axes count tokens, or equal parts of tokens */
  | { readonly kind: "rows"; readonly lead: readonly Axis[] }
  | { readonly kind: "mixed"; readonly at: Place };

/** Where the named output first lets tokens meet, in a forward graph that is told their positions; undefined: nowhere. */
export function whereTokensMeet(graph: Graph, output: string, size: StepSize): Place | undefined {
  const known = new Map<Value, Known>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((v) => known.get(v)!);
    for (const v of node.outputs) known.set(v, meaning({ node, inputs, size }, v));
  }
  const found = known.get(graph.outputs.get(output)!);
  return found?.kind === "mixed" ? found.at : undefined;
}

/** One node, and what is known of what it reads. */
interface Call {
  readonly node: Node;
  readonly inputs: readonly Known[];
  readonly size: StepSize;
}

function meaning(call: Call, out: Value): Known {
  const { node, inputs, size } = call;
  const mixed = inputs.find((each) => each.kind === "mixed");
  if (mixed) return mixed;
  const first = node.op.kind === "input" ? leadOf(out.axes, size) : undefined;
  if (first !== undefined) return { kind: "rows", lead: first };
  if (inputs.every(({ kind }) => kind === "fixed")) return { kind: "fixed", along: differsAlong(call, out) };
  const lead = (table[node.op.kind] as (op: Node["op"], call: Call, out: Value) => Lead)(node.op, call, out);
  return lead === undefined ? { kind: "mixed", at: culprit(call).at } : { kind: "rows", lead };
}

function differsAlong({ node: { op }, inputs }: Call, { axes }: Value): readonly string[] {
  if (op.kind !== "map") return namesOf(axes);
  return [...indicesOf(op.expr), ...inputs.flatMap((each) => (each.kind === "fixed" ? each.along : []))];
}

/** The axes in front that together count tokens or equal parts of them; undefined where no border lies between tokens. */
function leadOf(axes: readonly Axis[], { batch, seq }: StepSize): Lead {
  return axes.map((_, i) => axes.slice(0, i + 1)).find((lead) => sizeOf(lead) % (batch * seq) === 0);
}

/** Numbers that differ from token to token by themselves are to blame, not who reads them. */
function culprit(call: Call): Node {
  const { node, inputs } = call;
  const lead = leadsOf(call)[0] ?? [];
  const uneven = node.op.kind === "map" ? node.inputs.find((v, i) => !even(v, inputs[i]!, lead)) : undefined;
  return uneven?.node ?? node;
}

/** Axes that count tokens in what a node gives; undefined: it lets tokens meet. */
type Lead = readonly Axis[] | undefined;

const leadsOf = ({ inputs }: Call): readonly (readonly Axis[])[] =>
  inputs.flatMap((each) => (each.kind === "rows" ? [each.lead] : []));

/** Whether a value that is made of no token is the same for each. */
const even = (v: Value, known: Known, lead: readonly Axis[]): boolean =>
  known.kind !== "fixed" || !lead.some(({ name }) => has(v.axes, name) && known.along.includes(name));

/** What counts tokens in all inputs alike, where they are read token beside token and no given axis is one of those. */
function beside(call: Call, across: readonly string[] = []): Lead {
  const [lead, ...others] = leadsOf(call);
  if (lead === undefined || across.some((name) => has(lead, name))) return undefined;
  const alike = others.every((other) => sameAxes(other, lead));
  return alike && call.node.inputs.every((v, i) => even(v, call.inputs[i]!, lead)) ? lead : undefined;
}

/** The same, of the first inputs only. */
const besideFirst = ({ node, inputs, size }: Call, n: number): Lead =>
  beside({ node: { ...node, inputs: node.inputs.slice(0, n) }, inputs: inputs.slice(0, n), size });

const allRows = ({ inputs }: Call): boolean => inputs.every(({ kind }) => kind === "rows");
const lastAxis = ({ node }: Call): string => node.inputs[0]!.axes.at(-1)!.name;
const never = (): Lead => undefined;

/** What counts tokens in the result of an op, where something it reads is made of tokens. */
const table: { readonly [K in Kind]: (op: OpOf<K>, call: Call, out: Value) => Lead } = {
  input: never,
  data: never,
  param: never,
  state: never,
  map: ({ expr }, call) => beside(call, indicesOf(expr)),
  stop: (_, call) => beside(call),
  view: (_, call, { axes }) => {
    const lead = beside(call);
    // the same numbers in the same order: tokens must come first to stay together
    const first = lead && sameAxes(lead, call.node.inputs[0]!.axes.slice(0, lead.length));
    return first ? leadOf(axes, call.size) : undefined;
  },
  reduce: ({ over }, call) => beside(call, over),
  contract: ({ over, group }, call) => (group ? undefined : beside(call, over)),
  // rows of a table for each token; never rows of other tokens
  take: (_, { node, inputs, size }) =>
    inputs[0]!.kind === "fixed"
      ? beside({ node: { ...node, inputs: [node.inputs[1]!] }, inputs: [inputs[1]!], size })
      : undefined,
  pick: ({ axis }, call) => beside(call, [axis]),
  spread: ({ axis, over }, call) => beside(call, [axis, over]),
  topK: ({ axis }, call) => beside(call, [axis]),
  rank: (_, call) => beside(call, [lastAxis(call)]),
  rope: (_, call) => (allRows(call) ? beside(call) : undefined),
  attention: ({ causal, seq }, call) => (causal && seq === call.size.seq && allRows(call) ? beside(call) : undefined),
  experts: (_, call) => besideFirst(call, 3),
  scatterAdd: never,
  put: never,
  admit: never,
  assign: never,
  histogram: never,
  partition: never,
  bucket: never,
  random: never,
  attentionGrad: never,
};
