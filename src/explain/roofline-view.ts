/** The roofline as a picture with one dot a kernel, and the kernels as bars. Decades on both axes. */
import { quantity } from "../diff/render/numbers.js";
import type { KernelBound, Roof } from "./roofline.js";
import { timeText } from "./time-text.js";

export interface RooflineView {
  readonly headline: string;
  readonly note: string;
  readonly width: number;
  readonly height: number;
  readonly roof: string;
  readonly ridge: { readonly x: number; readonly y: number; readonly text: string };
  readonly dots: readonly {
    readonly x: number;
    readonly y: number;
    readonly r: number;
    readonly by: KernelBound["by"];
    readonly title: string;
    readonly kernel: number;
  }[];
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  readonly bars: readonly BarRow[];
  readonly rest: readonly BarRow[];
}

export interface Tick {
  readonly at: number;
  readonly text: string;
}

export interface BarRow {
  readonly name: string;
  readonly kernel: number;
  readonly launches: number;
  readonly by: KernelBound["by"];
  readonly percent: string;
  readonly time: string;
  readonly share: string;
  readonly intensity: string;
}

const [width, height, left, bottom, top, right] = [600, 360, 62, 30, 14, 34] as const;
const shown = 14;

/** `order` are the kernels in the order in which the page lists them. */
export function rooflineView(roof: Roof, program: string, order: readonly string[]): RooflineView {
  const working = roof.kernels.filter(({ flops }) => flops > 0);
  const [low, high] = decades([...working.map(({ intensity }) => intensity), roof.ridge / 10, roof.ridge * 10]);
  const reach = (intensity: number) => Math.min(roof.flops, intensity * roof.bytes);
  const [floor, ceiling] = decades([reach(low), roof.flops * 1.5]);
  const x = (value: number) =>
    round(left + (Math.log10(value / low) / Math.log10(high / low)) * (width - left - right));
  const y = (value: number) =>
    round(height - bottom - (Math.log10(value / floor) / Math.log10(ceiling / floor)) * (height - bottom - top));
  const most = roof.kernels[0]?.seconds ?? 1;
  const bars = roof.kernels.map((each) => barRow(each, most, order.indexOf(each.name)));
  return {
    headline: `A ${program} takes ${timeText(roof.seconds)} at least`,
    note: `Bounds of the profile ${roof.profile.name} (${roof.profile.doc}: ${rate(roof.flops, "FLOP/s")}, ${rate(roof.bytes, "B/s")}, ${timeText(roof.launch)} a launch); nothing here was measured, moec bench does that.`,
    width,
    height,
    roof: `M${x(low)} ${y(reach(low))}L${x(roof.ridge)} ${y(roof.flops)}L${x(high)} ${y(roof.flops)}`,
    ridge: { x: x(roof.ridge), y: y(roof.flops), text: `${Number(roof.ridge.toPrecision(3))} FLOP/B` },
    dots: working.map((each) => ({
      x: x(each.intensity),
      y: y(Math.max(floor, reach(each.intensity))),
      r: round(3 + 16 * Math.sqrt(each.share)),
      by: each.by,
      title: `${each.name}: ${Number(each.intensity.toPrecision(3))} FLOP/B, ${timeText(each.seconds)} (${percent(each.share)})`,
      kernel: order.indexOf(each.name),
    })),
    xTicks: ticks(low, high).map((value) => ({ at: x(value), text: String(value) })),
    yTicks: ticks(floor, ceiling).map((value) => ({ at: y(value), text: rate(value, "FLOP/s") })),
    bars: bars.slice(0, shown),
    rest: bars.slice(shown),
  };
}

function barRow({ name, launches, by, seconds, share, intensity }: KernelBound, most: number, kernel: number): BarRow {
  return {
    name,
    kernel,
    launches,
    by,
    percent: ((100 * seconds) / most).toFixed(2),
    time: timeText(seconds),
    share: percent(share),
    intensity: intensity >= 0.1 ? intensity.toPrecision(3) : intensity.toFixed(2),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const round = (value: number): number => Math.round(value * 10) / 10;

/** `400 GFLOP/s` */
const rate = (value: number, unit: string): string =>
  `${quantity(value, "flop").replace(/ ?([kMGTP])?$/, " $1")}${unit}`;

/** Whole powers of ten around all values. */
function decades(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))];
}

function ticks(low: number, high: number): readonly number[] {
  const [from, to] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
  return Array.from({ length: to - from + 1 }, (_, i) => Number((10 ** (from + i)).toPrecision(1)));
}
