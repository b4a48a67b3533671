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

it("gelu is x · Φ(x)", () => {
  // Φ(1) = 0.8413447460685429, Φ(−2) = 0.0227501319481792, from tables
  expect(gelu(num(1)).value).toBeCloseTo(0.8413447460685429, 14);
  expect(gelu(num(-2)).value).toBeCloseTo(-2 * 0.0227501319481792, 14);
});
