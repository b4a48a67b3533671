/** From a config to a spec, from a run to a model and back: names, shapes, numbers, and everything that does not fit. */
import { beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../src/hugging-face/read-config.js";
import { readSafetensors } from "../../src/runtime/safetensors.js";
import { type Tensor, writeSafetensors } from "../../src/runtime/safetensors-write.js";
import { type Called, commandLineOn } from "../cli/command-line.js";
import { type Edit, edited } from "../diff/designs.js";
import { base } from "../diff/library.js";

const mixtral = {
  architectures: ["MixtralForCausalLM"],
  model_type: "mixtral",
  vocab_size: 256,
  max_position_embeddings: 16,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_theta: 1e6,
  tie_word_embeddings: false,
  sliding_window: null,
  num_local_experts: 4,
  intermediate_size: 64,
  num_experts_per_tok: 2,
  router_aux_loss_coef: 0.02,
  router_jitter_noise: 0,
  torch_dtype: "bfloat16",
  transformers_version: "4.36.0",
};
const qwen = {
  model_type: "qwen3_moe",
  vocab_size: 256,
  max_position_embeddings: 16,
  hidden_size: 32,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  head_dim: 16,
  num_key_value_heads: 4,
  rms_norm_eps: 1e-6,
  rope_parameters: { rope_theta: 5e5 },
  tie_word_embeddings: true,
  use_sliding_window: false,
  num_experts: 8,
  moe_intermediate_size: 24,
  intermediate_size: 48,
  num_experts_per_tok: 2,
  norm_topk_prob: true,
  decoder_sparse_step: 1,
  mlp_only_layers: [0],
  attention_bias: false,
};

async function imported(config: object): Promise<string> {
  const { host, moec } = commandLineOn({ "config.json": JSON.stringify(config) });
  const { code, stdout, stderr } = await moec("import", "config.json");
  expect([code, stderr]).toEqual([0, ""]);
  host.write("a.moe", stdout);
  expect(await moec("check", "a.moe")).toMatchObject({ code: 0 });
  expect(await moec("fmt", "a.moe", "--check")).toMatchObject({ code: 0 });
  return stdout;
}

describe("import", () => {
  it("mixtral", async () => {
    const spec = await imported(mixtral);
    for (const line of ["kv_heads = 2", "experts 4 of swiglu(hidden: 64)", "select top(2) per token"])
      expect(spec).toContain(line);
    expect(spec).toContain("weight softmax over selected");
    expect(spec).toContain("balance switch(0.02)");
    expect(spec).not.toContain("tied");
  });

  it("qwen3_moe, with a dense layer, normalised heads, and its base in another place", async () => {
    const spec = await imported(qwen);
    for (const line of [
      "repeat 1 of Dense",
      "repeat 2 of Sparse",
      "qk_norm = on",
      "rope(base: 500_000)",
      "head_dim = 16",
    ])
      expect(spec).toContain(line);
    expect(spec).toContain("weight gate renormalized");
    expect(await imported({ ...qwen, norm_topk_prob: false })).toMatch(/weight gate\n/);
    expect(await imported({ ...qwen, decoder_sparse_step: 2, mlp_only_layers: [] })).toContain("repeat 1 of Sparse");
  });

  it.each([
    ["another family", { ...mixtral, model_type: "llama" }, "MOE6041", "known: `mixtral`, `qwen3_moe`"],
    ["a key that nobody knows", { ...mixtral, n_shared_experts: 1 }, "MOE6041", "`n_shared_experts` is not known"],
    ["a value that no spec can say", { ...mixtral, hidden_act: "relu" }, "MOE6041", "`hidden_act`"],
    ["a size that is missing", { ...mixtral, vocab_size: undefined }, "MOE6041", "`vocab_size` is missing"],
    ["a size that is none", { ...mixtral, hidden_size: "32" }, "MOE6041", "not a number"],
    ["more choices than experts", { ...mixtral, num_experts_per_tok: 9 }, "MOE", "top"],
  ])("%s is refused", async (_what, config, code, words) => {
    const { moec } = commandLineOn({ "config.json": JSON.stringify(config) });
    const { code: exit, stdout, stderr } = await moec("import", "config.json");
    expect(stderr).toContain(code);
    expect(stderr).toContain(words);
    expect([exit, stdout]).toEqual([1, ""]);
  });

  it("tells all reasons together", () => {
    const config = { ...mixtral, a: 1, b: 2, hidden_act: "gelu" };
    expect(() => readConfig(JSON.stringify(config), "c.json")).toThrow(/`a`[\s\S]*`b`|MOE6041/);
    expect(() => readConfig("[]", "c.json")).toThrow(/MOE6013/);
  });

  it("writes a file, and over none", async () => {
    const { host, moec } = commandLineOn({ "hf/config.json": JSON.stringify(mixtral), "mine.moe": "mine" });
    expect((await moec("import", "hf", "--out", "a.moe", "--name", "Small")).code).toBe(0);
    expect(host.readText("a.moe")).toContain("model Small {");
    const refused = await moec("import", "hf", "--out", "mine.moe");
    expect([refused.code, host.readText("mine.moe")]).toEqual([1, "mine"]);
  });
});

const sentence = "the cat sat on the mat, and nobody knew why; then it rained again. ";
const few: Edit = ["heads = 4", "heads = 4\n  kv_heads = 2"];
const text = edited(base, [few, ["    gate softmax\n", ""], ["weight gate", "weight softmax over selected"]]);

describe("export and back", () => {
  let trained: Called;
  beforeAll(async () => {
    trained = commandLineOn({ "a.moe": text, "docs/a.md": sentence.repeat(60), "docs/b.md": sentence.repeat(60) });
    expect(await trained.moec("train", "a.moe", "--out", "runs/a", "--steps", "2")).toMatchObject({ code: 0 });
    expect(await trained.moec("export", "runs/a", "--hf", "hf")).toMatchObject({ code: 0, stderr: "" });
  });

  it("names each expert's tensors as the family does", () => {
    const { tensors } = readSafetensors(trained.host, "hf/model.safetensors");
    const ours = readSafetensors(trained.host, "runs/a/checkpoints/2/model.safetensors").tensors;
    expect([...tensors.keys()]).toContain("model.layers.1.block_sparse_moe.experts.3.w2.weight");
    expect(tensors.size).toBe(2 + 2 * (2 + 4 + 1 + 3 * 4));
    const down = ours.get("layers.1.mixture.experts.down.weight")!;
    const size = down.shape[1]! * down.shape[2]!;
    const theirs = tensors.get("model.layers.1.block_sparse_moe.experts.3.w2.weight")!;
    expect(theirs.shape).toEqual(down.shape.slice(1));
    expect([...theirs.float32()]).toEqual([...down.float32().slice(3 * size)]);
    expect(JSON.parse(trained.host.readText("hf/config.json"))).toMatchObject({
      model_type: "mixtral",
      num_local_experts: 4,
      num_key_value_heads: 2,
      tie_word_embeddings: true,
    });
    expect(trained.host.kind("hf/tokenizer.json")).toBe("file");
  });

  it("comes back to the bit: the config as the same design, the tensors as the same weights", async () => {
    expect((await trained.moec("import", "hf", "--out", "back.moe")).code).toBe(0);
    const { design } = JSON.parse((await trained.moec("diff", "back.moe", "a.moe", "--json")).stdout);
    expect(design.changes.filter(({ kind }: { kind: string }) => kind !== "train")).toEqual([]);
    const { code, stderr } = await trained.moec("init", "a.moe", "--from", "hf", "--out", "w.safetensors");
    expect([code, stderr]).toEqual([0, expect.stringMatching(/starting from hf[\s\S]*22 same/)]);
    const [a, b] = ["runs/a/checkpoints/2/model.safetensors", "w.safetensors"].map((path) =>
      readSafetensors(trained.host, path!),
    );
    expect([...b!.tensors.keys()].sort()).toEqual([...a!.tensors.keys()].sort());
    for (const [name, tensor] of a!.tensors)
      expect(
        Buffer.from(b!.tensors.get(name)!.float32().buffer).equals(Buffer.from(tensor.float32().buffer)),
        name,
      ).toBe(true);
  });

  const change = (edit: (tensors: readonly Tensor[]) => readonly Tensor[]) => {
    const { tensors } = readSafetensors(trained.host, "hf/model.safetensors");
    trained.host.write("hurt/config.json", trained.host.readText("hf/config.json"));
    writeSafetensors(
      trained.host,
      "hurt/model.safetensors",
      edit([...tensors.values()].map((t) => ({ ...t, data: t.data() }))),
    );
    return trained.moec("init", "a.moe", "--from", "hurt", "--out", "x.safetensors");
  };
  const router = "model.layers.0.block_sparse_moe.gate.weight";

  it.each<[string, string, (tensors: readonly Tensor[]) => readonly Tensor[]]>([
    ["a tensor too few", "MOE6004", (all) => all.filter(({ name }) => name !== router)],
    ["a tensor too many", "MOE6005", (all) => [...all, { ...all[0]!, name: "more" }]],
    ["another shape", "MOE6006", (all) => all.map((t) => (t.name === router ? { ...t, shape: [32, 4] } : t))],
  ])("%s is refused", async (_what, code, edit) => {
    const outcome = await change(edit);
    expect(outcome.stderr).toContain(code);
    expect(outcome.code).toBe(1);
  });

  it("gates that are renormalised are the same as a softmax over the selected experts", async () => {
    trained.host.write("gate.moe", edited(base, [few, ["weight gate", "weight gate renormalized"]]));
    await trained.moec("train", "gate.moe", "--out", "runs/gate", "--steps", "1");
    expect((await trained.moec("export", "runs/gate", "--hf", "gate")).stdout).toContain("mixtral");
    const loss = async (spec: string, weights: string) => {
      const flags = ["--weights", weights, "--tokens", "t.json", "--out", "t.safetensors", "--target", "reference"];
      expect((await trained.moec("trace", spec, ...flags)).code).toBe(0);
      return readSafetensors(trained.host, "t.safetensors").tensors.get("cross_entropy")!.float32()[0]!;
    };
    trained.host.write("t.json", JSON.stringify({ tokens: [[...Buffer.from(sentence.slice(0, 17))]] }));
    await trained.moec("import", "gate", "--out", "gate-back.moe");
    const run = await trained.moec("init", "gate-back.moe", "--from", "gate", "--out", "gate.safetensors");
    expect(run.code).toBe(0);
    const before = await loss("gate.moe", "runs/gate/checkpoints/1/model.safetensors");
    expect(await loss("gate-back.moe", "gate.safetensors")).toBeCloseTo(before, 6);
  }, 180_000);

  it("a design that no family holds is refused, with what it would lose, and nothing is written", async () => {
    trained.host.write("shared.moe", edited(text, [["score linear", "score linear(bias)"]]));
    await trained.moec("train", "shared.moe", "--out", "runs/s", "--steps", "1");
    const { code, stderr } = await trained.moec("export", "runs/s", "--hf", "none");
    expect(code).toBe(1);
    expect(stderr).toContain("MOE6042");
    expect(stderr).toContain("Mixture.router.score");
    expect(trained.host.kind("none")).toBeUndefined();
    const again = await trained.moec("export", "runs/a", "--hf", "hf");
    expect([again.code, again.stderr.includes("MOE6010")]).toEqual([1, true]);
  }, 180_000);
});
