/** How evenly the experts are used: numbers, a heatmap, and warnings when something stays wrong for long. */
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";

/** Edges that each expert received in one layer, before any limit. */
export type Load = ArrayLike<number>;

export interface LoadSummary {
  /** the largest ratio of the busiest expert to the mean, over the layers; 0 when nothing was routed */
  readonly maxOverMean: number;
  /** experts that received nothing, over all layers */
  readonly dead: number;
}

/** Sums up the load of all layers for the progress line. */
export function summariseLoad(layers: readonly Load[]): LoadSummary {
  const ratios = layers.map(maxOverMean);
  const dead = layers.reduce((sum, load) => sum + count(load, (each) => each === 0), 0);
  return { maxOverMean: Math.max(0, ...ratios), dead };
}

function count(load: Load, holds: (each: number) => boolean): number {
  let found = 0;
  for (let expert = 0; expert < load.length; expert++) if (holds(load[expert]!)) found++;
  return found;
}

function maxOverMean(load: Load): number {
  let [sum, most] = [0, 0];
  for (let expert = 0; expert < load.length; expert++) {
    sum += load[expert]!;
    most = Math.max(most, load[expert]!);
  }
  return sum > 0 ? (most * load.length) / sum : 0;
}

/** From nothing to much: an expert's load in quarters of the mean load up to twice the mean. */
const shades = ["·", "░", "▒", "▓", "█"] as const;
// colours of the 16-colour palette that read on dark and light: red for nothing, then blue, green, yellow, magenta
const colours = [31, 34, 32, 33, 35] as const;

export interface HeatmapOptions {
  /** whether to write ANSI colours */
  readonly colour?: boolean;
  /** layer numbers, if not 0, 1, 2, … */
  readonly numbers?: readonly number[];
}

/** A line per layer, a character per expert, and a legend. */
export function heatmap(layers: readonly Load[], { colour = false, numbers }: HeatmapOptions = {}): string {
  const width = String(Math.max(0, ...(numbers ?? layers.keys()))).length;
  const rows = layers.map((load, i) => {
    const label = String(numbers?.[i] ?? i).padStart(width);
    return `layer ${label} ${heatRow(load, colour)} max/mean ${maxOverMean(load).toFixed(2)}`;
  });
  const legend = ["none", "< ½ mean", "< mean", "< 2 mean", "≥ 2 mean"];
  return [...rows, legend.map((text, level) => `${paint(level, shades[level]!, colour)} ${text}`).join("  ")].join(
    "\n",
  );
}

/** Most characters of a line: of more experts, neighbours share one. */
const WIDEST = 128;

function inColumns(load: Load): readonly number[] {
  const each = Math.ceil(load.length / WIDEST);
  if (each === 1) return Array.from(load);
  const columns = new Array<number>(Math.ceil(load.length / each)).fill(0);
  for (let expert = 0; expert < load.length; expert++) columns[Math.floor(expert / each)]! += load[expert]!;
  return columns;
}

function heatRow(load: Load, colour: boolean): string {
  const values = inColumns(load);
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  return values
    .map((value) => heatLevel(value, mean))
    .map((level) => paint(level, shades[level]!, colour))
    .join("");
}

function heatLevel(value: number, mean: number): number {
  if (value === 0) return 0;
  return value < mean / 2 ? 1 : value < mean ? 2 : value < 2 * mean ? 3 : 4;
}

function paint(level: number, text: string, colour: boolean): string {
  return colour ? `\u001b[${colours[level]}m${text}\u001b[39m` : text;
}

/** Experts of a layer that warnings name at most. */
const MOST_NAMED = 16;

export interface LoadWatchOptions {
  /** steps over which loads are added up before they are judged */
  readonly window?: number;
  /** max/mean over a window that is worth a warning */
  readonly limit?: number;
  /** whether an expert can receive tokens at all; experts that no table shows to any id are not dead */
  readonly reachable?: (layer: number, expert: number) => boolean;
  /** layer numbers for the warnings, if not 0, 1, 2, … */
  readonly layers?: readonly number[];
}

/** To be told the load of every layer at every step; answers with warnings at the end of each window. */
export type LoadWatch = (layers: readonly Load[]) => Diagnostic[];

/** Watches for experts that receive nothing (MOE6024) and for very uneven load (MOE6033); says each thing once. */
export function watchLoad(options: LoadWatchOptions = {}): LoadWatch {
  const { window = 50, limit = 6, reachable = () => true, layers: numbers } = options;
  let sums: Float64Array[] = [];
  let steps = 0;
  const said = new Set<string>();
  const once = (key: string, make: () => Diagnostic): Diagnostic[] => {
    if (said.has(key)) return [];
    said.add(key);
    return [make()];
  };
  const judge = (load: Float64Array, at: number): Diagnostic[] => {
    const layer = numbers?.[at] ?? at;
    const dead = Array.from(load.keys()).filter((expert) => load[expert] === 0 && reachable(at, expert));
    const ratio = maxOverMean(load);
    // of thousands of experts that receive nothing, the first few say it all
    const silent = dead
      .slice(0, MOST_NAMED)
      .flatMap((expert) => once(`${layer}.${expert}`, () => diagnose("MOE6024", { layer, expert, steps: window })));
    const uneven = (): Diagnostic => diagnose("MOE6033", { layer, ratio: ratio.toFixed(1), steps: window });
    return ratio > limit ? [...silent, ...once(String(layer), uneven)] : silent;
  };
  return (layers) => {
    if (steps === 0) sums = layers.map((load) => new Float64Array(load.length));
    layers.forEach((load, layer) => {
      for (let expert = 0; expert < load.length; expert++) sums[layer]![expert]! += load[expert]!;
    });
    steps = (steps + 1) % window;
    return steps === 0 ? sums.flatMap(judge) : [];
  };
}
