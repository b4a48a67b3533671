/** Packing and the register tile of core.h against naive loops, on sizes that divide nothing. */
import { expect, it } from "vitest";
import type { Machine } from "./machine.js";
import { onEveryMachine } from "./machines.js";

const GUARD = 12345;
/** Below lie the data and the stack of the WebAssembly build. */
const START = 1 << 15;
const DEPTHS = [0, 1, 3, 4, 5, 17, 64];

interface Panel {
  code: number;
  name: string;
  b: boolean;
  /** True where the panel's lines are rows of the source, so that packing transposes. */
  transposes: boolean;
  gathers: boolean;
}

const PANELS: Panel[] = [
  { code: 0, name: "pack_a", b: false, transposes: true, gathers: false },
  { code: 1, name: "pack_a_gather", b: false, transposes: true, gathers: true },
  { code: 2, name: "pack_a_cols", b: false, transposes: false, gathers: false },
  { code: 3, name: "pack_a_cols_gather", b: false, transposes: false, gathers: true },
  { code: 4, name: "pack_b", b: true, transposes: false, gathers: false },
  { code: 5, name: "pack_b_gather", b: true, transposes: false, gathers: true },
  { code: 6, name: "pack_b_cols", b: true, transposes: true, gathers: false },
];

function fill(floats: Float32Array, from: number, length: number): void {
  for (let i = 0; i < length; i++) floats[from + i] = (((i * 7919 + from * 31) % 2003) - 1001) / 256;
}

/** A permutation of the rows with some missing: -1 at every third place, or everywhere. */
function indexOf(rows: number, none: boolean): number[] {
  return Array.from({ length: rows }, (_, i) => (none || i % 3 === 1 ? -1 : (i * 5 + 2) % rows));
}

/** The panels [panel][k][width] that the naive loop packs. */
function naivePanel(
  panel: Panel,
  at: (row: number, col: number) => number,
  lines: number,
  k: number,
  index: number[],
  width: number,
) {
  const out = new Float32Array(Math.ceil(lines / width) * k * width);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < lines; j++) {
      const [row, col] = panel.transposes ? [j, i] : [i, j];
      const from = panel.gathers ? index[row]! : row;
      if (from >= 0) out[(Math.floor(j / width) * k + i) * width + (j % width)] = at(from, col);
    }
  }
  return out;
}

function checkPanel(machine: Machine, panel: Panel, lines: number, k: number, none: boolean): void {
  const { floats, ints } = machine;
  const width = panel.b ? machine.nr : machine.mr;
  const rows = panel.transposes ? lines : k;
  const ld = (panel.transposes ? k : lines) + 3;
  const size = rows === 0 ? 0 : (rows - 1) * ld + (panel.transposes ? k : lines);
  // The source ends with the arena: reading past it traps in WebAssembly.
  const [dst, src, index] = [START, floats.length - size, START + 8192];
  const table = indexOf(rows, none);
  fill(floats, src, size);
  ints.set(table, index);
  const panels = Math.ceil(lines / width) * k * width;
  floats.fill(GUARD, dst, dst + panels + 64);
  machine.call("probe_pack", panel.code, dst, src, ld, index, lines, k);
  const want = naivePanel(panel, (row, col) => floats[src + row * ld + col]!, lines, k, table, width);
  const wrong = want.findIndex((x, i) => floats[dst + i] !== x);
  expect(wrong, `first wrong place of ${lines} lines, depth ${k}`).toBe(-1);
  expect(floats.subarray(dst + panels, dst + panels + 64).every((x) => x === GUARD)).toBe(true);
}

function naiveTile(
  machine: Machine,
  k: number,
  a: number,
  b: number,
  start: (r: number, j: number) => number,
): Float64Array {
  const { floats, mr, nr } = machine;
  const out = new Float64Array(mr * nr);
  for (let r = 0; r < mr; r++) {
    for (let j = 0; j < nr; j++) {
      let sum = start(r, j);
      for (let i = 0; i < k; i++) sum += floats[a + i * mr + r]! * floats[b + i * nr + j]!;
      out[r * nr + j] = sum;
    }
  }
  return out;
}

function checkTile(machine: Machine, k: number, code: number): void {
  const { floats, mr, nr } = machine;
  const ld = code >= 2 ? nr + 5 : nr;
  const [a, b, c] = [START, START + 4096, START + 16384];
  fill(floats, a, k * mr);
  fill(floats, b, k * nr);
  floats.fill(GUARD, c, c + mr * ld + 64);
  const adds = code % 2 === 1;
  for (let r = 0; r < mr; r++) fill(floats, c + r * ld, nr);
  const want = naiveTile(machine, k, a, b, (r, j) => (adds ? floats[c + r * ld + j]! : 0));
  machine.call("probe_tile", code, k, a, b, c, ld);
  const wrong = (i: number) => {
    const [r, j] = [Math.floor(i / ld), i % ld];
    // Products are below 16, so this is a few roundings of the longest sum.
    return j < nr ? !(Math.abs(floats[c + i]! - want[r * nr + j]!) < 16e-6 * Math.max(k, 1)) : floats[c + i] !== GUARD;
  };
  const places = Array.from({ length: mr * ld }, (_, i) => i);
  expect(places.filter(wrong), `places off at depth ${k}`).toEqual([]);
}

function checkRows(machine: Machine, code: number, rows: number): void {
  const { floats, mr, nr } = machine;
  const [a, b, full, part] = [START, START + 4096, START + 16384, START + 24576];
  const size = mr * nr;
  for (const [at, length] of [
    [a, 19 * mr],
    [b, 19 * nr],
    [full, size],
  ] as const)
    fill(floats, at, length);
  floats.copyWithin(part, full, full + size);
  floats.fill(GUARD, part + size, part + size + 64);
  machine.call("probe_tile", code, 19, a, b, full, 0);
  machine.call("probe_tile", code + 4, 19, a, b, part, rows);
  expect(floats.subarray(part, part + rows * nr)).toEqual(floats.subarray(full, full + rows * nr));
  expect(floats.subarray(part + size, part + size + 64).every((x) => x === GUARD)).toBe(true);
}

onEveryMachine((machine) => {
  for (const panel of PANELS) {
    it(`${panel.name} equals the naive loop and touches nothing else`, () => {
      const width = panel.b ? machine().nr : machine().mr;
      const ones = Array.from({ length: width }, (_, i) => i + 1);
      // contiguous columns may fill several panels
      const several = panel.transposes ? [] : [width + 1, 2 * width, 2 * width + 3, 3 * width - 1];
      for (const lines of [...ones, ...several]) {
        for (const k of DEPTHS) checkPanel(machine(), panel, lines, k, false);
        if (panel.gathers) checkPanel(machine(), panel, lines, 9, true);
      }
    });
  }

  for (const [code, name] of ["tile_zero", "tile_add", "tile_zero_direct", "tile_add_direct"].entries()) {
    it(`${name} equals the naive sum`, () => {
      for (const k of DEPTHS) checkTile(machine(), k, code);
    });
  }

  for (const [code, name] of ["tile_zero_part", "tile_add_part"].entries()) {
    it(`${name} gives the full tile's bits in every row that counts`, () => {
      for (let rows = 1; rows <= machine().mr; rows++) checkRows(machine(), code, rows);
    });
  }

  it("a depth split in two gives the same bits", () => {
    const { floats, mr, nr } = machine();
    const [a, b, whole, parts] = [START, START + 4096, START + 16384, START + 24576];
    fill(floats, a, 64 * mr);
    fill(floats, b, 64 * nr);
    machine().call("probe_tile", 0, 64, a, b, whole, 0);
    machine().call("probe_tile", 0, 27, a, b, parts, 0);
    machine().call("probe_tile", 1, 37, a + 27 * mr, b + 27 * nr, parts, 0);
    expect(floats.subarray(parts, parts + mr * nr)).toEqual(floats.subarray(whole, whole + mr * nr));
  });
});
