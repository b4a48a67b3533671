/** Spells statements about one element at a time: epilogues of tiles and flat kernels. */
import type { Stmt } from "../../5-plan/plan.js";
import type { Lines } from "../lines.js";
import { fresh, type Site } from "./site.js";
import { combine, sumName } from "./sums.js";
import { value } from "./values.js";

/** One element of a tile or a flat kernel: values in order, stores last. */
export function printElement(body: readonly Stmt[], site: Site, placeFor: (param: number) => string, out: Lines): void {
  const stores: string[] = [];
  for (const s of body) {
    if (s.kind === "accumulate") {
      const sum = sumName(site.bindings.params[s.param]!.name);
      out.line(`${sum} = ${combine(s.how, sum, value(s.expr, new Map(), site, out), site)};`);
      continue;
    }
    if (s.kind !== "map") throw new Error(`a tile cannot hold ${s.kind}`);
    const name = s.to.local?.name ?? fresh(`new_${site.bindings.params[s.to.param!]!.name}`, site);
    out.line(site.spelling.fix("f32", name, value(s.expr, new Map(), site, out)));
    if (s.to.param === undefined) continue;
    const whole = site.bindings.params[s.to.param]!.dtype === "i32";
    stores.push(site.bindings.write(s.to.param, placeFor(s.to.param), whole ? site.spelling.toInt(name) : name));
  }
  for (const text of stores) out.line(text);
}
