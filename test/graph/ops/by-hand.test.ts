import { describe, expect, it } from "vitest";
import { add, floor, index, mul } from "../../../src/3-graph/expr-build.js";
import { axes, expectClose, numbers, run } from "../run.js";

const inf = Number.POSITIVE_INFINITY;

describe("map", () => {
  it("broadcasts by axis name, also across an order of its own", () => {
    const out = run(
      { a: { axes: axes("T 2", "D 3"), values: [1, 2, 3, 4, 5, 6] }, b: { axes: axes("T 2"), values: [10, 20] } },
      (g, { a, b }) => ({
        y: g.map([a!, b!], (x, y) => add(x, y)),
        turned: g.map([a!], (x) => x, { axes: axes("D 3", "T 2") }),
      }),
    );
    expect(numbers(out.y)).toEqual([11, 12, 13, 24, 25, 26]);
    expect(numbers(out.turned)).toEqual([1, 4, 2, 5, 3, 6]);
  });
  it("knows where it is", () => {
    const out = run({}, (g) => ({
      y: g.map([], () => add(mul(index("T"), 10), index("D")), { axes: axes("T 2", "D 3") }),
    }));
    expect(numbers(out.y)).toEqual([0, 1, 2, 10, 11, 12]);
  });
  it("rounds down to whole numbers", () => {
    const out = run({}, (g) => ({
      y: g.map([], () => floor(mul(index("U"), 0.5)), { axes: axes("U 5"), dtype: "i32" }),
    }));
    expect(numbers(out.y)).toEqual([0, 0, 1, 1, 2]);
    expect(out.y!.data).toBeInstanceOf(Int32Array);
  });
});

describe("reduce", () => {
  const x = { axes: axes("A 2", "B 2", "C 2"), values: [1, 2, 3, 4, 5, 6, 7, -8] };
  it("sums and keeps the order of what is left", () => {
    const out = run({ x }, (g, v) => ({
      y: g.reduce("sum", v.x!, ["B"]),
      all: g.reduce("sum", v.x!, ["A", "B", "C"]),
    }));
    expect(numbers(out.y)).toEqual([4, 6, 12, -2]);
    expect(numbers(out.all)).toEqual([20]);
  });
  it("finds the largest", () => {
    expect(numbers(run({ x }, (g, v) => ({ y: g.reduce("max", v.x!, ["C", "A"]) })).y)).toEqual([6, 7]);
  });
});

describe("contract", () => {
  it("is x · Wᵀ", () => {
    const out = run(
      {
        x: { axes: axes("T 2", "D 2"), values: [1, 2, 3, 4] },
        w: { axes: axes("F 3", "D 2"), values: [1, 0, 0, 1, 1, 1] },
      },
      (g, { x, w }) => ({ y: g.contract(x!, w!, ["D"]) }),
    );
    expect(out.y!.axes).toEqual(axes("T 2", "F 3"));
    expect(numbers(out.y)).toEqual([1, 2, 3, 3, 4, 7]);
  });
  it("has batch axes where both and the result have them", () => {
    const out = run(
      { a: { axes: axes("E 2", "K 2"), values: [1, 2, 3, 4] }, b: { axes: axes("E 2", "K 2"), values: [5, 6, 7, 8] } },
      (g, { a, b }) => ({ y: g.contract(a!, b!, ["K"]) }),
    );
    expect(numbers(out.y)).toEqual([17, 53]);
  });
  const offsets = { axes: axes("E+1 4"), values: [0, 2, 2, 3], dtype: "i32" as const };
  const group = { rows: "R", experts: "E" };
  it("takes each row's expert, and leaves rows beyond the last run at zero", () => {
    const out = run(
      {
        offsets,
        x: { axes: axes("R 4", "C 1"), values: [1, 2, 3, 4] },
        w: { axes: axes("E 3", "F 1", "C 1"), values: [10, 100, 1000] },
      },
      (g, v) => ({ y: g.contract(v.x!, v.w!, ["C"], { group, offsets: v.offsets! }) }),
    );
    expect(out.y!.axes).toEqual(axes("R 4", "F 1"));
    expect(numbers(out.y)).toEqual([10, 20, 3000, 0]);
  });
  it("sums run by run, and an expert without rows gets zeros", () => {
    const out = run(
      {
        offsets,
        a: { axes: axes("R 4", "F 1"), values: [1, 2, 3, 4] },
        b: { axes: axes("R 4", "C 2"), values: [1, 1, 2, 2, 3, 3, 9, 9] },
      },
      (g, v) => ({ y: g.contract(v.a!, v.b!, ["R"], { group, offsets: v.offsets! }) }),
    );
    expect(out.y!.axes).toEqual(axes("E 3", "F 1", "C 2"));
    expect(numbers(out.y)).toEqual([5, 5, 0, 0, 9, 9]);
  });
});

describe("take and scatterAdd", () => {
  const x = { axes: axes("N 3", "C 2"), values: [1, 2, 3, 4, 5, 6] };
  it("takes rows, divides the index, and gives zeros for negative ones", () => {
    const out = run({ x, i: { axes: axes("I 3"), values: [5, -1, 2], dtype: "i32" } }, (g, v) => ({
      y: g.take(v.x!, v.i!, { divide: 2 }),
    }));
    expect(numbers(out.y)).toEqual([5, 6, 0, 0, 3, 4]);
  });
  it("adds rows that meet, and leaves out negative ones", () => {
    const out = run({ x, i: { axes: axes("N 3"), values: [1, 1, -1], dtype: "i32" } }, (g, v) => ({
      y: g.scatterAdd(v.x!, v.i!, { name: "M", size: 2 }),
    }));
    expect(numbers(out.y)).toEqual([0, 0, 4, 6]);
  });
  it("weighs each, and one row may go to several", () => {
    const index = { axes: axes("N 3", "L 2"), values: [1, 0, -1, 1, 0, -1], dtype: "i32" as const };
    const weight = { axes: axes("N 3", "L 2"), values: [1, 10, 5, 100, 1000, 5] };
    const out = run({ x, index, weight }, (g, v) => ({
      y: g.scatterAdd(v.x!, v.index!, { name: "M", size: 2 }, v.weight!),
    }));
    expect(numbers(out.y)).toEqual([5010, 6020, 301, 402]);
  });
});

describe("pick and spread", () => {
  const i = { axes: axes("U 2", "K 2"), values: [2, -1, 0, 0], dtype: "i32" as const };
  it("picks along an axis", () => {
    const x = { axes: axes("U 2", "E 3"), values: [1, 2, 3, 4, 5, 6] };
    expect(numbers(run({ x, i }, (g, v) => ({ y: g.pick(v.x!, v.i!, "E") })).y)).toEqual([3, 0, 4, 4]);
  });
  it("picks one of each row", () => {
    const x = { axes: axes("U 2", "E 3"), values: [1, 2, 3, 4, 5, 6] };
    const target = { axes: axes("U 2"), values: [1, 2], dtype: "i32" as const };
    expect(numbers(run({ x, target }, (g, v) => ({ y: g.pick(v.x!, v.target!, "E") })).y)).toEqual([2, 6]);
  });
  it("spreads and adds where two meet", () => {
    const w = { axes: axes("U 2", "K 2"), values: [1, 2, 3, 4] };
    const out = run({ w, i }, (g, v) => ({ y: g.spread(v.w!, v.i!, { axis: { name: "E", size: 3 }, over: "K" }) }));
    expect(numbers(out.y)).toEqual([0, 0, 1, 7, 0, 0]);
  });
});

describe("topK", () => {
  it("gives the best first, ties to the lowest index, -1 for what may not be chosen", () => {
    const key = { axes: axes("U 3", "E 4"), values: [1, 3, 3, 2, -inf, 5, -inf, -inf, 0, 0, 0, 0] };
    expect(numbers(run({ key }, (g, v) => ({ y: g.topK(v.key!, 3) })).y)).toEqual([1, 2, 3, 1, -1, -1, 0, 1, 2]);
  });
});

describe("histogram, partition, bucket", () => {
  const edges = { axes: axes("U 3", "K 2"), values: [2, 0, 2, -1, 0, 2], dtype: "i32" as const };
  const experts = { name: "E", size: 4 };
  it("counts", () => {
    expect(numbers(run({ edges }, (g, v) => ({ y: g.histogram(v.edges!, experts) })).y)).toEqual([2, 0, 3, 0]);
  });
  it("sorts stably", () => {
    const out = run({ edges }, (g, v) => ({ ...g.partition(v.edges!, experts) }));
    expect(numbers(out.offsets)).toEqual([0, 2, 2, 5, 5]);
    expect(numbers(out.rows)).toEqual([1, 4, 0, 2, 5, -1]);
    expect(numbers(out.slots)).toEqual([2, 0, 3, -1, 1, 4]);
  });
  it("leaves out what finds no place", () => {
    const out = run({ edges }, (g, v) => ({ ...g.bucket(v.edges!, experts, { name: "P", size: 2 }) }));
    expect(numbers(out.rows)).toEqual([1, 4, -1, -1, 0, 2, -1, -1]);
    expect(numbers(out.slots)).toEqual([4, 0, 5, -1, 1, -1]);
  });
});

describe("rope", () => {
  it("rotates the two halves of a head, and back", () => {
    const x = { axes: axes("T 2", "Q 2"), values: [1, 0, 0, 1] };
    const table = (values: number[]) => ({ axes: axes("S 2", "J 1"), values });
    const tables = { cos: table([1, Math.cos(1)]), sin: table([0, Math.sin(1)]) };
    const out = run({ x, ...tables }, (g, v) => {
      const turned = g.rope(v.x!, v.cos!, v.sin!, { headDim: 2, inverse: false });
      return { turned, back: g.rope(turned, v.cos!, v.sin!, { headDim: 2, inverse: true }) };
    });
    const want = [1, 0, -Math.sin(1), Math.cos(1)];
    expectClose(out.turned, want, 14);
    expectClose(out.back, x.values, 14);
  });
});

describe("attention", () => {
  const shape = { heads: 1, kvHeads: 1, headDim: 1, seq: 2, causal: true, window: undefined, scale: 1 };
  const [q, k, v] = [
    [1, 1, 1, 1],
    [0, Math.log(3), 0, 0],
    [4, 8, 2, 6],
  ].map((values) => ({ axes: axes("T 4", "Q 1"), values }));
  it("looks back inside its own sequence only", () => {
    const out = run({ q: q!, k: k!, v: v! }, (g, x) => ({ o: g.attention(x.q!, x.k!, x.v!, shape) }));
    // weights 1; 1/4 and 3/4; 1; 1/2 and 1/2
    const want = [4, 7, 2, 4];
    expectClose(out.o, want, 12);
  });
  it("with a window of one sees itself", () => {
    const out = run({ q: q!, k: k!, v: v! }, (g, x) => ({ o: g.attention(x.q!, x.k!, x.v!, { ...shape, window: 1 }) }));
    expect(numbers(out.o)).toEqual([4, 8, 2, 6]);
  });
});

describe("random", () => {
  it("is uniform, repeatable and different by step, stream and place", () => {
    const scalar = (value: number) => ({ axes: [], values: [value] });
    const draw = (seed: number, step: number, stream: number): number[] =>
      numbers(
        run({ seed: scalar(seed), step: scalar(step) }, (g, v) => ({
          y: g.random(v.seed!, v.step!, stream, axes("U 2000")),
        })).y,
      );
    const a = draw(1, 0, 0);
    expect(draw(1, 0, 0)).toEqual(a);
    for (const other of [draw(2, 0, 0), draw(1, 1, 0), draw(1, 0, 1)]) {
      expect(other.filter((x, i) => x === a[i]).length).toBeLessThan(5);
    }
    expect(new Set(a).size).toBeGreaterThan(1990);
    expect(a.every((x) => x >= 0 && x < 1 && Number.isInteger(x * 2 ** 24))).toBe(true);
    expect(a.reduce((s, x) => s + x, 0) / a.length).toBeCloseTo(0.5, 1);
    expect(a.filter((x) => x < 0.1).length / a.length).toBeCloseTo(0.1, 1);
  });
});
