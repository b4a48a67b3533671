#!/usr/bin/env node
/**
 * Measures one mixture, forward and forward with backward, on an NVIDIA GPU: over the shapes that published work reports
 * and three ways of routing, each checked against the definition first. Rows are printed, and kept with --out, as they
 * come: a run that is interrupted has said what it knows. `--help` says how it is called.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { layerProgram } from "./layer.mjs";
import { flopsOf, memoryOf, planOf, shapeOf, shapes } from "./plan.mjs";
import { distance, reference } from "./reference.mjs";
import { edgesOf, normals, random, routings } from "./routing.mjs";

const { findGpu, openCuda, tierOf } = await import("../../dist/src/targets/cuda/device.js");

const help = `node bench/cuda/run.mjs [--quick] [--shape NAME | T,H,I,E,K]… [--routing ${routings.join("|")}]…
  [--compute bf16|f32] [--times N] [--minutes N] [--check] [--dry-run] [--json] [--out FILE] [--turns on|off] [--shares on|off]
shapes: ${Object.keys(shapes).join(", ")}
--quick: what says most, five rows. --minutes: no row is begun after so many. --check: only compare with the definition.
--dry-run: what would be measured, without a GPU. --out: rows are appended to the file as JSON, one a line, as they come.
--turns, --shares: on Hopper, whether warpgroups take turns and two blocks share B, instead of what is estimated.
MOEC_PYTHON: a Python with PyTorch (and perhaps ScatterMoE), measured in the same run.`;

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean" },
    shape: { type: "string", multiple: true },
    routing: { type: "string", multiple: true },
    compute: { type: "string", default: "bf16" },
    times: { type: "string", default: "50" },
    minutes: { type: "string" },
    check: { type: "boolean" },
    "dry-run": { type: "boolean" },
    json: { type: "boolean" },
    out: { type: "string" },
    turns: { type: "string" },
    shares: { type: "string" },
    help: { type: "boolean" },
  },
});

function refuse(what) {
  console.error(`${what}\n${help}`);
  process.exit(1);
}
if (flags.help) {
  console.log(help);
  process.exit(0);
}
for (const text of flags.shape ?? []) if (!shapeOf(text)) refuse(`${text} is no shape`);
for (const kind of flags.routing ?? []) if (!routings.includes(kind)) refuse(`${kind} is no routing`);
if (!["bf16", "f32"].includes(flags.compute)) refuse(`products are made in bf16 or f32, not in ${flags.compute}`);

/** On Hopper: what is asked for of tiles; where nothing is, the estimate decides. */
function scheduleOf({ turns, shares }) {
  const asked = Object.entries({ inTurns: turns, shares }).filter(([, how]) => how !== undefined);
  if (asked.some(([, how]) => !["on", "off"].includes(how))) refuse("--turns and --shares are on or off");
  return Object.fromEntries(asked.map(([name, how]) => [name, how === "on"]));
}

const schedule = scheduleOf(flags);
const plan = planOf(flags);
const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;
if (flags["dry-run"]) {
  for (const { shape, routing } of plan) {
    const flops = `${(flopsOf(shape) / 1e12).toFixed(1)} TFLOP forward`;
    console.log(`${shape.name} ${routing}: ${flops}, about ${gigabytes(memoryOf(shape, flags.compute))}`);
  }
  process.exit(0);
}

/** Numbers for everything the layer is given. */
function dataFor(shape, routing) {
  const { T, H, I, E, K } = shape;
  const next = random(1);
  return {
    x: normals(T * H, 1, next),
    gate: normals(T * K, 0.2, next).map((v) => Math.abs(v) + 0.05),
    edges: edgesOf(shape, routing, next),
    probe: normals(T * H, 1, next),
    gateWeight: normals(E * I * H, 1 / Math.sqrt(H), next),
    upWeight: normals(E * I * H, 1 / Math.sqrt(H), next),
    downWeight: normals(E * H * I, 1 / Math.sqrt(I), next),
  };
}

const names = {
  x: "x",
  gate: "gate",
  edges: "edges",
  probe: "probe",
  gateWeight: "gate.weight",
  upWeight: "up.weight",
  downWeight: "down.weight",
};

async function open(shape, data, tier) {
  const program = layerProgram(shape, flags.compute, tier, schedule);
  const device = await openCuda(program);
  for (const [key, name] of Object.entries(names))
    device.write(
      program.buffers.findIndex((b) => b.name === name && b.role !== "work"),
      data[key],
    );
  await device.run(0);
  return { program, device };
}

/** Three rows of the result and of the tokens' gradient, and some numbers of a weight's, against the definition. */
async function check({ program, device }, shape, data) {
  const { T, H, I, E } = shape;
  await device.run(2);
  const { outputs } = program.programs[2];
  const found = await device.read([outputs.y, outputs["grad.x"], outputs["grad.down.weight"]]);
  const [y, gradX, gradDown] = found.map(
    (bytes) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
  );
  const truth = reference(shape, data);
  const tokens = [0, T >> 1, T - 1];
  const columns = [...new Set([0, 1, I >> 1, I - 1])];
  const busy = data.edges[0];
  const gotDown = columns.map((i) => gradDown[(busy * H + 1) * I + i]);
  return {
    y: Math.max(...tokens.map((t) => distance(truth.y(t), y.subarray(t * H, (t + 1) * H)))),
    grad_x: Math.max(...tokens.map((t) => distance(truth.gradX(t), gradX.subarray(t * H, (t + 1) * H)))),
    grad_down: distance(truth.gradDown(busy, 1, columns), gotDown),
    experts_without_rows: E - new Set(data.edges).size,
  };
}

const middle = (times) => times.sort((a, b) => a - b)[times.length >> 1];

/** Medians between CUDA events, each around one launch of a recorded graph. */
async function measure({ device }, shape) {
  const forward = middle(await device.measure(1, Number(flags.times)));
  const both = middle(await device.measure(2, Number(flags.times)));
  const flops = flopsOf(shape);
  return {
    forward_ms: forward,
    both_ms: both,
    forward_tflops: flops / forward / 1e9,
    backward_tflops: (2 * flops) / (both - forward) / 1e9,
    megabytes: device.bytes / 1e6,
  };
}

/** Longest that others may take for one row, in milliseconds. */
const PATIENCE = 240_000;

function peers({ T, H, I, E, K }, routing) {
  if (!process.env.MOEC_PYTHON) return [];
  const args = ["bench/cuda/peers/layer.py", ...[T, H, I, E, K].map(String), routing, flags.times];
  const options = { encoding: "utf8", timeout: PATIENCE };
  const { status, stdout, stderr, error } = spawnSync(process.env.MOEC_PYTHON, args, options);
  const rows = (stdout ?? "")
    .trim()
    .split("\n")
    .filter((line) => line.startsWith("{"));
  const said = rows.map((line) => JSON.parse(line));
  if (status === 0) return said;
  return [
    ...said,
    { name: "PyTorch", skipped: error?.message ?? (stderr.trim().split("\n").at(-1) || "it ended early") },
  ];
}

const tolerance = { bf16: 0.03, f32: 1e-4 };

/** One row; the GPU is ours alone until it is closed, then the others have it. */
async function rowOf({ shape, routing }, { fact }) {
  const row = { shape, routing, compute: flags.compute, schedule };
  const needed = memoryOf(shape, flags.compute);
  if (needed > fact.bytes)
    return {
      ...row,
      device: fact.name,
      skipped: `needs about ${gigabytes(needed)}, ${fact.name} has ${gigabytes(fact.bytes)}`,
    };
  const data = dataFor(shape, routing);
  const opened = await open(shape, data, tierOf(fact.capability));
  try {
    const far = await check(opened, shape, data);
    const right = [far.y, far.grad_x, far.grad_down].every((d) => d < tolerance[flags.compute]);
    const times = flags.check ? {} : await measure(opened, shape);
    return { ...row, device: opened.device.description, right, far, ...times };
  } finally {
    opened.device.close();
  }
}

/** The row with its reason, where a shape cannot be had here; the others go on. */
async function attempt(each, gpu) {
  try {
    const row = await rowOf(each, gpu);
    return { ...row, peers: flags.check || row.skipped ? [] : peers(each.shape, each.routing) };
  } catch (cause) {
    const [first] = String(cause.message).split("\n");
    return { ...each, compute: flags.compute, failed: first || String(cause), peers: [] };
  }
}

function line({ shape, routing, right, far, skipped, failed, peers: others, ...t }) {
  const said = skipped
    ? `skipped, ${skipped}`
    : failed
      ? `FAILED, ${failed}`
      : right
        ? "right"
        : `WRONG ${JSON.stringify(far)}`;
  const speed = t.forward_ms
    ? ` forward ${t.forward_ms.toFixed(3)} ms ${t.forward_tflops.toFixed(0)} TFLOP/s, backward ${t.backward_tflops.toFixed(0)} TFLOP/s, ${t.megabytes.toFixed(0)} MB`
    : "";
  const rest = others.map(
    (p) =>
      `\n    ${p.name}: ${p.skipped ?? `forward ${p.forward_ms.toFixed(3)} ms, both ${p.both_ms.toFixed(3)} ms, ${p.megabytes.toFixed(0)} MB`}`,
  );
  return `${shape.name} ${routing}: ${said}${speed}${rest.join("")}`;
}

let stopped = false;
process.on("SIGINT", () => {
  if (stopped) process.exit(130);
  stopped = true;
  console.error("stopping after this row; once more, and at once");
});

const gpu = await findGpu();
const began = Date.now();
const late = () => flags.minutes !== undefined && Date.now() - began >= 60_000 * Number(flags.minutes);
let [done, wrong] = [0, 0];
for (const each of plan) {
  // signals are heard between rows
  await new Promise((resolve) => setImmediate(resolve));
  if (stopped || late()) break;
  const row = await attempt(each, gpu);
  if (row.failed || row.right === false) wrong++;
  done++;
  if (flags.out) appendFileSync(flags.out, `${JSON.stringify(row)}\n`);
  console.log(flags.json ? JSON.stringify(row) : line(row));
}
const left = plan.slice(done).map(({ shape, routing }) => `${shape.name} ${routing}`);
if (left.length > 0) console.error(`not measured: ${left.join(", ")}`);
process.exitCode = wrong > 0 ? 1 : stopped ? 130 : 0;
