/// Runs in the browser: the contenders on one adapter, the same numbers for all, one timed run at a time on request.
import { openOn } from "../../dist/src/targets/wgsl/open.js";
import { jaxLayer } from "./jax-layer.mjs";
import { onnxLayer } from "./onnx.mjs";

/** Numbers that look random and are the same for everybody. */
function numbers(length, seed, scale) {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * scale;
  });
}

const size = (dims) => dims.reduce((n, d) => n * d, 1);

/** [A, B, C] or [B, C] with the last two axes exchanged. */
function transposed(data, dims) {
  const [rows, columns] = dims.slice(-2);
  const out = new Float32Array(data.length);
  for (let m = 0; m < data.length; m += rows * columns)
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[m + c * rows + r] = data[m + r * columns + c];
  return out;
}

const open = new Map();

async function moec(program, given) {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  const device = await openOn(program, { adapter, kind: "software", description: "" });
  for (const [i, b] of program.buffers.entries()) if (b.role !== "work") device.write(i, given[b.name]);
  const y = program.programs[0].outputs.y;
  return {
    run: () => device.run(0),
    result: async () => new Float32Array((await device.read([y]))[0].buffer),
    close: () => device.close(),
  };
}

async function jax(shape, tensors, given, backward) {
  const library = await import("@jax-js/jax");
  await library.init("webgpu");
  library.defaultDevice("webgpu");
  const { numpy: np } = library;
  const values = ["x", "router", "gate", "up", "down"].map((n) => np.array(given[n]).reshape(tensors[n]));
  const probe = np.array(given.probe).reshape(tensors.probe);
  const layer = jaxLayer(library, shape);
  const forward = library.jit(layer);
  const loss = (...args) =>
    layer(...args)
      .mul(probe.ref)
      .sum();
  const step = library.jit(library.grad(loss, { argnums: [0, 1, 2, 3, 4] }));
  const refs = () => values.map((v) => v.ref);
  return {
    run: async () => {
      const made = backward ? step(...refs()) : [forward(...refs())];
      for (const each of made) await each.blockUntilReady();
      for (const each of made) each.dispose();
    },
    result: async () => Float32Array.from(await forward(...refs()).data()),
    close: () => {},
  };
}

async function onnx(way, shape, tensors, given) {
  const ort = await import("onnxruntime-web/webgpu");
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = "/ort/";
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(onnxLayer(shape, way), {
    executionProviders: ["webgpu"],
    preferredOutputLocation: "gpu-buffer",
  });
  const device = await ort.env.webgpu.device;
  /** weights lie on the GPU from the start */
  const onGpu = (data, dims) => {
    const gpuBuffer = device.createBuffer({ size: data.byteLength, usage: 128 | 8 | 4 });
    device.queue.writeBuffer(gpuBuffer, 0, data);
    return ort.Tensor.fromGpuBuffer(gpuBuffer, { dataType: "float32", dims });
  };
  const turned = (name) => {
    const dims = tensors[name];
    const [a, b] = dims.slice(-2);
    return onGpu(transposed(given[name], dims), [...dims.slice(0, -2), b, a]);
  };
  const feeds = {
    x: onGpu(given.x, tensors.x),
    router_t: turned("router"),
    gate_t: turned("gate"),
    up_t: turned("up"),
    down_t: turned("down"),
  };
  return {
    run: async () => {
      const { y } = await session.run(feeds);
      await device.queue.onSubmittedWorkDone();
      y.dispose();
    },
    result: async () => (await session.run(feeds)).y.getData(),
    close: () => session.release(),
  };
}

window.bench = {
  /** Makes a contender ready; answers with its result's first numbers and their sum. */
  async open(name, { shape, tensors, backward, program }) {
    const given = Object.fromEntries(
      Object.entries(tensors).map(([key, dims], i) => [key, numbers(size(dims), i + 1, key === "router" ? 0.5 : 0.2)]),
    );
    const made = name.startsWith("moec")
      ? await moec(await fetch(program).then((answer) => answer.json()), given)
      : name === "jax-js"
        ? await jax(shape, tensors, given, backward)
        : await onnx(name.split(" ")[1], shape, tensors, given);
    open.set(name, made);
    await made.run();
    return Array.from(await made.result());
  },
  /** Milliseconds of one run, until the GPU is done. */
  async time(name) {
    const start = performance.now();
    await open.get(name).run();
    return performance.now() - start;
  },
  close() {
    for (const each of open.values()) each.close();
    open.clear();
  },
};
