/** A trace by the f64 interpreter, every mixture in the form that says plainest what it means. */
import type { Design } from "../2-design/design.js";
import { reachedBlocks } from "../2-design/layers.js";
import { isDispatched } from "../2-design/placed.js";
import { buffersOf, weightsOf } from "../2-design/weights.js";
import { sizeOf } from "../3-graph/axes.js";
import type { Node, Value } from "../3-graph/graph.js";
import { interpret } from "../3-graph/interpreter.js";
import { type Tensor as GraphTensor, tensor } from "../3-graph/tensor.js";
import { routerRewrites } from "../4-dispatch/rewrites/index.js";
import { graphsOf } from "../pipeline.js";
import { checkTensors } from "../runtime/checkpoint.js";
import { dataOf } from "../runtime/fill-data.js";
import { tableUses } from "../runtime/routing-tables.js";
import type { Tensor } from "../runtime/safetensors-write.js";
import { expectedModel } from "../runtime/start-weights.js";
import { type TraceCall, tablesOf, tensorOf } from "./trace-call.js";

/** Every result of the program `trace`, in f64. */
export function traceReference(call: TraceCall): Tensor[] {
  const { design, rows, weights } = call;
  checkTensors(weights, expectedModel({ weights: weightsOf(design), buffers: buffersOf(design) }));
  const size = { batch: rows.length, seq: rows[0]!.length - 1, programs: ["trace"] as const };
  // wishes change no number here, but a wrong one is as wrong as anywhere
  graphsOf(design, { ...size, dispatch: call.dispatch, without: call.without });
  const { graphs } = graphsOf(design, {
    ...size,
    dispatch: Object.fromEntries(mixturesOf(design).map((name) => [name, "one-hot"])),
    without: routerRewrites.map(({ name }) => name),
  });
  const graph = graphs.trace!;
  const leaves = graph.nodes.flatMap((node) => leafOf(node, call));
  return [...interpret(graph, new Map(leaves)).outputs].map(([name, { axes, data, dtype }]): Tensor => {
    const shape = axes.map(({ size }) => size);
    const isWhole = dtype === "i32";
    return { name, dtype: isWhole ? "I32" : "F64", shape, data: isWhole ? data : Float64Array.from(data) };
  });
}

/** The mixtures that the model runs and that dispatch surely has a say in: not those of attentions or whole blocks. */
function mixturesOf(design: Design): readonly string[] {
  const steps = [...reachedBlocks(design)].flatMap((block) => design.blocks[block]!.steps);
  const names = new Set(steps.filter(({ kind }) => kind === "mixture").map(({ part }) => part));
  return [...names].filter((name) => isDispatched(design.mixtures[name]!, design));
}

/** The value of an input, table, weight or state; nothing for other nodes. */
function leafOf({ op, outputs }: Node, call: TraceCall): [string, GraphTensor][] {
  if (!("name" in op)) return [];
  const value = outputs[0]!;
  const made = (numbers: ArrayLike<number>): [string, GraphTensor][] => [
    [op.name, tensor(value.axes, numbers, value.dtype)],
  ];
  switch (op.kind) {
    case "input":
      return made(inputOf(op.name, value, call));
    case "data":
      return made(dataOf(op.source, { dims: value.axes }, tablesOf(call), tableUses(call.design)));
    default:
      return made(tensorOf(call.weights, op.name).float32());
  }
}

function inputOf(name: string, { axes }: Value, { rows, seed }: TraceCall): ArrayLike<number> {
  if (name === "tokens") return rows.flatMap((row) => row.slice(0, -1));
  if (name === "targets") return rows.flatMap((row) => row.slice(1));
  return new Array<number>(sizeOf(axes)).fill(name === "seed" ? seed % 2 ** 24 : 0);
}
