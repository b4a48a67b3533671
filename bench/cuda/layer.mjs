/**
 * One mixture as CUDA: rows sorted by expert, gate and up in one product with SwiGLU, down, gather and sum; backward to
 * tokens, gates and all three weights. Routing is given, so that every distribution can be measured.
 */
const { createBuilder } = await import("../../dist/src/3-graph/builder.js");
const { mul, sigmoid } = await import("../../dist/src/3-graph/expr-build.js");
const { differentiate } = await import("../../dist/src/3-graph/gradient.js");
const { planPrograms } = await import("../../dist/src/5-plan/plan-programs.js");
const { planToCuda } = await import("../../dist/src/6-emit/cuda/program.js");
const { version } = await import("../../dist/src/host/version.js");

const init = { kind: "normal", std: 0.02 };

/** T tokens of width H, K of E experts of width I each. The gradient is that of Σ y · probe. */
function layer({ T, H, I, E, K }, withLoss) {
  const g = createBuilder();
  const axis = (name, size) => ({ name, size });
  const [t, d, e, f, k] = [axis("T", T), axis("D", H), axis("E", E), axis("F", I), axis("K", K)];
  const x = g.param("x", [t, d], init, "embeddings");
  const gate = g.param("gate", [t, k], init, "embeddings");
  const edges = g.input("edges", [t, k], "i32");
  const y = g.within({ scope: "layers.0.mixture", role: "experts.sort" }, () => {
    const { offsets, rows, slots } = g.partition(edges, e);
    const group = { rows: "R", experts: "E" };
    return g.within({ role: "experts.up" }, () => {
      const xr = g.take(x, rows, { divide: K, inverse: slots });
      const product = (name) =>
        g.contract(xr, g.param(`${name}.weight`, [e, f, d], init, "matrices"), ["D"], { group, offsets });
      const [left, right] = [product("gate"), product("up")];
      const h = g.map([left, right], (a, b) => mul(mul(a, sigmoid(a)), b));
      const down = g.param("down.weight", [e, d, f], init, "matrices");
      const yr = g.contract(h, down, ["F"], { group, offsets });
      const each = g.take(yr, slots, { inverse: rows });
      return g.within({ role: "experts.combine" }, () =>
        g.reduce(
          "sum",
          g.map([each, gate], (a, w) => mul(a, w)),
          ["K"],
        ),
      );
    });
  });
  if (!withLoss) return g.finish({ outputs: new Map([["y", y]]) });
  const probe = g.input("probe", [t, d]);
  const loss = g.reduce(
    "sum",
    g.map([y, probe], (a, p) => mul(a, p)),
    ["T", "D"],
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

/**
 * Programs `prepare` (weights to bf16, once), `forward` and `both`: in a training step the first costs 6 bytes a weight,
 * which peers that keep their weights in bf16 do not pay here either. `schedule`: on Hopper, `inTurns` and `shares` as asked
 * for and not as estimated.
 */
export function layerProgram(shape, compute, tier = "portable", schedule = {}) {
  const plan = planPrograms({ forward: layer(shape, false), both: layer(shape, true) }, { fusion: { hotRow: 0 } });
  const from = { title: "mixture", spec: "bench/cuda", hash: "0", version: version() };
  const cuda = planToCuda(plan, { ...from, compute, tier, schedule });
  const isCopy = ({ kernel }) => cuda.kernels[kernel].name === "weights_to_bf16";
  const prepare = cuda.programs[0].launches.filter(isCopy);
  const programs = cuda.programs.map((p) => ({ ...p, launches: p.launches.filter((l) => !isCopy(l)) }));
  return { ...cuda, programs: [{ name: "prepare", launches: prepare, outputs: {} }, ...programs] };
}
