/**
 * One step of the optimiser as nodes: schedule, clipping by the global norm, AdamW with decoupled decay and
 * bias correction (Loshchilov & Hutter 2019). Weights and moments become updates of the graph.
 */
import type { Design, Optimize, Train, WeightClass } from "../2-design/design.js";
import { weightsOf } from "../2-design/weights.js";
import { createBuilder, type GraphBuilder, type Operand } from "./builder.js";
import type { Expr } from "./expr.js";
import { add, cos, div, exp, lt, max, min, mul, select, sqrt, square, sub, type Term } from "./expr-build.js";
import type { Graph, Node, Value } from "./graph.js";

/** Adds the updates of every weight that some `optimize` line names; outputs lr and grad_norm. */
export function addOptimizer(graph: Graph, design: Design): Graph {
  const train = design.train!;
  const g = createBuilder();
  g.adopt(graph);
  const place = { scope: "optimizer", role: "schedule", phase: "update" as const };
  return g.within(place, () => {
    const step = g.input("step", []);
    const params = graph.nodes.filter((n) => n.op.kind === "param");
    const grads = params.map((p) => graph.outputs.get(`grad.${nameOf(p)}`)!);
    const norm = gradNorm(g, grads);
    const clip = clipFactor(g, norm, train.clip);
    const factor = g.map([step], (s) => scheduleAt(train, s));
    const ends = new Map(weightsOf(design).map(({ name, until }) => [name, until]));
    const updates = params.flatMap((p, i) => {
      const moved = adamw(g, p, grads[i]!, { step, factor, clip }, train);
      return frozenFrom(g, step, ends.get(nameOf(p)), moved);
    });
    const outputs = new Map([...graph.outputs].filter(([name]) => !name.startsWith("grad.")));
    outputs.set("grad_norm", norm);
    outputs.set(
      "lr",
      g.map([factor], (f) => mul(f, train.optimize[0]?.lr ?? 0)),
    );
    return g.finish({ outputs, updates: [...graph.updates, ...updates] });
  });
}

type Update = Graph["updates"][number];

/** Updates that hold still from some step on: neither decay nor what the moments remember moves the weight. */
function frozenFrom(
  g: GraphBuilder,
  step: Value,
  until: number | undefined,
  updates: readonly Update[],
): readonly Update[] {
  if (until === undefined) return updates;
  return updates.map(({ target, value }) => ({
    target,
    value: g.within({ role: "frozen" }, () =>
      g.map([step, value, target], (s, moved, kept) => select(lt(s, until), moved, kept), { axes: target.axes }),
    ),
  }));
}

const nameOf = (p: Node): string => (p.op.kind === "param" ? p.op.name : "");

function gradNorm(g: GraphBuilder, grads: readonly Value[]): Value {
  const squares = grads.map((grad) =>
    g.within({ role: "norm" }, () =>
      g.reduce(
        "sum",
        g.map([grad], square),
        grad.axes.map((a) => a.name),
      ),
    ),
  );
  return g.within({ role: "norm" }, () => g.map(squares, (...terms) => sqrt(terms.reduce((a, b) => add(a, b)))));
}

function clipFactor(g: GraphBuilder, norm: Value, limit: number | undefined): Operand {
  if (limit === undefined) return 1;
  return g.within({ role: "clip" }, () => g.map([norm], (n) => min(1, div(limit, max(n, 1e-12)))));
}

/** Share of the learning rate at a step: warm-up (s+1)/w, then decay over the remaining steps. */
function scheduleAt({ schedule, steps }: Train, step: Expr): Term {
  const { warmup, decay } = schedule;
  const done = min(1, div(sub(step, warmup), Math.max(1, steps - warmup)));
  const after = decayAt(decay, done);
  return warmup > 0 ? select(lt(step, warmup), mul(add(step, 1), 1 / warmup), after) : after;
}

function decayAt({ kind, to }: Train["schedule"]["decay"], done: Expr): Term {
  if (kind === "constant") return 1;
  if (kind === "linear") return sub(1, mul(done, 1 - to));
  return add(to, mul(mul(add(cos(mul(done, Math.PI)), 1), 0.5), 1 - to));
}

interface Shared {
  readonly step: Value;
  readonly factor: Value;
  readonly clip: Operand;
}

/** The last `optimize` line that names the weight's class; classes nobody names stay as they are. */
function lineFor(train: Train, weights: WeightClass): Optimize | undefined {
  return train.optimize.findLast((line) => line.weights.includes(weights));
}

function adamw(g: GraphBuilder, p: Node, grad: Value, { step, factor, clip }: Shared, train: Train) {
  if (p.op.kind !== "param") return [];
  const line = lineFor(train, p.op.weights);
  if (!line) return [];
  const { lr, betas, eps, decay } = line;
  const [b1, b2] = betas;
  const w = p.outputs[0]!;
  const { name } = p.op;
  return g.within({ role: "adamw" }, () => {
    const m = g.state(`adam.m.${name}`, w.axes);
    const v = g.state(`adam.v.${name}`, w.axes);
    // 1 − β^(s+1), written with exp: the step is an input
    const correction = (b: number) => g.map([step], (s) => sub(1, exp(mul(add(s, 1), Math.log(b)))));
    const [c1, c2] = [correction(b1), correction(b2)];
    const rate = g.map([factor], (f) => mul(f, lr));
    const m1 = g.map([m, grad, clip], (old, d, k) => add(mul(old, b1), mul(mul(d, k), 1 - b1)), { axes: w.axes });
    const v1 = g.map([v, grad, clip], (old, d, k) => add(mul(old, b2), mul(square(mul(d, k)), 1 - b2)), {
      axes: w.axes,
    });
    const w1 = g.map(
      [w, m1, v1, c1, c2, rate],
      (old, a, b, x, y, r) => {
        const move = div(div(a, x), add(sqrt(div(b, y)), eps));
        return sub(mul(old, sub(1, mul(r, decay))), mul(r, move));
      },
      { axes: w.axes },
    );
    return [
      { target: m, value: m1 },
      { target: v, value: v1 },
      { target: w, value: w1 },
    ];
  });
}
