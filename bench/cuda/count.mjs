#!/usr/bin/env node
/**
 * What every kernel of a design does to memory, counted on the emulated machine: no GPU, nothing timed, the same numbers
 * every time. Sectors of global memory beside the bytes that lanes have use for, turns of shared memory beside those
 * without conflicts of banks, meetings of a block. `--help` says how it is called. Needs a C++ compiler (g++ or clang++).
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

const { checkSpec, cudaCompute, compileCuda } = await import("../../dist/src/pipeline.js");
const { harnessFiles } = await import("../../dist/src/6-emit/cuda/harness/artifacts.js");
const { partsOf } = await import("../../dist/src/6-emit/cuda/program.js");

const help = `node bench/cuda/count.mjs FILE [--set PATH=VALUE]… [--batch SEQUENCES] [--blocks N] [--only NAME] [--sort] [--json]
The design as it is, but for few sequences (1), because machines made of software are slow; --set makes it smaller.
--blocks: of kernels whose blocks have no use for each other, so many are run (2), spread over the grid; 0: all.
--only: kernels with this in their name. --sort: those that waste most come first. --json: what was counted, a line each.
CXX: the compiler.`;

const { values: flags, positionals } = parseArgs({
  options: {
    set: { type: "string", multiple: true, default: [] },
    batch: { type: "string", default: "1" },
    blocks: { type: "string", default: "2" },
    only: { type: "string", default: "" },
    sort: { type: "boolean" },
    json: { type: "boolean" },
    help: { type: "boolean" },
  },
  allowPositionals: true,
});
const [path] = positionals;
if (flags.help || path === undefined) {
  console.log(help);
  process.exit(flags.help ? 0 : 1);
}

function designOf(file) {
  const set = flags.set.map((each) => ({
    path: each.slice(0, each.indexOf("=")),
    value: each.slice(each.indexOf("=") + 1),
  }));
  const { design, diagnostics } = checkSpec({ path: file, text: readFileSync(file, "utf8") }, { set });
  if (design) return design;
  console.error(diagnostics.map((d) => `${d.code} ${d.message}`).join("\n"));
  return process.exit(1);
}

function must(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 1 << 28 });
  if (status === 0) return stdout;
  console.error(error ? `${command}: ${error.message}` : stderr.slice(-4000));
  return process.exit(1);
}

/** Counts of every function, as the harness prints them. */
function countsOf(design) {
  const compute = cudaCompute(design);
  const { plan, cuda } = compileCuda(design, { batch: Number(flags.batch) });
  const from = { title: design.model.name, spec: path, hash: "0", version: "0", compute };
  const headers = Object.entries(cuda.headers).map(([name, text]) => ({ path: `cuda/${name}`, text }));
  const folder = mkdtempSync(join(tmpdir(), "moec-count-"));
  try {
    for (const { path: name, text } of [...headers, ...harnessFiles(partsOf(plan, compute), [], from)]) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const compiler = process.env.CXX || "g++";
    const here = join(folder, "cuda/harness");
    const how = ["-x", "c++", "-std=c++17", "-O1", "-fno-tree-sra", "-U_FORTIFY_SOURCE", "-Wno-unknown-pragmas"];
    must(compiler, [...how, "-DMOEC_COUNT", "-fsanitize=thread", "-c", "kernels.cu", "-o", "kernels.o"], here);
    // linked without the sanitizer: its calls are answered by count.h
    must(compiler, ["kernels.o", "-o", "kernels", "-pthread"], here);
    const said = must("./kernels", ["--count", "--blocks", flags.blocks, "--only", flags.only], here);
    return said
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Requests, bytes of use, sectors or turns taken, fewest that would do. */
const traffic = ([requests, bytes, taken, least]) => ({ requests, bytes, taken, least });

/** Bytes that are moved and nobody uses, and turns that conflicts cost, over the whole grid. */
function waste(count) {
  const share = count.blocks / count.ran;
  const global = [count.reads, count.writes].map(traffic).reduce((n, t) => n + 32 * t.taken - t.bytes, 0);
  const turns = [count.shared_reads, count.shared_writes].map(traffic).reduce((n, t) => n + t.taken - t.least, 0);
  return share * (global + 128 * turns);
}

const percent = ({ bytes, taken }) => (taken > 0 ? `${((100 * bytes) / (32 * taken)).toFixed(0)} %` : "");
const turns = ({ taken, least }) => (least > 0 ? (taken / least).toFixed(2) : "");
const kilobytes = (sectors, { blocks, ran }) => ((sectors * 32 * blocks) / ran / 1024).toFixed(0);

function show(counts) {
  const titles = [
    "function",
    "blocks",
    "read KiB",
    "used",
    "written KiB",
    "used",
    "turns, reads",
    "turns, writes",
    "meetings",
  ];
  const rows = counts.map((c) => {
    const [reads, writes, sharedReads, sharedWrites] = [c.reads, c.writes, c.shared_reads, c.shared_writes].map(
      traffic,
    );
    const global = [kilobytes(reads.taken, c), percent(reads), kilobytes(writes.taken, c), percent(writes)];
    return [
      c.function,
      `${c.blocks}`,
      ...global,
      turns(sharedReads),
      turns(sharedWrites),
      (c.meetings / c.ran).toFixed(0),
    ];
  });
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  for (const row of [titles, ...rows])
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "));
}

const counts = countsOf(designOf(path));
if (flags.sort) counts.sort((a, b) => waste(b) - waste(a));
if (flags.json) for (const count of counts) console.log(JSON.stringify(count));
else show(counts);
