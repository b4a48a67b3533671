/** Numbers for people: short, with their unit, the same on every machine. */
import type { CostRow } from "../cost-layer.js";

const thousands = ["", " k", " M", " G", " T", " P"] as const;
const binary = [" B", " KiB", " MiB", " GiB", " TiB", " PiB"] as const;

/** `12.3 M`, `1.21 GiB`; whole numbers below ten thousand as they are. */
export function quantity(value: number, unit: CostRow["unit"]): string {
  if (unit === "byte") return scaled(value, 1024, binary);
  if (Number.isInteger(value) && Math.abs(value) < 10_000) return String(value).replace("-", "−");
  return scaled(value, 1000, thousands);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let [size, at] = [Math.abs(value), 0];
  // 999.6 would be printed as 1000
  while (size >= base * 0.9995 && at < units.length - 1) [size, at] = [size / base, at + 1];
  const digits = Number.isInteger(size) || size >= 999.5 ? String(Math.round(size)) : size.toPrecision(3);
  return `${value < 0 ? "−" : ""}${digits}${units[at]}`;
}

/** `+12.3 M`, `−4`, `±0` */
export function signed(value: number, unit: CostRow["unit"]): string {
  if (value === 0) return "±0";
  return value > 0 ? `+${quantity(value, unit)}` : quantity(value, unit);
}

/** `× 1.50` */
export function ratioText(ratio: number): string {
  return `× ${ratio >= 99.95 ? ratio.toFixed(0) : ratio >= 9.995 ? ratio.toFixed(1) : ratio.toPrecision(3)}`;
}

/** `1 tensor`, `3 tensors` */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** `[16, 512]`; `one number` for a shape without axes */
export function shapeText(shape: readonly number[] | undefined): string {
  if (shape === undefined) return "none";
  return shape.length === 0 ? "one number" : `[${shape.join(", ")}]`;
}

/** Columns two spaces apart; the last one is as long as it is. */
export function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i]!) : cell))
      .join("  ")
      .trimEnd(),
  );
}
