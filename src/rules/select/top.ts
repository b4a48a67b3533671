/** Keeps the k best experts of every unit, the k best units of every expert, or the k best units of every sequence. */
import type { RuleArg, Unit } from "../../2-design/design.js";
import type { Expr } from "../../3-graph/expr.js";
import { and, eq, index, le, lt, mul, or, select, type Term } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { amount, call, clause, share, value, word } from "../../words/params.js";
import { amountOf, resolveAmount } from "../amounts.js";
import type { RouterSite, RouterState } from "../build.js";
import { choiceKey, studentKey } from "../meaning.js";
import { defineRule } from "../rule.js";

const percent = (share: RuleArg): string => `${Number((Number(share) * 100).toPrecision(6))}%`;

/** Who chooses: units among experts, experts among units, or sequences among their units. */
function chooser(per: unknown, unit: Unit["kind"]): "unit" | "expert" | "sequence" {
  if (per === "expert") return "expert";
  return per === "sequence" && unit !== "sequence" ? "sequence" : "unit";
}

/** [U, K] with one place for every expert: the expert where it takes the unit, its best ones in the batch or sequence. */
function perExpert(site: RouterSite, state: RouterState, taken: number, within: "batch" | "sequence"): Value {
  const { g, units, experts } = site;
  const K = { name: "K", size: experts.size };
  const every = g.map([], () => index(K.name), { axes: [units, K], dtype: "i32" });
  const key = g.pick(choiceKey(site, state), every, experts.name);
  const sequence = { name: "S", size: site.unitsPerSequence };
  const B = { name: "B", size: units.size / sequence.size };
  const among = within === "batch" ? [units] : [B, sequence];
  // who chooses stands before whom it chooses from
  const turned = [...among.slice(0, -1), K, among.at(-1)!];
  const ranks = g.rank(g.map([g.view(key, [...among, K])], (a) => a, { axes: turned })).rank;
  const chosen = g.map([ranks], (rank) => select(and(le(0, rank), lt(rank, taken)), index(K.name), -1), {
    axes: [...among, K],
    dtype: "i32",
  });
  return g.view(chosen, [units, K]);
}

/** [U, 1]: the best expert of each of the best units of every sequence. */
function perSequence(site: RouterSite, state: RouterState, taken: number): Value {
  const { g, units, experts } = site;
  const sequence = { name: "S", size: site.unitsPerSequence };
  const key = choiceKey(site, state);
  const most = g.view(g.reduce("max", key, [experts.name]), [
    { name: "B", size: units.size / sequence.size },
    sequence,
  ]);
  const rank = g.view(g.rank(most).rank, [units]);
  return g.map([g.topK(key, 1), rank], (best, r) => select(and(le(0, r), lt(r, taken)), best, -1), { dtype: "i32" });
}

/** Edges where the predictor says so, a unit at a time: later units are not there to compare with. */
function predicted(site: RouterSite, state: RouterState, scores: Value, who: "expert" | "sequence"): Value {
  const { g, units, experts } = site;
  const key = choiceKey(site, state);
  if (who === "sequence") {
    const said = g.view(scores, [units]);
    return g.map([g.topK(key, 1), said], (best, p) => select(lt(0, p), best, -1), { dtype: "i32" });
  }
  const every = g.map([], () => index("K"), {
    axes: [units, { name: "K", size: experts.size }],
    dtype: "i32",
  });
  const legal = (k: Expr): Term => lt(Number.NEGATIVE_INFINITY, k);
  return g.map(
    [g.pick(scores, every, experts.name), g.pick(key, every, experts.name)],
    (p, k) => select(and(lt(0, p), legal(k)), index("K"), -1),
    { axes: every.axes, dtype: "i32" },
  );
}

export const top = defineRule({
  slot: "select",
  name: "top",
  doc: "Keeps the k best experts of every unit, the k best units of every expert, or, each with its best expert, the k best units of every sequence.",
  means: ({ k, share, capacity, per, within, by, thinned }) => {
    const units =
      k !== undefined
        ? `${k} units`
        : share !== undefined
          ? `${percent(share)} of the units`
          : `${capacity} · U / E units`;
    if (per === "expert")
      return `Every expert takes its best ${units} of the ${within === "sequence" ? "sequence" : "batch"}.`;
    if (per === "sequence") return `The best ${units} of every sequence go to their best expert; the others have none.`;
    const whole = `Every unit goes to its ${k === 1 ? "best expert" : `${k ?? units} best experts`}${by === "student" ? ", as the student says" : ""}`;
    if (thinned === undefined) return `${whole}.`;
    return `${whole}; a later one stays by chance, surely if it has ${percent(thinned)} of the chosen gates.`;
  },
  example: "select top(2) per token",
  params: [amount("k", "how many to keep: a number, a share such as 12.5%, or capacity(c) for c · U / E")],
  clauses: [
    clause(
      "per",
      value(
        word("per", ["token", "subtoken", "sequence", "chunk", "expert"], "who chooses", {
          derived: "the unit of the mixture",
        }),
      ),
      "who chooses",
    ),
    clause(
      "within",
      value(
        word("within", ["batch", "sequence"], "among which units an expert chooses", {
          default: "batch",
          why: "one step is one batch",
        }),
      ),
      "among which units an expert chooses",
    ),
    clause(
      "by",
      value(
        word("by", ["scores", "student"], "what decides: the scores with all that is added to them, or the student", {
          default: "scores",
          why: "a student is only taught until it is asked",
        }),
      ),
      "what decides",
    ),
    call(
      "thinned",
      "leaves out later choices at random, the rather the smaller their gate",
      share(
        "thinned",
        "a choice after the first stays with the probability of its share of the unit's chosen gates, divided by this",
        {
          optional: true,
          min: 0,
          above: true,
        },
      ),
    ),
  ],
  needs: ["key"],
  needsMore: ({ by, thinned }) => [
    ...(by === "student" ? ["student" as const] : []),
    ...(thinned === undefined ? [] : ["gate" as const]),
  ],
  fewScores: ({ by, per, thinned }) =>
    by === "scores" && thinned === undefined && per !== "expert" && per !== "sequence",
  looksAhead: ({ per }) => per === "expert" || per === "sequence",
  facts: (args, { unit, experts }) => {
    const amount = amountOf(args);
    const who = chooser(args.per, unit.kind);
    if (who === "expert") return { rowsPerExpert: amount };
    if (who === "sequence") return { edgesPerUnit: 1, unitsPerSequence: amount };
    const exactEdges = args.thinned === undefined;
    return Object.keys(amount).length === 0
      ? { exactEdges }
      : { edgesPerUnit: resolveAmount(amount, experts, 1), exactEdges };
  },
  build(site, state, args) {
    const { g, experts, units, unitsPerSequence: length } = site;
    const amount = amountOf(args);
    const who = chooser(args.per, site.unit);
    const sequences = units.size / length;
    return g.within({ role: "router.select" }, () => {
      if (who === "unit") {
        const k = resolveAmount(amount, experts.size, 1);
        if (state.split !== undefined) {
          const { edges, scores } = state.split.best(k);
          return { ...state, edges, chosenScores: scores };
        }
        const best = g.topK(args.by === "student" ? studentKey(site, state) : choiceKey(site, state), k);
        if (typeof args.thinned !== "number") return { ...state, edges: best };
        return { ...state, edges: thin(site, state, best, args.thinned), candidates: best };
      }
      if (site.sampling && site.predicted) {
        const edges = predicted(site, state, g.stop(site.predicted()), who);
        // any number of units may be foretold
        return { ...state, edges, room: units.size, ...(who === "expert" && { inOrder: false }) };
      }
      if (who === "sequence") {
        const taken = resolveAmount(amount, length, experts.size);
        return { ...state, edges: perSequence(site, state, taken), room: taken * sequences };
      }
      const within = args.within === "sequence" ? "sequence" : "batch";
      const taken = resolveAmount(amount, within === "batch" ? units.size : length, experts.size);
      const edges = perExpert(site, state, taken, within);
      return { ...state, edges, inOrder: false, room: within === "batch" ? taken : taken * sequences };
    });
  },
});

/** Later choices [U, K] stay with probability min(1, share of the chosen gates / threshold): GShard's 50 %, ST-MoE's 20 %. */
function thin({ g, experts, random }: RouterSite, { gate }: RouterState, best: Value, threshold: number): Value {
  const chosen = g.stop(g.pick(gate!, best, experts.name));
  const total = g.reduce("sum", chosen, ["K"]);
  return g.map(
    [best, chosen, total, random(best.axes)],
    (e, p, all, u) => select(or(eq(index("K"), 0), lt(mul(mul(u, threshold), all), p)), e, -1),
    { axes: best.axes, dtype: "i32" },
  );
}
