/** `--tune` on a GPU: every strategy runs on the software adapter, and what was measured is what is decided. */
import { afterAll, expect, it } from "vitest";
import { memoryHost } from "../../../src/host/memory.js";
import { LOADS } from "../../../src/tune/loads.js";
import { wgslTuning } from "../../../src/tune/targets.js";
import { fastest, tune } from "../../../src/tune/tune.js";
import { designOf } from "../../dispatch/router.js";
import { software } from "./agree.js";

const asked = process.env.MOEC_ADAPTER;
process.env.MOEC_ADAPTER = "software";
afterAll(() => {
  if (asked === undefined) delete process.env.MOEC_ADAPTER;
  else process.env.MOEC_ADAPTER = asked;
});

it.skipIf(typeof software === "string")(
  "measures on the software adapter, and keeps it",
  async () => {
    const design = designOf({ router: "score linear\ngate softmax\nselect top(2) per token\nweight gate" });
    const host = memoryHost();
    const size = { batch: 2, seq: 8 };
    const [found] = await tune(design, { ...size, host, device: await wgslTuning() });
    expect(found!.device).toMatch(/^wgsl \(SwiftShader .*, software\)$/);
    const names = [...new Set(found!.measured.map(({ strategy }) => strategy))];
    expect(names).toEqual(expect.arrayContaining(["one-hot", "sorted-grouped"]));
    expect(found!.measured).toHaveLength(names.length * LOADS.length);
    expect(found!.measured.every(({ milliseconds }) => milliseconds > 0)).toBe(true);
    expect(found!.strategy).toBe(fastest(found!.measured));
    const [again] = await tune(design, { ...size, host, device: await wgslTuning() });
    expect(again).toEqual({ ...found, cached: true });
  },
  120_000,
);
