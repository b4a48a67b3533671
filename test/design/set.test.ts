/** `--set path=value`. */
import { describe, expect, it } from "vitest";
import { designOf, resolveText, specText } from "./resolve-text.js";

const text = specText("mask-moe");

describe("--set", () => {
  it("changes settings, and what is derived from them", () => {
    const design = designOf(text, ["MaskMoE.d_model=64", "Pretrain.steps=50", "Pretrain.batch=2 * context"]);
    expect(design.model?.dModel).toBe(64);
    expect(design.attentions.Attend?.headDim).toBe(8);
    expect(design.mixtures.Mixture?.width).toBe(64);
    expect(design.train).toMatchObject({ steps: 50, batch: 2 });
    expect(design.provenance["Pretrain.steps"]).toEqual({
      from: "written",
      text: "50",
      because: "set by --set Pretrain.steps",
    });
  });

  it("changes the number of a line and keeps its words", () => {
    const design = designOf(text, ["Mixture.experts=4 * 2", "MaskMoE.repeat=2"]);
    expect(design.mixtures.Mixture?.experts).toMatchObject([{ count: 8, ffn: { kind: "swiglu", hidden: 512 } }]);
    expect(design.model?.stack).toEqual([{ count: 2, block: "Layer" }]);
  });

  it("changes arguments, in every line of the word", () => {
    const design = designOf(text, [
      "Mixture.experts.hidden=4 * E",
      "Pretrain.optimize.lr=1e-3",
      "Pretrain.optimize[1].decay=0.2",
    ]);
    expect(design.mixtures.Mixture?.experts[0]?.ffn.hidden).toBe(64);
    expect(design.train?.optimize.map(({ lr, decay }) => [lr, decay])).toEqual([
      [1e-3, 0.1],
      [1e-3, 0.2],
    ]);
  });

  it("changes one line of several of the same word", () => {
    const spec = text.replace("select top(1)", "balance z_loss(1e-3)\n    select top(1)");
    const balances = (set: string[]) =>
      designOf(spec, set)
        .mixtures.Mixture!.router.rules.filter(({ slot }) => slot === "balance")
        .map((rule) => rule.text);
    expect(balances(["Mixture.router.balance[1]=switch(0.5)"])).toEqual(["z_loss(1e-3)", "switch(0.5)"]);
    expect(balances(["Mixture.router.balance[0]=z_loss(2e-3)"])).toEqual(["z_loss(2e-3)", "switch(0.01) over visible"]);
    const { diagnostics } = resolveText(spec, { set: [{ path: "Mixture.router.balance[2]", value: "switch(0.5)" }] });
    expect(diagnostics.map(({ code }) => code)).toEqual(["MOE2024"]);
  });

  it("changes whole rules of a router, and adds lines", () => {
    const design = designOf(text, [
      "Mixture.router.select=top(2) per token",
      "Mixture.router.balance=z_loss",
      "Attend.kv_heads=4",
    ]);
    const rules = design.mixtures.Mixture!.router.rules;
    expect(rules.find(({ slot }) => slot === "select")?.args.k).toBe(2);
    expect(rules.filter(({ slot }) => slot === "balance").map(({ rule }) => rule)).toEqual(["z_loss"]);
    expect(design.attentions.Attend?.kvHeads).toBe(4);
  });

  it("changes the tiers of a table", () => {
    const design = designOf(text, ["Visible.tier.sees=16", "Visible.assign.seed=3"]);
    expect(design.tables.Visible?.tiers.map(({ sees }) => sees)).toEqual([16, 16]);
    expect(design.tables.Visible?.assign).toMatchObject({ seed: 3, perLayer: true });
  });

  it("lets the last value of a path win", () => {
    expect(designOf(text, ["Pretrain.steps=50", "Pretrain.steps=60"]).train?.steps).toBe(60);
  });

  it("is checked like the spec itself", () => {
    const set = [
      { path: "Attend.heads", value: "7" },
      { path: "Pretrain.seed", value: "many" },
      { path: "Pretrain.clip", value: "(" },
    ];
    const { design, diagnostics } = resolveText(text, { set });
    expect(design).toBeUndefined();
    expect(diagnostics.map(({ code, primary }) => [code, primary?.source.path])).toEqual([
      ["MOE1002", "--set Pretrain.clip"],
      ["MOE2002", "--set Pretrain.seed"],
      ["MOE4002", "--set Attend.heads"],
    ]);
  });

  it("says which part of a path leads nowhere, and what was meant", () => {
    const set = [
      { path: "Pretrain.stps", value: "50" },
      { path: "Mixtur.experts", value: "8" },
      { path: "Mixture.router.select.q", value: "1" },
    ];
    const { design, diagnostics } = resolveText(text, { set });
    expect(design).toBeUndefined();
    expect(diagnostics.map(({ message, help }) => [message, help?.[0]?.text])).toEqual([
      ["`Pretrain.stps` leads nowhere: there is no `stps`", "did you mean `Pretrain.steps`?"],
      ["`Mixtur.experts` leads nowhere: there is no `Mixtur`", "did you mean `Mixture.experts`?"],
      ["`Mixture.router.select.q` leads nowhere: there is no `q`", "did you mean `Mixture.router.select.k`?"],
    ]);
  });
});
