/**
 * Is an expert that every token meets better one more group of the grouped product, or a dense product of its own? The
 * same mixture said both ways: `shared`, and as routed experts that every row of the table names. The second stores all
 * experts together, so that nothing is copied: it is the best that a rewrite could reach. Each token meets the same
 * experts in both. Results with a decision are in docs/decisions/016.
 *
 * npm run bench -- --shared [--rounds N]
 */
import { parseArgs } from "node:util";
import { median } from "./moec.mjs";
import { text } from "./rewrites-designs.mjs";
import { interval, open, sums, takeTurns } from "./turns.mjs";

const { values: flags } = parseArgs({
  options: { shared: { type: "boolean" }, rounds: { type: "string", default: "15" } },
});
const rounds = Number(flags.rounds);

/** Routed experts, how many a token meets, hidden numbers of each, shared ones, sequences of 256 tokens in a batch. */
const SHAPES = [
  { experts: 16, met: 2, hidden: 256, shared: 1, batch: 8 },
  { experts: 16, met: 2, hidden: 256, shared: 1, batch: 1 },
  { experts: 64, met: 6, hidden: 32, shared: 2, batch: 8 },
  { experts: 64, met: 6, hidden: 32, shared: 2, batch: 1 },
];

const textOf = ({ experts, met, hidden, batch }, more) =>
  text({
    experts: `experts ${experts} of swiglu(hidden: ${hidden})\n  ${more}`,
    tiers: [`tier all otherwise sees ${met}`],
    router: ["select Visible[token_id]", "weight one"],
    batch,
  });

/** The tables of a variant: [V, n] expert numbers of each layer. */
const tablesOf = ({ engine }) =>
  engine.kept("data").flatMap(({ name, source }) => (source?.form === "experts" ? [engine.view("data", name)] : []));

/** Every token meets the experts of the other variant, and behind them all that are shared. */
function copyTables(from, to, { experts, met, shared }) {
  const sources = tablesOf(from);
  for (const [layer, table] of tablesOf(to).entries()) {
    const all = met + shared;
    for (let id = 0; id < table.length / all; id++) {
      table.set(sources[layer].subarray(id * met, (id + 1) * met), id * all);
      for (let s = 0; s < shared; s++) table[id * all + met + s] = experts + s;
    }
  }
}

async function measure(shape) {
  const { experts, met, hidden, shared, batch } = shape;
  const more = { ...shape, experts: experts + shared, met: met + shared };
  const options = { dispatch: { Mixture: "sorted-grouped" } };
  const dense = await open(textOf(shape, `shared ${shared} of swiglu(hidden: ${hidden})`), { name: "dense", options });
  const group = await open(textOf(more, ""), { name: "group", options });
  copyTables(dense, group, shape);
  const times = await takeTurns([dense, group], rounds);
  const isMixture = (_, { scope }) => /\.mixture$/.test(scope);
  const ms = (variant, seconds, of) => sums(variant.plan, seconds, of).ms;
  const rows = times[0].map((_, round) =>
    [isMixture, () => true].map((of) => [ms(dense, times[0][round], of), ms(group, times[1][round], of)]),
  );
  const column = (at) => rows.map((row) => row[at]);
  const said = [0, 1].map((at) => {
    const { middle, low, high } = interval(column(at).map(([a, b]) => b / a));
    const [a, b] = [0, 1].map((side) => median(column(at).map((pair) => pair[side])).toFixed(1));
    return `${a} ms | ${b} ms | ${middle.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
  });
  const launches = [dense, group].map(({ plan }) => sums(plan, undefined, isMixture).launches).join(" / ");
  for (const { close } of [dense, group]) await close();
  return `| ${batch * 256} tokens, ${met} of ${experts} experts of ${hidden}, ${shared} shared | ${launches} | ${said.join(" | ")} |`;
}

const lines = [
  "| width 256, two layers, forward and backward | launches of the mixture: dense / group | mixture, dense | as a group | ratio | step, dense | as a group | ratio |",
  "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
];
for (const shape of SHAPES) lines.push(await measure(shape));
process.stdout.write(`${lines.join("\n")}\n`);
process.exit(0);
