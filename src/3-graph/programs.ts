/** The programs of a design, from one forward pass each: training step, held-out evaluation, trace with gradients. */
import type { Design } from "../2-design/design.js";
import type { CacheUse, StepSize } from "./forward/context.js";
import { forward } from "./forward/model.js";
import { differentiate } from "./gradient.js";
import type { Graph } from "./graph.js";
import { addOptimizer } from "./optimizer.js";

/**
 * `train` updates weights; `evaluate` only looks; `trace` gives logits, routing and gradients; `sample` gives logits for
 * writing text, where predictors stand in for selections that look ahead. `prefill` is `sample` that keeps all keys and
 * values, and `decode` goes on from there, one token of each sequence at a time (docs/decisions/019).
 */
export type ProgramName = "train" | "evaluate" | "trace" | "sample" | "prefill" | "decode";

/** Programs that write text. */
const WRITING: ReadonlySet<ProgramName> = new Set(["sample", "prefill", "decode"]);
const CACHE: Partial<Record<ProgramName, CacheUse>> = { prefill: "fill", decode: "step" };

/** Whether nobody asks a program for gradients. */
export const isForwardOnly = (name: ProgramName): boolean => name === "evaluate" || WRITING.has(name);

/** Replaces every `experts` node by primitive ops. */
export type Lower = (graph: Graph) => Graph;

export function buildProgram(design: Design, name: ProgramName, size: StepSize, lower: Lower): Graph {
  const whole = forward(design, {
    ...size,
    training: name === "train" || name === "trace",
    sampling: WRITING.has(name),
    cache: CACHE[name],
  });
  // only training moves what is kept between steps, such as load-balance biases; caches are filled by what they are for
  const updates = name === "train" || CACHE[name] !== undefined ? whole.updates : [];
  const lowered = lower(keepOutputs({ ...whole, updates }, wanted(name)));
  if (isForwardOnly(name)) return lowered;
  const gradients = differentiate(lowered);
  return name === "train" ? addOptimizer(gradients, design) : gradients;
}

/** Results nobody asks for would keep their values alive, and rewrites from happening. */
function wanted(name: ProgramName): (output: string) => boolean {
  if (name === "trace") return (o) => !o.endsWith(".router.entropy");
  if (name === "train") return (o) => o !== "logits" && !/\.(router\.scores|edges\.expert|edges\.weight)$/.test(o);
  if (WRITING.has(name)) return (o) => o === "logits";
  return (o) => o === "loss" || o === "cross_entropy" || o === "logits";
}

function keepOutputs(graph: Graph, keep: (name: string) => boolean): Graph {
  const outputs = new Map([...graph.outputs].filter(([name]) => keep(name)));
  return { ...graph, outputs };
}
