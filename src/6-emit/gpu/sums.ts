/** How sums and maxima are begun, continued and called. */
import type { Site } from "./site.js";

export const startOf = (how: "sum" | "max", { spelling }: Pick<Site, "spelling">): string =>
  how === "sum" ? spelling.zero : spelling.lowest;

export const combine = (how: "sum" | "max", a: string, b: string, { spelling }: Pick<Site, "spelling">): string =>
  how === "sum" ? `${a} + ${b}` : spelling.max(a, b);

export const sumName = (param: string): string => `sum_${param}`;
