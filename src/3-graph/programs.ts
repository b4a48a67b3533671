/** The programs of a design, from one forward pass each: training step, held-out evaluation, trace with gradients. */
import type { Design } from "../2-design/design.js";
import type { StepSize } from "./forward/context.js";
import { forward } from "./forward/model.js";
import { differentiate } from "./gradient.js";
import type { Graph } from "./graph.js";
import { addOptimizer } from "./optimizer.js";

/**
 * `train` updates weights; `evaluate` only looks; `trace` gives logits, routing and gradients; `sample` gives logits for
 * writing text, where predictors stand in for selections that look ahead.
 */
export type ProgramName = "train" | "evaluate" | "trace" | "sample";

/** Replaces every `experts` node by primitive ops. */
export type Lower = (graph: Graph) => Graph;

export function buildProgram(design: Design, name: ProgramName, size: StepSize, lower: Lower): Graph {
  const whole = forward(design, {
    ...size,
    training: name === "train" || name === "trace",
    sampling: name === "sample",
  });
  // only training moves what is kept between steps, such as load-balance biases
  const updates = name === "train" ? whole.updates : [];
  const lowered = lower(keepOutputs({ ...whole, updates }, wanted(name)));
  if (name === "evaluate" || name === "sample") return lowered;
  const gradients = differentiate(lowered);
  return name === "train" ? addOptimizer(gradients, design) : gradients;
}

/** Results nobody asks for would keep their values alive, and rewrites from happening. */
function wanted(name: ProgramName): (output: string) => boolean {
  if (name === "trace") return (o) => !o.endsWith(".router.entropy");
  if (name === "train") return (o) => o !== "logits" && !/\.(router\.scores|edges\.expert|edges\.weight)$/.test(o);
  if (name === "sample") return (o) => o === "logits";
  return (o) => o === "loss" || o === "cross_entropy" || o === "logits";
}

function keepOutputs(graph: Graph, keep: (name: string) => boolean): Graph {
  const outputs = new Map([...graph.outputs].filter(([name]) => keep(name)));
  return { ...graph, outputs };
}
