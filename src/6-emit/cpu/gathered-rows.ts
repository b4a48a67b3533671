/** Rows of other tables that a row program reads by index: looked up once for each row, zeros where there is none. */
import type { Stmt } from "../../5-plan/plan.js";
import type { Lines } from "../lines.js";
import { sourcesOf } from "../sources.js";
import { gatherKey, scalarLoad } from "./reads.js";
import { outside, type Site } from "./site.js";

/** Looks up, once for each row, the rows of other tables that its statements read: `no_row` where there is none. */
export function declareRows(body: readonly Stmt[], site: Site, out: Lines): Map<string, string> {
  const names = new Map<string, string>();
  for (const from of body.flatMap(sourcesOf)) {
    if (from.in !== "param" || !from.gather || from.gather.index.in !== "param") continue;
    const { index, divide, rest } = from.gather;
    const p = site.params[from.param]!;
    if (
      names.has(gatherKey(from)) ||
      p.dtype !== "f32" ||
      rest === 0 ||
      !index.dims.every((x) => site.coordinates.has(x.name))
    )
      continue;
    const at = scalarLoad(index, outside(site));
    const width = from.dims.slice(from.dims.length - rest).reduce((n, x) => n * x.size, 1);
    const name = unusedName(`${p.name}_row`, names);
    names.set(gatherKey(from), name);
    out.line(
      `const float *const ${name} = ${at} < 0 ? no_row : ${p.name} + (ptrdiff_t)(${divide === 1 ? at : `${at} / ${divide}`}) * ${width};`,
    );
  }
  return names;
}

function unusedName(base: string, taken: ReadonlyMap<string, string>): string {
  const names = new Set(taken.values());
  let name = base;
  for (const letter of "bcdefghijklmnopqrstuvwxyz") {
    if (!names.has(name)) break;
    name = `${base}_${letter}`;
  }
  return name;
}

/** Longest row any statement looks up: so long must the row of zeros be. */
export function longestRow(body: readonly Stmt[]): number {
  const widths = body
    .flatMap(sourcesOf)
    .map((s) =>
      s.in === "param" && s.gather ? s.dims.slice(s.dims.length - s.gather.rest).reduce((n, x) => n * x.size, 1) : 0,
    );
  return Math.max(0, ...widths);
}
