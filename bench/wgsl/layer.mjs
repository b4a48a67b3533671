/**
 * One mixture layer as a graph: x [T, H], softmax router over E experts, the K best of each token, SwiGLU experts of
 * width I, gates renormalised over the chosen. Forward, or with gradients of Σ y·probe for x and every weight.
 * No embedding, no norm, no residual: what a peer can say in the same words.
 */
import { createBuilder } from "../../dist/src/3-graph/builder.js";
import { softmax } from "../../dist/src/3-graph/compose/softmax.js";
import * as e from "../../dist/src/3-graph/expr-build.js";
import { differentiate } from "../../dist/src/3-graph/gradient.js";
import { planPrograms } from "../../dist/src/5-plan/plan-programs.js";
import { planToWgsl } from "../../dist/src/6-emit/wgsl/program.js";

const axis = (name, size) => ({ name, size });
const init = { kind: "normal", std: 0.02 };

/** Matrix products' floating-point operations: 6·T·K·H·I forward, twice as many more backward; the router is not counted. */
export const flopsOf = ({ T, K, H, I }, backward) => (backward ? 18 : 6) * T * K * H * I;

/** Sizes and rows of every tensor the layer is given, in the order the peers take them. */
export const tensorsOf = ({ T, H, I, E }) => ({
  x: [T, H],
  router: [E, H],
  gate: [E, I, H],
  up: [E, I, H],
  down: [E, H, I],
  probe: [T, H],
});

/** The layer's graph. */
export function layerGraph({ T, H, I, E, K }, backward) {
  const g = createBuilder();
  const [rows, width, experts, inner] = [axis("T", T), axis("H", H), axis("E", E), axis("I", I)];
  const weight = (name, axes) => g.param(name, axes, init, "matrices");
  const x = weight("x", [rows, width]);
  const y = g.within({ scope: "mixture", role: "router.scores" }, () => {
    const gates = softmax(g, g.contract(x, weight("router", [experts, width]), ["H"]), {});
    const edges = g.topK(g.stop(gates), K);
    const chosen = g.pick(gates, edges, "E");
    const share = g.map([chosen, g.reduce("sum", chosen, ["K"])], (a, all) => e.div(a, all));
    const { offsets, rows: sorted, slots } = g.partition(edges, experts);
    const group = { rows: "R", experts: "E" };
    return g.within({ role: "experts.up" }, () => {
      const of = (name, axes, from, over) => g.contract(from, weight(name, axes), [over], { group, offsets });
      const given = g.take(x, sorted, { divide: K, inverse: slots });
      const gate = of("gate", [experts, inner, width], given, "H");
      const up = of("up", [experts, inner, width], given, "H");
      const hidden = g.map([gate, up], (a, b) => e.mul(e.mul(a, e.sigmoid(a)), b));
      const each = g.take(of("down", [experts, width, inner], hidden, "I"), slots, { inverse: sorted });
      return g.reduce(
        "sum",
        g.map([each, share], (a, s) => e.mul(a, s)),
        ["K"],
      );
    });
  });
  if (!backward) return g.finish({ outputs: new Map([["y", y]]) });
  const probe = g.input("probe", [rows, width]);
  const loss = g.reduce(
    "sum",
    g.map([y, probe], (a, p) => e.mul(a, p)),
    ["T", "H"],
  );
  return differentiate(
    g.finish({
      outputs: new Map([
        ["loss", loss],
        ["y", y],
      ]),
    }),
  );
}

/** The layer as WGSL for a profile. */
export function layerProgram(shape, backward, profile) {
  const plan = planPrograms({ run: layerGraph(shape, backward) }, { fusion: { hotRow: 0 } });
  return planToWgsl(plan, { title: "one mixture layer", spec: "bench/wgsl", hash: "none", version: "bench", profile });
}
