/**
 * Everything that a compiled design becomes on disk, in one list: kernels, plan, design, trainer, report. Which folder
 * they go to, and that nobody's own files are overwritten, is `write-artifacts.ts`.
 */
import { designToJson } from "../2-design/design-json.js";
import { byCodeUnit } from "../host/host.js";
import { version } from "../host/version.js";
import type { GeneratedFile } from "../host/write-generated.js";
import { bundleOf } from "./bundle.js";
import { planToJson } from "./plan-json.js";
import { type ReportParts, reportOf } from "./report.js";
import { trainerOf } from "./runner/trainer.js";

/** All files of a design, paths relative to its folder, in code unit order. */
export function artifactsOf(compiled: ReportParts, name: string): readonly GeneratedFile[] {
  const { design, plan, c } = compiled;
  const bundle = bundleOf(compiled, name);
  const trains = plan.programs.some((program) => program.name === "train");
  const trainer = design.train && trains ? trainerOf(bundle) : undefined;
  const files: GeneratedFile[] = [
    { path: "README.md", text: reportOf(compiled, version()) },
    { path: "design.json", text: designToJson(design) },
    { path: "plan.json", text: planToJson(bundle, plan) },
    { path: "cpu/model.c", text: c.source },
    ...Object.entries(c.headers).map(([header, text]) => ({ path: `cpu/${header}`, text })),
    ...(trainer
      ? [
          { path: "ts/trainer.ts", text: trainer.typescript },
          { path: "ts/trainer.js", text: trainer.javascript },
        ]
      : []),
  ];
  return files.sort((a, b) => byCodeUnit(a.path, b.path));
}
