/** A graph as text, one line per node, under the part of the model it belongs to: what `explain --stage graph` shows. */
import { showAxes } from "./axes.js";
import { printExpr } from "./expr-print.js";
import type { Graph, Node, Op, Value } from "./graph.js";

/** The whole program: leaves first, then nodes by scope and phase in order, then results and updates. */
export function printGraph(graph: Graph): string {
  const leaves = graph.nodes.filter(isLeaf);
  const rest = graph.nodes.filter((node) => !isLeaf(node));
  return [
    ...section("given", leaves.map(printLeaf)),
    ...rest.flatMap((node, i) => [...heading(node, rest[i - 1]), `  ${printNode(node)}`]),
    "",
    ...section(
      "results",
      [...graph.outputs].map(([name, value]) => `${name} = ${nameOf(value)}`),
    ),
    ...section(
      "updates",
      graph.updates.map(({ target, value }) => `${nameOf(target)} <- ${nameOf(value)}`),
    ),
  ].join("\n");
}

const isLeaf = ({ op }: Node): boolean => "name" in op;

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ""];

/** `layers.0.attend, backward`, wherever scope or phase changes. */
function heading({ at }: Node, before: Node | undefined): readonly string[] {
  if (before?.at.scope === at.scope && before.at.phase === at.phase) return [];
  const title = `${at.scope || "model"}, ${at.phase}`;
  return before === undefined ? [title] : ["", title];
}

const nameOf = (value: Value): string => ("name" in value.node.op ? value.node.op.name : `%${value.id}`);

const shapeOf = ({ dtype, axes }: Value): string => `${dtype} ${showAxes(axes)}`;

function printLeaf({ op, outputs }: Node): string {
  return `${op.kind} ${nameOf(outputs[0]!)}: ${shapeOf(outputs[0]!)}`;
}

/** `%9: f32 [T 12] = reduce sum over D of %8   norm, Attend`. */
function printNode(node: Node): string {
  const { at, outputs } = node;
  const results = outputs.map((v) => `${nameOf(v)}: ${shapeOf(v)}`).join(", ");
  const because = at.because === undefined ? "" : `, ${at.because}`;
  return `${results} = ${printOp(node)}    # ${at.role}${because}`;
}

function printOp({ op, inputs }: Node): string {
  const names = inputs.map(nameOf);
  if (op.kind === "map") return printExpr(op.expr, (i) => names[i]!);
  if (op.kind === "reduce") return `${op.how} over ${op.over.join(", ")} of ${names[0]}`;
  const words = attributesOf(op);
  return `${op.kind}${words === "" ? "" : `(${words})`} ${names.join(", ")}`;
}

/** Attributes as `name: value`, in the order in which the op declares them. */
function attributesOf(op: Op): string {
  const { kind: _, ...rest } = op;
  return Object.entries(rest)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}
