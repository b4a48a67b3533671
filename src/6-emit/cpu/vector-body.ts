/** Statements of a tile's epilogue or a flat kernel in C: every local is one vector, whose place the caller knows. */
import type { Stmt } from "../../5-plan/plan.js";
import { asVector } from "../../targets/c-like.js";
import { cpuDialect } from "../../targets/cpu/dialect.js";
import type { Lines } from "../lines.js";
import { expression } from "./expression.js";
import { combine } from "./reductions.js";
import type { Site, Spot } from "./site.js";

/** Prints the statements, stores last; a far target bypasses the caches. */
export function printVectorBody(
  body: readonly Stmt[],
  site: Site,
  target: (param: number) => { readonly pointer: string; readonly far: boolean },
  out: Lines,
): void {
  const spot: Spot = { site, loops: new Map(), lanes: { name: "lane", size: 1 } };
  const stores: string[] = [];
  for (const s of body) {
    if (s.kind === "accumulate") {
      const cell = `sums_${site.params[s.param]!.name}`;
      out.line(
        `${cell} = ${combine(s.how, cell, `vf_keep(${asVector(expression(s.expr, spot), cpuDialect).text}, lanes, ${s.how === "sum" ? "0.0f" : "-INFINITY"})`)};`,
      );
      continue;
    }
    if (s.kind !== "map") throw new Error(`a tile cannot hold ${s.kind}`);
    const name = s.to.local?.name ?? `value_${site.params[s.to.param!]!.name}`;
    out.line(`const vf ${name} = ${asVector(expression(s.expr, spot), cpuDialect).text};`);
    if (s.to.param === undefined) continue;
    const of = site.params[s.to.param]!.dtype === "i32" ? "_int" : "";
    const { pointer, far } = target(s.to.param);
    stores.push(far && of === "" ? `vf_stream(${pointer}, ${name});` : `vf_store${of}_n(${pointer}, ${name}, lanes);`);
  }
  for (const text of stores) out.line(text);
}
