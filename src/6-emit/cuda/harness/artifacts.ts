/**
 * Harnesses as files: for every kernel, for all of them in one program, and for each mixture as a layer, a `.cu` that nvcc
 * makes into a program: it fills tensors, launches, compares with what the kernels mean, and times.
 */
import type { GeneratedFile } from "../../../host/write-generated.js";
import { fill, readTemplate } from "../../templates.js";
import type { CudaOptions, CudaParts } from "../program.js";
import { type Case, type CaseStep, kernelCases, launchLines, programCases } from "./cases.js";

export interface HarnessLayer {
  /** of the mixture */
  readonly name: string;
  readonly parts: CudaParts;
}

/** What harnesses include: one concept a file. */
const HEADERS = `attention.h check.h choices.h count.h fills.h harness.h machine.h maps.h meaning.h report.h steps.h
  tensors.h`.split(/\s+/);

/** Files below `cuda/harness/`. */
export function harnessFiles(parts: CudaParts, layers: readonly HarnessLayer[], options: CudaOptions): GeneratedFile[] {
  const alone = kernelCases(parts);
  const file = (name: string, what: string, cases: readonly Case[]): GeneratedFile => ({
    path: `cuda/harness/${name}.cu`,
    text: harnessText(name, what, cases, options),
  });
  return [
    ...HEADERS.map((name) => ({ path: `cuda/harness/${name}`, text: readTemplate(`cuda/harness/${name}`) })),
    ...alone.map((each) => file(each.name, `kernel ${each.name}`, [each])),
    file("kernels", "every kernel, one after the other", alone),
    ...layers.map(({ name, parts: own }) =>
      file(
        `layer-${name.toLowerCase()}`,
        `the mixture ${name} as a layer, forward and backward`,
        programCases(own, name, options.compute ?? "f32"),
      ),
    ),
  ];
}

/** One harness: kernels, what they mean, and the cases that run them. */
function harnessText(file: string, what: string, cases: readonly Case[], options: CudaOptions): string {
  const steps = cases.flatMap((c) => c.steps);
  const parts = [...new Set(steps.map((s) => s.part))];
  const functions = new Map(steps.map((s) => [functionOf(s), s]));
  return fill("cuda/harness.cu", {
    ...options,
    hopper: parts.some(({ context }) => context.tier === "hopper"),
    file,
    what,
    kernels: parts.map((p) => p.text.text).join("\n\n"),
    functions: [...functions].map(([name, step]) => ({
      name,
      summary: step.part.kernel.summary,
      launches: launchLines(step),
      meaning: step.meaning.body,
    })),
    cases: cases.map(caseView),
    calls: cases.map((c) => `harness::${functionName(c)}()`).join(", "),
  });
}

const functionName = (c: Case): string => `case_${c.name.replace(/[^A-Za-z0-9]+/g, "_")}`;

/** A flat kernel means something for each length. */
const functionOf = ({ name, count }: CaseStep): string => (count === undefined ? name : `${name}_of_${count}`);

function caseView(c: Case): object {
  return {
    name: functionName(c),
    title: c.name,
    drift: c.drift,
    tensors: c.tensors.map(({ name, kind, count, fill: f }) => ({
      name,
      kind,
      count,
      how: f.how,
      size: "size" in f && f.size !== undefined ? f.size : 0,
      of: "of" in f && f.of !== undefined ? f.of : -1,
      rows: "rows" in f && f.rows !== undefined ? f.rows : 0,
    })),
    steps: c.steps.map((s) => ({
      name: s.name,
      function: functionOf(s),
      units: s.meaning.units,
      flops: s.flops,
      bytes: s.bytes,
      tolerance: s.tolerance,
      slack: s.slack,
      args: s.args.join(", "),
      writes: s.part.kernel.params.flatMap((p, i) => (p.access === "read" ? [] : [i])).join(", "),
      judges: s.part.kernel.kind === "special" && s.part.kernel.op === "assign",
      apart: s.part.kernel.kind !== "special" || /^attention|^rope/.test(s.part.kernel.op),
    })),
  };
}
