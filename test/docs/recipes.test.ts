/** Every recipe of docs/recipes.md stands in a small model, has no diagnostics, becomes C, and learns. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { format } from "../../src/1-syntax/fmt.js";
import { interpret } from "../../src/3-graph/interpreter.js";
import { checkSpec, compileDesign } from "../../src/pipeline.js";
import { leavesOf } from "../graph/whole/designs.js";

const page = readFileSync("docs/recipes.md", "utf8");
const recipes = page.split(/^## … /m).flatMap((section) => {
  const title = section.split("\n", 1)[0]!;
  return [...section.matchAll(/```moe\n([\s\S]*?)```/g)].map(([, text]) => ({ title, text: text! }));
});

const around = (recipe: string): string => `edition 1

model Small {
  vocab = 13
  context = 16
  d_model = 8
  embed tokens tied
  repeat 1 of Layer
  head linear
}

attention Attend {
  heads = 2
}

${recipe}${recipe.includes("block Layer") ? "" : "\nblock Layer {\n  residual Attend after rms\n  residual Mixture after rms\n}\n"}
train Pretrain {
  data = text(["*.md"])
  tokenizer = file("tokenizer.json")
  batch = 2 * context
  steps = 4
  optimize adamw(lr: 2e-2)
}
`;

it("has recipes", () => {
  expect(recipes.length).toBeGreaterThan(12);
  expect(recipes.every(({ text }) => text.includes("moe Mixture"))).toBe(true);
});

it.each(recipes.map(({ title, text }, i) => [`${i + 1} ${title}`, text] as const))("%s", (_, recipe) => {
  const source = { path: "recipe.moe", text: around(recipe) };
  expect(format(source)).toContain(recipe.trim());
  const { design, diagnostics } = checkSpec(source);
  expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
  const { graphs, c } = compileDesign(design!, { programs: ["train"], batch: 2 });
  expect(c.source).toContain("mixture");
  const sees = (id: number): number[] =>
    (recipe.includes("hash") ? [0, 1] : [0, 1, 2, 3, 4, 5]).map((i) => (i + id) % 12);
  const leaves = leavesOf(graphs.train!, sees);
  const losses = Array.from({ length: 3 }, (_, step) => {
    leaves.get("step")?.data.fill(step);
    const { outputs, updates } = interpret(graphs.train!, leaves);
    for (const [name, value] of updates) leaves.set(name, value);
    return outputs.get("loss")!.data[0]!;
  });
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(losses[2]).toBeLessThan(losses[0]!);
});
