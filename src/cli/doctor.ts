/** `moec doctor`: what this machine has, and what a training would use. */
import { statfsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { version } from "../host/version.js";
import { formatBytes } from "../runtime/progress.js";
import { type CpuFacts, cpuFacts } from "../targets/cpu/probe.js";
import { type CudaFacts, cudaFacts } from "../targets/cuda/probe.js";
import { type WgslFacts, wgslFacts } from "../targets/wgsl/probe.js";
import { type Cli, exit, print } from "./output.js";

/** Prints facts; exit 0 whatever they are. Errors: MOE5005 and MOE5009 where `MOEC_CPU` or `MOEC_THREADS` ask for what is not there. */
export async function doctor(cli: Cli): Promise<number> {
  const facts = await cpuFacts();
  const rows = [
    ...machineRows(),
    ...cpuRows(facts),
    ...gpuRows(await wgslFacts()),
    ...nvidiaRows(await cudaFacts()),
    ["cache", facts.cache],
  ];
  for (const [name, value] of rows) print(cli, `${name!.padEnd(12)} ${value}`);
  return exit.ok;
}

function machineRows(): string[][] {
  const limit = process.constrainedMemory();
  const memory = limit ? Math.min(limit, totalmem()) : totalmem();
  return [
    ["moec", version()],
    ["Node", `${process.version} on ${process.platform} ${process.arch}`],
    ["memory", formatBytes(memory)],
    ["disk", diskLine()],
  ];
}

function diskLine(): string {
  try {
    const { bavail, bsize } = statfsSync(process.cwd());
    return `${formatBytes(bavail * bsize)} free here`;
  } catch (cause) {
    return `unknown (${(cause as Error).message})`;
  }
}

function cpuRows(facts: CpuFacts): string[][] {
  const compilers = facts.compilers.map(({ command, name, vectors, reason }) => [
    "compiler",
    name ? `${command}: ${name}, ${vectors}` : `${command}: does not work (${reason?.split("\n")[0]})`,
  ]);
  const { simd, threads } = facts.wasm;
  const wasm =
    simd && threads ? "SIMD and threads" : `${simd ? "SIMD" : "no SIMD"}, ${threads ? "threads" : "no threads"}`;
  return [
    ["processor", `${facts.processor}, ${facts.processors} of ${availableParallelism()} usable`],
    ...compilers,
    ["embedded", `clang ${facts.embedded}`],
    ["WebAssembly", wasm],
    ["target cpu", `${facts.chosen} because ${facts.why}`],
  ];
}

function gpuRows({ adapter, reason, noSoftware }: WgslFacts): string[][] {
  if (!adapter) {
    const other = noSoftware ?? "MOEC_ADAPTER=software uses a slow one made of software";
    return [["target wgsl", `${reason}; ${other}`]];
  }
  const { name, features, limits, halves } = adapter;
  const sizes = [
    `${formatBytes(limits.maxBufferSize)} a buffer`,
    `${formatBytes(limits.maxStorageBufferBindingSize)} a binding`,
    `${limits.maxStorageBuffersPerShaderStage} bindings`,
    `${limits.maxComputeInvocationsPerWorkgroup} lanes and ${formatBytes(limits.maxComputeWorkgroupStorageSize)} a workgroup`,
  ];
  return [
    ["WebGPU", `${name}: ${features.length > 0 ? features.join(", ") : "no optional features"}`],
    ["", sizes.join(", ")],
    ["", `f32; with \`compute: f16\` products read 16 bits, ${halves === "f16" ? "as f16" : "two in a word"}`],
    ["target wgsl", `wgsl (${name})`],
  ];
}

function nvidiaRows({ gpu, driver, compiler, reason }: CudaFacts): string[][] {
  const build = compiler ?? "neither NVRTC nor nvcc";
  if (!gpu) return [["target cuda", `${reason} (to build kernels: ${build})`]];
  const { name, capability, bytes } = gpu;
  return [
    ["CUDA", `driver ${driver}, ${name}: compute capability ${capability / 10}, ${formatBytes(bytes)}`],
    ["", `kernels are built by ${build}`],
    ["target cuda", compiler ? `cuda (${name})` : "no compiler for CUDA was found: neither NVRTC nor nvcc"],
  ];
}
