/** How kernels are paired, what their status is, and what explains a change. */
import { describe, expect, it } from "vitest";
import { compare } from "../../src/diff/compare.js";
import { compiledView } from "../../src/diff/compiled.js";
import { findKernels } from "../../src/diff/find-kernels.js";
import { roleOf } from "../../src/diff/kernel-view.js";
import type { KernelRow } from "../../src/diff/kernels-layer.js";
import { renderText } from "../../src/diff/render/text.js";
import { DEEP } from "../../src/diff/shorten.js";
import { cpuKernels } from "../../src/diff/targets/cpu.js";
import { designOf, type Edit, edited, specText } from "./designs.js";
import { base } from "./library.js";
import { sideOf } from "./sides.js";

function kernelsOf(...edits: readonly Edit[]) {
  const [before, after] = [sideOf(base), sideOf(edited(base, edits))];
  const comparison = compare(before, after);
  return { before, after, comparison, rows: comparison.kernels!.rows };
}

const named = (rows: readonly KernelRow[], part: string) => rows.filter(({ role }) => role.includes(part));

describe("kernels", () => {
  it("a wider expert retunes its products and changes nothing else of the layer", () => {
    const { rows } = kernelsOf(["swiglu(hidden: 64)", "swiglu(hidden: 96)"]);
    const up = rows.find(({ role }) => role.startsWith("mixture_experts_gate_experts_up"))!;
    expect(up.status).toBe("retuned");
    expect(up.parameters.map(({ name }) => name)).toContain("products");
    expect(named(rows, "attend_scores").every(({ status }) => status === "same")).toBe(true);
  });

  it("another activation changes the kernel that computes it", () => {
    const { rows } = kernelsOf(["swiglu(hidden: 64)", "geglu(hidden: 64)"]);
    const different = rows.filter(({ status }) => status !== "same");
    expect(different.length).toBeGreaterThan(0);
    expect(different.every(({ role }) => role.includes("experts"))).toBe(true);
    expect(different.some(({ status }) => status === "changed")).toBe(true);
  });

  it("a subtoken adds split and merge", () => {
    const { rows } = kernelsOf(
      ["unit = token", "unit = subtoken(heads: 2, split: linear, merge: linear)"],
      ["per token", "per subtoken"],
    );
    const added = rows.filter(({ status }) => status === "added").map(({ role }) => role);
    expect(added.some((role) => role.startsWith("mixture_split"))).toBe(true);
    expect(added.some((role) => role.startsWith("mixture_merge"))).toBe(true);
  });

  it("kernels of two kinds are compared by the numbers that both have", () => {
    const rows = compare(sideOf(specText("mask-moe"), "a"), sideOf(specText("mh-moe"), "b")).kernels!.rows;
    const others = rows.filter((row) => row.before && row.after && row.before.kind !== row.after.kind);
    expect(others.length).toBeGreaterThan(0);
    for (const { parameters } of others)
      for (const { before: a, after: b } of parameters) expect([a, b]).not.toContain(null);
  });

  it("a renamed mixture keeps all its kernels", () => {
    const { comparison } = kernelsOf(["residual Mixture", "residual Experts"], ["moe Mixture", "moe Experts"]);
    const { same, moved, ...others } = comparison.kernels!.totals;
    expect(same + moved).toBe(comparison.kernels!.rows.length);
    expect(others).toEqual({ retuned: 0, changed: 0, added: 0, removed: 0 });
  });

  it("a change that reaches no kernel leaves all the same", () => {
    const { comparison } = kernelsOf(["every(50)", "every(25)"]);
    expect(comparison.kernels!.rows.every(({ status }) => status === "same")).toBe(true);
    expect(comparison.same).toBe(false);
  });

  it("every kernel of both plans stands in exactly one row", () => {
    const { before, after, rows } = kernelsOf(["top(2)", "top(1)"], ["limit none", "limit capacity(1.25) else drop"]);
    const side = (which: "before" | "after") => rows.flatMap((row) => row[which]?.name ?? []).sort();
    expect(side("before")).toEqual(before.compiled!.kernels.map(({ name }) => name).sort());
    expect(side("after")).toEqual(after.compiled!.kernels.map(({ name }) => name).sort());
  });

  it("the same status means the same text but for names", () => {
    const { before, after, rows } = kernelsOf(["experts 4 of", "experts 8 of"]);
    const same = rows.filter(({ status }) => status === "same");
    expect(same.length).toBeGreaterThan(10);
    const shape = (text: string | undefined) => text?.replace(/[A-Za-z_]\w*/g, "x");
    for (const row of same) {
      const a = before.compiled!.texts().get(row.before!.name);
      const b = after.compiled!.texts().get(row.after!.name);
      expect(shape(b?.slice(b.indexOf("*/"))), row.role).toBe(shape(a?.slice(a.indexOf("*/"))));
    }
  });

  it("roles lose what the planner added to make a name unique", () => {
    expect(roleOf("attend_norm")).toBe("attend_norm");
    expect(roleOf("attend_norm_of_layer_0")).toBe("attend_norm");
    expect(roleOf("attend_norm_in_evaluate")).toBe("attend_norm");
    expect(roleOf("finish_sum_2")).toBe("finish_sum");
  });

  it("shows both texts of a kernel, changed words marked, white space ignored", () => {
    const { before, after, comparison, rows } = kernelsOf(["experts 4 of", "experts 8 of"]);
    const role = rows.find(({ status }) => status === "retuned")!.role;
    const { found } = findKernels(comparison, before, after, role, "cpu");
    const text = renderText(found[0]!, false);
    expect(text).toContain("[-4-]");
    expect(text).toContain("{+8+}");
    const unchanged = rows.find((row) => row.status === "same" && row.before!.name === row.after!.name)!;
    expect(renderText(findKernels(comparison, before, after, unchanged.role, "cpu").found[0]!, false)).toContain(
      "the same text",
    );
    expect(findKernels(comparison, before, after, "no_such_kernel", "cpu").found).toEqual([]);
  });
});

describe("deep designs", () => {
  const deep = (layers: number) => designOf(edited(base, [["repeat 2 of Layer", `repeat ${layers} of Layer`]]));

  it("counts launches of a few planned layers for all", () => {
    const whole = compiledView(deep(DEEP), cpuKernels);
    const short = compiledView(deep(DEEP + 1), cpuKernels);
    expect(whole.deep).toBe(false);
    expect(short.deep).toBe(true);
    const perLayer = (whole.step.launches - compiledView(deep(DEEP - 1), cpuKernels).step.launches) / 1;
    expect(short.step.launches - whole.step.launches).toBe(perLayer);
    expect(short.step.memory).toBeUndefined();
  });

  it("compares a thousand layers in less than two seconds", () => {
    const edits: readonly Edit[] = [["repeat 2 of Layer", "repeat 1000 of Layer"]];
    const text = edited(base, edits);
    const other = edited(text, [["experts 4 of", "experts 8 of"]]);
    compare(sideOf(base), sideOf(base));
    // of this process: other work on the machine does not count
    const start = process.cpuUsage();
    const comparison = compare(sideOf(text), sideOf(other));
    const { user, system } = process.cpuUsage(start);
    expect(comparison.weights.totals.convertible.tensors).toBe(4000);
    expect(comparison.weights.rows.find(({ status }) => status === "convertible")!.name).toContain("layers.{0-999}");
    expect((user + system) / 1e6).toBeLessThan(2);
  });
});
