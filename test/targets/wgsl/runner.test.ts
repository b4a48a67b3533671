/// <reference types="@webgpu/types" />
/** What the runner promises besides right numbers: one submission a run, limits and shortages told in full, a lost device opened again. */
import { describe, expect, it } from "vitest";
import { createBuilder } from "../../../src/3-graph/builder.js";
import * as e from "../../../src/3-graph/expr-build.js";
import { wgslBundleOf } from "../../../src/6-emit/bundle.js";
import { type Diagnostic, DiagnosticError } from "../../../src/diagnostics/diagnostic.js";
import { memoryHost } from "../../../src/host/memory.js";
import { checkSpec, compileWgsl } from "../../../src/pipeline.js";
import { DeviceLost } from "../../../src/runtime/device-lost.js";
import type { OpenGpu } from "../../../src/runtime/open-engine.js";
import { train } from "../../../src/runtime/train.js";
import { findAdapter } from "../../../src/targets/wgsl/adapter.js";
import { portable, softwareClass } from "../../../src/targets/wgsl/limits.js";
import { openOn } from "../../../src/targets/wgsl/open.js";
import { openRunner } from "../../../src/targets/wgsl/runner.js";
import { emit, software } from "./agree.js";

const wide = { name: "D", size: 5000 };

/** y = 2x and the sum of y: two launches. */
function small() {
  const g = createBuilder();
  const y = g.map([g.input("x", [wide])], (x) => e.mul(x, 2));
  const all = g.reduce("sum", y, ["D"]);
  return g.finish({
    outputs: new Map([
      ["y", y],
      ["all", all],
    ]),
  });
}

async function complaint(work: () => Promise<unknown> | unknown): Promise<Diagnostic> {
  try {
    await work();
  } catch (cause) {
    if (cause instanceof DiagnosticError) return cause.diagnostics[0]!;
    throw cause;
  }
  throw new Error("nothing was thrown");
}

const said = ({ message, help = [] }: Diagnostic): string => [message, ...help.map(({ text }) => text)].join("\n");

describe.skipIf(typeof software === "string")("a run", () => {
  it("is one submission, and makes nothing that was not there before", async () => {
    const { adapter } = await findAdapter("software");
    const device = await adapter.requestDevice();
    const calls: string[] = [];
    const watch = <K extends string>(of: Record<K, (...args: never[]) => unknown>, name: K): void => {
      const before = of[name].bind(of) as (...args: unknown[]) => unknown;
      of[name] = ((...args: unknown[]) => {
        calls.push(name);
        return before(...args);
      }) as never;
    };
    const runner = await openRunner(device, emit({ run: small() }));
    runner.write(0, new Float32Array(5000).fill(1));
    watch(device.queue as never, "submit" as never);
    for (const name of ["createBuffer", "createBindGroup", "createComputePipelineAsync", "createShaderModule"])
      watch(device as never, name as never);
    await runner.run(0);
    await runner.run(0);
    expect(calls).toEqual(["submit", "submit"]);
    const [all] = await runner.read([runner.program.programs[0]!.outputs.all!]);
    expect(new Float32Array(all!.buffer)[0]).toBe(10_000);
    runner.close();
    device.destroy();
  });
});

describe("limits", () => {
  it("are checked when a design is compiled for a profile", async () => {
    const found = await complaint(() => emit({ run: small() }, { ...portable, buffer: 19_000 }));
    expect(found.code).toBe("MOE5008");
    expect(said(found)).toMatch(/bytes in one GPU buffer\) needs 20[ ,_]?000.*19[ ,_]?000/);
  });

  it("are checked again against the adapter", async () => {
    const program = emit({ run: small() });
    const adapter = { limits: { ...roomy, maxStorageBufferBindingSize: 16_000 } } as never;
    const found = await complaint(() => openOn(program, { adapter, kind: "gpu", description: "small" }));
    expect(found.code).toBe("MOE5008");
    expect(said(found)).toContain("bytes in one binding");
  });

  it("that memory has: bytes asked for, limit and largest tensor are told", async () => {
    const program = emit({ run: small() });
    const device = {
      lost: new Promise(() => {}),
      pushErrorScope: () => {},
      popErrorScope: async () => ({ message: "the driver says no" }),
      createBuffer: () => ({}),
      destroy: () => {},
    };
    const adapter = { limits: roomy, requestDevice: async () => device } as never;
    const found = await complaint(() => openOn(program, { adapter, kind: "gpu", description: "full" }));
    expect(found.code).toBe("MOE6022");
    const bytes = program.memories.reduce((a, b) => a + b, 0);
    for (const part of ["20000 bytes", `${roomy.maxBufferSize} bytes here`, "the driver says no"])
      expect(said(found)).toContain(part);
    expect(said(found).replaceAll(/[ ,_]/g, "")).toContain(String(bytes).slice(0, 2));
  });
});

const roomy = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: portable.binding,
  maxBufferSize: portable.buffer,
};

const spec = `edition 1

model Tiny {
  vocab = 256
  context = 8
  d_model = 16

  embed tokens tied
  repeat 1 of Layer
  norm rms(eps: 1e-5)
  head linear
}

block Layer {
  residual Mixture after rms
}

moe Mixture {
  unit = token
  experts 4 of swiglu(hidden: 8)

  router {
    score linear
    gate softmax
    select top(2) per token
    weight gate renormalized
    limit none
    balance switch(0.01)
  }
}

train Run {
  model = Tiny
  data = text(["*.txt"])
  tokenizer = byte
  batch = 2 * context
  steps = 4

  optimize adamw(lr: 3e-3, betas: [0.9, 0.95], decay: 0.1) for [matrices, router, norms, embeddings]
  schedule warmup(1) then cosine(to: 10%)
}
`;

function bundle() {
  const { design, diagnostics } = checkSpec({ path: "tiny.moe", text: spec });
  if (!design) throw new Error(diagnostics.map((d) => `${d.code} ${d.message}`).join("\n"));
  return wgslBundleOf(compileWgsl(design, { programs: ["train"] }, softwareClass), "tiny");
}

const text = Array.from({ length: 90 }, (_, i) => `line ${i * i} of a text that nobody reads twice`).join("\n");

describe.skipIf(typeof software === "string")("a device that is lost", () => {
  /** Opens the software adapter; the device is destroyed before its `at`th run, the first time only. */
  function losing(at: number): { gpu: OpenGpu; opened: () => number } {
    let opened = 0;
    const gpu: OpenGpu = async (program) => {
      const device = await openOn(program, await findAdapter("software"));
      const first = opened++ === 0;
      let runs = 0;
      return {
        ...device,
        run: async (number: number) => {
          if (first && ++runs === at) device.gpu.destroy();
          return device.run(number);
        },
      };
    };
    return { gpu, opened: () => opened };
  }

  it("is opened again, and the run goes on from its newest checkpoint to the same weights", async () => {
    const weights: Uint8Array[] = [];
    for (const at of [0, 3]) {
      const host = memoryHost({ files: { "a.txt": text } });
      const { gpu, opened } = losing(at);
      const warned: Diagnostic[] = [];
      const result = await train(bundle(), { host, folder: "run", gpu }, { warned: (w) => void warned.push(w) });
      expect(result).toMatchObject({ outcome: "finished", step: 4 });
      expect(opened()).toBe(at === 0 ? 1 : 2);
      expect(warned.map(({ code }) => code).filter((code) => code === "MOE6051")).toEqual(at === 0 ? [] : ["MOE6051"]);
      weights.push(host.readBytes("run/checkpoints/4/model.safetensors"));
    }
    expect(Buffer.compare(weights[0]!, weights[1]!)).toBe(0);
  });

  it("before anything was saved is an error", async () => {
    const host = memoryHost({ files: { "a.txt": text } });
    const gone: OpenGpu = async () => ({
      bytes: 0,
      description: "gone",
      write: () => {},
      read: async () => [],
      run: async () => {
        throw new DeviceLost("unplugged");
      },
      close: () => {},
    });
    const found = await complaint(() => train(bundle(), { host, folder: "run", gpu: gone }));
    expect(found.code).toBe("MOE6052");
    expect(said(found)).toContain("unplugged");
  });
});
