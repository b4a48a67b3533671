/** The tape of the independent implementations: every step's slope is the slope of its value. */
import { describe, expect, it } from "vitest";
import {
  add,
  backward,
  clamp,
  div,
  dot,
  exp,
  gelu,
  log,
  mul,
  type Num,
  num,
  phi,
  relu,
  scale,
  sigmoid,
  sqrt,
  sub,
  tanh,
} from "./tape.js";

type Step = (...xs: [Num, Num]) => Num;

const steps: Readonly<Record<string, Step>> = {
  add: (a, b) => add(a, b, a),
  sub,
  mul,
  div,
  scale: (a) => scale(a, -3),
  exp,
  log,
  sqrt,
  tanh,
  relu,
  sigmoid,
  gelu,
  phi,
  "phi far out": (a) => phi(scale(a, 2)),
  dot: (a, b) => dot([a, b, a], [b, b, a]),
  "clamp inside": (a) => clamp(a, 0, 3),
  "clamp outside": (a) => clamp(a, 2, 3),
  "all of them": (a, b) => log(add(exp(mul(gelu(a), tanh(b))), sqrt(div(sigmoid(a), b)))),
};

const points = [
  [0.7, 1.3],
  [1.9, 0.4],
] as const;

describe.each(Object.entries(steps))("%s", (_, step) => {
  it.each(points)("at %f and %f", (a, b) => {
    const [x, y] = [num(a), num(b)];
    backward(step(x, y));
    const h = 1e-5;
    const at = (p: number, q: number): number => step(num(p), num(q)).value;
    expect(x.slope).toBeCloseTo((at(a + h, b) - at(a - h, b)) / (2 * h), 7);
    expect(y.slope).toBeCloseTo((at(a, b + h) - at(a, b - h)) / (2 * h), 7);
  });
});

it("Φ", () => {
  // from tables, on both sides of where the series ends
  const table = {
    0: 0.5,
    1: 0.8413447460685429,
    2.9: 0.998134186699616,
    3.1: 0.9990323967867817,
    6: 0.9999999990134123,
  };
  for (const [x, y] of Object.entries(table)) {
    expect(phi(num(Number(x))).value).toBeCloseTo(y, 14);
    expect(phi(num(-Number(x))).value).toBeCloseTo(1 - y, 14);
  }
});

it("gelu is x · Φ(x)", () => {
  // Φ(1) = 0.8413447460685429, Φ(−2) = 0.0227501319481792, from tables
  expect(gelu(num(1)).value).toBeCloseTo(0.8413447460685429, 14);
  expect(gelu(num(-2)).value).toBeCloseTo(-2 * 0.0227501319481792, 14);
});
