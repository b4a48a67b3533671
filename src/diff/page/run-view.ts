/** Curves of two runs as SVG paths over one another. */
import type { Curve, ExpertLoad, RunLayer } from "../run-layer.js";

export interface RunPageView {
  readonly charts: readonly ChartView[];
  /** the load of every expert in every layer at the end, one picture for each side */
  readonly loads: readonly LoadView[];
}

export interface LoadView {
  readonly side: "before" | "after";
  readonly caption: string;
  readonly width: number;
  readonly height: number;
  readonly cells: readonly {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly strength: string;
    readonly title: string;
  }[];
}

export interface ChartView {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly low: string;
  readonly high: string;
  readonly steps: string;
  readonly ends: string;
}

const [width, height] = [600, 160];

/** One chart for each curve, both runs on the same axes; the experts' load side by side. */
export function runPageView({ curves, load }: RunLayer): RunPageView {
  const loads = (["before", "after"] as const).flatMap((side) => (load[side] ? loadView(side, load[side]) : []));
  return { charts: curves.map(chartView), loads };
}

const rowHigh = 18;

/** Layers in rows, experts in columns; twice the mean load is full strength. */
function loadView(side: LoadView["side"], load: ExpertLoad): LoadView {
  const most = Math.max(1, ...load.map((layer) => layer.length));
  const w = Math.max(2, Math.min(rowHigh, Math.floor(560 / most)));
  const cells = load.flatMap((layer, row) => {
    const mean = layer.reduce((sum, each) => sum + each, 0) / Math.max(1, layer.length);
    return layer.map((edges, column) => ({
      x: column * w,
      y: row * rowHigh,
      w: Math.max(1, w - 2),
      strength: (mean > 0 ? Math.min(1, edges / mean / 2) : 0).toFixed(2),
      title: `layer ${row}, expert ${column}: ${short(edges)} edges, ${short(mean > 0 ? edges / mean : 0)} times the mean`,
    }));
  });
  const caption = `${side}: ${load.length} layers, ${most} experts`;
  return { side, caption, width: most * w, height: load.length * rowHigh, cells };
}

function chartView({ name, before, after, ends }: Curve): ChartView {
  const points = [...before, ...after];
  const [steps, values] = [points.map(([step]) => step), points.map(([, value]) => value)];
  const range = (numbers: readonly number[]) =>
    numbers.reduce(
      ([low, high], n) => [Math.min(low!, n), Math.max(high!, n)],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ) as [number, number];
  const [[first, last], [low, high]] = [range(steps), range(values)];
  const x = (step: number) => (((step - first) / Math.max(1, last - first)) * width).toFixed(1);
  const y = (value: number) => (height - ((value - low) / (high - low || 1)) * height).toFixed(1);
  const path = (curve: Curve["before"]) =>
    thinned(curve)
      .map(([step, value], i) => `${i === 0 ? "M" : "L"}${x(step)} ${y(value)}`)
      .join("");
  const end = (value: number | undefined) => (value === undefined ? "none" : short(value));
  return {
    name: name.replaceAll("_", " "),
    before: path(before),
    after: path(after),
    low: short(low),
    high: short(high),
    steps: `step ${first} to ${last}`,
    ends: `${end(ends.before)} → ${end(ends.after)}`,
  };
}

const short = (value: number): string => String(Number(value.toPrecision(4)));

/** No more points than a screen can show. */
function thinned(points: Curve["before"]): Curve["before"] {
  const every = Math.ceil(points.length / 600);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}
