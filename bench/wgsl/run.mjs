/**
 * One mixture layer on WebGPU: moec, jax-js and onnxruntime-web on the same adapter, in one browser page, taking turns.
 * The peers are installed into bench/wgsl/peers when this is first run with --install; they are no part of moec.
 *
 * node bench/wgsl/run.mjs [--install] [--rounds N] [--quick] [--json]
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { rolldown } from "rolldown";
import { portable, softwareClass } from "../../dist/src/targets/wgsl/limits.js";
import { serve } from "../../examples/browser/serve.mjs";
import { openBrowser } from "./headless.mjs";
import { flopsOf, layerProgram, tensorsOf } from "./layer.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const peers = join(here, "peers");
const out = join(here, "page");
const VERSIONS = { "onnxruntime-web": "1.30.0", "@jax-js/jax": "0.1.25" };

const { values: flags } = parseArgs({
  options: {
    install: { type: "boolean", default: false },
    rounds: { type: "string", default: "7" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

/** Tokens, width, expert width, experts, experts a token. */
const SHAPES = [
  { T: 256, H: 64, I: 64, E: 8, K: 2 },
  { T: 256, H: 128, I: 96, E: 4, K: 1 },
  { T: 192, H: 96, I: 32, E: 16, K: 4 },
];

const CONTENDERS = {
  forward: ["moec", "moec for GPUs", "jax-js", "onnxruntime-web dense", "onnxruntime-web loop"],
  backward: ["moec", "moec for GPUs", "jax-js"],
};

const note = (what) => process.stderr.write(`${what}\n`);

function install() {
  mkdirSync(peers, { recursive: true });
  writeFileSync(join(peers, "package.json"), JSON.stringify({ private: true, dependencies: VERSIONS }));
  execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: peers, stdio: "inherit" });
}

/** The page with everything it needs, in a folder. */
async function build() {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const modules = join(peers, "node_modules");
  const bundle = await rolldown({
    input: join(here, "page.mjs"),
    platform: "browser",
    resolve: { modules: [modules], alias: { "onnxruntime-web/webgpu": join(modules, ORT, "ort.webgpu.min.mjs") } },
    external: (id) => /^node:|^koffi$|^webgpu$/.test(id),
  });
  await bundle.write({ dir: out, format: "esm" });
  await bundle.close();
  cpSync(join(modules, ORT), join(out, "ort"), { recursive: true, filter: (path) => !/\.map$|\.wasm\.mjs/.test(path) });
  writeFileSync(join(out, "index.html"), '<!doctype html><script type="module" src="page.js"></script>');
}
const ORT = "onnxruntime-web/dist";

async function measure(page, shape, pass) {
  const backward = pass === "backward";
  const results = [];
  for (const name of CONTENDERS[pass]) {
    const options = { shape, tensors: tensorsOf(shape), backward, program: programFile(name, shape, backward) };
    note(`${JSON.stringify(shape)} ${pass}: ${name}`);
    try {
      const y = await page.ask(`bench.open(${JSON.stringify(name)}, ${JSON.stringify(options)})`);
      results.push({ name, y, ms: [] });
    } catch (cause) {
      results.push({ name, failed: cause.message.split("\n")[0] });
    }
  }
  const running = results.filter((r) => r.ms);
  for (let round = 0; round < (flags.quick ? 2 : Number(flags.rounds)); round++)
    for (const each of running) each.ms.push(await page.ask(`bench.time(${JSON.stringify(each.name)})`));
  await page.ask("bench.close()");
  return { shape, pass, results: results.map((r) => summary(r, running[0], flopsOf(shape, backward))) };
}

/** moec's kernels for this adapter, or those it has for GPUs. */
function programFile(name, shape, backward) {
  if (!name.startsWith("moec")) return undefined;
  const profile = name === "moec" ? softwareClass : portable;
  const file = `${name.replaceAll(" ", "-")}.json`;
  writeFileSync(join(out, file), JSON.stringify(layerProgram(shape, backward, profile)));
  return file;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** Time, ratio round by round to moec, and how far the result is from moec's. */
function summary({ name, y, ms, failed }, ours, flops) {
  if (failed) return { name, failed };
  const middle = median(ms);
  const distance = Math.max(...y.map((v, i) => Math.abs(v - ours.y[i])));
  const ratio = median(ms.map((t, i) => t / ours.ms[i]));
  return { name, ms: middle, fastest: Math.min(...ms), gflops: flops / middle / 1e6, timesMoec: ratio, distance };
}

function table({ shape, pass, results }) {
  const { T, H, I, E, K } = shape;
  const rows = results.map((r) =>
    r.failed
      ? `| ${r.name} | does not run: ${r.failed} | | | |`
      : `| ${r.name} | ${r.ms.toFixed(0)} | ${r.gflops.toFixed(3)} | ${r.timesMoec.toFixed(2)} | ${r.distance.toExponential(0)} |`,
  );
  return [
    `${pass === "forward" ? "Forward" : "Forward and backward"}, T ${T}, H ${H}, I ${I}, E ${E}, K ${K}`,
    "",
    "| | ms | GFLOP/s | time / moec's | largest difference |",
    "| --- | --: | --: | --: | --: |",
    ...rows,
    "",
  ].join("\n");
}

if (flags.install && !existsSync(join(peers, "node_modules"))) install();
if (!existsSync(join(peers, "node_modules"))) {
  note("the peers are not installed: node bench/wgsl/run.mjs --install");
  process.exit(1);
}
await build();
const { server, url } = await serve(out, 0);
const page = await openBrowser();
await page.client.send("Page.navigate", { url });
while (!(await page.ask("typeof bench === 'object'"))) await new Promise((done) => setTimeout(done, 200));
const measured = [];
for (const shape of flags.quick ? SHAPES.slice(0, 1) : SHAPES)
  for (const pass of ["forward", "backward"]) measured.push(await measure(page, shape, pass));
await page.close();
server.close();
const versions = Object.keys(VERSIONS).map((name) => {
  const { version } = JSON.parse(readFileSync(join(peers, "node_modules", name, "package.json"), "utf8"));
  return `${name} ${version}`;
});
process.stdout.write(
  flags.json
    ? `${JSON.stringify({ versions, measured })}\n`
    : `${versions.join(", ")}\n\n${measured.map(table).join("\n")}`,
);
