/** Random designs over all slots and expert kinds, as text: most are valid, and what is not is refused with a code. */
import fc from "fast-check";
import type { Design } from "../../src/2-design/design.js";
import type { Sees, Words } from "../graph/whole/designs.js";

const maybe = (line: fc.Arbitrary<string>, freq = 2): fc.Arbitrary<string[]> =>
  fc.oneof(
    { weight: freq, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: line.map((each) => [each]) },
  );
const oneOf = (...lines: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...lines);

const KINDS = ["swiglu", "geglu", "gelu", "relu", "silu"];
const BARE = ["copy", "zero", "constant", "rank1", "neuron", "linear", "attention(Attend)"];

const experts = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.tuple(fc.integer({ min: 1, max: 4 }), oneOf(...KINDS), oneOf("", ", bias: true", ", clamp: 1")),
      },
      { weight: 1, arbitrary: fc.tuple(fc.integer({ min: 1, max: 3 }), oneOf(...BARE), fc.constant("")) },
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((groups) => {
    const total = groups.reduce((n, [count]) => n + count, 0);
    const lines = groups.map(([count, kind, more], i) => {
      // never fewer than four experts, so that groups and top(2) have something to choose from
      const n = i === 0 && total < 4 ? count + 4 - total : count;
      return `experts ${n} of ${kind}${KINDS.includes(kind) ? `(hidden: 5${more})` : ""}`;
    });
    return { lines, count: Math.max(4, total) };
  });

const shared = maybe(
  oneOf("shared 1 of swiglu(hidden: 5)", "shared 2 of relu(hidden: 3)", "shared 1 of gelu(hidden: 5) gated"),
  3,
);
const phase = oneOf("", "", "", " until step(5)", " from step(1)", " while training");

const scores = fc.oneof(
  {
    weight: 4,
    arbitrary: oneOf(
      "score linear",
      "score linear(bias)",
      "score linear normalized",
      "score cosine",
      "score mlp(hidden: 6, act: tanh)",
    ),
  },
  {
    weight: 1,
    arbitrary: oneOf(
      "score linear\nscore linear(from: previous.scores)",
      "score linear\nscore mlp(hidden: 3, act: tanh)",
    ),
  },
);
const noise = maybe(
  oneOf("noise jitter(5%) while training", "noise gaussian(learned) while training", "noise jitter(1%) until step(9)"),
  4,
);
const gates = oneOf("gate softmax", "gate softmax", "gate sigmoid", "gate relu", "gate sqrt_softplus", "gate identity");
const biases = maybe(
  oneOf("bias load_balance(rate: 1e-3, step: sign)", "bias load_balance(control: proportional)", "bias quantile"),
  4,
);
const weights = oneOf(
  "weight gate",
  "weight gate",
  "weight gate renormalized",
  "weight gate renormalized over kept",
  "weight gate renormalized over computing",
  "weight gate renormalized scaled(2.5)",
  "weight gate on input",
  "weight softmax over selected",
  "weight intuition(first: 2)",
  "weight one",
);
const limits = fc.oneof(
  { weight: 3, arbitrary: oneOf("limit none") },
  {
    weight: 2,
    arbitrary: oneOf("limit capacity(1) else drop", "limit capacity(1.25) else drop", "limit capacity(0.6) else drop"),
  },
  {
    weight: 1,
    arbitrary: oneOf(
      "limit capacity(1) else next",
      "limit capacity(1) else copy",
      "limit capacity(0.8) else drop by score",
    ),
  },
);
const losses = fc
  .subarray(
    [
      "balance switch(0.01)",
      "balance gshard(0.01)",
      "balance sequence(1e-2)",
      "balance z_loss(1e-2)",
      "balance importance(0.1)",
      "balance mutual_information(0.1)",
    ],
    { maxLength: 2 },
  )
  .chain((lines) => fc.tuple(...lines.map((line) => phase.map((when) => `${line}${when}`))));
const tiers = oneOf(
  "tier frequent when (coverage <= 60%) sees 3\n  tier rare otherwise sees 1",
  "tier frequent when (coverage <= 60%) sees 2\n  tier rare otherwise sees 1",
  "tier all otherwise sees 2",
  "tier all otherwise sees 1",
);

const selects = (unit: string, count: number): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.integer({ min: 1, max: Math.min(4, count) }).map((k) => `select top(${k}) per ${unit}`),
    },
    {
      weight: 3,
      arbitrary: oneOf(
        "select mass(0.6) at most 3",
        "select above(0.3) at most 3",
        "select above(0.7) at most 3 at least 1",
        "select positive",
        "select all",
      ),
    },
    {
      weight: 2,
      arbitrary: oneOf(
        "select top(capacity(1.5)) per expert within batch",
        "select top(3) per expert within sequence",
        "select top(50%) per sequence",
        "select balanced per batch",
        "select balanced(by: sinkhorn, rounds: 2) per batch",
        `select top(1) per ${unit} until step(3)\nselect top(2) per ${unit} from step(3)`,
      ),
    },
  );

/** Words of one random design. */
export const randomWords: fc.Arbitrary<Words> = fc
  .record({ experts, shared, heads: fc.integer({ min: 0, max: 6 }), layers: fc.constantFrom(1, 1, 2) })
  .chain(({ experts, shared, heads, layers }) => {
    const sub = heads === 2;
    const unit = sub ? "subtoken" : "token";
    return fc
      .record({
        scores,
        noise,
        mask: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: tiers }),
        over: fc.integer({ min: 0, max: 2 }).map((n) => n > 0),
        gate: gates,
        biases,
        group: maybe(oneOf("group 2 keep top(1) by max", "group 2 keep top(1) by sum(top: 2)"), 6),
        select: selects(unit, experts.count),
        byTable: fc.integer({ min: 0, max: 5 }),
        rest: maybe(oneOf("rest copy", "rest zero"), 2),
        weight: weights,
        limit: limits,
        losses,
      })
      .map((r): Words => {
        const masked = r.mask !== undefined;
        const table = masked && r.byTable === 0;
        const gate = masked && !table && r.over ? "gate softmax over visible" : r.gate;
        const losses = r.losses.map((line) =>
          masked && r.over && /switch|gshard/.test(line) ? overVisible(line) : line,
        );
        const whole = [
          r.scores,
          ...r.noise,
          ...(masked && !table ? ["mask Visible[token_id]"] : []),
          gate,
          ...(table ? [] : r.biases),
          ...(table || experts.count % 2 === 1 ? [] : r.group),
          table ? "select Visible[token_id]" : r.select,
          ...r.rest,
          r.weight,
          r.limit,
          ...(table ? [] : losses),
        ];
        const lines = [...whole, ...waiversFor(whole)].join("\n");
        return {
          router: lines,
          experts: experts.lines.join("\n  "),
          shared: shared.join("\n  "),
          layers,
          ...(sub && { unit: "subtoken(heads: 2, split: linear, merge: linear)" }),
          ...(r.mask !== undefined && { tiers: r.mask }),
        };
      });
  });

/** `balance switch(0.01) over visible while training` */
const overVisible = (line: string): string => line.replace(/\)/, ") over visible");

/** Reasons where a check asks for one; a reason that nobody needs is a mistake as well. */
function waiversFor(lines: readonly string[]): readonly string[] {
  const ahead = lines.some((line) => /per (expert|sequence|batch)/.test(line));
  return ahead ? ['allow lookahead because "random"'] : [];
}

/** Rows of the tables: as many experts as the tiers say, spread by id and layer. */
export function seesOf(design: Design): Sees {
  const experts = design.mixtures.Mixture!.expertCount;
  const tiers = design.tables.Visible?.tiers ?? [];
  const [most, least] = [Math.max(...tiers.map((t) => t.sees)), Math.min(...tiers.map((t) => t.sees))];
  return (id, layer) => {
    const count = id % 2 === 0 ? most : least;
    const all = Array.from({ length: count }, (_, i) => (id * 3 + layer + i * (i > 1 ? 1 : 2)) % experts);
    return [...new Set(all)].sort((a, b) => a - b);
  };
}
