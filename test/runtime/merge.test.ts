/** Weights made from several dense models: which tensor comes from where, and every way in which that can fail. */
import { describe, expect, it } from "vitest";
import type { Design } from "../../src/2-design/design.js";
import { weightsOf } from "../../src/2-design/weights.js";
import type { DiagnosticError } from "../../src/diagnostics/diagnostic.js";
import { type MemoryHost, memoryHost } from "../../src/host/memory.js";
import { checkSpec } from "../../src/pipeline.js";
import { mergeFor } from "../../src/runtime/merge.js";
import { mergedTokenizer } from "../../src/runtime/merged-tokenizer.js";
import { writeSafetensors } from "../../src/runtime/safetensors-write.js";
import { startValues } from "../../src/runtime/start-weights.js";

const model = (init: string, layer: string): string => `edition 1
model M {
  vocab = 8
  context = 4
  d_model = 4
  embed tokens
  repeat 2 of Layer
  ${init}
  head linear
}
block Layer {
  residual Attend
  ${layer}
}
attention Attend { heads = 2 }
attention Second from Attend {}
dense Feed { ffn swiglu(hidden: 3) }
dense Other { ffn swiglu(hidden: 3) }
dense Wide { ffn swiglu(hidden: 5) }
moe Mixture {
  experts 1 of swiglu(hidden: 3)
  experts 1 of copy
  experts 2 of swiglu(hidden: 3)
  router { score linear; gate softmax; select top(2) per token; weight gate; balance switch(0.01) }
  INIT
}
`;

const paths = ["a.safetensors", "runs/b/w.safetensors", "c.safetensors"];
const quoted = paths.map((path) => JSON.stringify(path)).join(", ");

function designOf(init: string, layer: string, inner = ""): Design {
  const text = model(init, layer).replace("INIT", inner);
  const { design, diagnostics } = checkSpec({ path: "m.moe", text });
  if (!design) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return design;
}

/** A model with numbers that tell which model, weight and place they are from. */
function writeModel(host: MemoryHost, path: string, seed: number, layer = "residual Feed"): void {
  const tensors = weightsOf(designOf("", layer)).map(({ name, shape }, at) => {
    const size = shape.reduce((product, each) => product * each, 1);
    return {
      name,
      shape,
      dtype: "F32" as const,
      data: Float32Array.from({ length: size }, (_, i) => valueAt(seed, at, i)),
    };
  });
  writeSafetensors(host, path, tensors, {});
}

const valueAt = (seed: number, weight: number, i: number): number => 1000 * seed + 10 * weight + i / 16;

function machine(layer?: string): MemoryHost {
  const host = memoryHost({});
  paths.forEach((path, i) => {
    writeModel(host, path, i + 1, layer);
  });
  return host;
}

/** The values of a weight of the dense model, by the model. */
function dense(name: string): (seed: number) => number[] {
  const weights = weightsOf(designOf("", "residual Feed"));
  const at = weights.findIndex((weight) => weight.name === name);
  const size = weights[at]!.shape.reduce((product, each) => product * each, 1);
  return (seed) => Array.from({ length: size }, (_, i) => valueAt(seed, at, i));
}

const mean = (of: (seed: number) => number[]): number[] => of(1).map((x, i) => (x + of(2)[i]! + of(3)[i]!) / 3);

function merged(host: MemoryHost, design: Design): Map<string, number[]> {
  const merge = mergeFor(host, design);
  return new Map(weightsOf(design).map((weight) => [weight.name, Array.from(startValues(7, weight, merge))]));
}

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (cause) {
    return (cause as DiagnosticError).diagnostics[0]!.code;
  }
  return "none";
};

describe("a merged model", () => {
  const design = designOf(`init merge([${quoted}])`, "residual Mixture");
  const values = merged(machine(), design);

  it("takes each expert from one model, and passes over experts without weights", () => {
    for (const layer of [0, 1]) {
      for (const last of ["gate.weight", "up.weight", "down.weight"]) {
        const of = dense(`layers.${layer}.feed.${last}`);
        expect(values.get(`layers.${layer}.mixture.experts.0.${last}`)).toEqual(of(1));
        expect(values.get(`layers.${layer}.mixture.experts.2.${last}`)).toEqual([...of(2), ...of(3)]);
      }
    }
  });

  it("takes the mean of everything else, the norm of a mixture from where the network stood", () => {
    const others = weightsOf(design).filter(({ name }) => !/\.(experts|router)\./.test(name));
    expect(others.length).toBe(3 + 2 * 6);
    for (const { name } of others) {
      const want = mean(dense(name.replace(".mixture.norm", ".feed.norm")));
      expect(
        values
          .get(name)!
          .map((x, i) => Math.abs(x - want[i]!))
          .filter((far) => far > 1e-3),
      ).toEqual([]);
    }
  });

  it("draws its routers, the same whatever is merged", () => {
    const drawn = merged(machine(), designOf("", "residual Mixture"));
    for (const layer of [0, 1]) {
      const name = `layers.${layer}.mixture.router.weight`;
      expect(values.get(name)).toEqual(drawn.get(name));
    }
  });

  it("starts single weights otherwise where their part says so", () => {
    const zeros = merged(machine(), designOf(`init merge([${quoted}])`, "residual Mixture", "init down zeros"));
    expect(new Set(zeros.get("layers.1.mixture.experts.2.down.weight"))).toEqual(new Set([0]));
    const one = merged(machine(), designOf("", "residual Mixture", `init up merge([${quoted}])`));
    expect(one.get("layers.1.mixture.experts.0.up.weight")).toEqual(dense("layers.1.feed.up.weight")(1));
    expect(one.get("embed.weight")).not.toEqual(values.get("embed.weight"));
  });
});

describe("a merge that cannot be made", () => {
  const layer = "residual Mixture";
  it.each([
    ["MOE6004", `init merge([${quoted}])`, "residual Other; residual Mixture", undefined, "a part no model has"],
    ["MOE6006", `init merge([${quoted}])`, layer, "residual Wide", "networks of another width"],
    ["MOE6004", `init merge([${quoted}])`, layer, "residual Second", "models without a network in the layer"],
    ["MOE6050", `init merge([${quoted}])`, layer, "residual Feed; residual Other", "two networks in a layer"],
    ["MOE6009", 'init merge(["../a", "b", "c"])', layer, undefined, "a path that leaves the project"],
    ["MOE6009", 'init merge(["/tmp/a", "b", "c"])', layer, undefined, "an absolute path"],
    ["MOE6013", 'init merge(["no.safetensors", "b", "c"])', layer, undefined, "a file that is not there"],
    ["MOE6016", 'init merge(["runs", "b", "c"])', layer, undefined, "a folder without checkpoints"],
    ["MOE6007", 'init merge(["bad.safetensors", "b", "c"])', layer, undefined, "a file of something else"],
  ])("%s: %s, %s, %s: %s", (code, init, stack, written, _) => {
    const host = machine(written);
    host.files.set("/project/bad.safetensors", new TextEncoder().encode("not tensors at all"));
    expect(codeOf(() => merged(host, designOf(init, stack)))).toBe(code);
  });

  it("MOE6053: models whose runs have other tokenizers; a file of weights without one is taken at its word", () => {
    const design = designOf(`init merge([${quoted}])`, layer);
    const host = machine();
    host.write("tokenizer.json", "one");
    expect(merged(host, design).size).toBeGreaterThan(0);
    expect(mergedTokenizer(host, design)).toEqual({ kind: "file", path: expect.stringMatching(/tokenizer\.json$/) });
    host.write("runs/b/tokenizer.json", "another");
    expect(codeOf(() => merged(host, design))).toBe("MOE6053");
  });
});
