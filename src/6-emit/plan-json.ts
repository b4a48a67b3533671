/**
 * The kernel plan as JSON, together with what a trainer needs besides the design: one kernel, buffer or launch a line,
 * so that a change of one is a change of one line.
 */
import type { KernelPlan, ProgramPlan } from "../5-plan/plan.js";
import type { CpuBundle } from "../runtime/bundle.js";

/** The text of `plan.json`; the same plan gives the same bytes. */
export function planToJson(
  { name, version, design, code, weights, buffers: saved }: CpuBundle,
  plan: KernelPlan,
): string {
  const { kernels, buffers, programs, memory } = plan;
  return object([
    ["generated_by", `moec ${version}`],
    ["name", name],
    ["spec", design.spec],
    ["arena", code.arena],
    ["memory", memory],
    ["weights", listed(weights)],
    ["saved", listed(saved)],
    ["programs", { json: `[\n${programs.map(programJson).join(",\n")}\n ]` }],
    ["kernels", listed(kernels)],
    ["buffers", listed(buffers)],
  ]);
}

/** Text that is JSON already. */
interface Raw {
  readonly json: string;
}

const listed = (values: readonly unknown[]): Raw => ({
  json: `[\n${values.map((each) => `  ${JSON.stringify(each, keepInfinity)}`).join(",\n")}\n ]`,
});

function programJson({ name, launches, outputs, workspace }: ProgramPlan): string {
  const head = `"name": ${JSON.stringify(name)}, "workspace": ${workspace}`;
  const rows = launches.map((launch) => `   ${JSON.stringify(launch)}`).join(",\n");
  return `  {${head},\n  "outputs": ${JSON.stringify(outputs)},\n  "launches": [\n${rows}\n  ]}`;
}

function object(fields: readonly (readonly [string, unknown])[]): string {
  const isRaw = (value: unknown): value is Raw => typeof value === "object" && value !== null && "json" in value;
  const lines = fields.map(
    ([key, value]) => ` ${JSON.stringify(key)}: ${isRaw(value) ? value.json : JSON.stringify(value)}`,
  );
  return `{\n${lines.join(",\n")}\n}\n`;
}

// masked scores are −∞, which JSON writes as null
const keepInfinity = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
