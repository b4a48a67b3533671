/**
 * A WGSL program as files: one text a kernel, and everything a runner needs besides as JSON. `readWgsl` puts
 * them together again, in Node or in a browser.
 */
import type { GeneratedFile } from "../../host/write-generated.js";
import { programFile, type WgslProgram } from "../../targets/wgsl/program.js";

/** Files below `wgsl/`, in the order of the kernels. */
export function wgslArtifacts(program: WgslProgram): GeneratedFile[] {
  const texts = program.kernels.map(({ name, code }) => ({ path: `wgsl/${name}.wgsl`, text: code }));
  return [{ path: `wgsl/${programFile}`, text: programJson(program) }, ...texts];
}

/** One kernel, buffer or launch a line, so that a change of one is a change of one line. */
function programJson({ kernels, buffers, memories, programs, needs }: WgslProgram): string {
  const list = (values: readonly unknown[]): string =>
    `[\n${values.map((v) => `  ${JSON.stringify(v)}`).join(",\n")}\n ]`;
  const named = programs.map(({ name, outputs, launches }) => {
    const rows = launches.map((l) => `   ${JSON.stringify(l)}`).join(",\n");
    return `  {"name": ${JSON.stringify(name)}, "outputs": ${JSON.stringify(outputs)}, "launches": [\n${rows}\n  ]}`;
  });
  return `{
 "needs": ${JSON.stringify(needs)},
 "memories": ${JSON.stringify(memories)},
 "programs": [\n${named.join(",\n")}\n ],
 "kernels": ${list(kernels.map(({ name, passes }) => ({ name, passes })))},
 "buffers": ${list(buffers)}
}
`;
}
