/** `moec import CONFIG.json` and `moec export RUN --hf DIR`: from and to the models of Hugging Face. */
import { buffersOf, weightsOf } from "../2-design/weights.js";
import { openSide } from "../diff/sides/open-side.js";
import { join, nameOf } from "../host/paths.js";
import { readTextFile } from "../host/reading.js";
import { exportModel } from "../hugging-face/export-model.js";
import { designOf } from "../hugging-face/open-model.js";
import { readConfig } from "../hugging-face/read-config.js";
import { specOf } from "../hugging-face/spec-text.js";
import { checkTensors, openCheckpoint } from "../runtime/checkpoint.js";
import { readManifest, tokenizerPath } from "../runtime/run-folder.js";
import { writeSafetensors, writing } from "../runtime/safetensors-write.js";
import { expectedModel } from "../runtime/start-weights.js";
import { type Cli, exit, print } from "./output.js";
import { readSpec } from "./read-spec.js";
import { refuseToOverwrite } from "./write-page.js";

export interface ImportFlags {
  readonly out?: string;
  readonly name?: string;
}

/** Prints a config as a spec, or writes it where there is no file yet. */
export function importConfig({ host }: Cli, path: string, { out, name = "Imported" }: ImportFlags): number {
  const file = host.kind(path) === "folder" ? join(path, "config.json") : path;
  const model = readConfig(readTextFile(host, file), file);
  // what was written is checked like any spec
  designOf(model, file);
  const text = specOf(model, name);
  if (out === undefined) host.stdout(text);
  else {
    refuseToOverwrite(host, out);
    writing(out, () => host.write(out, text));
  }
  return exit.ok;
}

export interface ExportFlags {
  readonly hf: string;
  readonly step?: number;
}

/** Writes `config.json`, `model.safetensors` and, where the run has one, `tokenizer.json` into a folder. */
export function exportRun(cli: Cli, run: string, { hf, step }: ExportFlags): number {
  const { host } = cli;
  readManifest(host, run);
  const { design } = openSide(run, { host, readSpec: (path) => readSpec(host, path), set: [], dispatch: {} });
  const { model, step: at } = openCheckpoint(host, run, step);
  checkTensors(model, expectedModel({ weights: weightsOf(design), buffers: buffersOf(design) }));
  const { family, config, tensors } = exportModel(design, model);
  for (const name of ["config.json", "model.safetensors", "tokenizer.json"]) refuseToOverwrite(host, join(hf, name));
  writing(hf, () => host.write(join(hf, "config.json"), config));
  writeSafetensors(host, join(hf, "model.safetensors"), tensors, { format: "pt" });
  const tokenizer = tokenizerPath(run);
  if (host.kind(tokenizer) === "file") {
    writing(hf, () => host.write(join(hf, nameOf(tokenizer)), host.readText(tokenizer)));
  }
  print(cli, `${hf}: ${family}, ${tensors.length} tensors of step ${at}`);
  return exit.ok;
}
