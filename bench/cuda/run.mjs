#!/usr/bin/env node
/**
 * Measures one mixture, forward and forward with backward, on an NVIDIA GPU: over the shapes that published work reports
 * and three ways of routing, each checked against the definition first. `--help` says how it is called.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { layerProgram } from "./layer.mjs";
import { distance, reference } from "./reference.mjs";
import { edgesOf, normals, random, routings } from "./routing.mjs";

const { findGpu, openCuda, tierOf } = await import("../../dist/src/targets/cuda/device.js");

/** T, H, I, E, K. */
const shapes = {
  "sonic-256": [24576, 1536, 256, 128, 8],
  "sonic-512": [24576, 1536, 512, 64, 4],
  "sonic-1024": [24576, 1536, 1024, 32, 2],
  "sonic-4096-512": [32768, 4096, 512, 128, 8],
  "sonic-4096-1024": [32768, 4096, 1024, 128, 8],
  "qwen3-30b": [8192, 2048, 768, 128, 8],
  olmoe: [8192, 2048, 1024, 64, 8],
  mixtral: [8192, 4096, 14336, 8, 2],
  "deepseek-v3": [4096, 7168, 2048, 256, 8],
};

const help = `node bench/cuda/run.mjs [--shape NAME | T,H,I,E,K]… [--routing ${routings.join("|")}]… [--compute bf16|f32]
  [--times N] [--check] [--json] [--turns on|off] [--shares on|off]
shapes: ${Object.keys(shapes).join(", ")}
--turns, --shares: on Hopper, whether warpgroups take turns and two blocks share B, instead of what is estimated.
--check: only compare with the definition. MOEC_PYTHON: a Python with PyTorch, measured in the same run.`;

const { values: flags } = parseArgs({
  options: {
    shape: { type: "string", multiple: true },
    routing: { type: "string", multiple: true },
    compute: { type: "string", default: "bf16" },
    times: { type: "string", default: "50" },
    check: { type: "boolean" },
    turns: { type: "string" },
    shares: { type: "string" },
    json: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (flags.help) {
  console.log(help);
  process.exit(0);
}

/** On Hopper: what is asked for of tiles; where nothing is, the estimate decides. */
function scheduleOf({ turns, shares }) {
  const asked = Object.entries({ inTurns: turns, shares }).filter(([, how]) => how !== undefined);
  if (asked.some(([, how]) => !["on", "off"].includes(how))) throw new Error(`on or off\n${help}`);
  return Object.fromEntries(asked.map(([name, how]) => [name, how === "on"]));
}

function shapeOf(text) {
  const sizes = shapes[text] ?? text.split(",").map(Number);
  const whole = sizes.length === 5 && sizes.every((n) => Number.isInteger(n) && n > 0) && sizes[4] <= sizes[3];
  if (!whole) throw new Error(`${text} is no shape\n${help}`);
  const [T, H, I, E, K] = sizes;
  return { name: text, T, H, I, E, K };
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

async function open(shape, data) {
  const tier = tierOf((await findGpu()).fact.capability);
  const program = layerProgram(shape, flags.compute, tier, scheduleOf(flags));
  const device = await openCuda(program);
  for (const [key, name] of Object.entries(names))
    device.write(
      program.buffers.findIndex((b) => b.name === name && b.role !== "work"),
      data[key],
    );
  await device.run(0);
  return { program, device };
}

/** Three rows of the result and of two gradients against the definition. */
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
  const busy = data.edges[0];
  return {
    y: Math.max(...tokens.map((t) => distance(truth.y(t), y.subarray(t * H, (t + 1) * H)))),
    grad_x: Math.max(...tokens.map((t) => distance(truth.gradX(t), gradX.subarray(t * H, (t + 1) * H)))),
    grad_down: distance(truth.gradDown(busy, 1), gradDown.subarray((busy * H + 1) * I, (busy * H + 2) * I)),
    experts_without_rows: E - new Set(data.edges).size,
  };
}

const middle = (times) => times.sort((a, b) => a - b)[times.length >> 1];

async function measure({ device }, { T, H, I, K }) {
  const forward = middle(await device.measure(1, Number(flags.times)));
  const both = middle(await device.measure(2, Number(flags.times)));
  const flops = 6 * T * K * H * I;
  return {
    forward_ms: forward,
    both_ms: both,
    forward_tflops: flops / forward / 1e9,
    backward_tflops: (2 * flops) / (both - forward) / 1e9,
    megabytes: device.bytes / 1e6,
  };
}

function peers(shape, routing) {
  if (!process.env.MOEC_PYTHON) return [];
  const { T, H, I, E, K } = shape;
  const args = ["bench/cuda/peers/layer.py", ...[T, H, I, E, K].map(String), routing, flags.times];
  const { status, stdout, stderr } = spawnSync(process.env.MOEC_PYTHON, args, { encoding: "utf8" });
  if (status !== 0) return [{ name: "PyTorch", skipped: stderr.trim().split("\n").at(-1) }];
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const tolerance = { bf16: 0.03, f32: 1e-4 };
let wrong = false;

for (const shape of (flags.shape ?? Object.keys(shapes)).map(shapeOf)) {
  for (const routing of flags.routing ?? routings) {
    const data = dataFor(shape, routing);
    const opened = await open(shape, data);
    try {
      const far = await check(opened, shape, data);
      const right = [far.y, far.grad_x, far.grad_down].every((d) => d < tolerance[flags.compute]);
      wrong ||= !right;
      const times = flags.check ? {} : await measure(opened, shape);
      const row = { shape, routing, device: opened.device.description, compute: flags.compute, right, far, ...times };
      const others = flags.check ? [] : peers(shape, routing);
      console.log(flags.json ? JSON.stringify({ ...row, peers: others }) : line(row, others));
    } finally {
      opened.device.close();
    }
  }
}
process.exitCode = wrong ? 1 : 0;

function line({ shape, routing, right, far, ...t }, others) {
  const speed = t.forward_ms
    ? ` forward ${t.forward_ms.toFixed(3)} ms ${t.forward_tflops.toFixed(0)} TFLOP/s, backward ${t.backward_tflops.toFixed(0)} TFLOP/s, ${t.megabytes.toFixed(0)} MB`
    : "";
  const rest = others.map(
    (p) =>
      `\n    ${p.name}: ${p.skipped ?? `forward ${p.forward_ms.toFixed(3)} ms, both ${p.both_ms.toFixed(3)} ms, ${p.megabytes.toFixed(0)} MB`}`,
  );
  return `${shape.name} ${routing}: ${right ? "right" : `WRONG ${JSON.stringify(far)}`}${speed}${rest.join("")}`;
}
