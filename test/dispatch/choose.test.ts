/** Choosing, refusing, explaining: what a user is told. */
import { describe, expect, it } from "vitest";
import { type DispatchOptions, dispatch } from "../../src/4-dispatch/dispatch.js";
import { explainChoice } from "../../src/4-dispatch/explain-dispatch.js";
import { DiagnosticError } from "../../src/diagnostics/diagnostic.js";
import { checkSpec } from "../../src/pipeline.js";
import { designOf, lineWith, type Spec, trainingGraph } from "./router.js";

const spec: Spec = {
  tiers: "tier frequent when (coverage <= 70%) sees 3\ntier rare otherwise sees 1",
  router: `
    score linear
    mask Visible[token_id]
    gate softmax over visible
    select top(1) per token
    weight gate
    limit none
    balance switch(0.01) over visible
    balance z_loss(1e-3)`,
};

function chosen(of: Spec, options: DispatchOptions = {}) {
  const design = designOf(of);
  return dispatch(trainingGraph(design, 8, 512), design, options).choices[0]!;
}

function refusal(options: DispatchOptions) {
  try {
    chosen(spec, options);
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics[0]!;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("wishes", () => {
  it("a legal strategy is taken, whatever it costs", () => {
    const choice = chosen(spec, { strategies: { Mixture: "one-hot" } });
    expect(choice.strategy.name).toBe("one-hot");
    expect(choice.why).toBe("asked for with --dispatch");
    expect(choice.losers[0]).toMatchObject({
      name: "sorted-grouped",
      reason: "estimated to be cheaper",
    });
  });

  it("an illegal strategy is refused with the fact that is missing", () => {
    expect(refusal({ strategies: { Mixture: "padded-batched" } })).toMatchObject({
      code: "MOE5003",
      message:
        "`padded-batched` cannot dispatch `Mixture`: nothing limits how many edges an expert gets, so no number of places is enough",
      help: [{ text: "legal here: `sorted-grouped`, `gather-gemv`, `one-hot`" }],
    });
  });

  it("an unknown strategy, site or rewrite is answered with the nearest one", () => {
    const told = (options: DispatchOptions) => {
      const { code, help } = refusal(options);
      return [code, help![0]!.text];
    };
    expect(told({ strategies: { Mixture: "sorted-group" } })).toEqual(["MOE5002", "did you mean `sorted-grouped`?"]);
    expect(told({ strategies: { Mixtur: "one-hot" } })).toEqual(["MOE5004", "did you mean `Mixture`?"]);
    expect(told({ without: ["skip-known-score"] })).toEqual(["MOE5010", "did you mean `skip-known-scores`?"]);
    expect(told({ strategies: { Mixture: "zzz" } })[1]).toContain("strategies: table-permuted, sorted-grouped");
  });
});

it("a mixture of blocks in which tokens meet has no strategy, and that is what is said", () => {
  const text = `edition 1
model Small { vocab = 12; context = 8; d_model = 4; embed tokens tied; repeat 1 of Layer; head linear }
block Layer { residual Mixture after rms }
block Inner { residual Attend after rms }
attention Attend { heads = 2; position = rope(base: 10_000); mask = causal }
moe Mixture { experts 1 of block(Inner); router { score linear; gate sigmoid; select top(50%) per expert within sequence; weight gate; limit none
allow lookahead because "a test" } }`;
  const { design, diagnostics } = checkSpec({ path: "small.moe", text });
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  const graph = trainingGraph(design!, 1, 8);
  expect(() => dispatch(graph, design!, { strategies: { Mixture: "one-hot" } })).toThrow(
    "MOE5004: there is no strategy to choose for `Mixture`: its experts are whole blocks",
  );
});

describe("facts", () => {
  it("room comes from the capacity", () => {
    const limited = {
      router: "score linear\ngate softmax\nselect top(2) per token\nweight gate\nlimit capacity(1.25) else drop",
    };
    const { site, losers, strategy } = chosen(limited);
    // ceil(1.25 · 2 · 4096 / 6)
    expect(site.room).toBe(1707);
    expect([strategy.name, ...losers.filter(({ cost }) => cost).map(({ name }) => name)]).toContain("padded-batched");
    expect(site.because("room")).toEqual([`limit capacity(1.25) else drop (line ${lineWith(limited, "limit")})`]);
  });

  it("a rule that is not always in force promises nothing, but bounds programs in which it is", () => {
    const limit = "limit capacity(1.25) else drop while training";
    const { site } = chosen({ router: `score linear\ngate softmax\nselect top(2) per token\nweight gate\n${limit}` });
    expect(site.room).toBe(Math.ceil((1.25 * 2 * 4096) / 6));
    expect(site.rules.room).toBeUndefined();
    expect(site.rules.drops).toBe(true);
  });

  it("the share of known routes comes from the tiers", () => {
    expect(chosen(spec).site.knownShare).toBeCloseTo(0.3, 12);
    expect(chosen({ ...spec, tiers: "tier all otherwise sees 2" }).site.knownShare).toBe(0);
  });
});

describe("explain", () => {
  it("fits a screen and names the lines", () => {
    const lines = explainChoice(chosen(spec));
    expect(lines.length).toBeLessThanOrEqual(27);
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "Mixture: 4 096 tokens of width 4, 6 experts of swiglu(5)

      known
        1 edge per token                    select top(1) per token (line 33)
        tokens see at most 3 of 6 experts   mask Visible[token_id] (line 31)
        30 % of tokens see one expert       mask Visible[token_id] (line 31)
        the scores of all experts are read  balance z_loss(1e-3) (line 37)
        experts take any number of edges    limit none (line 35)

      dispatch by sorted-grouped: cheapest of those that are legal
        sorted-grouped  84.8 µs  1.49 MFLOP  1.3 MB  9 launches  chosen
        gather-gemv     300 µs   1.47 MFLOP  5.1 MB  7 launches  3.54 times the cost
        one-hot         405 µs   8.85 MFLOP  7.4 MB  7 launches  4.77 times the cost
        table-permuted  not legal: some tokens choose their experts by score, not by token id
        padded-batched  not legal: nothing limits how many edges an expert gets, so no number of places is
                        enough
        dense           not legal: not every unit is meant for every expert, in the order of the experts
        sorted-grouped: 4096 rows, about 36 more lost in tiles at the ends of runs
        (one layer, forward and backward, estimated for native code, 2 threads; router left out)

      rewrites
        every-expert       left out  not all tokens go to every expert
        one-legal-expert   left out  some tokens see several experts
        score-visible      left out  \`balance z_loss(1e-3) (line 37)\` needs the scores of every unit
        skip-known-scores  left out  \`balance z_loss(1e-3) (line 37)\` needs the scores of every unit
        weigh-inside       left out  legal (hidden 5, width 4), but would cost 25.3 µs more a layer"
    `);
  });

  it("says why the asked-for strategy runs, and which experts never enter a product", () => {
    const mixed: Spec = {
      router: "score linear\ngate softmax\nselect top(2) per token\nweight gate\nlimit capacity(1.25) else drop",
      experts: "experts 5 of swiglu(hidden: 5)\n  experts 1 of copy",
    };
    const lines = explainChoice(chosen(mixed, { strategies: { Mixture: "padded-batched" } }));
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "Mixture: 4 096 tokens of width 4, 6 experts: 5 of swiglu(5), 1 of copy

      known
        2 edges per token                     select top(2) per token (line 25)
        no expert has more than 1707 edges    limit capacity(1.25) else drop (line 27)
        1 copy expert never enters a product  experts 1 of copy

      dispatch by padded-batched: asked for with --dispatch
        padded-batched  155 µs  3.09 MFLOP  2.6 MB  8 launches  chosen
        sorted-grouped  129 µs  2.47 MFLOP  2.1 MB  9 launches  estimated to be cheaper
        one-hot         340 µs  7.37 MFLOP  6.1 MB  7 launches  2.19 times the cost
        gather-gemv     491 µs  2.46 MFLOP  8.5 MB  7 launches  3.16 times the cost
        table-permuted  not legal: some tokens choose their experts by score, not by token id
        dense           not legal: not every unit is meant for every expert, in the order of the experts
        padded-batched: 5 experts × 1707 places = 8535 rows
        (one layer, forward and backward, estimated for native code, 2 threads; router left out)

      rewrites
        every-expert       left out  not all tokens go to every expert
        one-legal-expert   left out  no table says which experts a token sees
        score-visible      left out  no table says which experts a token sees
        skip-known-scores  left out  no table says which experts a token sees
        weigh-inside       left out  legal (hidden 5, width 4), but would cost 34 µs more a layer"
    `);
  });
});
