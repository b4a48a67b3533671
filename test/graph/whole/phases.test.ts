/** Rules that hold for some steps only: at every step the router does what the rules of that step alone would do. */
import { describe, expect, it } from "vitest";
import { forward } from "../../../src/3-graph/forward/model.js";
import type { Run } from "../../../src/3-graph/interpreter.js";
import type { ProgramName } from "../../../src/3-graph/programs.js";
import { sitesOf } from "../../../src/4-dispatch/dispatch.js";
import { factsOf } from "../../../src/4-dispatch/facts.js";
import { resolveText } from "../../design/resolve-text.js";
import { B, designOf, type Leaves, runProgram, S, type Words } from "./designs.js";

const top = "score linear\ngate softmax\nselect top(2) per token\nweight gate\nbalance switch(0.1)";
const experts = "experts 5 of relu(hidden: 2)";

const routers: Readonly<Record<string, Words>> = {
  "noise at first": { router: `${top}\nnoise gaussian(learned) until step(3)`, experts },
  "jitter later": { router: `${top}\nnoise jitter(30%) from step(3)`, experts },
  "two noises, one for good": {
    router: `${top}\nnoise gaussian(std: 3)\nnoise gaussian(std: 9) until step(3)`,
    experts,
  },
  "balance later": { router: `${top}\nbalance z_loss(0.1) from step(3)`, experts },
  "balance in between": { router: `${top}\nbalance importance(0.1) from step(2) until step(3)`, experts },
  "fewer experts later": {
    router:
      "score linear\ngate softmax\nselect top(3) per token until step(3)\nselect top(1) per token from step(3)\nweight gate renormalized\nbalance switch(0.1)",
    experts,
  },
  "another gate and weight": {
    router:
      "score linear\ngate sigmoid until step(3)\ngate softmax from step(3)\nselect top(2) per token\nweight gate until step(3)\nweight softmax over selected from step(3)\nbalance switch(0.1)",
    experts,
  },
  "thresholds that leave units alone": {
    router:
      "score linear\ngate sigmoid\nselect above(0.6) at most 2 until step(3)\nselect positive from step(3)\nrest zero until step(3)\nrest copy from step(3)\nweight gate",
    experts,
  },
  "a limit, then none": { router: `${top}\nlimit capacity(0.5) else drop until step(3)`, experts },
  "two limits": {
    router: `${top}\nlimit capacity(0.5) else drop until step(3)\nlimit capacity(1) else drop from step(3)`,
    experts,
  },
  "another rate of the bias": {
    router: `${top}\nbias load_balance(rate: 0.1) until step(3)\nbias load_balance(rate: 0.01) from step(3)`,
    experts,
  },
  "a bias that stops": { router: `${top}\nbias load_balance(rate: 0.1) until step(3)`, experts },
  "groups at first": {
    router: `${top}\ngroup 3 keep top(1) by max until step(3)`,
    experts: "experts 6 of relu(hidden: 3)",
  },
  "a second score later": { router: `${top}\nscore linear(bias) from step(3)`, experts },
  "a mask at first": {
    router: `${top}\nmask Visible[token_id] until step(3)`,
    experts,
    tiers: "tier all otherwise sees 2",
  },
  "one way to train, one to infer": {
    router:
      "score linear\ngate softmax\nselect top(3) per token while training\nselect top(1) per token while inferring\nweight gate\nbalance switch(0.1) while training until step(3)",
    experts,
  },
};

/** The lines that hold at a step, without saying so. */
function only(router: string, step: number, training: boolean): string {
  const lines = router.split("\n").filter((line) => {
    const from = Number(/from step\((\d+)\)/.exec(line)?.[1] ?? 0);
    const until = Number(/until step\((\d+)\)/.exec(line)?.[1] ?? Number.POSITIVE_INFINITY);
    const mode = /while (\w+)/.exec(line)?.[1];
    return from <= step && step < until && (mode === undefined || (mode === "training") === training);
  });
  return lines.map((line) => line.replaceAll(/ (from|until) step\(\d+\)| while \w+/g, "")).join("\n");
}

const at =
  (step: number) =>
  (leaves: Leaves): void => {
    leaves.get("step")?.data.fill(step);
    leaves.get("seed")?.data.fill(5);
  };
const sees = (id: number): number[] => [id % 5, (id + 2) % 5];

/** Numbers by name; edges and weights without the places that only other phases use. */
function results(run: Run, k: number): Map<string, number[]> {
  const named = [...run.outputs, ...[...run.updates].map(([name, t]) => [`updated ${name}`, t] as const)];
  return new Map(
    named.map(([name, { data, axes }]) => {
      const width = axes.at(-1)?.size ?? 1;
      const kept = /\.edges\./.test(name) ? Array.from(data).filter((_, i) => i % width < k) : Array.from(data);
      return [name, kept];
    }),
  );
}

const widthOf = (run: Run): number => run.outputs.get("layers.0.mixture.edges.expert")?.axes.at(-1)?.size ?? 0;

function agrees(words: Words, step: number, program: ProgramName): void {
  const plain = { ...words, router: only(words.router, step, program !== "evaluate") };
  const tiers = plain.router.includes("Visible") ? words.tiers : undefined;
  const { tiers: _, ...rest } = plain;
  const want = runProgram({ layers: 1, ...rest, ...(tiers !== undefined && { tiers }) }, program, sees, at(step));
  const got = results(runProgram({ layers: 1, ...words }, program, sees, at(step)), widthOf(want));
  const wrong = [...results(want, widthOf(want))].filter(([name, numbers]) => {
    const other = got.get(name);
    // weights that only other phases have take part in the norm of the gradient with zeros
    return other === undefined || numbers.some((n, i) => !(Math.abs(n - other[i]!) < 1e-9 * Math.max(1, Math.abs(n))));
  });
  expect(wrong.map(([name]) => name)).toEqual([]);
}

describe.each(Object.entries(routers))("%s", (_, words) => {
  it.each([2, 3])("trace at step %d", (step) => agrees(words, step, "trace"));
  it("train at step 3", () => agrees(words, 3, "train"));
  it("evaluate at step 3", () => agrees(words, 3, "evaluate"));
});

it("phases differ: the tests above compare something", () => {
  const loss = (step: number) =>
    runProgram(routers["fewer experts later"]!, "trace", sees, at(step)).outputs.get("loss")!;
  expect(loss(2).data[0]).not.toBe(loss(3).data[0]);
});

describe("what dispatch may rely on", () => {
  const facts = (router: string) => {
    const design = designOf({ router, experts });
    const [site] = sitesOf(forward(design, { batch: B, seq: S, training: true }));
    return factsOf(design, site!);
  };

  it("is what the weakest phase promises", () => {
    const { rules, edgesPerUnit } = facts(routers["fewer experts later"]!.router);
    expect(rules).toMatchObject({ edgesPerUnit: 3, exactEdges: false });
    expect(edgesPerUnit).toBe(3);
  });

  it("is kept where phases agree", () => {
    const router =
      "score linear\ngate sigmoid until step(3)\ngate softmax from step(3)\nselect top(2) per token\nweight gate";
    expect(facts(router).rules).toMatchObject({ edgesPerUnit: 2, exactEdges: true });
  });

  it("bounds the room by the largest, and only where every phase has one", () => {
    const limit = (lines: string) => facts(`${top}\n${lines}`).room;
    expect(limit("limit capacity(0.5) until step(3)\nlimit capacity(1) from step(3)")).toBe(Math.ceil((2 * B * S) / 5));
    expect(limit("limit capacity(0.5) until step(3)\nlimit none from step(3)")).toBeUndefined();
    expect(limit("limit capacity(0.5) until step(3)")).toBeUndefined();
  });
});

it("rules that take turns are read from any router, and inherited", () => {
  const { diagnostics, design } = resolveText(`edition 1
router A {
  score linear
  gate softmax
  select top(2) per token until step(5)
  select top(1) per token from step(5)
  weight gate
  balance switch(0.01)
}
router B from A {
  weight gate renormalized
}
`);
  expect(diagnostics).toEqual([]);
  const when = design!.routers.B!.rules.filter(({ slot }) => slot === "select").map((use) => use.when);
  expect(when).toEqual([{ untilStep: 5 }, { fromStep: 5 }]);
});
