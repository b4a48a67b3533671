/** A program for a GPU as JSON that people can read: one kernel, buffer or launch a line, so that a change of one is a change of one line. */
import type { Bundle } from "../../runtime/bundle.js";
import type { GpuProgramPlan } from "../../targets/gpu-program.js";

/** An array, one value a line. */
export const listJson = (values: readonly unknown[]): string =>
  `[\n${values.map((v) => `  ${JSON.stringify(v)}`).join(",\n")}\n ]`;

/** Programs, one launch a line. */
export function programsJson(programs: readonly GpuProgramPlan[]): string {
  const named = programs.map((p) => {
    const rows = p.launches.map((l) => `   ${JSON.stringify(l)}`).join(",\n");
    return `  {"name": ${JSON.stringify(p.name)}, "outputs": ${JSON.stringify(p.outputs)}, "launches": [\n${rows}\n  ]}`;
  });
  return `[\n${named.join(",\n")}\n ]`;
}

/** The file: who made it out of what, then what a target adds, each with its JSON. */
export function programJson(
  { name, version, design }: Pick<Bundle, "name" | "version" | "design">,
  fields: readonly (readonly [key: string, json: string])[],
): string {
  const head = [
    ["generated_by", JSON.stringify(`moec ${version}`)],
    ["name", JSON.stringify(name)],
    ["spec", JSON.stringify(design.spec)],
  ];
  return `{\n${[...head, ...fields].map(([key, text]) => ` "${key}": ${text}`).join(",\n")}\n}\n`;
}
