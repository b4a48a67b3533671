#!/usr/bin/env node
/**
 * The harnesses of both seed designs, small, under compute-sanitizer, on a machine with an NVIDIA GPU: memory that is not
 * there (memcheck), races between threads of a block (racecheck), numbers nobody wrote (initcheck), barriers that not
 * all come to (synccheck). Every kernel is compared with what it means in the same runs.
 *   npm run build && node bench/cuda/sanitize.mjs [--tool memcheck]… [--spec FILE]…
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values: flags } = parseArgs({
  options: {
    tool: { type: "string", multiple: true, default: ["memcheck", "racecheck", "synccheck"] },
    spec: { type: "string", multiple: true },
    arch: { type: "string", default: "native" },
  },
});

/** Small and odd: tails everywhere, experts without tokens. */
const small = {
  "specs/mask-moe.moe": ["MaskMoE", "28", "7", "5 of swiglu(hidden: 19)"],
  "specs/mh-moe.moe": ["MHMoE", "32", "2", "8 of swiglu(hidden: 24)"],
};

function settings(spec) {
  const [model, width, heads, experts] = small[spec] ?? [];
  if (!model) return [];
  const set = {
    [`${model}.vocab`]: "261",
    [`${model}.context`]: "40",
    [`${model}.d_model`]: width,
    "Attend.heads": heads,
    "Mixture.experts": experts,
    "Pretrain.tokenizer": "bpe(vocab: 261)",
    "Pretrain.batch": "3 * context",
  };
  return Object.entries(set).flatMap(([path, value]) => ["--set", `${path}=${value}`]);
}

function must(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", cwd });
  if (error) console.error(`${command}: ${error.message}`);
  return status === 0;
}

let wrong = 0;
for (const spec of flags.spec ?? Object.keys(small)) {
  const folder = mkdtempSync(join(tmpdir(), "moec-sanitize-"));
  const compile = ["dist/src/cli/main.js", "compile", spec, "--target", "cuda", "--harness", "--out", folder];
  if (!must(process.execPath, [...compile, ...settings(spec)])) process.exit(1);
  const harness = join(folder, "cuda/harness");
  const names = readdirSync(harness).filter((name) => /^(kernels|layer-.*)\.cu$/.test(name));
  for (const name of names) {
    const built = must("nvcc", [`-arch=${flags.arch}`, "-std=c++17", "-lineinfo", name, "-o", `${name}.run`], harness);
    if (!built) process.exit(1);
    for (const tool of flags.tool) {
      console.log(`${spec} ${name} under ${tool}`);
      const args = ["--tool", tool, "--error-exitcode", "9", "--print-limit", "20", `./${name}.run`, "--check"];
      if (!must("compute-sanitizer", args, harness)) wrong++;
    }
  }
  rmSync(folder, { recursive: true, force: true });
}
console.log(wrong === 0 ? "nothing was found" : `${wrong} runs found something`);
process.exitCode = wrong === 0 ? 0 : 1;
