/**
 * A router whose rules change with the step, as one graph: every phase is routed by its own rules, and the step chooses
 * between what came out. Parts that phases share are made once, because identical nodes are; so are their random
 * numbers. Phases with fewer edges have −1 in the places left.
 */
import type { Stretch } from "../../2-design/phases.js";
import type { RouterSite } from "../../rules/build.js";
import { sameAxes } from "../axes.js";
import type { Operand } from "../builder.js";
import type { Expr } from "../expr.js";
import { index, lt, select, type Term } from "../expr-build.js";
import type { Axis, Value } from "../graph.js";
import type { PhaseRun, Routed } from "./routed.js";

/** Fields that are joined; in every other one the phases must agree. */
const joinedFields = [
  "edges",
  "selected",
  "weight",
  "load",
  "logits",
  "gate",
  "losses",
  "updates",
  "restCopy",
  "room",
  "copied",
] as const;

/** Sites of phases whose rules draw the same random numbers in each. */
export function phaseSites(site: RouterSite): () => RouterSite {
  const drawn = new Map<string, Value>();
  return () => {
    const calls = new Map<string, number>();
    const random = (axes: readonly Axis[]): Value => {
      const rule = site.g.place().because ?? "";
      const call = (calls.get(rule) ?? 0) + 1;
      calls.set(rule, call);
      const key = `${rule} ${call}`;
      const value = drawn.get(key) ?? site.random(axes);
      drawn.set(key, value);
      return value;
    };
    return { ...site, random };
  };
}

/** One result for all steps; undefined where the phases differ in something that the step cannot choose. */
export function joinPhases(site: RouterSite, runs: readonly PhaseRun[]): Routed | undefined {
  const routed = runs.map((run) => run.routed);
  if (!agreeOnRest(routed)) return undefined;
  const { g } = site;
  return g.within({ role: "router.phase" }, () => {
    const phases = runs.map(({ phase }) => phase);
    const choose = chooser(site, phases);
    const k = Math.max(...routed.map(({ edges }) => edges.axes.at(-1)!.size));
    const wide = (x: Value, fill: number) => padded(site, x, { name: "K", size: k }, fill);
    const logits = some(routed.map((each) => each.logits));
    const copied = some(routed.map((each) => each.copied));
    const scores = routed.find((each) => each.scores !== undefined)?.scores;
    // room is room only if every phase has it: not even the first phase's may be left over
    const { room: _, ...first } = routed[0]!;
    return {
      ...first,
      edges: choose(routed.map(({ edges }) => wide(edges, -1))),
      selected: choose(routed.map(({ selected }) => wide(selected, -1))),
      weight: choose(routed.map(({ weight }) => wide(weight, 0))),
      load: choose(routed.map(({ load }) => load)),
      ...(logits && { logits: choose(logits) }),
      restCopy: restOf(site, phases, routed),
      ...roomOf(routed),
      ...(copied && { copied: choose(copied) }),
      ...(scores && { scores }),
      losses: lossesOf(site, phases, routed),
      updates: updatesOf(site, phases, routed),
      phases: runs,
    };
  });
}

/** What only rules of the same phase read. */
const inner = [
  "x",
  "clean",
  "noiseSize",
  "student",
  "legal",
  "gateKind",
  "key",
  "inGroups",
  "afterLoad",
  "phases",
  "inOrder",
  "moved",
  "candidates",
  "weighsKept",
  "split",
  "chosenScores",
  "gateOf",
  "scores",
] as const;

function agreeOnRest(routed: readonly Routed[]): boolean {
  const free: ReadonlySet<string> = new Set([...joinedFields, ...inner]);
  const names = new Set(routed.flatMap((each) => Object.keys(each)));
  const left = [...names].filter((name) => !free.has(name)) as (keyof Routed)[];
  return left.every((name) => routed.every((each) => (each[name] ?? false) === (routed[0]![name] ?? false)));
}

/** The value of the phase that the step is in. */
export function chooser({ g, step }: Pick<RouterSite, "g" | "step">, phases: readonly Stretch[]) {
  return (values: readonly Operand[]): Value => {
    const [first] = values.filter((value) => typeof value !== "number");
    if (first !== undefined && values.every((value) => value === first)) return first;
    const shape = first ?? { axes: [], dtype: "f32" as const };
    return g.map([step(), ...values], (s, ...each) => byStep(s, phases, each), {
      axes: shape.axes,
      dtype: shape.dtype,
    });
  };
}

function byStep(step: Expr, phases: readonly Stretch[], each: readonly Term[]): Term {
  return each
    .slice(0, -1)
    .reduceRight((rest, value, i) => select(lt(step, phases[i]!.until!), value, rest), each.at(-1)!);
}

/** Zeros stand in where a phase has none; undefined where none has. */
function some(values: readonly (Value | undefined)[]): readonly Operand[] | undefined {
  return values.every((value) => value === undefined) ? undefined : values.map((value) => value ?? 0);
}

/** [U, K'] -> [U, K], the places behind filled. */
function padded({ g, units }: RouterSite, x: Value, k: Axis, fill: number): Value {
  const own = x.axes.at(-1)!;
  if (sameAxes([own], [k])) return x;
  const short = g.view(x, [units, { name: "KP", size: own.size }]);
  const inside = lt(index(k.name), own.size);
  const place = g.map([], () => select(inside, index(k.name), -1), { axes: [units, k], dtype: "i32" });
  const picked = g.pick(short, place, "KP");
  return fill === 0 ? picked : g.map([picked], (e) => select(inside, e, fill), { axes: picked.axes, dtype: x.dtype });
}

function restOf(site: RouterSite, phases: readonly Stretch[], routed: readonly Routed[]): boolean | Value {
  const copies = routed.map(({ restCopy }) => restCopy === true);
  if (copies.every((each) => each === copies[0])) return copies[0]!;
  const truth = copies.map((copy) => site.g.map([], () => (copy ? 1 : 0), { axes: [] }));
  return chooser(site, phases)(truth);
}

/** The most that any phase allows; nothing where one allows any number. */
function roomOf(routed: readonly Routed[]): Pick<Routed, "room"> {
  const rooms = routed.map(({ room = Number.POSITIVE_INFINITY }) => room);
  return rooms.every(Number.isFinite) ? { room: Math.max(...rooms) } : {};
}

/** Losses of all phases count as they are; the others are 0 in the steps of other phases. */
function lossesOf(site: RouterSite, phases: readonly Stretch[], routed: readonly Routed[]): readonly Value[] {
  const all = routed.flatMap(({ losses = [] }) => losses);
  return [...new Set(all)].flatMap((loss) => {
    // the same line twice is one value that counts twice
    const counts = routed.map(({ losses = [] }) => losses.filter((each) => each === loss).length);
    const times = Math.max(...counts);
    return Array.from({ length: times }, (_, n) =>
      chooser(site, phases)(counts.map((count) => (n < count ? loss : 0))),
    );
  });
}

/** What a phase does not move stays as it is. */
function updatesOf(
  site: RouterSite,
  phases: readonly Stretch[],
  routed: readonly Routed[],
): NonNullable<Routed["updates"]> {
  const targets = new Set(routed.flatMap(({ updates = [] }) => updates.map(({ target }) => target)));
  return [...targets].map((target) => ({
    target,
    value: chooser(
      site,
      phases,
    )(routed.map(({ updates = [] }) => updates.findLast((update) => update.target === target)?.value ?? target)),
  }));
}
