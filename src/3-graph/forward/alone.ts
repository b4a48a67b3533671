/**
 * One mixture of a design by itself: what it makes of tokens that are given as numbers, and, differentiated, the gradients
 * of its tokens and weights for a gradient of its result that is given too. For measuring and checking one layer.
 */
import type { Design } from "../../2-design/design.js";
import { layerMixtures, stepScope } from "../../2-design/layers.js";
import { createBuilder } from "../builder.js";
import { add, mul } from "../expr-build.js";
import type { Graph } from "../graph.js";
import { ensure } from "../internal.js";
import { createContext, type StepSize } from "./context.js";
import { type MixturePlace, mix } from "./mixture.js";

/** Names of the parameter with the tokens [T, D] and of the input with the gradient of the result. */
export const ALONE = { x: "x", probe: "probe" } as const;

/** `withLoss`: outputs `loss` = Σ y · probe + balance losses, and `y`; else `y` alone. Mixtures still abstract. */
export function mixtureAlone(design: Design, name: string, size: StepSize, withLoss: boolean): Graph {
  const g = createBuilder();
  const c = createContext(g, design, size, { training: true, sampling: false, cache: undefined });
  const axes = [c.T, c.D];
  const x = g.param(ALONE.x, axes, { kind: "normal", std: 1 }, "embeddings");
  const y = mix(c, design.mixtures[name]!, placeOf(design, name), x, x);
  if (!withLoss) return g.finish({ outputs: new Map([["y", y]]) });
  const probe = g.input(ALONE.probe, axes);
  const asked = g.reduce(
    "sum",
    g.map([y, probe], (a, p) => mul(a, p)),
    axes.map((a) => a.name),
  );
  const loss = c.losses.reduce((sum, l) => g.map([sum, l], add), asked);
  return g.finish({
    outputs: new Map([
      ["loss", loss],
      ["y", y],
    ]),
  });
}

/** Where a mixture stands first. */
function placeOf(design: Design, name: string): MixturePlace {
  const found = layerMixtures(design).get(name);
  ensure(found !== undefined, () => `no layer has the mixture ${name}`);
  return { scope: `layers.${found.layer}.${stepScope(found.step)}`, layer: found.layer };
}
