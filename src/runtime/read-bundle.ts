/** A compiled design out of the files of `generated/<spec>`: what a generated trainer starts from. */
import type { Design } from "../2-design/design.js";
import type { BufferSpec } from "../2-design/mixture-weights.js";
import type { WeightSpec } from "../2-design/weights.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { type FileHost, IoError } from "../host/host.js";
import { join } from "../host/paths.js";
import type { Bundle, CpuCode, RunPlan } from "./bundle.js";

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
    throw unreadable(join(folder, "plan.json"), "it was compiled from another spec than design.json");
  }
  const cpu = join(folder, "cpu");
  const headers = reading(cpu, () => host.list(cpu)).filter((name) => name.endsWith(".h"));
  const text = (name: string): string => reading(join(cpu, name), () => host.readText(join(cpu, name)));
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
  const text = reading(path, () => host.readText(path));
  try {
    return JSON.parse(text) as T;
  } catch {
    throw unreadable(path, "it is not JSON");
  }
}

function reading<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof IoError)) throw cause;
    throw unreadable(path, cause.code === "ENOENT" ? "there is no such file" : cause.message);
  }
}

function unreadable(file: string, reason: string): DiagnosticError {
  const help = ["`moec compile` writes the whole folder"];
  return new DiagnosticError([diagnose("MOE6013", { file, reason }, { help })]);
}
