/** Spells the choice of the k best of a row, by one lane or by a team. */
import type { Stmt } from "../../5-plan/plan.js";
import { asNumber } from "../../targets/c-like.js";
import type { Lines } from "../lines.js";
import { declare } from "./locals.js";
import { fresh, type Site } from "./site.js";
import { load, offset } from "./values.js";

/** The k best, one after another: after each, only what comes later in the order is looked at. */
export function printTopK(s: Extract<Stmt, { kind: "topK" }>, site: Site, out: Lines): void {
  const inner = "dims" in s.key ? s.key.dims.filter((x) => !site.coordinates.has(x.name)) : [];
  const [axis] = inner;
  if (!axis || inner.length !== 1) throw new Error("the k best are chosen along one axis");
  const { count, counter, vary, fix, later, lowest, highest, toInt, dialect } = site.spelling;
  if (s.to.local) declare({ ...s.to, dims: [{ name: "K", size: s.k }] }, site, out);
  const name = (base: string): string => fresh(base, site);
  const [limit, after, best, which] = [name("limit"), name("after"), name("best"), name("which_best")];
  out.line(vary("f32", limit, highest));
  out.line(vary("i32", after, "-1"));
  out.block(`for (${counter("k", count(0))}; k < ${count(s.k)}; k++)`, () => {
    out.line(vary("f32", best, lowest));
    out.line(vary("i32", which, "-1"));
    const start = site.team ? "lane" : count(0);
    const step = site.team ? "i += LANES" : "i++";
    out.block(`for (${counter("i", start)}; i < ${count(s.size)}; ${step})`, () => {
      const key = asNumber(load(s.key, new Map([[axis.name, "i"]]), site, false), dialect).text;
      out.line(fix("f32", "key", key));
      out.line(later(`key < ${limit} || (key == ${limit} && ${toInt("i")} > ${after})`));
      out.block(`if (later && key > ${best})`, () => {
        out.line(`${best} = key;`);
        out.line(`${which} = ${toInt("i")};`);
      });
    });
    if (site.team) {
      out.line(site.spelling.winner(best, which));
      out.line(`${limit} = winner.key;`);
      out.line(`${after} = winner.index;`);
    } else {
      out.line(`${limit} = ${best};`);
      out.line(`${after} = ${which};`);
    }
    const store = (): void => {
      if (s.to.local) out.line(`${s.to.local.name}[k] = ${after};`);
      if (s.to.param === undefined) return;
      const dims = site.bindings.params[s.to.param]!.dims;
      const loops = new Map(dims.filter((x) => !site.coordinates.has(x.name)).map((x) => [x.name, "k"]));
      out.line(site.bindings.write(s.to.param, offset(dims, loops, site), after));
    };
    if (site.team) out.block(`if (lane == ${count(0)})`, store);
    else store();
  });
}
