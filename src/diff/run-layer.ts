/** Two runs, laid over one another: loss, expert load and speed by step. Only what `metrics.jsonl` holds. */

export interface RunCurves {
  readonly points: readonly RunPoint[];
  /** of the last step that tells it: edges by layer and expert */
  readonly load?: ExpertLoad | undefined;
  readonly status: string;
}

export type ExpertLoad = readonly (readonly number[])[];

/** One line of `metrics.jsonl`, what a comparison reads of it. */
export interface RunPoint {
  readonly step: number;
  readonly loss?: number;
  readonly cross_entropy?: number;
  readonly tokens_per_second?: number;
  readonly load_max_over_mean?: number;
  readonly dead_experts?: number;
  readonly dropped?: number;
}

export type CurveName = Exclude<keyof RunPoint, "step">;

export const curveNames: readonly CurveName[] = [
  "loss",
  "cross_entropy",
  "tokens_per_second",
  "load_max_over_mean",
  "dead_experts",
  "dropped",
];

export interface RunLayer {
  readonly curves: readonly Curve[];
  /** of each side's last step */
  readonly load: { readonly before?: ExpertLoad; readonly after?: ExpertLoad };
}

export interface Curve {
  readonly name: CurveName;
  readonly before: readonly (readonly [step: number, value: number])[];
  readonly after: readonly (readonly [step: number, value: number])[];
  /** means of the last tenth of the points of each side, at least one */
  readonly ends: { readonly before?: number; readonly after?: number };
}

/** All curves that at least one side has; undefined without runs. */
export function runLayer(before: RunCurves | undefined, after: RunCurves | undefined): RunLayer | undefined {
  if (!before && !after) return undefined;
  const curves = curveNames.map((name): Curve => {
    const [a, b] = [curveOf(before, name), curveOf(after, name)];
    const ends = { ...(a.length > 0 && { before: endOf(a) }), ...(b.length > 0 && { after: endOf(b) }) };
    return { name, before: a, after: b, ends };
  });
  const load = { ...(before?.load && { before: before.load }), ...(after?.load && { after: after.load }) };
  return { curves: curves.filter((curve) => curve.before.length + curve.after.length > 0), load };
}

function curveOf(run: RunCurves | undefined, name: CurveName): Curve["before"] {
  return (run?.points ?? []).flatMap((point) => {
    const value = point[name];
    return value === undefined ? [] : [[point.step, value] as const];
  });
}

function endOf(points: Curve["before"]): number {
  const last = points.slice(-Math.max(1, Math.floor(points.length / 10)));
  return last.reduce((sum, [, value]) => sum + value, 0) / last.length;
}

/** Reads `metrics.jsonl`; lines that are not objects with a step are left out, as a run that was killed may leave one. */
export function readCurves(text: string): Pick<RunCurves, "points" | "load"> {
  const lines = text
    .split("\n")
    .map(parseLine)
    .filter((line) => line !== undefined);
  return { points: lines.flatMap((line) => pointOf(line) ?? []), load: lines.map(loadOf).findLast((load) => load) };
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  if (line.trim() === "") return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function pointOf(line: Readonly<Record<string, unknown>>): RunPoint | undefined {
  const numbers = Object.entries(line).filter(([, each]) => typeof each === "number" && Number.isFinite(each));
  const wanted = numbers.filter(([name]) => name === "step" || (curveNames as readonly string[]).includes(name));
  const point = Object.fromEntries(wanted) as { step?: number };
  return point.step === undefined ? undefined : { ...point, step: point.step };
}

function loadOf({ expert_load: load }: Readonly<Record<string, unknown>>): ExpertLoad | undefined {
  const isLayer = (layer: unknown) => Array.isArray(layer) && layer.every((each) => typeof each === "number");
  return Array.isArray(load) && load.length > 0 && load.every(isLayer) ? (load as ExpertLoad) : undefined;
}
