#!/usr/bin/env node
/**
 * Every kernel of every shipped spec, as it is shipped, and of its mixtures as layers, through nvcc: no warning, and no
 * spills in matrix products and attention. Kernels with the same text are compiled once. Needs nvcc, no GPU.
 *   npm run check:cuda -- [--arch 80|90a] [--products] [SPEC…]      (90a: the texts for Hopper; --products: only those)
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs, promisify } from "node:util";

const { checkSpec, compileCuda, cudaCompute, planMixture } = await import("../../dist/src/pipeline.js");
const { layerMixtures } = await import("../../dist/src/2-design/layers.js");
const { partsOf } = await import("../../dist/src/6-emit/cuda/program.js");
const { usesIn } = await import("../../dist/src/targets/cuda/ptxas.js");

const { values: flags, positionals } = parseArgs({
  options: { arch: { type: "string", default: "80" }, products: { type: "boolean", default: false } },
  allowPositionals: true,
});
const shipped = readdirSync("specs").filter((name) => name.endsWith(".moe"));
const specs = positionals.length > 0 ? positionals : shipped.map((name) => join("specs", name));
const run = promisify(execFile);
const seen = new Set();

/** Kernels of a spec that no spec before it had, and the headers that they include. */
function newKernels(path) {
  const { design, diagnostics } = checkSpec({ path, text: readFileSync(path, "utf8") });
  if (!design) throw new Error(`${path}: ${diagnostics.map((d) => d.message).join("; ")}`);
  const compute = cudaCompute(design);
  const tier = flags.arch === "90a" ? "hopper" : "portable";
  const { plan, cuda } = compileCuda(design, {}, tier);
  const plans = [plan, ...[...layerMixtures(design).keys()].map((name) => planMixture(design, name))];
  const kernels = [];
  for (const { kernel, text } of plans.flatMap((each) => partsOf(each, compute, tier).kernels)) {
    if (seen.has(text.text)) continue;
    seen.add(text.text);
    const product = kernel.kind === "matmul" || kernel.kind === "outer";
    if (flags.products && !product) continue;
    kernels.push({ ...text, must: product || kernel.op?.startsWith("attention") });
  }
  return { kernels, headers: cuda.headers };
}

/** Texts in which no function has a name twice: a layer's kernels may be called like those of the whole. */
function batches(kernels) {
  const out = [];
  for (const kernel of kernels) {
    const entries = kernel.passes.map((p) => p.entry);
    const fits = out.find((batch) => entries.every((e) => !batch.entries.has(e)));
    const batch = fits ?? { kernels: [], entries: new Set() };
    if (!fits) out.push(batch);
    batch.kernels.push(kernel);
    for (const e of entries) batch.entries.add(e);
  }
  return out;
}

async function compile({ kernels }, headers) {
  const folder = mkdtempSync(join(tmpdir(), "moec-legal-"));
  try {
    for (const [name, text] of Object.entries(headers)) writeFileSync(join(folder, name), text);
    const includes = Object.keys(headers).filter((name) => name.endsWith(".cuh"));
    const device = `#include "${includes.find((name) => name.includes("hopper")) ?? "device.cuh"}"`;
    const source = [device, ...kernels.map((k) => k.text)].join("\n\n");
    writeFileSync(join(folder, "model.cu"), `${source}\n`);
    const code = `arch=compute_${flags.arch},code=sm_${flags.arch}`;
    const args = ["-gencode", code, "-cubin", "-Xptxas", "-v", "-Xcompiler", "-Wall", "-o", "model.cubin", "model.cu"];
    const { stderr } = await run("nvcc", args, { cwd: folder, maxBuffer: 1 << 26 });
    return { said: stderr.split("\n").filter((line) => /warning|error/i.test(line)), uses: usesIn(stderr) };
  } catch (cause) {
    return { said: (cause.stderr || cause.message).split("\n").slice(0, 20), uses: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let [total, wrong] = [0, 0];
for (const path of specs) {
  const { kernels, headers } = newKernels(path);
  const results = [];
  for (const batch of batches(kernels)) results.push(await compile(batch, headers));
  const said = results.flatMap((r) => r.said);
  const uses = results.flatMap((r) => r.uses);
  const must = new Set(kernels.filter((k) => k.must).flatMap((k) => k.passes.map((p) => p.entry)));
  const spilling = uses.filter((u) => u.spills > 0).map((u) => ({ ...u, must: must.has(u.entry) }));
  const bad = said.length > 0 || spilling.some((u) => u.must);
  total += uses.length;
  if (bad) wrong++;
  const spills = spilling.map((u) => `${u.entry} spills ${u.spills} bytes${u.must ? " (must not)" : ""}`);
  console.log(`${basename(path)}: ${uses.length} new functions for sm_${flags.arch}${bad ? ", WRONG" : ""}`);
  for (const line of [...said, ...spills]) console.log(`  ${line}`);
}
console.log(`${total} functions of ${specs.length} specs, ${wrong} specs with complaints`);
process.exitCode = wrong > 0 ? 1 : 0;
