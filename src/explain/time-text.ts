/** Durations for people: `1.24 ms`, `83 µs`, the same on every machine. */

const units = [
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
] as const;

/** Three digits at most. */
export function timeText(seconds: number): string {
  const [size, unit] = units.find(([least]) => seconds >= least) ?? [1e-6, "µs"];
  return `${Number((seconds / size).toPrecision(3))} ${unit}`;
}
