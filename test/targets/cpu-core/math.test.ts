/** The vector functions of core.h against f64, their special values, and their scalar twins. */
import { expect, it } from "vitest";
import type { Machine } from "./machine.js";
import { onEveryMachine } from "./machines.js";
import { erf, sigmoid, ulps } from "./reference.js";

const [X, Y, Z] = [1 << 15, 1 << 18, 1 << 19];
const COUNT = 1 << 14;
const NAMES = ["exp", "log", "tanh", "erf", "sigmoid", "sqrt", "rsqrt", "abs", "exp_negative"];
const INF = Number.POSITIVE_INFINITY;
const NAN = Number.NaN;

interface Range {
  name: string;
  reference: (x: number) => number;
  from: number;
  to: number;
  /** The largest error allowed, in units in the last place. */
  bound: number;
}

const RANGES: Range[] = [
  { name: "exp", reference: Math.exp, from: -87.33, to: 88.72, bound: 1.1 },
  { name: "exp", reference: Math.exp, from: -1e-3, to: 1e-3, bound: 1.1 },
  { name: "exp_negative", reference: Math.exp, from: -86.49, to: 1, bound: 1.1 },
  { name: "log", reference: Math.log, from: 1e-6, to: 4, bound: 1.1 },
  { name: "log", reference: Math.log, from: 1, to: 1e9, bound: 1.1 },
  { name: "log", reference: Math.log, from: 2 ** -149, to: 2 ** -125, bound: 1.1 },
  { name: "tanh", reference: Math.tanh, from: -10, to: 10, bound: 1.5 },
  { name: "tanh", reference: Math.tanh, from: -1e-3, to: 1e-3, bound: 1.5 },
  { name: "erf", reference: erf, from: -4.5, to: 4.5, bound: 1.6 },
  { name: "erf", reference: erf, from: -1e-3, to: 1e-3, bound: 1.6 },
  { name: "sigmoid", reference: sigmoid, from: -87, to: 30, bound: 2.6 },
];

const SPECIAL: [name: string, x: number, want: number][] = [
  ["exp", -INF, 0],
  ["exp", -1e30, 0],
  ["exp", -87.34, 0],
  ["exp", 0, 1],
  ["exp", -0, 1],
  ["exp", 88.73, INF],
  ["exp", 1e30, INF],
  ["exp", INF, INF],
  ["exp", NAN, NAN],
  ["exp_negative", 0, 1],
  ["exp_negative", -87.34, 0],
  ["exp_negative", -1e30, 0],
  ["exp_negative", -INF, 0],
  ["exp_negative", NAN, NAN],
  ["log", 0, -INF],
  ["log", -0, -INF],
  ["log", 1, 0],
  ["log", -1, NAN],
  ["log", -INF, NAN],
  ["log", INF, INF],
  ["log", NAN, NAN],
  ["tanh", 0, 0],
  ["tanh", -0, -0],
  ["tanh", INF, 1],
  ["tanh", -INF, -1],
  ["tanh", NAN, NAN],
  ["erf", -0, -0],
  ["erf", 6, 1],
  ["erf", INF, 1],
  ["erf", -INF, -1],
  ["erf", NAN, NAN],
  ["sigmoid", 0, 0.5],
  ["sigmoid", INF, 1],
  ["sigmoid", -INF, 0],
  ["sigmoid", NAN, NAN],
  ["sqrt", INF, INF],
  ["sqrt", -1, NAN],
  ["rsqrt", 0, INF],
  ["rsqrt", 4, 0.5],
  ["rsqrt", INF, 0],
  ["abs", -0, 0],
  ["abs", -INF, INF],
];

function map(machine: Machine, name: string, inputs: number[], scalar = 0): Float32Array {
  const length = Math.ceil(inputs.length / 16) * 16;
  machine.floats.fill(1, X, X + length).set(inputs, X);
  machine.call("probe_map", NAMES.indexOf(name), scalar, X, Y, length);
  return machine.floats.slice(Y, Y + inputs.length);
}

function spread(from: number, to: number): number[] {
  return Array.from({ length: COUNT }, (_, i) => Math.fround(from + ((to - from) * i) / (COUNT - 1)));
}

function worst({ name, reference, from, to }: Range, machine: Machine): number {
  const inputs = spread(from, to);
  const got = map(machine, name, inputs);
  return inputs.reduce((most, x, i) => Math.max(most, ulps(got[i]!, reference(x))), 0);
}

function bits(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}

function lanes(machine: Machine, which: number, x: number[], y: number[] = x, z: number[] = x): number[] {
  const { floats, vl } = machine;
  for (const [i, values] of [x, y, z].entries()) {
    for (let lane = 0; lane < vl; lane++) floats[X + 16 * i + lane] = values[lane % values.length]!;
  }
  machine.call("probe_lanes", which, X, X + 16, X + 32, Y);
  return [...floats.subarray(Y, Y + vl)].slice(0, x.length);
}

onEveryMachine((machine) => {
  for (const range of RANGES) {
    it(`${range.name} on ${range.from} .. ${range.to} within ${range.bound} ulp`, () => {
      expect(worst(range, machine())).toBeLessThan(range.bound);
    });
  }

  it("special values", () => {
    for (const [name, x, want] of SPECIAL) expect(map(machine(), name, [x])[0], `${name}(${x})`).toBe(want);
  });

  it("exp never gives a subnormal", () => {
    const got = map(machine(), "exp", spread(-110, -87));
    expect(got.every((y) => Object.is(y, 0) || y >= 2 ** -126)).toBe(true);
  });

  it("square roots are correctly rounded", () => {
    const inputs = spread(1e-3, 1e5);
    const root = map(machine(), "sqrt", inputs);
    const inverse = map(machine(), "rsqrt", inputs);
    expect(root).toEqual(Float32Array.from(inputs, Math.sqrt));
    expect(inverse).toEqual(Float32Array.from(inputs, (x) => 1 / Math.fround(Math.sqrt(x))));
  });

  it("scalar twins agree bit for bit", () => {
    const inputs = [...spread(-100, 100), ...SPECIAL.map(([, x]) => x)];
    for (const name of NAMES) {
      const [vector, scalar] = [map(machine(), name, inputs), map(machine(), name, inputs, 1)];
      const expected = bits(vector);
      expect(
        bits(scalar).findIndex((x, i) => x !== expected[i]),
        `${name}, first difference`,
      ).toBe(-1);
    }
  });

  it("max, min, select, fused multiply-add and copysign", () => {
    const [x, y, z] = [
      [1, -2, 3, -0.5],
      [2, -3, 3, 0.5],
      [9, 8, 7, 6],
    ];
    expect(lanes(machine(), 0, x, y)).toEqual([2, -2, 3, 0.5]);
    expect(lanes(machine(), 1, x, y)).toEqual([1, -3, 3, -0.5]);
    expect(lanes(machine(), 2, x, y, z)).toEqual([1, 8, 7, -0.5]);
    expect(lanes(machine(), 3, x, y, z)).toEqual([9, 8, 3, 6]);
    expect(lanes(machine(), 4, x, y, z)).toEqual([11, 14, 16, 5.75]);
    expect(lanes(machine(), 5, x, y)).toEqual([1, -2, 3, 0.5]);
    expect(lanes(machine(), 0, [NAN], [5])).toEqual([5]);
    expect(lanes(machine(), 0, [5], [NAN])).toEqual([NAN]);
  });

  it("horizontal sum in its fixed order, horizontal maximum", () => {
    const { vl } = machine();
    const values = Array.from({ length: vl }, (_, i) => Math.fround(Math.sin(i * 7 + 1) * 10 ** (i % 5)));
    let halves = values;
    while (halves.length > 1) {
      const half = halves.length / 2;
      halves = halves.slice(0, half).map((v, i) => Math.fround(v + halves[i + half]!));
    }
    expect(lanes(machine(), 6, values)[0]).toBe(halves[0]);
    expect(lanes(machine(), 7, values)[0]).toBe(Math.max(...values));
  });

  it("partial loads and stores touch only their floats", () => {
    const { floats, vl } = machine();
    for (let n = 0; n <= vl; n++) {
      const x = floats.length - vl;
      for (let i = 0; i < vl; i++) floats[x + i] = i + 1;
      floats.fill(-7, Z, Z + 4 * vl);
      machine().call("probe_part", x, Z, n);
      const first = (rest: number) => Array.from({ length: vl }, (_, i) => (i < n ? i + 1 : rest));
      expect([...floats.subarray(Z, Z + 2 * vl)]).toEqual([...first(0), ...first(-7)]);
    }
  });

  it("a partial load at the end of memory reads nothing past it", () => {
    const { floats, vl } = machine();
    for (let n = 0; n < vl; n++) {
      floats.fill(3, floats.length - n);
      machine().call("probe_load_part", floats.length - n, Z, n);
      expect([...floats.subarray(Z, Z + vl)]).toEqual(Array.from({ length: vl }, (_, i) => (i < n ? 3 : 0)));
    }
  });

  it("row maximum, sum and dot product of every length", () => {
    const { floats } = machine();
    for (let n = 0; n < 150; n++) {
      const x = floats.length - n;
      const [row, other] = [0.37, 1.71].map((f) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * f + n)));
      floats.set(row!, x);
      floats.set(other!, Y);
      expect(machine().call("probe_row", 0, x, 0, n)).toBe(Math.max(...row!));
      expect(machine().call("probe_row", 1, x, 0, n)).toBeCloseTo(
        row!.reduce((sum, v) => sum + v, 0),
        4,
      );
      expect(machine().call("probe_row", 2, x, Y, n)).toBeCloseTo(
        row!.reduce((sum, v, i) => sum + v * other![i]!, 0),
        4,
      );
    }
  });

  it("zero and copy move exactly n floats", () => {
    const { floats } = machine();
    for (const n of [0, 1, 3, 16, 37, 1000]) {
      floats.fill(5, X, X + n).fill(2, Y, Y + n + 8);
      machine().call("probe_move", 1, X, Y, n);
      expect(floats.subarray(Y, Y + n + 8).every((v, i) => v === (i < n ? 5 : 2))).toBe(true);
      machine().call("probe_move", 0, X, Y, n);
      expect(floats.subarray(Y, Y + n + 8).every((v, i) => v === (i < n ? 0 : 2))).toBe(true);
    }
  });
});
