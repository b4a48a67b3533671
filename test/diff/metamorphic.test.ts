/** What must hold for every pair: nothing differs from itself, both directions agree, the order of lines means nothing. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Design } from "../../src/2-design/design.js";
import { designFromJson, designToJson } from "../../src/2-design/design-json.js";
import { type Comparison, compare } from "../../src/diff/compare.js";
import { designLayer } from "../../src/diff/design-layer.js";
import { pairSections } from "../../src/diff/pair-sections.js";
import { emptySide } from "../../src/diff/side.js";
import { designOf, edited, specText } from "./designs.js";
import { base, pairs, routers } from "./library.js";
import { sideOf } from "./sides.js";

const turned = {
  added: "removed",
  removed: "added",
  changed: "changed",
  moved: "moved",
  same: "same",
  retuned: "retuned",
} as const;

/** What both directions must agree on, the second one turned round. */
function facts({ design, cost, dispatch, kernels, keeps, breaks }: Comparison, turn: boolean) {
  const [one, other] = turn ? (["after", "before"] as const) : (["before", "after"] as const);
  const status = <S extends keyof typeof turned>(name: S) => (turn ? turned[name] : name);
  const sorted = (texts: readonly string[]) => [...texts].sort();
  return {
    design: sorted(
      design.changes.map((each) =>
        JSON.stringify([
          status(each.status),
          each.kind,
          each.slot,
          each[one],
          each[other],
          each.effect,
          each.details.map((detail) => [detail.name, detail[one], detail[other]]),
        ]),
      ),
    ),
    unchanged: design.unchanged,
    cost: [...cost.whole, ...cost.mixtures.flatMap(({ rows }) => rows)]
      .map((row) => [row.key, row[one], row[other]])
      .sort(),
    dispatch: (dispatch?.sites ?? []).map((site) => [
      site.same,
      site[one]?.strategy,
      site[other]?.strategy,
      turn ? site.gained : site.lost,
      turn ? site.lost : site.gained,
    ]),
    kernels: sorted(
      (kernels?.rows ?? []).map((row) =>
        JSON.stringify([
          status(row.status),
          row[one]?.name,
          row[other]?.name,
          turn ? row.gained : row.lost,
          turn ? row.lost : row.gained,
        ]),
      ),
    ),
    keeps,
    numerics: breaks.filter(({ promise }) => promise !== "weights").length,
  };
}

describe("metamorphic", () => {
  it.each(pairs.map(({ name, after }) => ({ name, after })))("$name: nothing differs from itself", ({ after }) => {
    const comparison = compare(sideOf(after), sideOf(after));
    expect(comparison.same).toBe(true);
    expect(comparison.keeps).toBe("numerics");
    expect(comparison.design.changes).toEqual([]);
  });

  it.each(pairs)("$name: both directions agree", ({ before, after }) => {
    const [a, b] = [sideOf(before), sideOf(after)];
    const [there, back] = [compare(a, b), compare(b, a)];
    expect(facts(back, true)).toEqual(facts(there, false));
  });

  it("is the same when lines that commute change places", () => {
    const other = edited(base, [
      [
        "    score linear\n    gate softmax\n    select top(2) per token\n",
        "    select top(2) per token\n    gate softmax\n    score linear\n",
      ],
      ["  unit = token\n\n  experts 4 of swiglu(hidden: 64)\n", "  experts 4 of swiglu(hidden: 64)\n  unit = token\n"],
      ["  steps = 100\n  seed = 1\n", "  seed = 1\n  steps = 100\n"],
      ["  heads = 4\n  position = rope(base: 10_000)\n", "  position = rope(base: 10_000)\n  heads = 4\n"],
      ["  vocab = 256\n  context = 16\n", "  context = 16\n  vocab = 256\n"],
      ["[router, norms, embeddings]", "[embeddings, norms, router]"],
      ["watch [loss, expert_load]", "watch [expert_load, loss]"],
    ]);
    expect(compare(sideOf(base), sideOf(other))).toMatchObject({ same: true, keeps: "numerics" });
  });

  it("is the same when declarations change places", () => {
    const at = base.indexOf("moe Mixture {");
    const end = base.indexOf("train Pretrain {");
    const other = `edition 1\n\n${base.slice(at, end)}${base.slice("edition 1\n".length, at)}${base.slice(end)}`;
    expect(compare(sideOf(base), sideOf(other)).same).toBe(true);
  });

  it("is the same when the text is laid out or said otherwise", () => {
    const other = edited(base.replaceAll("\n  ", "\n      ").replaceAll("= ", "=   "), [
      [
        "experts 4 of swiglu(hidden: 64)",
        "let wide = 2 * d_model // names and arithmetic\n  experts (2 + 2) of swiglu(hidden: wide)",
      ],
      ["repeat 2 of Layer", "repeat 1 of Layer\n  repeat 1 of Layer"],
      ["limit none", "limit none\n    rest copy"],
      ["heads =   4", "heads =   4\n  kv_heads = 4"],
    ]);
    expect(compare(sideOf(base), sideOf(other)).same).toBe(true);
  });

  it.each([
    ["the model", "Small", "Tiny"],
    ["the block", "Layer", "Stage"],
    ["the run", "Pretrain", "First"],
  ])("is the same when %s is called otherwise", (_what, from, to) => {
    const comparison = compare(sideOf(base), sideOf(base.replaceAll(from, to)));
    expect(comparison.same).toBe(true);
    expect(comparison.design.renamed).toMatchObject([{ before: from, after: to }]);
  });

  it("is the same when a router is inherited instead of written", () => {
    const body = base.slice(base.indexOf("  router {"), base.indexOf("train Pretrain")).replace(/\}\n\n$/, "");
    const lines = body.slice(body.indexOf("{") + 1, body.lastIndexOf("}"));
    const other = edited(base, [
      [body, "  router from Plain\n"],
      ["moe Mixture {", `router Plain {${lines}}\n\nmoe Mixture {`],
    ]);
    expect(compare(sideOf(base), sideOf(other)).same).toBe(true);
  });

  it("has everything of a design on one side when the other is empty", () => {
    const empty = { ...emptySide(), compiled: undefined, refused: [] };
    const side = sideOf(specText("mask-moe"));
    const comparison = compare(empty, side);
    expect(new Set(comparison.design.changes.map(({ status }) => status))).toEqual(new Set(["added"]));
    expect(new Set(comparison.weights.rows.map(({ status }) => status))).toEqual(new Set(["re-initialised"]));
    expect(new Set(comparison.kernels?.rows.map(({ status }) => status))).toEqual(new Set(["added"]));
    expect(compare(empty, empty).same).toBe(true);
  });
});

type Leaf = readonly (string | number)[];

/** Places of all scalars of a design that say what it computes; names say nothing, and texts are for people. */
function leaves(value: unknown, path: Leaf = []): readonly Leaf[] {
  const key = path.at(-1);
  if (path.length === 1 && (key === "spec" || key === "provenance" || key === "edition")) return [];
  if (key === "name" || key === "text" || key === "path") return [];
  if (typeof value !== "object" || value === null) return value === undefined ? [] : [path];
  return Object.entries(value).flatMap(([name, each]) =>
    leaves(each, [...path, Array.isArray(value) ? Number(name) : name]),
  );
}

function changedAt(value: unknown, [key, ...rest]: Leaf): unknown {
  if (key === undefined) return other(value);
  const copy: Record<string | number, unknown> | unknown[] = Array.isArray(value)
    ? [...value]
    : { ...(value as object) };
  const place = copy as Record<string | number, unknown>;
  place[key] = changedAt(place[key], rest);
  return copy;
}

function other(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  return typeof value === "boolean" ? !value : `${value}_other`;
}

describe("total", () => {
  const maskMoE = designOf(specText("mask-moe"));
  const named: Design = { ...maskMoE, attentions: { Attend: { ...maskMoE.attentions.Attend!, window: 7 } } };
  const shipped = readdirSync(new URL("../../specs/", import.meta.url)).filter((file) => file.endsWith(".moe"));
  const designs: readonly (readonly [string, Design])[] = [
    ["mask-moe with a window", named],
    ["routers", designOf(routers)],
    ...shipped.map((file) => [file, designOf(specText(file.replace(".moe", "")))] as const),
  ];

  it.each(designs)("%s: every value of a design takes part", (_name, design) => {
    const places = leaves(design);
    expect(places.length).toBeGreaterThan(60);
    const missed = places.filter((place) => {
      const after = changedAt(design, place) as Design;
      return designLayer(pairSections(design, after)).changes.length === 0;
    });
    // E is the sum over the groups, which take part themselves; routers of their own are inherited from
    const derived = missed.filter((place) => place.at(-1) !== "expertCount");
    expect(derived.map((place) => place.join("."))).toEqual([]);
  });

  it.each(designs)("%s: JSON and back is no change", (_name, design) => {
    const again = designFromJson(designToJson(design));
    expect(designLayer(pairSections(design, again)).changes).toEqual([]);
  });
});
