/** Every router of the zoo can be checked, and says what its paper says. */
import { expect, it } from "vitest";
import { resolveText, specText } from "./resolve-text.js";

const { design, diagnostics } = resolveText(specText("zoo"));
const rule = (name: string, slot: string) => {
  const { router } = design!.mixtures[name] ?? { router: design!.routers[name]! };
  return router.rules.find((each) => each.slot === slot);
};

it("has no diagnostics", () => {
  expect(diagnostics).toEqual([]);
});

it("knows its mixtures and routers", () => {
  expect(Object.keys(design!.mixtures)).toEqual([
    "DeepSeekV3",
    "Mixtral",
    "Soft",
    "Hash",
    "Depth",
    "PlusPlus",
    "LongCat",
    "V4",
  ]);
  expect(Object.keys(design!.routers)).toEqual([
    "Switch",
    "GShard",
    "ExpertChoice",
    "ReMoE",
    "TopP",
    "Sparse",
    "Llama4",
  ]);
});

it("reads the words of each design", () => {
  expect(rule("DeepSeekV3", "group")?.args).toMatchObject({ groups: 8, keep: "top", kept: 4, by: "sum", top: 2 });
  expect(rule("DeepSeekV3", "weight")?.args).toMatchObject({ renormalized: true, scaled: 2.5, on: "output" });
  expect(rule("DeepSeekV3", "bias")?.args).toMatchObject({ rate: 1e-3, step: "sign" });
  expect(rule("ExpertChoice", "select")?.args).toMatchObject({ capacity: 2, per: "expert", within: "batch" });
  expect(rule("Depth", "select")?.args).toMatchObject({ share: 0.125, per: "sequence" });
  expect(rule("Switch", "noise")).toMatchObject({ args: { by: 0.01 }, when: { phase: "training" } });
  expect(rule("PlusPlus", "limit")?.args).toMatchObject({ factor: 1.1, ffn_share: 0.75, else: "drop" });
  expect(rule("LongCat", "bias")?.args).toMatchObject({ control: "pid", target: 8 / 12 });
  expect(rule("TopP", "select")).toMatchObject({ rule: "mass", args: { share: 0.9, atMost: 8 } });
  expect(rule("Llama4", "weight")?.args).toMatchObject({ on: "input" });
  expect(rule("Hash", "select")?.args).toEqual({ table: "Hashed", key: "token_id" });
  expect(design!.tables.Hashed!.assign).toEqual({ kind: "balanced", seed: 3, perLayer: false });
  expect(design!.mixtures.Soft!.experts).toMatchObject([{ count: 128, slots: 1 }]);
  expect(design!.mixtures.PlusPlus!.expertCount).toBe(12);
  expect(design!.mixtures.V4!.shared).toMatchObject([{ count: 1, gated: false, ffn: { clamp: 10 } }]);
});

it("makes GShard from Switch by two lines", () => {
  expect(rule("GShard", "select")?.args.k).toBe(2);
  expect(rule("GShard", "weight")?.args.renormalized).toBe(true);
  expect(rule("GShard", "limit")?.text).toBe("capacity(1.25) else drop");
  expect(design!.provenance["GShard.limit"]).toMatchObject({ from: "inherited" });
  expect(design!.provenance["GShard.select"]).toMatchObject({ from: "written" });
});
