/** Architecture words on small designs: the graph gives what plain loops give, and its gradients are their slopes. */
import { describe, expect, it } from "vitest";
import { sizesOf } from "../../../src/2-design/sizes.js";
import { weightsOf } from "../../../src/2-design/weights.js";
import { interpret } from "../../../src/3-graph/interpreter.js";
import { buildProgram } from "../../../src/3-graph/programs.js";
import type { Tensor } from "../../../src/3-graph/tensor.js";
import { dispatch } from "../../../src/4-dispatch/dispatch.js";
import { checkSpec } from "../../../src/pipeline.js";
import { architectures, SEQ } from "./architectures.js";
import { type Leaves, leavesOf } from "./designs.js";
import { type LoopModel, layersByLoops } from "./layers-by-loops.js";

const far = (got: Tensor | undefined, want: readonly number[]): number =>
  got?.data.length === want.length
    ? want.reduce((worst, x, i) => Math.max(worst, Math.abs(x - got.data[i]!)), 0)
    : Number.POSITIVE_INFINITY;

describe.each(architectures)("$name", ({ text, loops }) => {
  const { design, diagnostics } = checkSpec({ path: "small.moe", text });
  if (!design) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
  const graph = buildProgram(design, "trace", { batch: 2, seq: SEQ }, (each) => dispatch(each, design).graph);
  const leaves = leavesOf(graph);
  const got = interpret(graph, leaves).outputs;
  const want = layersByLoops(loops, leaves);

  it("gives the losses and logits of the equations", () => {
    expect(far(got.get("cross_entropy"), [want.crossEntropy])).toBeLessThan(1e-7);
    expect(far(got.get("loss"), [want.loss])).toBeLessThan(1e-7);
    expect(far(got.get("logits"), want.logits.flat())).toBeLessThan(1e-6);
  });

  it("has as many parameters as its sizes say", () => {
    const counts = weightsOf(design).map(({ shape }) => shape.reduce((product, each) => product * each, 1));
    expect(sizesOf(design)!.parameters.value).toBe(counts.reduce((a, b) => a + b, 0));
  });

  it("has a gradient for every weight, and it is the slope of the loss", () => {
    const params = graph.nodes.flatMap(({ op }) => (op.kind === "param" ? [op.name] : []));
    const wrong = params.flatMap((name) => {
      const { data } = leaves.get(name)!;
      const grad = got.get(`grad.${name}`)!.data;
      return [Math.floor(data.length / 3), data.length - 1]
        .filter((i) => {
          const slope = slopeByLoops(loops, leaves, data, i);
          return !(Math.abs(grad[i]! - slope) < 1e-6 * Math.max(1, Math.abs(slope)));
        })
        .map((i) => `${name}[${i}]`);
    });
    expect(wrong).toEqual([]);
  });
});

it("drops nothing while evaluating", () => {
  const { text, loops } = architectures.find(({ name }) => name.startsWith("dropout"))!;
  const { design } = checkSpec({ path: "small.moe", text });
  const graph = buildProgram(design!, "evaluate", { batch: 2, seq: SEQ }, (each) => dispatch(each, design!).graph);
  const leaves = leavesOf(graph);
  const layers = loops.layers.map((steps) => steps.map(({ keeps: _, ...step }) => step));
  const want = layersByLoops({ ...loops, layers }, leaves);
  expect(far(interpret(graph, leaves).outputs.get("loss"), [want.loss])).toBeLessThan(1e-7);
});

/** Central difference through the loops, not through the graph. */
function slopeByLoops(model: LoopModel, leaves: Leaves, data: Tensor["data"], i: number): number {
  const [was, h] = [data[i]!, 1e-5];
  data[i] = was + h;
  const up = layersByLoops(model, leaves).loss;
  data[i] = was - h;
  const down = layersByLoops(model, leaves).loss;
  data[i] = was;
  return (up - down) / (2 * h);
}
