/** Every rule that can be compiled, in a small model: generated C agrees with the interpreter, gradients too. */
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../src/3-graph/programs.js";
import { verify } from "../../src/3-graph/verify.js";
import { dispatch } from "../../src/4-dispatch/dispatch.js";
import { designOf, leavesOf } from "../graph/whole/designs.js";
import { compare } from "./agree.js";
import { routerCases } from "./router-cases.js";

describe("routers in generated C", () => {
  it.each(Object.entries(routerCases))(
    "%s",
    async (_, words) => {
      const design = designOf(words);
      const graph = verify(buildProgram(design, "trace", { batch: 2, seq: 6 }, (g) => dispatch(g, design).graph));
      const leaves = leavesOf(graph);
      for (const name of ["seed", "step"]) leaves.get(name)?.data.fill(3);
      const far = await compare(graph, leaves, "native");
      expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
    },
    60_000,
  );
});
