/** `moec sample RUN`: lets a trained model go on with a text. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { openCheckpoint } from "../runtime/checkpoint.js";
import { fillData } from "../runtime/fill-data.js";
import { generateText } from "../runtime/generate-text.js";
import { openEngine } from "../runtime/open-engine.js";
import { tableUses } from "../runtime/routing-tables.js";
import { readManifest, specPath, tokenizerPath } from "../runtime/run-folder.js";
import { loadModel, tablesIn } from "../runtime/start-weights.js";
import { placeStep } from "../runtime/step-input.js";
import { readTokenizer } from "../runtime/tokenizer/read-tokenizer.js";
import { compileBundle } from "./compile-design.js";
import { type Cli, exit } from "./output.js";
import { readSpec } from "./read-spec.js";

export interface SampleFlags {
  readonly prompt: string;
  readonly tokens: number;
  readonly seed: number;
  readonly temperature: number;
  readonly step?: number;
}

/** Prints the prompt and what the model adds, as it comes. */
export async function sample(cli: Cli, folder: string, flags: SampleFlags): Promise<number> {
  const { host } = cli;
  const manifest = readManifest(host, folder);
  const checkpoint = openCheckpoint(host, folder, flags.step);
  const tokenizer = readRunTokenizer(cli, folder);
  const source = readSpec(host, specPath(folder));
  const bundle = compileBundle(cli, source, manifest.flags, { programs: ["sample"], batch: 1 });
  const engine = await openEngine(bundle);
  try {
    loadModel(engine, bundle, checkpoint.model);
    fillData(engine, tablesIn(bundle, checkpoint.model), tableUses(bundle.design));
    placeStep(engine, checkpoint.step);
    const { vocab, context: sequence } = bundle.design.model!;
    host.stdout(flags.prompt);
    await generateText(engine, tokenizer, { sequence, vocab, program: "sample" }, flags.prompt, {
      ...flags,
      write: host.stdout,
    });
    host.stdout("\n");
    return exit.ok;
  } finally {
    await engine.close();
  }
}

function readRunTokenizer({ host }: Cli, folder: string) {
  const path = tokenizerPath(folder);
  if (host.kind(path) === "file") return readTokenizer(host, path);
  // runs on token files have none unless their spec names one
  const reason = "the run was trained on token ids without a tokenizer";
  throw new DiagnosticError([diagnose("MOE6019", { file: path, reason })]);
}
