/**
 * moec as a contender: a spec compiled in this process, run natively and as WebAssembly on random ids, and the times
 * of the compiler itself.
 */
import { bundleOf } from "../dist/src/6-emit/bundle.js";
import { planToC } from "../dist/src/6-emit/cpu/program.js";
import { nodeHost } from "../dist/src/host/node.js";
import { checkSpec, compileSpec } from "../dist/src/pipeline.js";
import { writeBatch } from "../dist/src/runtime/evaluate.js";
import { fillData } from "../dist/src/runtime/fill-data.js";
import { openEngine } from "../dist/src/runtime/open-engine.js";
import { drawTables, tableUses } from "../dist/src/runtime/routing-tables.js";
import { startFresh } from "../dist/src/runtime/start-weights.js";
import { openCpu } from "../dist/src/targets/cpu/device.js";
import { specOf } from "./spec.mjs";

const BATCHES = 4;

/** What is measured starts from random numbers. */
function mergesNothing() {
  throw new Error("a benchmark starts from nothing");
}

/** The training step of a spec. */
export function compile(name) {
  const { compiled, diagnostics } = compileSpec(specOf(name), { programs: ["train"] });
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(errors.map(({ code, message }) => `${code}: ${message}`).join("\n"));
  return { compiled, bundle: bundleOf(compiled, name) };
}

/** Milliseconds of the compiler's work on one spec: the first time in this process, and the median of later times. */
export function compilerTimes(name, repeats = 5) {
  const source = specOf(name);
  const check = timed(repeats, () => checkSpec(source));
  const all = timed(repeats, () => compileSpec(source, {}));
  const { plan, design } = compileSpec(source, {}).compiled;
  const from = { title: name, spec: source.path, hash: design.spec.hash, version: "bench" };
  return { check, emit: timed(repeats, () => planToC(plan, from)), compile: all };
}

function timed(repeats, work) {
  const times = Array.from({ length: repeats + 1 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return { first: times[0], later: median(times.slice(1)) };
}

/** The middle of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Fills the weights, the tables and a few batches of random ids; gives a function that does one whole step. */
export async function openContender(bundle, force) {
  const open = ({ code }, { bytes, threads }) => openCpu({ ...code, bytes, threads, force });
  const engine = await openEngine(bundle, { open });
  const step = training(engine, bundle);
  const { plannedBytes } = engine;
  return { name: `moec ${force}`, description: engine.device.description, plannedBytes, step, close: engine.close };
}

/** A function that trains one step on an engine and gives its seconds, its loss and its number. */
export function training(engine, bundle) {
  const { model, train } = bundle.design;
  const uniform = new Float64Array(model.vocab).fill(1);
  fillData(engine, drawTables(nodeHost, bundle.design, uniform).byName, tableUses(bundle.design));
  startFresh(engine, bundle, train.seed, mergesNothing, (_, fresh) => fresh);
  const batches = randomBatches(model.vocab, train.batch * (model.context + 1));
  let done = 0;
  return async () => {
    const start = performance.now();
    writeBatch(engine, batches[done % BATCHES], model.context);
    engine.floats("input", "step")[0] = done;
    if (engine.has("input", "seed")) engine.floats("input", "seed")[0] = train.seed;
    await engine.run("train");
    const loss = engine.output("train", "loss")[0];
    done++;
    return { seconds: (performance.now() - start) / 1000, loss, step: done };
  };
}

/** Uniform ids from a small generator: the same in every run. */
function randomBatches(vocab, length) {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * vocab);
  };
  return Array.from({ length: BATCHES }, () => Int32Array.from({ length }, next));
}
