/** A folder as Hugging Face models lie on disk: `config.json` and `*.safetensors`, read as a design and its weights. */
import type { Design } from "../2-design/design.js";
import { weightsOf } from "../2-design/weights.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import type { FileHost } from "../host/host.js";
import { join } from "../host/paths.js";
import { readTextFile } from "../host/reading.js";
import { checkSpec } from "../pipeline.js";
import { readSafetensors, type Safetensors, type StoredTensor } from "../runtime/safetensors.js";
import type { HfModel } from "./family.js";
import { readConfig } from "./read-config.js";
import { specOf, type Weighting } from "./spec-text.js";
import { type TensorMap, tensorMaps } from "./tensor-names.js";

export interface HfFolder {
  readonly design: Design;
  /** the weights under the names that moec gives them */
  readonly model: Safetensors;
}

/** Whether a folder holds a Hugging Face model and no run. */
export function holdsHfModel(host: FileHost, folder: string): boolean {
  return host.kind(join(folder, "config.json")) === "file" && host.kind(join(folder, "manifest.json")) === undefined;
}

/** The design of a config; it has no run. */
export function designOf(model: HfModel, path: string, weighting?: Weighting): Design {
  const { design, diagnostics } = checkSpec({ path, text: specOf(model, "Imported", weighting) });
  if (!design) throw new DiagnosticError(diagnostics);
  return design;
}

/**
 * Opens a model. MOE6041 for a config that cannot be said, MOE6004 for tensors that are missing, MOE6005 for those that
 * nobody asked for, MOE6006 for other shapes, MOE6007 for damaged files.
 */
export function openHfModel(host: FileHost, folder: string): HfFolder {
  const path = join(folder, "config.json");
  const read = readConfig(readTextFile(host, path), path);
  const design = designOf(read, path);
  const stored = storedTensors(host, folder);
  const maps = tensorMaps(design, read.family);
  const asked = new Set(maps.flatMap(({ theirs }) => theirs));
  const extra = [...stored.keys()].filter((tensor) => !asked.has(tensor) && !isComputed(tensor));
  const missing = [...asked].filter((tensor) => !stored.has(tensor));
  const problems = [
    ...missing.map((tensor) => diagnose("MOE6004", { file: folder, tensor })),
    ...extra.map((tensor) => diagnose("MOE6005", { file: folder, tensor })),
  ];
  if (problems.length > 0) throw new DiagnosticError(problems);
  const shapes = new Map(weightsOf(design).map(({ name, shape }) => [name, shape]));
  const tensors = maps.map((map) => gathered(map, stored, shapes.get(map.ours)!, folder));
  return { design, model: { path: folder, metadata: {}, tensors: new Map(tensors.map((each) => [each.name, each])) } };
}

/** Tables of sines that old checkpoints hold. */
const isComputed = (name: string): boolean => name.endsWith("rotary_emb.inv_freq");

function storedTensors(host: FileHost, folder: string): ReadonlyMap<string, StoredTensor> {
  const files = host.list(folder).filter((name) => name.endsWith(".safetensors"));
  if (files.length === 0) {
    throw new DiagnosticError([diagnose("MOE6013", { file: folder, reason: "it holds no .safetensors" })]);
  }
  return new Map(files.flatMap((file) => [...readSafetensors(host, join(folder, file)).tensors]));
}

/** One of our weights, made from theirs when it is read. MOE6006 where a shape is another one. */
function gathered(
  { ours, theirs, stacked }: TensorMap,
  stored: ReadonlyMap<string, StoredTensor>,
  shape: readonly number[],
  file: string,
): StoredTensor {
  const parts = theirs.map((name) => stored.get(name)!);
  const expected = stacked ? shape.slice(1) : shape;
  const wrong = parts.find((part) => part.shape.join() !== expected.join());
  if (wrong) {
    throw new DiagnosticError([diagnose("MOE6006", { file, tensor: wrong.name, found: wrong.shape, expected })]);
  }
  const data = (): Float32Array => {
    const all = new Float32Array(shape.reduce((product, size) => product * size, 1));
    const run = all.length / parts.length;
    parts.forEach((part, i) => {
      all.set(part.float32(), i * run);
    });
    return all;
  };
  return { name: ours, dtype: "F32", shape, data, float32: data };
}
