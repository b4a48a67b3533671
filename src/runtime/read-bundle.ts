/** A compiled design out of the files of `generated/<spec>`: what a generated trainer starts from. */
import type { Design } from "../2-design/design.js";
import type { BufferSpec } from "../2-design/mixture-weights.js";
import type { WeightSpec } from "../2-design/weights.js";
import type { FileHost } from "../host/host.js";
import { join } from "../host/paths.js";
import { reading, readTextFile, unreadable } from "../host/reading.js";
import type { Bundle, CpuCode, RunPlan } from "./bundle.js";

const help = ["`moec compile` writes the whole folder"];

interface PlanFile extends RunPlan {
  readonly generated_by: string;
  readonly name: string;
  readonly spec: { readonly hash: string };
  readonly arena: CpuCode["arena"];
  readonly weights: readonly WeightSpec[];
  readonly saved: readonly BufferSpec[];
}

/**
 * Reads `design.json`, `plan.json` and `cpu/`; MOE6013 for a file that is not there, is damaged, or belongs to another
 * compilation than its neighbours.
 */
export function readBundle(host: FileHost, folder: string): Bundle {
  const design = readJson<Design>(host, join(folder, "design.json"));
  const plan = readJson<PlanFile>(host, join(folder, "plan.json"));
  if (design.spec.hash !== plan.spec.hash) {
    throw unreadable(join(folder, "plan.json"), "it was compiled from another spec than design.json", help);
  }
  const cpu = join(folder, "cpu");
  const headers = reading(cpu, () => host.list(cpu), help).filter((name) => name.endsWith(".h"));
  const text = (name: string): string => readTextFile(host, join(cpu, name), help);
  return {
    name: plan.name,
    version: plan.generated_by.replace(/^moec /, ""),
    design,
    weights: plan.weights,
    buffers: plan.saved,
    plan: { buffers: plan.buffers, programs: plan.programs, memory: plan.memory },
    code: {
      source: text("model.c"),
      headers: Object.fromEntries(headers.map((name) => [name, text(name)])),
      programs: plan.programs.map(({ name }) => name),
      arena: plan.arena,
    },
  };
}

function readJson<T>(host: FileHost, path: string): T {
  const text = readTextFile(host, path, help);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw unreadable(path, "it is not JSON", help);
  }
}
