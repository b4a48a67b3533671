/// <reference types="@webgpu/types" />
/**
 * Runs a WGSL program on a WebGPU device, in Node or in a browser: pipelines, bind groups and memory are made
 * once, a run is one command buffer. Knows nothing of where the device came from, nor of training.
 */
import type { GpuLaunch } from "../gpu-program.js";
import type { WgslBinding, WgslPass, WgslProgram } from "./program.js";

export interface WgslRunner {
  readonly program: WgslProgram;
  /** bytes of GPU memory in use */
  readonly bytes: number;
  /** Sends numbers to a tensor; they are there before the next run. */
  write(buffer: number, data: ArrayBufferView): void;
  /** Brings tensors back, all in one go, exactly as long as they are. */
  read(buffers: readonly number[]): Promise<Uint8Array[]>;
  /** Runs one program; resolves when the GPU is done. */
  run(program: number): Promise<void>;
  /** Gives the memory back; the device stays its owner's. */
  close(): void;
}

/** Values of GPUBufferUsage, GPUMapMode and GPUShaderStage, which Node does not have as globals. */
const USAGE = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 };
const MAP_READ = 1;
const COMPUTE = 4;

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

export interface WgslFailure {
  readonly kind: "validation" | "out-of-memory";
  readonly message: string;
}

/** Asked to open a program that the device cannot hold or does not accept. */
export class WgslError extends Error {
  readonly failure: WgslFailure;
  constructor(failure: WgslFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Makes pipelines, memory and bind groups. Errors: WgslError, with what the device says. */
export async function openRunner(device: GPUDevice, program: WgslProgram): Promise<WgslRunner> {
  device.pushErrorScope("out-of-memory");
  const memories = program.memories.map((size) =>
    device.createBuffer({ size, usage: USAGE.storage | USAGE.copySource | USAGE.copyTarget }),
  );
  const shortage = await device.popErrorScope();
  if (shortage) throw new WgslError({ kind: "out-of-memory", message: shortage.message });
  device.pushErrorScope("validation");
  const places = placesBuffer(device, program);
  const pipelines = await makePipelines(device, program);
  const steps = program.programs.map((p) =>
    p.launches.flatMap((l, at) => stepsOf(device, program, l, { memories, places, key: `${p.name} ${at}`, pipelines })),
  );
  const wrong = await device.popErrorScope();
  if (wrong) throw new WgslError({ kind: "validation", message: wrong.message });
  return runnerOf(device, program, memories, places, steps);
}

interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** One pipeline for each pass of each kernel that some program launches. */
async function makePipelines(device: GPUDevice, program: WgslProgram): Promise<ReadonlyMap<string, Pipeline>> {
  const used = [...new Set(program.programs.flatMap((p) => p.launches.map((l) => l.kernel)))];
  const made = used.flatMap((k) => {
    const kernel = program.kernels[k]!;
    const module = device.createShaderModule({ label: kernel.name, code: kernel.code });
    return kernel.passes.map(async (pass): Promise<[string, Pipeline]> => {
      const layout = device.createBindGroupLayout({ label: kernel.name, entries: pass.bindings.map(layoutEntry) });
      const pipeline = await device
        .createComputePipelineAsync({
          label: `${kernel.name}.${pass.entry}`,
          layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
          compute: { module, entryPoint: pass.entry },
        })
        .catch((cause: unknown) => complain(kernel.name, module, cause));
      return [`${k} ${pass.entry}`, { pipeline, layout }];
    });
  });
  return new Map(await Promise.all(made));
}

/** Why a kernel was not accepted: what the compiler says about its text, if it says anything. */
async function complain(name: string, module: GPUShaderModule, cause: unknown): Promise<never> {
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter((m) => m.type === "error").map((m) => `line ${m.lineNum}: ${m.message}`);
  const said = errors.length > 0 ? errors.join("; ") : cause instanceof Error ? cause.message : String(cause);
  throw new WgslError({ kind: "validation", message: `${name}: ${said}` });
}

function layoutEntry({ binding, access }: WgslBinding): GPUBindGroupLayoutEntry {
  const type = access === "uniform" ? "uniform" : access === "read" ? "read-only-storage" : "storage";
  return { binding, visibility: COMPUTE, buffer: { type } };
}

interface Places {
  readonly buffer: GPUBuffer | undefined;
  /** offset and length in bytes for a pass of a launch */
  readonly of: ReadonlyMap<string, { readonly offset: number; readonly size: number }>;
}

/** Where pooled parameters lie, for every launch that needs to know: one uniform buffer for all of them. */
function placesBuffer(device: GPUDevice, program: WgslProgram): Places {
  const of = new Map<string, { offset: number; size: number }>();
  const list: { offset: number; values: number[] }[] = [];
  const step = Math.max(256, device.limits.minUniformBufferOffsetAlignment);
  let end = 0;
  for (const p of program.programs) {
    p.launches.forEach((launch, at) => {
      for (const pass of program.kernels[launch.kernel]!.passes) {
        const binding = pass.bindings.find((b) => b.of.kind === "places");
        if (binding?.of.kind !== "places") continue;
        const values = binding.of.params.map((i) => program.buffers[launch.args[i]!]!.offset / 4);
        const size = Math.ceil(values.length / 4) * 16;
        of.set(`${p.name} ${at} ${pass.entry}`, { offset: end, size });
        list.push({ offset: end, values });
        end += Math.ceil(size / step) * step;
      }
    });
  }
  if (end === 0) return { buffer: undefined, of };
  const buffer = device.createBuffer({ size: end, usage: USAGE.uniform | USAGE.copyTarget });
  const words = new Uint32Array(end / 4);
  for (const { offset, values } of list) words.set(values, offset / 4);
  device.queue.writeBuffer(buffer, 0, words);
  return { buffer, of };
}

interface Made {
  readonly memories: readonly GPUBuffer[];
  readonly places: Places;
  readonly pipelines: ReadonlyMap<string, Pipeline>;
  readonly key: string;
}

function stepsOf(device: GPUDevice, program: WgslProgram, launch: GpuLaunch, made: Made): Step[] {
  return program.kernels[launch.kernel]!.passes.map((pass) => {
    const { pipeline, layout } = made.pipelines.get(`${launch.kernel} ${pass.entry}`)!;
    const entries = pass.bindings.map((b) => ({
      binding: b.binding,
      resource: resourceOf(b, pass, program, launch, made),
    }));
    return {
      pipeline,
      group: device.createBindGroup({ layout, entries }),
      workgroups: workgroupsOf(pass, launch, device),
    };
  });
}

function resourceOf(
  { of }: WgslBinding,
  pass: WgslPass,
  program: WgslProgram,
  launch: GpuLaunch,
  made: Made,
): GPUBufferBinding {
  if (of.kind === "pool") return { buffer: made.memories[0]! };
  if (of.kind === "places") return { buffer: made.places.buffer!, ...made.places.of.get(`${made.key} ${pass.entry}`)! };
  const { memory, offset, bytes } = program.buffers[launch.args[of.param]!]!;
  // exactly the tensor, so that arrayLength is its length
  const part = of.part ?? { offset: 0, bytes: wholeWords(bytes) };
  return { buffer: made.memories[memory]!, offset: offset + part.offset, size: wholeWords(part.bytes) };
}

const wholeWords = (bytes: number): number => Math.max(4, Math.ceil(bytes / 4) * 4);

function workgroupsOf(
  { workgroups }: WgslPass,
  launch: GpuLaunch,
  device: GPUDevice,
): readonly [number, number, number] {
  if (!("perWorkgroup" in workgroups)) return workgroups;
  const count = Math.ceil(launch.count! / workgroups.perWorkgroup);
  const most = device.limits.maxComputeWorkgroupsPerDimension;
  return count <= most ? [count, 1, 1] : [most, Math.ceil(count / most), 1];
}

function runnerOf(
  device: GPUDevice,
  program: WgslProgram,
  memories: readonly GPUBuffer[],
  places: Places,
  steps: readonly (readonly Step[])[],
): WgslRunner {
  const find = (buffer: number) => program.buffers[buffer]!;
  const accepted = new Set<number>();
  return {
    program,
    bytes: program.memories.reduce((a, b) => a + b, 0) + (places.buffer?.size ?? 0),
    write(buffer, data) {
      const { memory, offset } = find(buffer);
      device.queue.writeBuffer(memories[memory]!, offset, padded(data));
    },
    read: (buffers) =>
      readBack(
        device,
        buffers.map(find).map((b) => ({ ...b, from: memories[b.memory]! })),
      ),
    async run(number) {
      // a first run may still be refused; later ones are the same commands
      const first = !accepted.has(number);
      if (first) device.pushErrorScope("validation");
      const encoder = device.createCommandEncoder({ label: program.programs[number]!.name });
      const pass = encoder.beginComputePass();
      for (const { pipeline, group, workgroups } of steps[number]!) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...workgroups);
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
      const wrong = first ? await device.popErrorScope() : undefined;
      if (wrong) throw new WgslError({ kind: "validation", message: wrong.message });
      accepted.add(number);
      await device.queue.onSubmittedWorkDone();
    },
    close() {
      for (const m of memories) m.destroy();
      places.buffer?.destroy();
    },
  };
}

/** Writes go in whole words; only bytes are ever not. */
function padded(data: ArrayBufferView): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  if (bytes.length % 4 === 0) return bytes;
  const whole = new Uint8Array(wholeWords(bytes.length));
  whole.set(bytes);
  return whole;
}

async function readBack(
  device: GPUDevice,
  list: readonly { from: GPUBuffer; offset: number; bytes: number }[],
): Promise<Uint8Array[]> {
  const sizes = list.map((b) => wholeWords(b.bytes));
  const staging = device.createBuffer({
    size: Math.max(
      4,
      sizes.reduce((a, b) => a + b, 0),
    ),
    usage: USAGE.mapRead | USAGE.copyTarget,
  });
  const encoder = device.createCommandEncoder();
  let at = 0;
  for (const [i, b] of list.entries()) {
    encoder.copyBufferToBuffer(b.from, b.offset, staging, at, sizes[i]!);
    at += sizes[i]!;
  }
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(MAP_READ);
  const all = new Uint8Array(staging.getMappedRange()).slice();
  staging.destroy();
  let start = 0;
  return list.map((b, i) => {
    const bytes = all.slice(start, start + b.bytes);
    start += sizes[i]!;
    return bytes;
  });
}
