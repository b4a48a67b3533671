/** What a run writes into its folder besides checkpoints: manifest, spec, tokenizer, metrics. */
import type { FileHost } from "../host/host.js";
import type { Bundle } from "./bundle.js";
import type { Origin } from "./carry.js";
import { openMetrics } from "./metrics.js";
import type { Run } from "./run.js";
import { type Manifest, metricsPath, type RunFlags, specPath, tokenizerPath, writeManifest } from "./run-folder.js";
import { writing } from "./safetensors-write.js";
import type { StepReport } from "./step-report.js";

export interface LedgerOptions {
  readonly host: FileHost;
  /** the run's folder */
  readonly folder: string;
  /** the spec's text, kept with the run so that `moec sample` needs nothing else */
  readonly specText?: string | undefined;
  readonly flags?: RunFlags | undefined;
  readonly data?: readonly string[] | undefined;
  readonly origin?: Origin | undefined;
}

export interface Ledger {
  readonly step: (report: StepReport) => void;
  /** bytes that the process grew by until its first step was done */
  readonly measured: (bytes: number) => void;
  readonly settle: (outcome: Exclude<Manifest["status"], "running">) => void;
}

/** Starts or continues the files of a run in its folder; `metrics.jsonl` loses lines after the step the run is at. */
export function openLedger(run: Run, options: LedgerOptions, steps: number): Ledger {
  const { host, folder, specText } = options;
  let manifest = manifestOf(run, options, steps);
  const put = (changes: Partial<Manifest>): void => {
    manifest = { ...manifest, ...changes };
    writeManifest(host, folder, manifest);
  };
  put({});
  writing(folder, () => {
    if (specText !== undefined) host.write(specPath(folder), specText);
    if (run.data.tokenizer) host.write(tokenizerPath(folder), run.data.tokenizer.json());
  });
  const metrics = openMetrics(host, metricsPath(folder), run.step() > 0 ? run.step() : undefined);
  return {
    step: (report) => metrics.write(report.metrics),
    measured: (bytes) => put({ memory: { ...manifest.memory, measured: bytes } }),
    settle: (status) => put({ status }),
  };
}

function manifestOf(run: Run, options: LedgerOptions, steps: number): Manifest {
  const { bundle, data, engine, seed } = run;
  const { plan } = bundle;
  const { files, hash, trainDocuments, heldOutDocuments } = data;
  return {
    moec: bundle.version,
    spec: bundle.design.spec,
    flags: options.flags ?? { set: [], data: options.data, dispatch: [] },
    steps,
    seed,
    ...(options.origin && { from: options.origin }),
    target: targetOf(bundle),
    device: engine.device.description,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    data: {
      files,
      hash,
      train_documents: trainDocuments,
      held_out_documents: heldOutDocuments,
      train_tokens: data.train.length,
      held_out_tokens: data.heldOut.length,
      held_out_bytes: data.heldOutBytes,
    },
    memory: { planned: engine.plannedBytes, kept: plan.memory.kept, workspace: plan.memory.workspace },
    status: "running",
  };
}

function targetOf({ code }: Bundle): "cpu" | "wgsl" | "cuda" {
  if ("cuda" in code) return "cuda";
  return "wgsl" in code ? "wgsl" : "cpu";
}
