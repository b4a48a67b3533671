/**
 * The benchmark: whole training steps of the seed designs, moec natively and as WebAssembly, and eager PyTorch in the
 * same run where MOEC_PYTHON names a Python that has it. Contenders take turns; medians count. Not a test.
 *
 * npm run bench -- [--design mask-moe|mh-moe] [--steps N] [--quick] [--json] [--kernels N]
 *                  [--record] [--machine TEXT] [--date YYYY-MM-DD]
 */
import { writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { threadCount } from "../dist/src/targets/cpu/threads.js";
import { flopsPerToken } from "./flops.mjs";
import { byKernel, profile } from "./kernels.mjs";
import { compile, compilerTimes, median, openContender } from "./moec.mjs";
import { markdown, text } from "./report.mjs";
import { openTorch } from "./torch.mjs";

const note = (what) => process.stderr.write(`${what}\n`);
const torchName = (way) => `PyTorch ${way}`;

const DESIGNS = ["mask-moe", "mh-moe"];

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

const loadBefore = loadavg()[0];
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
  const machine = flags.machine ?? `${cores}-core ${process.arch}`;
  return { machine, cores, node: process.version, steps, load: { before: loadBefore, after: loadavg()[0] } };
}

async function measure(name) {
  note(`${name}: compiling`);
  const compiler = compilerTimes(name, flags.quick ? 2 : 5);
  const { compiled, bundle } = compile(name);
  const { model, train } = bundle.design;
  const threads = threadCount();
  const before = process.memoryUsage.rss();
  const native = await openContender(bundle, "native");
  for (let i = 0; i < 2; i++) await native.step();
  const memory = { planned: native.plannedBytes, process: process.memoryUsage.rss() - before };
  const wasm = await openContender(bundle, "wasm");
  await wasm.step();
  const { peer, why } = await openTorch(name, bundle.design, threads);
  const times = await takeTurns({ native, wasm, peer });
  await native.close();
  await wasm.close();
  await peer?.close();
  note(`${name}: single kernels`);
  const seconds = await profile(bundle, compiled.plan, flags.quick ? 2 : 7);
  return {
    name,
    batch: train.batch,
    context: model.context,
    flopsPerToken: flopsPerToken(bundle.design),
    threads,
    devices: { native: native.description, wasm: wasm.description },
    torch: peer ? { ...peer.about, memory: times.memory } : undefined,
    why,
    memory,
    compiler,
    contenders: ranked(times.seen, train.batch * model.context, flopsPerToken(bundle.design)),
    kernels: seconds && byKernel(compiled.plan, seconds).slice(0, Number(flags.kernels)),
    profiled: seconds?.reduce((sum, each) => sum + each, 0),
  };
}

/** Some steps of each in turn, over and over; seconds of every step and the last loss by contender. */
async function takeTurns({ native, wasm, peer }) {
  const ways = peer?.about.ways ?? [];
  const seen = new Map([native.name, wasm.name, ...ways.map(torchName)].map((each) => [each, { seconds: [] }]));
  const add = (name, { seconds, loss }) => {
    const { seconds: before } = seen.get(name);
    seen.set(name, { seconds: before.concat(seconds), loss });
  };
  let memory = 0;
  for (const way of ways) await peer.run(way, 3);
  for (let done = 0; done < steps; ) {
    const count = Math.min(flags.quick ? 1 : 3, steps - done);
    for (let i = 0; i < count; i++) add(native.name, await native.step());
    // a step of it is long enough to be its own average
    add(wasm.name, await wasm.step());
    for (const way of ways) {
      const answer = await peer.run(way, count);
      add(torchName(way), answer);
      memory = answer.memory;
    }
    done += count;
    note(`  ${done}/${steps}`);
  }
  return { seen, memory };
}

function ranked(seen, tokens, flops) {
  return [...seen].map(([name, { seconds, loss }]) => {
    const middle = median(seconds);
    const spread = (Math.max(...seconds) - Math.min(...seconds)) / middle;
    const rate = tokens / middle;
    return { name, ms: 1e3 * middle, tokensPerSecond: rate, gflops: (flops * rate) / 1e9, spread, loss };
  });
}

const results = [];
for (const name of designs) results.push(await measure(name));
const report = { ...circumstances(), designs: results };
process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : text(report));
if (flags.record) {
  const command = ["npm run bench --", ...process.argv.slice(2)].join(" ");
  const date = flags.date ?? new Date().toISOString().slice(0, 10);
  writeFileSync(new URL("./RESULTS.md", import.meta.url), markdown({ ...report, command, date }));
  note("written: bench/RESULTS.md");
}
process.exit(0);
