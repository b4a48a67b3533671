/** Curves of two runs as SVG paths over one another. */
import type { Curve, RunLayer } from "../run-layer.js";

export interface RunPageView {
  readonly charts: readonly ChartView[];
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

/** One chart for each curve, both runs on the same axes. */
export function runPageView({ curves }: RunLayer): RunPageView {
  return { charts: curves.map(chartView) };
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
