/** A mixture: units, router, experts (not yet dispatched), shared experts, and units put together again. */
import type { Mixture, RuleUse } from "../../2-design/design.js";
import { mixtureBuffers, predictions } from "../../2-design/mixture-weights.js";
import { isDispatched } from "../../2-design/placed.js";
import { computes } from "../../experts/index.js";
import type { RouterSite } from "../../rules/build.js";
import { probabilities } from "../../rules/meaning.js";
import { linear } from "../compose/linear.js";
import { add, select as choose, le, log, lt, max, mul, neg, not, or } from "../expr-build.js";
import type { Axis, Value } from "../graph.js";
import { runAttentionExperts } from "./attention-experts.js";
import { runBlockExperts } from "./block-experts.js";
import type { ForwardContext } from "./context.js";
import { openingOf } from "./opening.js";
import { chooser } from "./phases.js";
import { expertAxis, runPlaced } from "./placed-experts.js";
import type { Routed } from "./routed.js";
import { runRouter } from "./router.js";
import { isRun, onTokens, readRuns } from "./runs.js";
import { addShared } from "./shared-experts.js";
import { expertOfSlot, fromSlots, slotAxis, slotsOf } from "./soft.js";

/** Where a mixture stands: `layers.3.mixture` in layer 3. */
export interface MixturePlace {
  readonly scope: string;
  readonly layer: number;
}

/** x [T, D] -> [T, D]; shared experts see `own`, which is x unless the routed part reads an earlier point. */
export function mix(c: ForwardContext, mixture: Mixture, place: MixturePlace, x: Value, own: Value): Value {
  const { g } = c;
  const { scope, layer } = place;
  return g.within({ scope, because: mixture.name }, () => {
    const units = split(c, mixture, scope, x);
    const site = routerSite(c, mixture, scope, layer, units);
    const routed = runRouter(mixture, site);
    if (routed.logits) c.previousScores.set(mixture.name, carriedScores(c, mixture, routed.logits));
    report(c, scope, site, routed);
    // experts read what is routed, except where that is a run of tokens: then every token goes with its run
    const run = isRun(mixture.unit) ? mixture.unit : undefined;
    const [rows, edges] = run ? [x, onTokens(c, run, routed)] : [units, routed];
    const given = inLatent(c, mixture, scope, rows, (narrow) => compute(c, mixture, place, narrow, edges));
    const computed = withCopies(c, rows, edges, given);
    const y = withRest(c, mixture, rows, edges, computed);
    const whole = merge(c, mixture, scope, x, residualInside(c, mixture, rows, y));
    return mixture.shared.reduce((sum, group, i) => addShared(c, mixture, scope, group, i, own, sum), whole);
  });
}

function split(c: ForwardContext, { unit, width, name }: Mixture, scope: string, x: Value): Value {
  if (unit.kind === "token") return x;
  const { g } = c;
  if (isRun(unit)) return g.within({ role: "units", because: `${name}.unit` }, () => readRuns(c, unit, x));
  const out = { name: "DS", size: c.D.size };
  const mixed =
    unit.split === "linear"
      ? g.within({ role: "split", because: `${name}.unit` }, () =>
          linear(g, x, c.param(`${scope}.split.weight`, [out, c.D])),
        )
      : x;
  return g.within({ role: "units", because: `${name}.unit` }, () =>
    g.view(mixed, [
      { name: "U", size: c.T.size * unit.heads },
      { name: "C", size: width },
    ]),
  );
}

function residualInside({ g }: ForwardContext, { unit }: Mixture, units: Value, y: Value): Value {
  return unit.kind === "subtoken" && unit.residualInside ? g.map([units, y], add, { axes: y.axes }) : y;
}

function merge(c: ForwardContext, { unit, name }: Mixture, scope: string, x: Value, y: Value): Value {
  if (unit.kind !== "subtoken") return y;
  const { g } = c;
  const input = { name: "DM", size: c.D.size };
  const joined = g.within({ role: "units", because: `${name}.unit` }, () =>
    g.view(y, [c.T, unit.merge === "linear" ? input : c.D]),
  );
  if (unit.merge !== "linear") return g.view(joined, x.axes);
  return g.within({ role: "merge", because: `${name}.unit` }, () =>
    linear(g, joined, c.param(`${scope}.merge.weight`, [c.D, input])),
  );
}

function routerSite(c: ForwardContext, mixture: Mixture, scope: string, layer: number, x: Value): RouterSite {
  const { g, design } = c;
  const experts = expertAxis(mixture);
  const units = x.axes[0]!;
  const perToken = units.size / c.T.size;
  return {
    g,
    x,
    units,
    experts,
    scored: slotAxis(mixture) ?? experts,
    expertOfSlot: slotAxis(mixture) && expertOfSlot(mixture),
    unit: mixture.unit.kind,
    vocab: { name: "V", size: design.model!.vocab },
    unitsPerSequence: units.size / c.size.batch,
    training: c.training,
    sampling: c.sampling,
    predicted: predicts(mixture) ? () => predict(c, mixture, scope, x) : undefined,
    step: c.step,
    previousScores: c.previousScores.get(mixture.name),
    computes: (expert) => computing(mixture)[expert] === true,
    ids: () => unitIds(c, units, perToken),
    opening: (n) => onUnits(c, units, perToken, openingOf(c, n)),
    param: (name, axes) => c.param(`${scope}.${name}`, axes),
    state: (name, axes) => {
      const { init = 0 } = mixtureBuffers(mixture, design.model!.vocab).find((each) => each.name === name)!;
      return g.state(`${scope}.${name}`, axes, init);
    },
    table: (name, form) => {
      const sees = Math.max(...design.tables[name]!.tiers.map((tier) => tier.sees));
      const row = form === "visible" ? experts : { name: "K", size: sees };
      const source = { kind: "table" as const, table: name, layer, form };
      const suffix = form === "visible" ? "" : ".experts";
      return g.data(
        `${scope}.${name.toLowerCase()}${suffix}`,
        source,
        [{ name: "V", size: design.model!.vocab }, row],
        form === "visible" ? "u8" : "i32",
      );
    },
    random: (axes) => g.random(c.seed(), c.step(), c.stream(), axes),
  };
}

/** What the next layer goes on from [U, E]: experts that no line scores count 0 there, not −∞. */
function carriedScores({ g }: ForwardContext, { router, expertCount }: Mixture, logits: Value): Value {
  const some = router.rules.some(({ slot, args }) => slot === "score" && Number(args.to ?? expertCount) < expertCount);
  if (!some) return logits;
  return g.within({ role: "router.scores" }, () =>
    g.map([logits], (z) => choose(lt(Number.NEGATIVE_INFINITY, z), z, 0)),
  );
}

const predicts = ({ router }: Mixture): boolean =>
  router.rules.some(({ slot, rule }) => slot === "balance" && rule === "predictor");

/** Scores of the predictor [U, E] where experts choose, [U, 1] where sequences do: what it reads is not moved by it. */
function predict(c: ForwardContext, mixture: Mixture, scope: string, x: Value): Value {
  const { g } = c;
  const size = predictions(mixture);
  const axis = { name: size === 1 ? "PR" : "E", size };
  return g.within({ role: "router.predictor" }, () => {
    const bias = c.param(`${scope}.router.predictor.bias`, [axis]);
    return linear(g, g.stop(x), c.param(`${scope}.router.predictor.weight`, [axis, x.axes.at(-1)!]), bias);
  });
}

/** Per expert, whether it computes something: copies, zeros and constants only pass on. */
function computing({ experts }: Mixture): readonly boolean[] {
  return experts.flatMap(({ count, ffn }) => Array.from({ length: count }, () => computes(ffn.kind)));
}

function unitIds({ g, tokens, T }: ForwardContext, units: Axis, perToken: number): Value {
  if (perToken === 1) return tokens;
  const spread = g.map([tokens], (id) => id, { axes: [T, { name: "H", size: perToken }], dtype: "i32" });
  return g.view(spread, [units]);
}

/** Vectors of tokens [T, D] as those of their units [U, D]. */
function onUnits({ g, T, D }: ForwardContext, units: Axis, perToken: number, x: Value): Value {
  if (perToken === 1) return x;
  const spread = g.map([x], (a) => a, { axes: [T, { name: "H", size: perToken }, D] });
  return g.view(spread, [units, D]);
}

function report(c: ForwardContext, scope: string, site: RouterSite, routed: Routed): void {
  const { outputs } = c;
  outputs.set(`${scope}.load`, routed.load);
  if (routed.logits) outputs.set(`${scope}.router.scores`, routed.scores ?? routed.logits);
  outputs.set(`${scope}.edges.expert`, routed.edges);
  outputs.set(`${scope}.edges.weight`, routed.weight);
  outputs.set(`${scope}.dropped`, dropped(c, routed, site));
  const sure = entropyOf(c, site, routed);
  if (sure) outputs.set(`${scope}.router.entropy`, sure);
  routed.losses?.forEach((loss) => {
    c.losses.push(loss);
  });
  c.updates.push(...(routed.updates ?? []));
}

/** Edges that a limit removed. */
function dropped({ g }: ForwardContext, routed: Routed, { experts }: RouterSite): Value {
  return g.within({ role: "router.dropped" }, () => {
    const before = g.reduce("sum", routed.load, [experts.name]);
    const after = g.reduce("sum", g.histogram(routed.edges, experts), [experts.name]);
    return g.map([before, after], (a, b) => add(a, neg(b)));
  });
}

/** Of the phase that the step is in; undefined where some phase makes no gate from scores. */
function entropyOf(c: ForwardContext, site: RouterSite, routed: Routed): Value | undefined {
  if (routed.phases === undefined) return routed.logits && routed.gate && entropy(c, site, routed);
  const each = routed.phases.flatMap((run) => entropyOf(c, site, run.routed) ?? []);
  const choose = chooser(
    site,
    routed.phases.map(({ phase }) => phase),
  );
  return each.length === routed.phases.length ? choose(each) : undefined;
}

/** Mean entropy over units of the gate as probabilities, nats. */
function entropy({ g }: ForwardContext, site: RouterSite, routed: Routed): Value {
  return g.within({ role: "router.entropy" }, () => {
    const p = g.stop(probabilities(site, routed, "visible"));
    const each = g.map([p], (q) => mul(q, neg(log(max(q, 1e-20)))));
    const total = g.reduce("sum", each, [site.units.name, site.experts.name]);
    return g.map([total], (sum) => mul(sum, 1 / site.units.size));
  });
}

/** Units through the matrix to the latent width, what works there, and the matrix back; nothing of it without one. */
function inLatent(c: ForwardContext, { latent, name }: Mixture, scope: string, x: Value, work: (x: Value) => Value) {
  if (latent === undefined) return work(x);
  const { g } = c;
  const [wide, narrow] = [x.axes[1]!, { name: "CL", size: latent }];
  const place = (role: string) => ({ role, because: `${name}.latent` });
  const down = g.within(place("latent.down"), () =>
    linear(g, x, c.param(`${scope}.latent.down.weight`, [narrow, wide])),
  );
  const y = work(down);
  return g.within(place("latent.up"), () => linear(g, y, c.param(`${scope}.latent.up.weight`, [wide, narrow])));
}

/** Experts that dispatch will place, and those that are attentions or whole blocks. */
function runExperts(c: ForwardContext, mixture: Mixture, place: MixturePlace, x: Value, routed: Routed): Value {
  const { g } = c;
  const elsewhere = [
    runAttentionExperts(c, mixture, place, x, routed),
    runBlockExperts(c, mixture, place, x, routed),
  ].filter((y) => y !== undefined);
  const all = isDispatched(mixture, c.design)
    ? [runPlaced(c, mixture, place.scope, x, routed), ...elsewhere]
    : elsewhere;
  return all.reduce((a, b) => g.within({ role: "experts.combine" }, () => g.map([a, b], add, { axes: x.axes })));
}

/** What the experts give for each unit, which they read one by one or, where they have slots, mixed. */
function compute(c: ForwardContext, mixture: Mixture, place: MixturePlace, x: Value, routed: Routed): Value {
  if (routed.mixing === undefined) return runExperts(c, mixture, place, x, routed);
  const slots = slotsOf(c, mixture, x, routed);
  return fromSlots(c, x, routed, runExperts(c, mixture, place, slots.x, slots.routed));
}

/** Where experts had no room, the unit stands for what they would have given. */
function withCopies({ g }: ForwardContext, x: Value, { copied }: Routed, y: Value): Value {
  if (copied === undefined) return y;
  return g.within({ role: "router.copies" }, () =>
    g.map([y, x, copied], (a, b, w) => add(a, mul(b, w)), { axes: y.axes }),
  );
}

/** Units that the selection left without an edge, where it can: copied, if the router says so. Dropped ones give 0. */
function withRest({ g }: ForwardContext, mixture: Mixture, x: Value, routed: Routed, y: Value): Value {
  const selects = mixture.router.rules.filter((use) => use.slot === "select");
  const { restCopy } = routed;
  if (selects.every((use) => choosesForEveryUnit(use, mixture)) || restCopy === undefined || restCopy === false)
    return y;
  return g.within({ role: "rest" }, () => {
    const edges = g.reduce(
      "max",
      g.map([routed.selected], (e) => e),
      [routed.selected.axes.at(-1)!.name],
    );
    const copies = restCopy === true ? 1 : restCopy;
    return g.map([edges, y, x, copies], (most, a, b, copy) => choose(or(le(0, most), not(copy)), a, b), {
      axes: y.axes,
    });
  });
}

function choosesForEveryUnit({ rule, args }: RuleUse, { unit }: Mixture): boolean {
  const ofUnits = args.per !== "expert" && (args.per !== "sequence" || unit.kind === "sequence");
  return rule === "table" || rule === "all" || (rule === "top" && ofUnits);
}
