/** Simplification keeps values, derivatives are slopes: on random expressions. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { erf } from "../../src/3-graph/erf.js";
import type { BinaryOp, Expr, Unary } from "../../src/3-graph/expr.js";
import { input, toExpr } from "../../src/3-graph/expr-build.js";
import { derive } from "../../src/3-graph/expr-derive.js";
import { compileExpr } from "../../src/3-graph/expr-evaluate.js";
import { simplify } from "../../src/3-graph/expr-simplify.js";

const smooth: readonly Unary[] = ["neg", "tanh", "sigmoid", "erf", "cos"];
const steps: readonly Unary[] = ["abs", "not", "sign", "floor"];
const arithmetic: readonly BinaryOp[] = ["add", "sub", "mul"];
const conditions: readonly BinaryOp[] = ["min", "max", "lt", "le", "eq", "and", "or"];

function expressions(unary: readonly Unary[], binary: readonly BinaryOp[]): fc.Arbitrary<Expr> {
  const leaf = fc.oneof(
    fc.nat(1).map(input),
    fc.constantFrom(0, 1, -1, 2, 0.5, -3).map((n) => toExpr(n)),
  );
  return fc.letrec<{ e: Expr }>((tie) => ({
    e: fc.oneof(
      { maxDepth: 5, depthSize: "small" },
      leaf,
      fc.tuple(fc.constantFrom(...unary), tie("e")).map(([op, a]): Expr => ({ op, a })),
      fc.tuple(fc.constantFrom(...binary), tie("e"), tie("e")).map(([op, a, b]): Expr => ({ op, a, b })),
      fc.tuple(tie("e"), tie("e"), tie("e")).map(([c, a, b]): Expr => ({ op: "select", c, a, b })),
    ),
  })).e;
}

const at = (e: Expr, x: number, y: number): number =>
  compileExpr(e, [])({ inputs: Float64Array.of(x, y), coordinates: new Int32Array(0) });
const points = fc.tuple(fc.constantFrom(-1.3, -0.4, 0.7, 1.1), fc.constantFrom(-0.9, 0.2, 1.7));
const near = (a: number, b: number, by: number): boolean =>
  Math.abs(a - b) <= by * Math.max(1, Math.abs(a), Math.abs(b));

describe("simplify", () => {
  it("keeps every value", () => {
    fc.assert(
      fc.property(expressions([...smooth, ...steps], [...arithmetic, ...conditions]), points, (e, [x, y]) => {
        return near(at(e, x, y), at(simplify(e), x, y), 1e-9);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it("finds nothing more to do the second time", () => {
    fc.assert(
      fc.property(expressions(smooth, [...arithmetic, "div"]), (e) => {
        const once = simplify(e);
        expect(simplify(once)).toEqual(once);
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});

describe("derive", () => {
  it("is the slope", () => {
    fc.assert(
      fc.property(
        expressions(smooth, arithmetic).filter((e) => !hasSelect(e)),
        points,
        (e, [x, y]) => {
          const h = 1e-5;
          const slope = (at(e, x + h, y) - at(e, x - h, y)) / (2 * h);
          return near(at(derive(e, 0), x, y), slope, 1e-4) || Math.abs(slope) > 1e4;
        },
      ),
      { seed: 3, numRuns: 500 },
    );
  });
});

describe("erf", () => {
  it.each([
    [0, 0],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2.4, 0.9993114861033549],
    [2.6, 0.9997639655834707],
    [4, 0.9999999845827421],
    [-1, -0.8427007929497149],
    [Number.POSITIVE_INFINITY, 1],
  ])("of %d", (x, want) => expect(erf(x)).toBeCloseTo(want, 14));
});

const inner = (e: Expr): Expr[] => Object.values(e).filter((part): part is Expr => typeof part === "object");
const hasSelect = (e: Expr): boolean => e.op === "select" || inner(e).some(hasSelect);
