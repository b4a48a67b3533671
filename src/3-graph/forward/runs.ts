/**
 * Units that are runs of tokens, a chunk or a whole sequence: the router sees one vector for each, and every token of a
 * run then goes where the run goes. Runs end with their sequence, so that the last one may be shorter.
 */
import type { Unit } from "../../2-design/design.js";
import { add, and, div, eq, floor, index, lt, mul, select, sub, type Term } from "../expr-build.js";
import type { Axis, Value } from "../graph.js";
import type { ForwardContext } from "./context.js";
import type { Routed } from "./routed.js";

export type RunUnit = Extract<Unit, { readonly kind: "sequence" | "chunk" }>;

/** n, tokens of a run, and how many runs a sequence has. */
interface Runs {
  readonly length: number;
  readonly perSequence: number;
  readonly units: Axis;
}

export const isRun = (unit: Unit): unit is RunUnit => unit.kind === "sequence" || unit.kind === "chunk";

function runsOf({ size }: ForwardContext, unit: RunUnit): Runs {
  const length = unit.kind === "sequence" ? size.seq : Math.min(unit.size, size.seq);
  const perSequence = Math.ceil(size.seq / length);
  return { length, perSequence, units: { name: "U", size: size.batch * perSequence } };
}

/** floor(a / b); half a step keeps the quotient off whole numbers, where rounding could lose one. */
const quotient = (a: Term, b: number): Term => (b === 1 ? a : floor(div(add(a, 0.5), b)));
const rest = (a: Term, b: number): Term => sub(a, mul(quotient(a, b), b));

/** [T] i32: number of the run of every token. */
function runOfToken({ g, size, T }: ForwardContext, { length, perSequence }: Runs): Value {
  const run = add(mul(quotient(index(T.name), size.seq), perSequence), quotient(rest(index(T.name), size.seq), length));
  return g.map([], () => run, { axes: [T], dtype: "i32" });
}

/** [U, n] i32: the tokens of every run, −1 past the end of its sequence. */
function tokensOfRun({ g, size }: ForwardContext, { length, perSequence, units }: Runs): Value {
  const place = add(mul(rest(index(units.name), perSequence), length), index("N"));
  const token = add(mul(quotient(index(units.name), perSequence), size.seq), place);
  return g.map([], () => select(lt(place, size.seq), token, -1), {
    axes: [units, { name: "N", size: length }],
    dtype: "i32",
  });
}

/** What the router sees of x [T, D]: one vector per run [U, D]. */
export function readRuns(c: ForwardContext, unit: RunUnit, x: Value): Value {
  const runs = runsOf(c, unit);
  return unit.reads === "first" ? firstTokens(c, runs, x) : meanTokens(c, runs, x);
}

function firstTokens({ g, size, T }: ForwardContext, { length, perSequence, units }: Runs, x: Value): Value {
  const first = add(
    mul(quotient(index(units.name), perSequence), size.seq),
    mul(rest(index(units.name), perSequence), length),
  );
  const inSequence = rest(index(T.name), size.seq);
  const run = add(mul(quotient(index(T.name), size.seq), perSequence), quotient(inSequence, length));
  const leads = eq(rest(inSequence, length), 0);
  const inverse = g.map([], () => select(leads, run, -1), { axes: [T], dtype: "i32" });
  return g.take(
    x,
    g.map([], () => first, { axes: [units], dtype: "i32" }),
    { inverse },
  );
}

function meanTokens(c: ForwardContext, runs: Runs, x: Value): Value {
  const { g, size, T } = c;
  const { length, perSequence, units } = runs;
  const inSequence = rest(index(T.name), size.seq);
  const run = add(mul(quotient(index(T.name), size.seq), perSequence), quotient(inSequence, length));
  const place = add(mul(run, length), rest(inSequence, length));
  const inverse = g.map([], () => place, { axes: [T], dtype: "i32" });
  const tokens = g.take(x, tokensOfRun(c, runs), { inverse });
  const last = size.seq - (perSequence - 1) * length;
  const isLast = and(lt(last, length), eq(rest(index(units.name), perSequence), perSequence - 1));
  return g.map([g.reduce("sum", tokens, ["N"])], (sum) => mul(sum, select(isLast, 1 / last, 1 / length)));
}

/** Edges of runs as edges of their tokens. */
export function onTokens(c: ForwardContext, unit: RunUnit, routed: Routed): Routed {
  const { g } = c;
  const runs = runsOf(c, unit);
  return g.within({ role: "router.runs" }, () => {
    const [of, inverse] = [runOfToken(c, runs), tokensOfRun(c, runs)];
    const spread = (value: Value): Value => g.take(value, of, { inverse });
    return {
      ...routed,
      edges: g.take(routed.edges, of),
      selected: g.take(routed.selected, of),
      weight: spread(routed.weight),
      ...(routed.copied && { copied: spread(routed.copied) }),
      ...(routed.room !== undefined && { room: routed.room * runs.length }),
    };
  });
}
