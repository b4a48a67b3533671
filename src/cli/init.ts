/** `moec init FILE --out w.safetensors`: the weights and routing tables that a run would start from. */

import type { Design } from "../2-design/design.js";
import { buffersOf, weightsOf } from "../2-design/weights.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { cacheFolder } from "../host/cache-folder.js";
import { prepareData } from "../runtime/data/prepare.js";
import { designNeedsCounts, drawTables } from "../runtime/routing-tables.js";
import { type Tensor, writeSafetensors } from "../runtime/safetensors-write.js";
import { startValues } from "../runtime/start-weights.js";
import { readCounts } from "../runtime/token-counts.js";
import { checkDesign } from "./compile-design.js";
import { setOption } from "./flags.js";
import { type Cli, exit, note, print } from "./output.js";
import { readSpec } from "./read-spec.js";

export interface InitFlags {
  readonly out: string;
  readonly seed?: number;
  readonly counts?: string;
  readonly data?: readonly string[];
  readonly set?: readonly string[];
}

/** Writes every weight, table and bias of the model. */
export async function init(cli: Cli, file: string, flags: InitFlags): Promise<number> {
  const design = checkDesign(cli, readSpec(cli.host, file), (flags.set ?? []).map(setOption));
  const seed = flags.seed ?? design.train?.seed ?? 0;
  const counts = await countsFor(cli, design, seed, flags);
  const tables = drawTables(cli.host, design, counts).byName;
  const weights = weightsOf(design).map((weight): Tensor => {
    return { name: weight.name, dtype: "F32", shape: weight.shape, data: startValues(seed, weight) };
  });
  const buffers = buffersOf(design).map(({ name, shape, dtype }): Tensor => {
    if (dtype === "u8") return { name, dtype: "U8", shape, data: tables.get(name)! };
    return { name, dtype: "F32", shape, data: new Float32Array(shape.reduce((product, each) => product * each, 1)) };
  });
  writeSafetensors(cli.host, flags.out, [...weights, ...buffers], { spec: design.spec.hash, seed: String(seed) });
  print(cli, `${flags.out}: ${weights.length} weights, ${buffers.length} tables and biases, seed ${seed}`);
  return exit.ok;
}

/** Counts from the named file, or from the run's training data, where a table asks for them. */
async function countsFor(
  cli: Cli,
  design: Design,
  seed: number,
  flags: InitFlags,
): Promise<ArrayLike<number> | undefined> {
  const { vocab } = design.model!;
  if (flags.counts !== undefined) return readCounts(cli.host, flags.counts, vocab);
  if (!designNeedsCounts(design)) return undefined;
  const patterns = flags.data ?? design.train?.data.globs;
  if (!design.train || !patterns)
    throw new DiagnosticError([diagnose("MOE2021", { what: "train" }, { help: [nameCounts] })]);
  const { tokenizer, evaluate } = design.train;
  const report = (what: string): void => note(cli, what);
  const heldOut = evaluate?.heldOut ?? 0;
  const data = await prepareData(cli.host, {
    patterns,
    tokenizer,
    vocab,
    heldOut,
    seed,
    cache: cacheFolder(cli.host),
    report,
  });
  return data.counts;
}

const nameCounts = "its tables need token counts: name them with `--counts FILE`";
