/// <reference types="@webgpu/types" />
/**
 * Finds a WebGPU adapter for Node: the machine's own GPU through Dawn, or, only when asked for, one made of
 * software. A browser has its own adapters and does not come here.
 */
import { join } from "node:path";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { type Adapter, type AdapterKind, isSoftware, nameOf } from "./open.js";
import { swiftShaderFolder, whyNoSoftware } from "./software.js";

export type { Adapter, AdapterKind } from "./open.js";

/** What `MOEC_ADAPTER` asks for. Errors: MOE5009. */
export function wantedAdapter(value = process.env.MOEC_ADAPTER): AdapterKind {
  if (!value) return "gpu";
  if (value === "software" || value === "gpu") return value;
  throw new DiagnosticError([diagnose("MOE5009", { name: "MOEC_ADAPTER", value, expected: "`software` or `gpu`" })]);
}

/** An adapter of the kind asked for. Errors: MOE5006 with the reason and what can be done. */
export async function findAdapter(kind: AdapterKind = wantedAdapter()): Promise<Adapter> {
  if (kind === "software") await useSwiftShader();
  const gpu = await openDawn(kind);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter)
    throw cannotRun(kind === "software" ? "the software adapter does not start" : "no WebGPU adapter was found");
  if (kind === "gpu" && isSoftware(adapter))
    throw cannotRun(`the only WebGPU adapter is \`${nameOf(adapter)}\`, made of software`);
  return { adapter, kind, description: `${nameOf(adapter)}${kind === "software" ? ", software" : ""}` };
}

/**
 * Options of Dawn. SwiftShader's compiler takes ten times as long over the zeroing of workgroup memory as over
 * everything else; our kernels write what they read.
 */
const OPTIONS = {
  gpu: [],
  software: ["enable-dawn-features=disable_workgroup_init"],
  null: ["backend=null", "enable-dawn-features=allow_unsafe_apis"],
} as const;

/** Dawn offers matrices of subgroups only where experiments are allowed: with `MOEC_MATRICES=on`. Errors: MOE5009. */
function experiments(value = process.env.MOEC_MATRICES): string[] {
  if (value === "on") return ["enable-dawn-features=allow_unsafe_apis"];
  if (!value || value === "off") return [];
  throw new DiagnosticError([diagnose("MOE5009", { name: "MOEC_MATRICES", value, expected: "`on` or `off`" })]);
}

/** Kept for the process: an adapter whose Dawn is gone brings the process down. */
const instances = new Map<string, GPU>();

/** WebGPU as Dawn gives it; `null` checks everything and runs nothing. Errors: MOE5006 where the optional package `webgpu` is missing or has nothing for this system. */
export async function openDawn(kind: AdapterKind | "null"): Promise<GPU> {
  const known = instances.get(kind);
  if (known) return known;
  const options = [...OPTIONS[kind], ...(kind === "gpu" ? experiments() : [])];
  try {
    const { create } = await import("webgpu");
    const made = create(options);
    instances.set(kind, made);
    return made;
  } catch (cause) {
    throw cannotRun(`the optional package \`webgpu\` cannot be loaded (${(cause as Error).message.split("\n")[0]})`);
  }
}

/** Kept so that nobody unloads it. */
const loaded: unknown[] = [];

/** Makes SwiftShader the only Vulkan driver of this process. */
async function useSwiftShader(): Promise<void> {
  const missing = whyNoSoftware();
  if (missing !== undefined) throw cannotRun(missing);
  const folder = swiftShaderFolder();
  const { default: koffi } = await import("koffi");
  // loaded by its path first: whoever asks for libvulkan.so.1 by name afterwards gets this one
  if (loaded.length === 0) loaded.push(koffi.load(join(folder, "libvulkan.so.1")));
  process.env.VK_ICD_FILENAMES = join(folder, "vk_swiftshader_icd.json");
}

function cannotRun(reason: string): DiagnosticError {
  const help = ["`moec doctor` lists the adapters of this machine", "leave `--target` out to use the processor"];
  if (whyNoSoftware() === undefined)
    help.push("set MOEC_ADAPTER=software to try the target on a slow adapter made of software");
  return new DiagnosticError([diagnose("MOE5006", { target: "wgsl", reason }, { help })]);
}
