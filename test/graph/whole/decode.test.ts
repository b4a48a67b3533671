/**
 * Writing token by token: where tokens meet through causal attention alone, the program that computes one position from
 * kept keys and values gives the logits of the whole-context program, for every shipped spec and every architecture
 * word; elsewhere the compiler says which line lets them meet.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Design } from "../../../src/2-design/design.js";
import { whyNoCache } from "../../../src/3-graph/cacheable.js";
import { interpret } from "../../../src/3-graph/interpreter.js";
import { type Tensor, tensor } from "../../../src/3-graph/tensor.js";
import { checkSpec, graphsOf } from "../../../src/pipeline.js";
import { papers } from "../../designs/papers/index.js";
import { sequences as batch, type PaperCase } from "../../designs/papers/paper.js";
import { designOf, leavesOf } from "../../designs/small.js";
import { randomWords, seesOf } from "../../dispatch/random-words.js";
import { architectures, SEQ as seq } from "./architectures.js";
import { textOf } from "./designs.js";

/** Specs that let tokens meet elsewhere, and where. */
const meeting: Readonly<Record<string, string>> = {
  "expert-choice": "Mixture.router.select",
  "soft-moe": "Mixture.router.dispatch",
  "mixture-of-depths": "Depth.experts",
  gshard: "Mixture.router.limit",
  switch: "Mixture.router.limit[1]",
  mor1e: "Mixture.router.weight",
  "stable-moe": "Mixture.router.limit",
  "moe-plus-plus": "Mixture.router.limit",
  xmoe: "Mixture.router.limit",
  moa: "Attend.router.limit",
};

type Given = Pick<PaperCase, "sees">;

/** What each program has to say of the same weights, [B·S, V]: the whole, and position by position after `start` of them. */
function bothWays(design: Design, given: Given, start: number) {
  const programs = ["sample", "prefill", "decode"] as const;
  const { graphs } = graphsOf(design, { batch, seq, programs });
  const all = new Map(programs.flatMap((name) => [...leavesOf(graphs[name]!, given as PaperCase)]));
  const run = (name: (typeof programs)[number]) => {
    const wanted = graphs[name]!.nodes.flatMap(({ op }) => ("name" in op ? [op.name] : []));
    return interpret(graphs[name]!, new Map(wanted.map((leaf) => [leaf, all.get(leaf)!])));
  };
  const whole = run("sample").outputs.get("logits")!;
  const vocab = whole.data.length / (batch * seq);
  const steps = new Float64Array(whole.data.length);
  const place = (t: number, logits: Tensor, row: number): void =>
    steps.set(logits.data.subarray(row * vocab, (row + 1) * vocab), t * vocab);
  const keep = ({ updates }: ReturnType<typeof run>): void => {
    for (const [name, value] of updates) all.set(name, value);
  };
  const ids = all.get("tokens")!.data.slice();
  if (start > 0) {
    // what stands behind the prompt is not part of the text
    all.set(
      "tokens",
      tensor(
        [{ name: "T", size: batch * seq }],
        ids.map((id, t) => (t % seq < start ? id : 0)),
        "i32",
      ),
    );
    const filled = run("prefill");
    for (let t = 0; t < batch * seq; t++) if (t % seq < start) place(t, filled.outputs.get("logits")!, t);
    keep(filled);
  }
  const row = (values: number[]) => tensor([{ name: "T", size: batch }], values, "i32");
  const firsts = Array.from({ length: batch }, (_, b) => b * seq);
  for (let at = start; at < seq; at++) {
    all.set("position", row(firsts.map(() => at)));
    all.set("token", row(firsts.map((first) => ids[first + at]!)));
    const stepped = run("decode");
    for (const [b, first] of firsts.entries()) place(first + at, stepped.outputs.get("logits")!, b);
    keep(stepped);
  }
  return { whole: whole.data, steps };
}

const farthest = ({ whole, steps }: ReturnType<typeof bothWays>): number =>
  Array.from(steps).reduce((far, x, i) => Math.max(far, Number.isNaN(x) ? Infinity : Math.abs(x - whole[i]!)), 0);

const shipped = papers.map((each, i) => ({ name: `${each.spec} ${i}`, given: each, design: designOf(each) }));
const ofText = (name: string, text: string) => {
  const { design, diagnostics } = checkSpec({ path: "small.moe", text });
  if (!design) throw new Error(diagnostics.map(({ message }) => message).join());
  return { name, given: {}, design };
};
const words = architectures.map(({ name, text }) => ofText(name, text));
const routers = [
  [
    "experts choose, a predictor stands in",
    'score linear; gate sigmoid; select top(2) per expert; weight gate; balance predictor(bce); allow lookahead because "a test"',
  ],
  ["mass of the gate", "score linear; gate softmax; select mass(0.6) at most 3; weight gate renormalized"],
  [
    "phases",
    "score linear; gate softmax; select top(1) per token until step(2); select top(2) per token from step(2); weight gate",
  ],
].map(([name, router]) => ofText(name!, textOf({ router: router!.replaceAll("; ", "\n") })));

const cacheable = [...shipped, ...words, ...routers].filter(({ design }) => !whyNoCache(design));

it.each(cacheable.map((each, i) => ({ ...each, start: i % 4 })))("$name, after $start tokens", (each) => {
  expect(farthest(bothWays(each.design, each.given, each.start))).toBeLessThan(1e-11);
});

it("random designs give the same whenever they may be written token by token", () => {
  const drawn = fc.sample(randomWords, {
    seed: Number(process.env.MOEC_SEED ?? 20_261),
    numRuns: Number(process.env.MOEC_RANDOM ?? 30),
  });
  const designs = drawn.flatMap((words) => checkSpec({ path: "random.moe", text: textOf(words) }).design ?? []);
  const allowed = designs.filter((design) => !whyNoCache(design));
  expect(allowed.length).toBeGreaterThan(5);
  for (const design of allowed) expect(farthest(bothWays(design, { sees: seesOf(design) }, 2))).toBeLessThan(1e-11);
});

it("says where tokens meet", () => {
  const found = shipped.flatMap(({ given: { spec }, design }) => {
    const why = whyNoCache(design);
    return why ? [[spec, why.because]] : [];
  });
  expect(Object.fromEntries(found)).toMatchObject(meeting);
  expect(cacheable.length).toBeGreaterThan(40);
});

it.each([
  [
    "noise that stays",
    { router: "score linear; noise jitter(1%); gate softmax; select top(1) per token; weight gate" },
    "Mixture.router.noise",
  ],
  [
    "runs of tokens",
    {
      unit: "chunk(2)",
      router: 'score linear; gate softmax; select top(1) per chunk; weight gate; allow lookahead because "a test"',
    },
    "Mixture.unit",
  ],
  [
    "room by score",
    {
      router: "score linear; gate softmax; select top(1) per token; weight gate; limit capacity(4) else next by score",
    },
    "Mixture.router.limit",
  ],
])("refuses %s", (_, { router, ...more }, path) => {
  const { design } = ofText("", textOf({ ...more, router: router.replaceAll("; ", "\n") }));
  expect(whyNoCache(design)?.because).toBe(path);
});

it("refuses attention to later tokens", () => {
  const { text } = architectures.find(({ name }) => name.startsWith("an encoder"))!;
  expect(whyNoCache(ofText("", text).design)?.because).toMatch(/\.mask$/);
});
