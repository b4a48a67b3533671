/** The generated trainer: it type-checks strictly, refuses wrong names, and trains in plain Node as `moec train` does. */
import { mkdirSync, symlinkSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { type Machine, tinyMachine } from "./machine.js";

let installed: Promise<Machine> | undefined;

/** A machine where the package is installed and the tiny design is compiled: once for all tests. */
const compiled = (): Promise<Machine> => (installed ??= install());

async function install(): Promise<Machine> {
  const m = tinyMachine();
  mkdirSync(m.path("node_modules"));
  symlinkSync(resolve("."), m.path("node_modules/moec"), "junction");
  m.write("package.json", '{ "type": "module" }');
  expect(await m.moec("compile", "tiny.moe")).toMatchObject({ code: 0, stderr: "" });
  return m;
}

it("is typed by the design", async () => {
  const m = await compiled();
  m.write(
    "use.ts",
    `import { createTrainer, design, type Metrics, type Trainer, type WeightName } from "./generated/tiny/ts/trainer.js";

const trainer: Trainer = await createTrainer({ seed: 3, log: console.log });
const metrics: Metrics = await trainer.step();
const entropy: number = metrics.router_entropy[0]! + metrics.cross_entropy;
const experts: 4 = design.mixtures.Mixture.experts;
const name: WeightName = "layers.1.mixture.router.weight";
const weight: Float32Array = trainer.weight(name);
console.log(entropy, experts, weight.length);
// @ts-expect-error there is no third layer
trainer.weight("layers.2.mixture.router.weight");
// @ts-expect-error the spec does not watch this
metrics.nothing;
await trainer.close();
`,
  );
  const options = [
    "--strict",
    "--noEmit",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--skipLibCheck",
    "--noUnusedLocals",
  ];
  const types = ["--types", "node", "--typeRoots", resolve("node_modules/@types")];
  const outcome = await m.node(resolve("node_modules/typescript/bin/tsc"), ...options, ...types, "use.ts");
  expect(outcome).toMatchObject({ code: 0, stdout: "" });
});

it("trains step by step, evaluates, writes, saves and goes back, like the command", async () => {
  const m = await compiled();
  m.write(
    "use.mjs",
    `import { createTrainer, design } from "./generated/tiny/ts/trainer.js";

const trainer = await createTrainer();
const losses = [];
for (let i = 0; i < 5; i++) losses.push((await trainer.step()).loss);
const evaluation = await trainer.evaluate();
const saved = trainer.save("mine");
const next = (await trainer.step()).loss;
trainer.load("mine");
const again = (await trainer.step()).loss;
const text = await trainer.sample("the ", { tokens: 4, seed: 1 });
trainer.load("mine");
const result = await trainer.train({ folder: "mine", steps: 8 });
console.log(JSON.stringify({ name: design.name, losses, evaluation, saved, next, again, text, result, done: trainer.done() }));
await trainer.close();
`,
  );
  const { code, stdout, stderr } = await m.node("use.mjs");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const found = JSON.parse(stdout);
  await m.moec("train", "tiny.moe", "--steps", "8", "--out", "theirs");
  const theirs = m
    .read("theirs/metrics.jsonl")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(found.losses).toEqual(theirs.slice(0, 5).map(({ loss }) => loss));
  expect([found.next, found.again]).toEqual([theirs[5].loss, theirs[5].loss]);
  expect(found.evaluation.loss).toBe(theirs[4].val_loss);
  expect(found).toMatchObject({
    name: "Tiny",
    saved: "mine/checkpoints/5",
    done: 8,
    result: { outcome: "finished", step: 8 },
  });
  expect(typeof found.text).toBe("string");
  const bytes = (run: string) => m.bytes(`${run}/checkpoints/8/model.safetensors`);
  expect(bytes("mine").equals(bytes("theirs"))).toBe(true);
});

it("says which file of its folder is missing or of another compilation", async () => {
  const m = await compiled();
  m.write(
    "use.mjs",
    'import { createTrainer } from "./generated/tiny/ts/trainer.js";\nawait createTrainer().catch((e) => console.log(e.message));\n',
  );
  const plan = m.read("generated/tiny/plan.json");
  m.write("generated/tiny/plan.json", plan.replace(/"hash":"...../, '"hash":"00000'));
  expect((await m.node("use.mjs")).stdout).toContain("MOE6013");
  m.write("generated/tiny/plan.json", plan.slice(0, 1000));
  expect((await m.node("use.mjs")).stdout).toContain("it is not JSON");
});
