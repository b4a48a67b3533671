/** The steps of a block, one after the other along the residual stream; and the points of it that later steps may read. */
import type { Block, Norm, Point, Step } from "../../2-design/design.js";
import { stepScope } from "../../2-design/layers.js";
import { normalise } from "../compose/norm.js";
import { add, le, mul, select } from "../expr-build.js";
import type { Value } from "../graph.js";
import { ensure } from "../internal.js";
import { attend } from "./attention.js";
import type { ForwardContext } from "./context.js";
import { dense } from "./feed-forward.js";
import { mix } from "./mixture.js";

/** The stream [T, D] where a layer starts, and after each of its steps. */
export interface Stream {
  readonly input: Value;
  /** by the name of the part: the stream after the step, and what its part was given */
  readonly after: ReadonlyMap<string, Value>;
  readonly seen: Map<string, Value>;
  readonly output: Value;
}

/** Where a block stands: what its weights' names start with, and the number of its layer. */
export interface BlockPlace {
  /** `layers.3.` */
  readonly prefix: string;
  readonly layer: number;
  /** the stream of the layer before, where there is one */
  readonly previous: Stream | undefined;
}

/** Runs the steps of a block: x [T, D] -> the stream in and after it. */
export function runBlock(c: ForwardContext, block: Block, place: BlockPlace, x: Value): Stream {
  const after = new Map<string, Value>();
  const seen = new Map<string, Value>();
  const stream = (output: Value): Stream => ({ input: x, after, seen, output });
  const output = block.steps.reduce((now, step) => {
    const next = residual(c, step, place, now, stream(now));
    after.set(step.part, next);
    return next;
  }, x);
  return stream(output);
}

function residual(c: ForwardContext, step: Step, place: BlockPlace, x: Value, here: Stream): Value {
  const { g } = c;
  const scope = `${place.prefix}${stepScope(step)}`;
  const own = norm(c, scope, `${scope}.norm`, step.norm, x);
  const read = step.reads && pointOf(step.reads, here, place.previous);
  const h = read === undefined ? own : norm(c, scope, `${scope}.norm`, step.norm, read);
  here.seen.set(step.part, h);
  const y = dropped(c, step, scope, partOf(c, step, scope, place.layer, h, own));
  return g.within({ scope, role: "residual" }, () => g.map([x, y], add, { axes: x.axes }));
}

/** While training, every number is kept with probability 1 − p and then divided by it (Srivastava et al. 2014). */
function dropped(c: ForwardContext, { dropout = 0 }: Step, scope: string, y: Value): Value {
  const { g } = c;
  if (!c.training || dropout === 0) return y;
  return g.within({ scope, role: "dropout" }, () => {
    const drawn = g.random(c.seed(), c.step(), c.stream(), y.axes);
    return g.map([y, drawn], (a, u) => select(le(dropout, u), mul(a, 1 / (1 - dropout)), 0), { axes: y.axes });
  });
}

function pointOf({ layer, after, normed }: Point, here: Stream, previous: Stream | undefined): Value {
  const stream = layer === "same" ? here : previous;
  const found = after === undefined ? stream?.input : (normed ? stream?.seen : stream?.after)?.get(after);
  ensure(found !== undefined, () => `the stream has no point ${layer} ${after ?? "input"}`);
  return found;
}

/** The named norm of x, or x itself; a layer norm has a bias as well. */
export function norm(c: ForwardContext, scope: string, name: string, kind: Norm, x: Value): Value {
  const { g } = c;
  if (kind.kind === "none") return x;
  return g.within({ scope, role: "norm" }, () => {
    const y = normalise(g, x, c.param(`${name}.weight`, [c.D]), kind);
    return kind.kind === "layer" ? g.map([y, c.param(`${name}.bias`, [c.D])], add, { axes: x.axes }) : y;
  });
}

/** What a part makes of h; `own` is the stream as it is, after the same norm, which only shared experts ask for. */
function partOf(c: ForwardContext, step: Step, scope: string, layer: number, h: Value, own: Value): Value {
  const { design } = c;
  switch (step.kind) {
    case "attention":
      return attend(c, design.attentions[step.part]!, scope, h);
    case "dense":
      return dense(c, design.denses[step.part]!, scope, h);
    case "mixture":
      return mix(c, design.mixtures[step.part]!, { scope, layer }, h, own);
    default:
      return step.kind satisfies never;
  }
}
