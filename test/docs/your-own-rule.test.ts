/** The rule of docs/your-own-rule.md, taken from the page, registered, compiled and run. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { differentiate } from "../../src/3-graph/gradient.js";
import { interpret } from "../../src/3-graph/interpreter.js";
import { verify } from "../../src/3-graph/verify.js";
import { dispatch } from "../../src/4-dispatch/dispatch.js";
import { explainChoice } from "../../src/4-dispatch/explain-dispatch.js";
import { rules } from "../../src/rules/index.js";
import type { Rule } from "../../src/rules/rule.js";
import { designOf, trainingGraph } from "../dispatch/router.js";
import { type Leaves, leavesOf } from "../graph/whole/designs.js";

const page = readFileSync(new URL("../../docs/your-own-rule.md", import.meta.url), "utf8");
const block = (language: string): string => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page)![1]!;
const folder = new URL("../artifacts/your-own-rule/", import.meta.url);

/** The list is written by hand; here it grows for the length of a test. */
const list = rules as Rule[];

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  // the page's file stands in src/rules/select
  const text = block("ts").replaceAll('"../../', '"../../../src/').replaceAll('"../rule', '"../../../src/rules/rule');
  writeFileSync(new URL("rotate.ts", folder), text);
  const { rotate } = (await import(new URL("rotate.ts", folder).pathname)) as { rotate: Rule };
  list.push(rotate);
});

afterAll(() => {
  list.splice(
    list.findIndex(({ name }) => name === "rotate"),
    1,
  );
  rmSync(folder, { recursive: true });
});

/** Ids of this test's smaller vocabulary. */
function leavesFor(graph: Parameters<typeof leavesOf>[0]): Leaves {
  const leaves = leavesOf(graph);
  for (const name of ["tokens", "targets"]) {
    const t = leaves.get(name);
    if (t) leaves.set(name, { ...t, data: Int32Array.from(t.data, (id) => id % 12) });
  }
  return leaves;
}

const router = () => /router \{\n([\s\S]*?)\n {2}\}/.exec(block("moe"))![1]!;

it("is shorter than 30 lines", () => {
  expect(block("ts").trimEnd().split("\n").length).toBeLessThan(30);
});

it("sends unit i to experts i and i + 1, counted around", () => {
  const design = designOf({ router: router() });
  const { graph } = dispatch(trainingGraph(design, 2, 8), design);
  const whole = verify(differentiate(graph));
  const { outputs } = interpret(whole, leavesFor(whole));
  const edges = Array.from({ length: 16 }, (_, u) => [u % 6, (u + 1) % 6]).flat();
  expect([...outputs.get("layers.0.mixture.edges.expert")!.data]).toEqual(edges);
  expect(outputs.get("grad.layers.1.mixture.experts.up.weight")!.data.some((v) => v !== 0)).toBe(true);
});

it("every strategy agrees, and the optimiser sees that the route is known", () => {
  const design = designOf({ router: router() });
  const graph = trainingGraph(design, 2, 8);
  const run = (strategy: string) => {
    const { graph: lowered } = dispatch(graph, design, { strategies: { Mixture: strategy } });
    const whole = verify(differentiate(lowered));
    return interpret(whole, leavesFor(whole)).outputs.get("loss")!.data[0]!;
  };
  expect(run("table-permuted")).toBeCloseTo(run("one-hot"), 10);
  expect(run("gather-gemv")).toBeCloseTo(run("one-hot"), 10);
  const large = dispatch(trainingGraph(design, 64, 64), design).choices[0]!;
  expect(large.strategy.name).toBe("table-permuted");
  expect(explainChoice(large).join("\n")).toContain("2 edges per token");
});
