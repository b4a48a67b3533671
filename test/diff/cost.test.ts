/** MaskMoE against MH-MoE: every number of the design's cost, counted by hand. */
import { describe, expect, it } from "vitest";
import { compare } from "../../src/diff/compare.js";
import type { CostKey, CostRow } from "../../src/diff/cost-layer.js";
import { quantity, ratioText, signed } from "../../src/diff/render/numbers.js";
import { renderTerminal } from "../../src/diff/render/terminal.js";
import { specText } from "./designs.js";
import { sideOf } from "./sides.js";

const [V, D, layers, F, tokens, seen] = [4096, 256, 6, 512, 8 * 512, (512 + 1) / 2];
const attention = 4 * D * D;
const swiglu = (width: number) => 3 * F * width;
const around = V * D + D;

const mask = { experts: 16 * swiglu(256), one: swiglu(256), other: 16 * 256, edges: 1 };
const heads = { experts: 32 * swiglu(128), one: swiglu(128), other: 2 * D * D + 32 * 128, edges: 2 * 2 };

const parameters = ({ experts, other }: typeof mask) => around + layers * (attention + 2 * D + other + experts);
const active = (it: typeof mask) => parameters(it) - layers * (it.experts - it.edges * it.one);
const forward = ({ one, edges }: typeof mask, projections: number) => {
  const layer = 2 * attention + 4 * D * seen + 2 * edges * one + 2 * projections;
  return layers * layer + 2 * D * V;
};

describe("MaskMoE against MH-MoE", () => {
  const { cost, dispatch, weights, keeps } = compare(sideOf(specText("mask-moe")), sideOf(specText("mh-moe")));
  const of = (rows: readonly CostRow[], key: CostKey) => rows.find((row) => row.key === key)!;
  const whole = (key: CostKey) => of(cost.whole, key);

  it("counts the whole model", () => {
    expect(whole("parameters")).toMatchObject({ before: 40_398_080, after: 41_184_512, delta: 786_432 });
    expect([parameters(mask), parameters(heads)]).toEqual([40_398_080, 41_184_512]);
    expect(whole("active")).toMatchObject({ before: active(mask), after: active(heads) });
    expect(whole("flops_forward")).toMatchObject({ before: forward(mask, 0), after: forward(heads, 2 * D * D) });
    expect(whole("flops_backward")).toMatchObject({
      before: 2 * forward(mask, 0),
      after: 2 * forward(heads, 2 * D * D),
    });
    expect(whole("weight_bytes")).toMatchObject({ before: 4 * parameters(mask), after: 4 * parameters(heads) });
    expect(whole("expert_rows")).toMatchObject({ before: tokens * layers, after: 4 * tokens * layers, ratio: 4 });
    expect(whole("active").ratio).toBeCloseTo(active(heads) / active(mask), 12);
  });

  it("counts one layer of the mixture", () => {
    const [{ name, rows }] = cost.mixtures as [(typeof cost.mixtures)[number]];
    expect(name).toBe("Mixture");
    expect(of(rows, "parameters")).toMatchObject({
      before: mask.experts + mask.other,
      after: heads.experts + heads.other,
    });
    expect(of(rows, "active")).toMatchObject({ before: mask.one + mask.other, after: 4 * heads.one + heads.other });
    expect(of(rows, "edges")).toMatchObject({ before: 1, after: 4 });
    expect(of(rows, "flops_forward")).toMatchObject({ before: 2 * mask.one, after: 2 * 4 * heads.one + 2 * 2 * D * D });
    expect(of(rows, "expert_rows")).toMatchObject({ before: tokens, after: 4 * tokens });
  });

  it("says what the plan does", () => {
    for (const key of ["launches", "bytes_moved", "peak_memory", "kernels"] as const) {
      expect(whole(key).before, key).toBeGreaterThan(0);
      expect(whole(key).after, key).toBeGreaterThan(whole(key).before!);
    }
    // the weights, two moments and the gradients have to be somewhere
    expect(whole("peak_memory").before).toBeGreaterThan(3 * 4 * parameters(mask));
  });

  it("counts weights by what becomes of them", () => {
    const experts = layers * (heads.experts + heads.other);
    expect(weights.totals["re-initialised"]).toEqual({ tensors: 6 * layers, numbers: experts });
    expect(weights.totals.same).toEqual({ tensors: 6 * layers + 2, numbers: parameters(heads) - experts });
    expect(weights.totals.dropped).toEqual({ tensors: layers, numbers: layers * V * 16 });
    expect(keeps).toBe("interface");
  });

  it("says which facts are gained and lost, and by which line", () => {
    const [site] = dispatch!.sites;
    expect(site!.lost.map(({ text }) => text)).toContain("1 edge per token");
    expect(site!.gained.map(({ text }) => text)).toContain("2 edges per sub-token");
    expect(site!.lost.find(({ text }) => text.startsWith("tokens see"))!.because).toMatch(
      /^mask Visible\[token_id\] \(line \d+\)$/,
    );
  });
});

describe("on one screen", () => {
  const [before, after] = [sideOf(specText("mask-moe"), "mask-moe"), sideOf(specText("mh-moe"), "mh-moe")];
  const text = renderTerminal(compare(before, after), { colour: false });

  it("is 50 lines of 100 columns", () => {
    const lines = text.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(50);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it("says what the papers' authors would say", () => {
    // MaskMoE: by token id, frequent tokens see a few experts and infrequent ones see one; top-1
    expect(text).toMatch(/- Mixture\.router\.mask +Visible\[token_id\]/);
    expect(text).toMatch(/- table Visible +tier frequent when \(coverage <= 80%\) sees 4; tier infrequent/);
    // MH-MoE: tokens are cut into sub-tokens by a linear layer and merged by another one; narrower experts, more of them
    expect(text).toMatch(/~ Mixture\.unit +token → subtoken\(heads: 2, split: linear, merge: linear\)/);
    expect(text).toMatch(/~ Mixture\.width +256 → 128/);
    expect(text).toMatch(/~ Mixture\.experts +16 of swiglu\(hidden: 512\) → 32 of swiglu/);
    expect(text).toMatch(/~ Mixture\.router\.select +top\(1\) per token → top\(2\) per subtoken/);
    // as many parameters, more of them in use: the numbers that are counted by hand above
    expect(text).toMatch(/ {2}parameters +40\.4 M +→ +41\.2 M +\+786 k +× 1\.02/);
    expect(text).toMatch(/ {2}active parameters +5\.01 M +→ +8\.15 M +\+3\.15 M +× 1\.63/);
    expect(text).toMatch(/edges per token +1 +→ +4 +\+3 +× 4\.00/);
    expect(text).toMatch(
      /re-initialised +Mixture\.experts, Mixture\.unit +layers\.\{0-5\}\.mixture: router, experts\./,
    );
  });
});

describe("numbers for people", () => {
  it.each([
    [0, "0"],
    [-128, "−128"],
    [9999, "9999"],
    [10_000, "10 k"],
    [40_398_080, "40.4 M"],
    [999_960, "1.00 M"],
    [1234.5, "1.23 k"],
  ])("%d is %s", (value, text) => {
    expect(quantity(value, "count")).toBe(text);
  });

  it("speaks of bytes in powers of two, of differences with a sign, of ratios with three digits", () => {
    expect(quantity(1 << 20, "byte")).toBe("1 MiB");
    expect([signed(5, "count"), signed(0, "count"), signed(-5, "count")]).toEqual(["+5", "±0", "−5"]);
    expect([ratioText(1.019), ratioText(12.345), ratioText(123.4)]).toEqual(["× 1.02", "× 12.3", "× 123"]);
  });
});
