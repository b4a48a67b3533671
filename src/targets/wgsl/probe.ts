/// <reference types="@webgpu/types" />
/**
 * What `moec doctor` says about the wgsl target: adapters with their features and limits, and why there are
 * none where there are none. Facts only; printing them is the command's business.
 */
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { type AdapterKind, findAdapter, wantedAdapter } from "./adapter.js";
import type { WgslProfile } from "./limits.js";
import { halvesFor } from "./open.js";
import { whyNoSoftware } from "./software.js";

export interface AdapterFact {
  /** as its driver calls it */
  readonly name: string;
  /** features that matter to kernels: `subgroups`, `shader-f16` … */
  readonly features: readonly string[];
  /** how 16 bits are spelled in kernels for it */
  readonly halves: WgslProfile["halves"];
  readonly limits: Readonly<Record<(typeof LIMITS)[number], number>>;
}

export interface WgslFacts {
  /** the adapter that a training would use; undefined where there is none */
  readonly adapter: AdapterFact | undefined;
  /** why there is none */
  readonly reason: string | undefined;
  /** what `MOEC_ADAPTER` asks for */
  readonly wanted: AdapterKind;
  /** why the software adapter cannot be used; undefined where it can */
  readonly noSoftware: string | undefined;
}

const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
] as const;

/** Features that a kernel may be written for. */
const FEATURES = /subgroup|f16|timestamp-query/;

/** Looks for WebGPU on this machine. Errors: MOE5009 for a `MOEC_ADAPTER` that is unknown; a machine without an adapter is a fact. */
export async function wgslFacts(): Promise<WgslFacts> {
  const wanted = wantedAdapter();
  const noSoftware = whyNoSoftware();
  try {
    const { adapter, description } = await findAdapter(wanted);
    return { adapter: factOf(adapter, description), reason: undefined, wanted, noSoftware };
  } catch (cause) {
    const said = cause instanceof DiagnosticError ? cause.diagnostics[0]!.message : String(cause);
    const reason = said.replace(/^target `wgsl` cannot run on this machine: /, "");
    return { adapter: undefined, reason, wanted, noSoftware };
  }
}

function factOf(adapter: GPUAdapter, name: string): AdapterFact {
  const features = [...adapter.features].filter((each) => FEATURES.test(each)).sort();
  const limits = Object.fromEntries(LIMITS.map((each) => [each, adapter.limits[each]])) as AdapterFact["limits"];
  return { name, features, limits, halves: halvesFor(adapter) };
}
