/** Numbers and quantities as people read them, the same in every locale. */
import { count } from "../diagnostics/catalogue/count.js";

/** `154.1 MiB`. */
export function bytesText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return power === 0 ? `${count(bytes)} bytes` : `${fixed(bytes / 1024 ** power)} ${units[power]}`;
}

/** `11.5 MFLOP`. */
export function flopsText(flops: number): string {
  const units = ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"];
  const power = flops < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(flops) / 3));
  return `${fixed(flops / 1000 ** power)} ${units[power]}`;
}

/** Three digits that matter, no more. */
function fixed(value: number): string {
  if (value >= 1000) return value.toFixed(0);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
