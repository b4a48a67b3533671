/**
 * The weight classes, proven by doing it: a run of `pairs/base.moe` is taken over by every design of the library, and
 * tensor by tensor the new one starts as its class says. Where the function must be the same, its loss is; two runs
 * are trained on.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { weightLines } from "../../src/diff/render/weights-text.js";
import { planTransfer, type TensorPlan } from "../../src/diff/transfer/plan-transfer.js";
import { weightsLayer } from "../../src/diff/weights-layer.js";
import { readSafetensors } from "../../src/runtime/safetensors.js";
import { type Called, commandLineOn } from "../cli/command-line.js";
import { designOf, type Edit, edited } from "./designs.js";
import { base, pairs } from "./library.js";

const sentence = "the cat sat on the mat, and nobody knew why; then it rained again. ";
const texts = Object.fromEntries(
  [..."abcdef"].flatMap((name) => ["md", "txt"].map((end) => [`docs/${name}.${end}`, sentence.repeat(20)])),
);
const fast = edited(base, [["lr: 1e-3", "lr: 1e-2"]]);
const rows = { tokens: Array.from({ length: 4 }, (_, i) => [...Buffer.from(sentence.slice(7 * i, 7 * i + 17))]) };
const steps = 16;

let trained: Called;
beforeAll(async () => {
  trained = commandLineOn({ "a.moe": fast, "rows.json": JSON.stringify(rows), ...texts });
  expect(await trained.moec("train", "a.moe", "--out", "runs/a", "--steps", String(steps))).toMatchObject({ code: 0 });
});

const checkpoint = `runs/a/checkpoints/${steps}/model.safetensors`;

/** Numbers of a file on the trained machine, by name. */
function numbersOf(path: string): ReadonlyMap<string, Float32Array> {
  const { tensors } = readSafetensors(trained.host, path);
  return new Map([...tensors].map(([name, tensor]) => [name, Float32Array.from(tensor.data() as Float32Array)]));
}

/** The weights that a design starts with, taken over and anew, and what was said. */
async function started(text: string, run = "runs/a") {
  trained.host.write("b.moe", text);
  const fresh = await trained.moec("init", "b.moe", "--out", "fresh.safetensors");
  expect(fresh).toMatchObject({ code: 0, stderr: expect.not.stringContaining("error") });
  const from = await trained.moec("init", "b.moe", "--out", "b.safetensors", "--from", run);
  expect(from.stderr).not.toContain("error");
  expect(from.code).toBe(0);
  return { said: from.stderr, fresh: numbersOf("fresh.safetensors"), now: numbersOf("b.safetensors") };
}

/** Cross-entropy on the same tokens, by the interpreter. */
async function crossEntropy(spec: string, weights: string): Promise<number> {
  const flags = ["--weights", weights, "--tokens", "rows.json", "--out", "trace.safetensors", "--target", "reference"];
  expect(await trained.moec("trace", spec, ...flags)).toMatchObject({ code: 0, stderr: "" });
  return readSafetensors(trained.host, "trace.safetensors").tensors.get("cross_entropy")!.float32()[0]!;
}

const fromBase = pairs.filter(({ before }) => before === base);

describe("every class, tensor by tensor", () => {
  it.each(fromBase)("$name", async ({ after }) => {
    const plan = planTransfer(designOf(fast), designOf(after));
    const { tensors } = plan;
    const { said, fresh, now } = await started(after);
    const old = numbersOf(checkpoint);
    expect([...now.keys()].sort()).toEqual(tensors.map(({ tensor }) => tensor.name).sort());
    const equal = (a: Float32Array | undefined, b: Float32Array | undefined) =>
      a !== undefined && b !== undefined && Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
    for (const { tensor, status } of tensors) {
      const { name } = tensor;
      if (status === "re-initialised") expect(equal(now.get(name), fresh.get(name)), name).toBe(true);
      else if (status !== "convertible") expect(equal(now.get(name), old.get(name)), name).toBe(true);
      else expect(equal(now.get(name), fresh.get(name)), name).toBe(false);
    }
    expect(said).toContain(`starting from runs/a at step ${steps}`);
    // the lines are those of `moec diff`
    for (const line of weightLines(weightsLayer(plan), "listed", false)) expect(said).toContain(line);
  });
});

describe("what converts", () => {
  const plans = (text: string): ReadonlyMap<string, TensorPlan> =>
    new Map(planTransfer(designOf(fast), designOf(text)).tensors.map((each) => [each.tensor.name, each]));

  it("more experts: the first go on, the others start anew, and so do their router rows", async () => {
    const text = edited(fast, [["experts 4 of", "experts 6 of"]]);
    const { fresh, now } = await started(text);
    const old = numbersOf(checkpoint);
    for (const name of ["layers.1.mixture.experts.up.weight", "layers.0.mixture.router.weight"]) {
      expect(plans(text).get(name)!.status).toBe("convertible");
      const had = old.get(name)!.length;
      expect([...now.get(name)!.slice(0, had)]).toEqual([...old.get(name)!]);
      expect([...now.get(name)!.slice(had)]).toEqual([...fresh.get(name)!.slice(had)]);
      expect(now.get(name)!.length).toBe((had / 4) * 6);
    }
  });

  it("more tokens: the rows of the first go on", async () => {
    const { fresh, now } = await started(edited(fast, [["vocab = 256", "vocab = 320"]]));
    const old = numbersOf(checkpoint).get("embed.weight")!;
    expect([...now.get("embed.weight")!]).toEqual([...old, ...fresh.get("embed.weight")!.slice(old.length)]);
  });

  it("fewer key and value heads: means of those that are joined", async () => {
    const { now } = await started(edited(fast, [["heads = 4", "heads = 4\n  kv_heads = 2"]]));
    const name = "layers.0.attend.k.weight";
    const old = numbersOf(checkpoint).get(name)!;
    const run = 8 * 32;
    const head = (numbers: Float32Array, i: number) => numbers.slice(i * run, (i + 1) * run);
    const mean = (i: number) => head(old, i).map((value, at) => (value + head(old, i + 1)[at]!) / 2);
    expect([...head(now.get(name)!, 0)]).toEqual([...mean(0)]);
    expect([...head(now.get(name)!, 1)]).toEqual([...mean(2)]);
  });
});

describe("the same function", () => {
  const same: readonly (readonly [string, readonly Edit[]])[] = [
    [
      "of a renamed mixture",
      [
        ["residual Mixture", "residual Experts"],
        ["moe Mixture", "moe Experts"],
      ],
    ],
    ["of a head of its own", [["embed tokens tied", "embed tokens"]]],
    ["of a longer vocabulary without the new tokens", [["balance switch(0.01)", "balance switch(0.05)"]]],
  ];
  it.each(same)("%s", async (_what, edits) => {
    await started(edited(fast, edits));
    const loss = await crossEntropy("b.moe", "b.safetensors");
    expect(loss).toBe(await crossEntropy("a.moe", checkpoint));
    expect(loss).toBeLessThan((await crossEntropy("b.moe", "fresh.safetensors")) - 0.5);
  });

  it("of a dense block that becomes every expert, where weights sum to one", async () => {
    const dense = pairs.find(({ name }) => name === "dense-to-mixture")!.before;
    trained.host.write("dense.moe", edited(dense, [["lr: 1e-3", "lr: 1e-2"]]));
    expect(await trained.moec("train", "dense.moe", "--out", "runs/dense", "--steps", "4")).toMatchObject({ code: 0 });
    await started(edited(base, [["weight gate", "weight gate renormalized"]]), "runs/dense");
    const before = await crossEntropy("dense.moe", "runs/dense/checkpoints/4/model.safetensors");
    expect(await crossEntropy("b.moe", "b.safetensors")).toBeCloseTo(before, 6);
  }, 180_000);
});

describe("a run that starts from another one", () => {
  it("trains on: better than anew from its first step, with its own folder, and resumes", async () => {
    const { host, moec } = trained;
    host.write("wide.moe", edited(fast, [["experts 4 of", "experts 5 of"]]));
    const from = await moec("train", "wide.moe", "--from", "runs/a", "--out", "runs/wide", "--steps", "2", "--json");
    expect(from.stderr).toContain("starting from runs/a");
    expect(from.code).toBe(0);
    const fresh = await moec("train", "wide.moe", "--out", "runs/fresh", "--steps", "2", "--json");
    const losses = (text: string): readonly number[] =>
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).cross_entropy);
    expect(losses(from.stdout)[0]).toBeLessThan(losses(fresh.stdout)[0]! - 0.5);
    expect(losses(from.stdout)).toHaveLength(2);
    expect(JSON.parse(host.readText("runs/wide/manifest.json")).from).toMatchObject({ run: "runs/a", step: steps });
    const more = await moec("train", "wide.moe", "--resume", "--out", "runs/wide", "--steps", "3");
    expect(more.stdout).toContain("from step 2");
    expect(more.code).toBe(0);
    expect(JSON.parse(host.readText("runs/wide/manifest.json")).from).toMatchObject({ run: "runs/a" });
  }, 180_000);

  it("keeps the vocabulary of that one, whatever its own data would give", async () => {
    const { host, moec } = commandLineOn({
      "bpe.moe": edited(fast, [
        ["vocab = 256", "vocab = 300"],
        ["tokenizer = byte", "tokenizer = bpe(vocab: 300)"],
      ]),
      ...texts,
      "other/a.txt": "something else entirely: quick brown foxes jump over lazy dogs. ".repeat(60),
    });
    await moec("train", "bpe.moe", "--out", "runs/a", "--steps", "1");
    const other = ["--data", "other/*.txt", "--steps", "1"];
    expect(await moec("train", "bpe.moe", ...other, "--from", "runs/a", "--out", "runs/b")).toMatchObject({ code: 0 });
    expect(host.readText("runs/b/tokenizer.json")).toBe(host.readText("runs/a/tokenizer.json"));
    expect(await moec("train", "bpe.moe", "--resume", "--out", "runs/b", "--steps", "2")).toMatchObject({ code: 0 });
    await moec("train", "bpe.moe", ...other, "--out", "runs/c");
    expect(host.readText("runs/c/tokenizer.json")).not.toBe(host.readText("runs/a/tokenizer.json"));
  }, 180_000);
});

describe("mistakes", () => {
  it.each([
    ["no such folder", ["--from", "runs/none"], "MOE6013"],
    ["a folder that is no run", ["--from", "docs"], "MOE6013"],
    ["a run without a checkpoint", ["--from", "runs/empty"], "MOE6016"],
    ["a run that is resumed", ["--from", "runs/a", "--resume"], "MOE6021"],
    ["a checkpoint that lacks a tensor", ["--from", "runs/hurt"], "MOE6004"],
    ["a checkpoint that is cut off", ["--from", "runs/cut"], "MOE6007"],
  ])("%s", async (_what, flags, code) => {
    const { host, moec } = trained;
    for (const name of ["manifest.json", "spec.moe"]) {
      for (const run of ["empty", "hurt", "cut"]) host.write(`runs/${run}/${name}`, host.readBytes(`runs/a/${name}`));
    }
    for (const name of ["model.safetensors", "optimizer.safetensors", "state.json"]) {
      const bytes = host.readBytes(`runs/a/checkpoints/${steps}/${name}`);
      host.write(`runs/hurt/checkpoints/1/${name}`, bytes);
      host.write(`runs/cut/checkpoints/1/${name}`, name === "model.safetensors" ? bytes.slice(0, -8) : bytes);
    }
    host.write("runs/hurt/spec.moe", edited(fast, [["score linear", "score linear(bias)"]]));
    const { code: exit, stderr } = await moec("train", "a.moe", "--out", "runs/new", ...flags);
    expect(stderr).toContain(`error[${code}]`);
    expect(exit).toBe(1);
    expect(host.kind("runs/new")).toBeUndefined();
  });

  it("nothing that fits is a warning", async () => {
    trained.host.write(
      "none.moe",
      edited(fast, [
        ["d_model = 32", "d_model = 64"],
        ["vocab = 256", "vocab = 300"],
        ["tokenizer = byte", "tokenizer = bpe(vocab: 300)"],
      ]),
    );
    const { code, stderr } = await trained.moec("init", "none.moe", "--from", "runs/a", "--out", "n.safetensors");
    expect(stderr).toContain("warning[MOE6040]");
    expect(code).toBe(0);
  });
});
