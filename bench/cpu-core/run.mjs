/**
 * Measures core.h alone, on one thread, built by the system's compiler and by
 * the embedded clang: GFLOP/s of the tile and of whole products with their
 * packing, millions of values a second of the functions. Best of several runs,
 * because the machine may be shared. Not a test, and not a whole training step.
 *
 * node bench/cpu-core/run.mjs [native|wasm] [compiler flags for native, e.g. -march=haswell]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FLAGS = ["-std=gnu11", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-Wall", "-Wextra", "-Werror"];
const WASM = ["-msimd128", "-matomics", "-mbulk-memory", "-nostdlib", "-Wl,--no-entry", "-Wl,--import-memory"];
const FLOATS = 1 << 22;
/** The benchmark's own data lies above the module's statics and stack. */
const BASE = 1 << 21;
const INTS = { tile: 2, nt: 7, nn: 7, tn: 8, exp: 4, log: 4, tanh: 4, erf: 4, sigmoid: 4, pack: 3 };

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const source = () => `${read("../../templates/cpu/core.h")}\n${read("./bench.c")}`;

function random(floats) {
  let state = 1;
  for (let i = 0; i < floats.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    floats[i] = state / 2 ** 31 - 1;
  }
}

async function native(extra) {
  const cc = ["cc", "gcc", "clang"].find((name) => spawnSync(name, ["--version"]).status === 0);
  if (cc === undefined) return console.log("native: no C compiler on PATH");
  const { default: koffi } = await import("koffi");
  const folder = mkdtempSync(join(tmpdir(), "moec-bench-"));
  const [file, out] = [join(folder, "bench.c"), join(folder, "bench.so")];
  writeFileSync(file, source());
  execFileSync(cc, [...FLAGS, "-march=native", ...extra, "-shared", "-fPIC", file, "-o", out], { stdio: "inherit" });
  const library = koffi.load(out);
  rmSync(folder, { recursive: true });
  const floats = new Float32Array(FLOATS);
  const at = (name, ints) => library.func(`bench_${name}`, "void", ["float *", ...Array(ints).fill("int")]);
  const functions = Object.fromEntries(Object.entries(INTS).map(([name, ints]) => [name, at(name, ints)]));
  const call = (name, ...args) => functions[name](floats, ...args);
  measure("native", call, floats, library.func("int bench_shape(int)"));
}

async function wasm() {
  const { commands, runLLVM } = await import("@yowasp/clang");
  const args = [...FLAGS, ...WASM, "bench.c", "-o", "bench.wasm"];
  // Loading it first keeps its progress lines out of the output.
  await runLLVM(undefined, {}, { fetchProgress: () => {} });
  const files = await commands.clang(args, { "bench.c": source() });
  const memory = new WebAssembly.Memory({ initial: (4 * FLOATS) >> 16 });
  const { instance } = await WebAssembly.instantiate(files["bench.wasm"], { env: { memory } });
  const call = (name, ...args) => instance.exports[`bench_${name}`](4 * BASE, ...args);
  const floats = new Float32Array(memory.buffer).subarray(BASE);
  for (let i = 0; i < 200; i++) call("tile", 256, 10);
  measure("wasm", call, floats, instance.exports.bench_shape);
}

/** Seconds of one unit of work: the best of several rounds of about 30 ms. */
function best(work) {
  const timed = (times) => {
    const start = process.hrtime.bigint();
    work(times);
    return Number(process.hrtime.bigint() - start) / 1e9;
  };
  let times = 1;
  while (timed(times) < 0.02) times *= 2;
  let seconds = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 15; round++) seconds = Math.min(seconds, timed(times) / times);
  return seconds;
}

function measure(kind, call, floats, shape) {
  random(floats);
  const [mr, nr] = [shape(0), shape(1)];
  console.log(`${kind}: vectors of ${shape(2)}, tile ${mr} x ${nr}`);
  const line = (name, value, unit) => console.log(`  ${name.padEnd(44)}${value.toFixed(1).padStart(9)} ${unit}`);
  const flops = (name, count, work) => line(name, count / best(work) / 1e9, "GFLOP/s");
  for (const k of [64, 256]) flops(`tile, depth ${k}`, 2 * mr * nr * k, (t) => call("tile", k, t));
  const [a, b, c] = [0, 1 << 19, 1 << 20];
  for (const [m, k, n] of [
    [256, 256, 1024],
    [256, 512, 256],
    [40, 256, 512],
  ]) {
    flops(`NT ${m} x ${n}, depth ${k}`, 2 * m * k * n, (t) => call("nt", a, b, c, m, k, n, t));
    flops(`NN ${m} x ${n}, depth ${k}`, 2 * m * k * n, (t) => call("nn", a, b, c, m, k, n, t));
  }
  const index = (1 << 20) + (1 << 19);
  const ints = new Int32Array(floats.buffer, floats.byteOffset);
  for (let i = 0; i < 256; i++) ints[index + i] = (i * 37) % 256;
  flops("TN 512 x 256, depth 256, gathered", 2 * 512 * 256 * 256, (t) => call("tn", a, b, c, 512, 256, 256, index, t));
  for (const name of ["exp", "log", "tanh", "erf", "sigmoid"])
    line(name, 4096 / best((t) => call(name, a, c, 4096, t)) / 1e6, "M values/s");
  const packs = [
    ["pack_a", mr],
    ["pack_a_cols", 8 * mr],
    ["pack_b_cols", nr],
    ["pack_b", 8 * nr],
  ];
  for (const [which, [name, width]] of packs.entries())
    line(name, (4 * width * 256) / best((t) => call("pack", which, 256, t)) / 1e9, "GB/s");
}

const [which, ...extra] = process.argv.slice(2);
if (which !== "wasm") await native(extra);
if (which !== "native") await wasm();
