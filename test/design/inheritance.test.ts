/** `from`, `let`, derived values, and where every value comes from. */
import { describe, expect, it } from "vitest";
import { designOf, modelWith, resolveText } from "./resolve-text.js";

const mixture = `moe Mixture {
  experts 4 of swiglu(hidden: 2 * d_model)
  router {
    score linear
    gate softmax
    select top(2)
    weight gate
    balance switch(0.01)
    balance z_loss(1e-3)
  }
}`;

describe("inheritance", () => {
  it("takes over lines, and replaces those of the same word", () => {
    const child = `moe Small from Mixture {
  experts 2 of gelu(hidden: 4)
  router { select top(1); balance none }
}`;
    const { design, diagnostics } = resolveText(modelWith(mixture, `${child}\nblock Other { residual Small }`));
    expect(diagnostics.map(({ code }) => code)).toEqual(["MOE3013", "MOE2023"]);
    const small = design!.mixtures.Small!;
    expect(small.expertCount).toBe(2);
    expect(small.router.rules.map(({ slot, text }) => `${slot} ${text}`)).toEqual([
      "score linear",
      "gate softmax",
      "select top(1)",
      "rest copy",
      "weight gate",
      "limit none",
    ]);
    expect(design!.provenance["Small.router.gate"]).toMatchObject({ from: "inherited", line: 21 });
    expect(design!.provenance["Small.router.select"]).toMatchObject({ from: "written", line: 30 });
  });

  it("works through several generations, and for every kind of declaration", () => {
    const text = modelWith(
      mixture,
      `train A { data = text("a"); batch = 16; steps = 10; optimize adamw(lr: 1e-3) }
train B from A { steps = 20 }
train C from B { seed = 5 }`,
    );
    const { design } = resolveText(text, { train: "C" });
    expect(design?.train).toMatchObject({ name: "C", steps: 20, seed: 5, batch: 1 });
    expect(designOf(text).train?.name).toBe("A");
  });

  it("uses routers by name", () => {
    const used = `router Base { score linear; gate softmax; select top(1); weight gate; balance switch(0.01) }
moe Mixture { experts 4 of relu(hidden: 8); router from Base { select top(3) } }`;
    const design = designOf(modelWith(used));
    expect(design.mixtures.Mixture!.router.rules.find(({ slot }) => slot === "select")?.args.k).toBe(3);
    expect(design.provenance["Mixture.router.score"]).toMatchObject({ from: "inherited" });
  });

  it("lets an unfinished router stand where others finish it", () => {
    const text = modelWith(`router Half { score linear; gate softmax; weight gate; balance switch(0.01) }
moe Mixture { experts 4 of relu(hidden: 8); router from Half { select top(1) } }`);
    expect(resolveText(text).diagnostics).toEqual([]);
    expect(resolveText("edition 1\nrouter Half { score linear }").diagnostics.map(({ code }) => code)).toEqual([
      "MOE3001",
      "MOE3001",
    ]);
  });
});

describe("named sizes", () => {
  it("may be used before they are defined, in both directions", () => {
    const text = `let wide = 4 * d_model\n${modelWith(mixture.replace("2 * d_model", "wide / k")).replace("edition 1\n", "")}`;
    expect(designOf(`edition 1\n${text}`).mixtures.Mixture!.experts[0]!.ffn.hidden).toBe(16);
  });

  it("of a mixture are E, k and those of the model", () => {
    const design = designOf(modelWith(mixture.replace("2 * d_model", "E * k + D + V / S")));
    expect(design.mixtures.Mixture!.experts[0]!.ffn.hidden).toBe(4 * 2 + 8 + 16);
  });

  it("are evaluated even where nobody uses them", () => {
    const { diagnostics } = resolveText(modelWith(mixture, "let a = 1 / 0"));
    expect(diagnostics.map(({ code }) => code)).toEqual(["MOE4015"]);
  });

  it("in a file without a model are those of any model", () => {
    const { design, diagnostics } = resolveText(`edition 1\n${mixture}`);
    expect(diagnostics).toEqual([]);
    expect(design?.mixtures.Mixture?.experts[0]?.ffn.hidden).toBeNaN();
  });
});

describe("provenance", () => {
  const { provenance } = designOf(modelWith(mixture));

  it("tells written, default, and derived values apart", () => {
    expect(provenance["M.vocab"]).toMatchObject({ from: "written", line: 3, text: "256" });
    expect(provenance["Attend.kv_heads"]).toMatchObject({ from: "derived", text: "2" });
    expect(provenance["Attend.head_dim"]).toMatchObject({
      from: "derived",
      text: "4",
      because: "d_model / heads = 8 / 2",
    });
    expect(provenance["Mixture.router.limit"]).toMatchObject({ from: "default", text: "none" });
    expect(provenance["Mixture.router.select.per"]).toMatchObject({ from: "derived", text: "token" });
    expect(provenance["Mixture.router.balance[1].weight"]).toMatchObject({ from: "written", text: "1e-3" });
  });

  it("gives a reason for every default and every derivation", () => {
    const silent = Object.entries(provenance).filter(
      ([, { from, because }]) => (from === "default" || from === "derived") && !because,
    );
    expect(silent).toEqual([]);
  });
});
