/**
 * The benchmark: whole training steps of the seed designs, moec natively and as WebAssembly, and eager PyTorch in the
 * same run where MOEC_PYTHON names a Python that has it. Contenders take turns; medians count. Not a test.
 *
 * npm run bench -- [--design mask-moe|mh-moe] [--steps N] [--quick] [--json] [--kernels N]
 *                  [--record] [--machine TEXT] [--date YYYY-MM-DD]
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { chooseBuild } from "../dist/src/targets/cpu/device.js";
import { threadCount } from "../dist/src/targets/cpu/threads.js";
import { flopsPerToken } from "./flops.mjs";
import { byKernel, profile } from "./kernels.mjs";
import { compile, compilerTimes, median, openContender } from "./moec.mjs";
import { busyShare, MOST_BUSY } from "./quiet.mjs";
import { markdown, text } from "./report.mjs";
import { openTorch } from "./torch.mjs";

const note = (what) => process.stderr.write(`${what}\n`);

const DESIGNS = ["mask-moe", "mh-moe"];

// another question altogether: what rewrites and strategies are worth
if (process.argv.includes("--rewrites")) await import("./rewrites.mjs");
if (process.argv.includes("--shared")) await import("./shared-experts.mjs");

const { values: flags } = parseArgs({
  options: {
    design: { type: "string", multiple: true },
    steps: { type: "string" },
    kernels: { type: "string", default: "12" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    machine: { type: "string" },
    date: { type: "string" },
  },
});

const designs = flags.design ?? DESIGNS;
const unknown = designs.filter((each) => !DESIGNS.includes(each));
if (unknown.length > 0) fail(`there is no design ${unknown.join(", ")}; there are ${DESIGNS.join(" and ")}`);
const steps = Number(flags.steps ?? (flags.quick ? 3 : 15));
if (!(Number.isInteger(steps) && steps > 0)) fail("--steps wants a whole number from 1");

function fail(why) {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}

/** What has to be said with every number. */
function circumstances() {
  const cores = availableParallelism();
  return { machine: flags.machine ?? `${cores}-core ${process.arch}`, node: process.version, steps };
}

async function measure(name) {
  note(`${name}: compiling`);
  const compiler = compilerTimes(name, flags.quick ? 2 : 5);
  const { compiled, bundle } = compile(name);
  const { model, train } = bundle.design;
  const { ours, memory } = await openOurs(bundle);
  const { peer, why } = await openTorch(name, bundle.design, threadCount());
  const times = await takeTurns(ours, peer);
  for (const each of ours) await each.close();
  await peer?.close();
  note(`${name}: single kernels`);
  const seconds = await profile(bundle, compiled.plan, flags.quick ? 2 : 7);
  const flops = flopsPerToken(bundle.design);
  return {
    name,
    batch: train.batch,
    context: model.context,
    flopsPerToken: flops,
    threads: threadCount(),
    devices: ours.map(({ description }) => description),
    torch: peer ? { ...peer.about, memory: times.memory } : undefined,
    why,
    memory,
    compiler,
    contenders: ranked(times.seen, train.batch * model.context, flops),
    kernels: seconds && byKernel(compiled.plan, seconds).slice(0, Number(flags.kernels)),
    profiled: seconds?.reduce((sum, each) => sum + each, 0),
  };
}

/** moec as every kind of build that this machine has, warm; and what the first of them takes of the process. */
async function openOurs(bundle) {
  const kinds = (await chooseBuild()).kind === "native" ? ["native", "wasm"] : ["wasm"];
  const ours = [];
  let memory;
  for (const kind of kinds) {
    const before = outsideHeap();
    const contender = await openContender(bundle, kind);
    for (let i = 0; i < 2; i++) await contender.step();
    memory ??= { planned: contender.plannedBytes, process: outsideHeap() - before };
    ours.push(contender);
  }
  return { ours, memory };
}

/** Bytes of this process that are not JavaScript's own. */
function outsideHeap() {
  const { rss, heapTotal } = process.memoryUsage();
  return rss - heapTotal;
}

/** Some steps of each in turn, over and over; seconds of every step and the last loss by contender. */
async function takeTurns(ours, peer) {
  const ways = peer?.about.ways ?? [];
  const seen = new Map();
  const add = (name, { seconds, loss, step }) => {
    seen.set(name, { seconds: (seen.get(name)?.seconds ?? []).concat(seconds), loss, step });
  };
  let memory = 0;
  for (const way of ways) await peer.run(way, 3);
  for (let done = 0; done < steps; ) {
    const count = Math.min(flags.quick ? 1 : 3, steps - done);
    for (const { name, step } of ours) {
      await rest();
      // a step of WebAssembly is long enough to be its own average
      for (let i = 0; i < (name.endsWith("wasm") ? 1 : count); i++) add(name, await step());
    }
    for (const way of ways) {
      await rest();
      const answer = await peer.run(way, count);
      add(`PyTorch ${way}`, answer);
      memory = answer.memory;
    }
    done += count;
    note(`  ${done}/${steps}`);
  }
  return { seen, memory };
}

/** Threads of the contender before may look for work for up to 200 ms before they sleep. */
function rest() {
  return sleep(300);
}

function ranked(seen, tokens, flops) {
  return [...seen].map(([name, { seconds, loss, step }]) => {
    const middle = median(seconds);
    const spread = (Math.max(...seconds) - Math.min(...seconds)) / middle;
    const rate = tokens / middle;
    return { name, ms: 1e3 * middle, tokensPerSecond: rate, gflops: (flops * rate) / 1e9, spread, loss, step };
  });
}

const before = await busyShare();
if (flags.record && before > MOST_BUSY) {
  fail(`others use ${(100 * before).toFixed(0)} % of this machine: nothing measured now is worth recording`);
}
const results = [];
for (const name of designs) results.push(await measure(name));
const report = { ...circumstances(), busy: { before, after: await busyShare() }, designs: results };
process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : text(report));
if (flags.record) {
  if (report.busy.after > MOST_BUSY) fail("others began to use this machine meanwhile: nothing is recorded");
  const command = ["npm run bench --", ...process.argv.slice(2)].join(" ");
  const date = flags.date ?? new Date().toISOString().slice(0, 10);
  writeFileSync(new URL("./RESULTS.md", import.meta.url), markdown({ ...report, command, date }));
  note("written: bench/RESULTS.md");
}
process.exit(0);
