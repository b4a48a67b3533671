/**
 * What each rewrite and each strategy is worth: designs compiled with it and without it, their training steps run in
 * turns, and of each step the launches of the router's stage and of the whole mixture. Medians; ratios to the first row,
 * taken round by round, so that what else the machine does falls on both, with an interval from resampled rounds.
 *
 * npm run bench -- --rewrites [--design NAME] [--rounds N] [--record] [--machine TEXT] [--date YYYY-MM-DD]
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { median } from "./moec.mjs";
import { designs, variantsOf } from "./rewrites-designs.mjs";
import { interval, open, sums, takeTurns } from "./turns.mjs";

const { values: flags } = parseArgs({
  options: {
    rewrites: { type: "boolean" },
    design: { type: "string", multiple: true },
    rounds: { type: "string", default: "9" },
    record: { type: "boolean", default: false },
    machine: { type: "string" },
    date: { type: "string" },
  },
});
const rounds = Number(flags.rounds);
const note = (what) => process.stderr.write(`${what}\n`);

/**
 * A launch of the mixture; of its router's stage where it is no product of the experts. Norm, sort and the ways to the
 * rows and back count with the router: fusion puts pieces of one into kernels of the other, differently in each variant.
 */
const isMixture = (_, { scope }) => /\.mixture$/.test(scope);
const isRouter = ({ name }, launch) => isMixture(undefined, launch) && !/experts_(gate|up|down)/.test(name);

async function measure(name, text) {
  note(name);
  const variants = [];
  for (const variant of variantsOf(text)) variants.push(await open(text, variant));
  const times = await takeTurns(variants, rounds);
  const rows = variants.map(({ name: variant, plan, choice }, i) => {
    const stage = (of) => {
      const each = (v, round) => sums(variants[v].plan, times[v][round], of).ms;
      const all = times[i].map((_, round) => ({ ms: each(i, round), ratio: each(i, round) / each(0, round) }));
      return {
        ...sums(plan, undefined, of),
        ms: median(all.map(({ ms }) => ms)),
        ratio: interval(all.map(({ ratio }) => ratio)),
      };
    };
    const applied = choice.rewrites.filter((each) => each.applied).map((each) => each.name);
    return {
      variant,
      strategy: choice.strategy.name,
      applied,
      router: stage(isRouter),
      mixture: stage(isMixture),
      step: stage(() => true),
    };
  });
  const device = variants[0].description;
  for (const { close } of variants) await close();
  return { name, rows, device };
}

const number = (value, digits = 1) => value.toFixed(digits);
/** The router may be gone: then there is nothing to divide by. */
const ratio = ({ middle, low, high }) => {
  if (!Number.isFinite(middle)) return "–";
  return low === high ? middle.toFixed(2) : `${middle.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
};

function table({ name, rows }) {
  const head = [
    "| variant | strategy | stage: launches | MFLOP | MB | ms | ratio | mixture: launches | ms | ratio | step: ratio |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
  ];
  const lines = rows.map(({ variant, strategy, router, mixture, step }) => {
    const cells = [router.launches, number(router.mflop), number(router.mb), number(router.ms, 2), ratio(router.ratio)];
    cells.push(mixture.launches, number(mixture.ms), ratio(mixture.ratio), ratio(step.ratio));
    return `| ${[variant, strategy, ...cells].join(" | ")} |`;
  });
  return [`## ${name}`, "", designs[name].about, "", ...head, ...lines, ""].join("\n");
}

function report(results) {
  const machine = flags.machine ?? `${availableParallelism()}-core ${process.arch}`;
  const date = flags.date ?? new Date().toISOString().slice(0, 10);
  return `# What rewrites and strategies are worth

${machine}, native code, one thread, ${date}; ${rounds} rounds. Times are processor time of that thread.

Written by \`npm run bench -- --rewrites --record\`. Each row is the same design compiled another way; all rows of a table
are run in turns, a training step each, every other round in the opposite order. The router's stage is all of the
mixture but the products of the experts: norm, scores, gates, choice, sort, the ways to the rows and back, and the
gradients of all that; fusion puts pieces of one into kernels of the other, so that a smaller stage would be another one
in each row. Launches, MFLOP and MB are the plan's, for all layers, forward and backward; of rows that a sort may leave
empty, those that the tiers of a table promise are counted. ms are medians; ratios are medians of the ratios to the
first row within one round, with the interval that 95 % of the medians of resampled rounds lie in: below 1 is faster. The
first row is always sorted by expert, without any rewrite. Two rows of the same program show how far the numbers
can be trusted.

${results.map(table).join("\n")}`;
}

const names = flags.design ?? Object.keys(designs);
const results = [];
for (const name of names) {
  results.push(await measure(name, designs[name].text));
  // a long run that is cut short has still measured something
  if (flags.record) writeFileSync(new URL("./REWRITES.md", import.meta.url), report(results));
}
process.stdout.write(report(results));
if (flags.record) note("written: bench/REWRITES.md");
process.exit(0);
