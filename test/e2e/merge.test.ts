/** Branch-Train-MiX as a user does it: dense models are trained, become the experts of a mixture, and go on learning. */
import { describe, expect, it } from "vitest";
import { nodeHost } from "../../src/host/node.js";
import { readSafetensors, type Safetensors } from "../../src/runtime/safetensors.js";
import { machine, texts } from "./machine.js";

const spec = (layer: string, model: string): string => `edition 1

model Tiny {
  vocab = 256
  context = 16
  d_model = 16

  embed tokens tied
  repeat 2 of Layer
  ${model}
  head linear
}

block Layer {
  residual Attend after rms
  residual ${layer} after rms
}

attention Attend {
  heads = 2
  position = rope(base: 10_000)
}

dense Feed {
  ffn swiglu(hidden: 24)
}

moe Mixture {
  experts 2 of swiglu(hidden: 24)
  router {
    score linear
    gate softmax
    select top(2) per token
    weight gate
    balance switch(0.01)
  }
}

train Pretrain {
  model = Tiny
  data = text(["data/*.txt"])
  tokenizer = byte
  batch = 2 * context
  steps = 4
  seed = 1
  optimize adamw(lr: 1e-2, betas: [0.9, 0.95], decay: 0.0) for [matrices, router, norms, embeddings]
  schedule warmup(1) then constant
}
`;

const values = (file: Safetensors, name: string): number[] => Array.from(file.tensors.get(name)!.float32());

describe("init merge", () => {
  it("makes a mixture of two trained models, which then learns", async () => {
    const m = machine({
      "dense.moe": spec("Feed", ""),
      // runs are named from where the command is given, wherever the spec lies
      "specs/mixed.moe": spec("Mixture", 'init merge(["runs/one", "runs/two/checkpoints/4/model.safetensors"])'),
      ...texts(),
    });
    for (const [name, seed] of [
      ["one", "1"],
      ["two", "2"],
    ] as const) {
      const trained = await m.moec("train", "dense.moe", "--out", `runs/${name}`, "--seed", seed);
      expect(trained).toMatchObject({ code: 0 });
    }
    const made = await m.moec("init", "specs/mixed.moe", "--out", "w.safetensors");
    expect(made).toMatchObject({ code: 0 });
    const open = (path: string) => readSafetensors(nodeHost, m.path(path));
    const [one, two] = ["one", "two"].map((name) => open(`runs/${name}/checkpoints/4/model.safetensors`));
    const mixed = open("w.safetensors");
    for (const name of mixed.tensors.keys()) {
      const expert = /^(layers\.\d)\.mixture\.experts\.(.+)$/.exec(name);
      if (expert) {
        const from = `${expert[1]}.feed.${expert[2]}`;
        expect(values(mixed, name)).toEqual([...values(one!, from), ...values(two!, from)]);
      } else if (!name.includes("router")) {
        const from = name.replace(".mixture.norm", ".feed.norm");
        const [a, b] = [values(one!, from), values(two!, from)];
        expect(a).not.toEqual(b);
        expect(values(mixed, name)).toEqual(a.map((x, i) => Math.fround((x + b[i]!) / 2)));
      }
    }
    const trained = await m.moec("train", "specs/mixed.moe", "--out", "runs/mixed");
    expect(trained).toMatchObject({ code: 0 });
    const losses = m
      .read("runs/mixed/metrics.jsonl")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { cross_entropy: number }).cross_entropy);
    // better than guessing from the first step on, and better at the end
    expect(losses[0]).toBeLessThan(Math.log(256));
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });
});
