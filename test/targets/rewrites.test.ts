/** What rewrites put into plans, in the GPU targets' kernels: equal to the interpreter. */
import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/3-graph/gradient.js";
import { verify } from "../../src/3-graph/verify.js";
import { dispatch } from "../../src/4-dispatch/dispatch.js";
import { routerRewrites } from "../../src/4-dispatch/rewrites/index.js";
import { softwareClass } from "../../src/targets/wgsl/limits.js";
import { buildLayer, designOf } from "../dispatch/router.js";
import { compareEmulated } from "./cuda/agree.js";
import { whyNoEmulation } from "./cuda/fake.js";
import { compareOnGpu, software } from "./wgsl/agree.js";

const design = designOf({
  tiers: "tier frequent when (coverage <= 70%) sees 3\ntier rare otherwise sees 1",
  router: `score linear
    mask Visible[token_id]
    gate softmax over visible
    select top(2) per token
    weight gate
    balance switch(0.01) over visible`,
});
const sees = (v: number) => (v % 3 === 0 ? [v % 6, (v + 1) % 6, (v + 4) % 6] : [(v * 5) % 6]);

function rewritten(always: readonly string[]) {
  const { graph, leaves } = buildLayer({ sees, k: 2, units: 70 });
  const without = routerRewrites.map(({ name }) => name).filter((name) => !always.includes(name));
  const done = dispatch(graph, design, { always, without, strategies: { Mixture: "sorted-grouped" } });
  expect(done.choices[0]!.rewrites.filter(({ applied }) => applied).map(({ name }) => name)).toEqual(always);
  return { graph: verify(differentiate(done.graph)), leaves };
}

describe.each([{ always: ["score-visible", "weigh-inside"] }, { always: ["skip-known-scores"] }])(
  "$always",
  ({ always }) => {
    it.skipIf(typeof software === "string")("in WGSL", async () => {
      const { graph, leaves } = rewritten(always);
      const far = await compareOnGpu(graph, leaves, softwareClass);
      expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
    });
    it.skipIf(whyNoEmulation !== undefined)("in CUDA", async () => {
      const { graph, leaves } = rewritten(always);
      const far = await compareEmulated(graph, leaves);
      expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
    });
  },
);
