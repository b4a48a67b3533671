/**
 * Every rule that can be compiled, in a small model: generated C agrees with the interpreter, gradients too. All models
 * are one program: they share most kernels, which are then built once.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram } from "../../src/3-graph/programs.js";
import { verify } from "../../src/3-graph/verify.js";
import { dispatch } from "../../src/4-dispatch/dispatch.js";
import { designOf, leavesOf, type Words } from "../graph/whole/designs.js";
import { asShipped } from "./agree.js";
import { compareAll, withPrefix } from "./agree-many.js";
import { routerCases } from "./router-cases.js";

function caseOf(number: number, words: Words) {
  const design = designOf(words);
  const graph = verify(buildProgram(design, "trace", { batch: 2, seq: 6 }, (g) => dispatch(g, design).graph));
  const leaves = leavesOf(graph);
  for (const name of ["seed", "step"]) leaves.get(name)?.data.fill(3);
  return withPrefix(`r${number}`, graph, leaves);
}

asShipped();

const names = Object.keys(routerCases);

describe("routers in generated C", () => {
  let far: ReadonlyMap<string, number>;
  beforeAll(async () => {
    far = await compareAll(
      names.map((name, i) => caseOf(i, routerCases[name]!)),
      "native",
    );
  }, 300_000);

  it.each(names.map((name, i) => ({ name, prefix: `r${i} ` })))("$name", ({ prefix }) => {
    const mine = [...far].filter(([name]) => name.startsWith(prefix));
    expect(mine.length).toBeGreaterThan(20);
    expect(mine.filter(([, d]) => !(d < 1e-4))).toEqual([]);
  });
});
