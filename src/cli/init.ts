/** `moec init FILE --out w.safetensors`: the weights and routing tables that a run would start from. */

import type { Design } from "../2-design/design.js";
import { buffersOf, weightsOf } from "../2-design/weights.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { cacheFolder } from "../host/cache-folder.js";
import { carriesNothing } from "../runtime/carry.js";
import { prepareData, type TokenizerChoice } from "../runtime/data/prepare.js";
import { mergeFor } from "../runtime/merge.js";
import { designNeedsCounts, drawTables } from "../runtime/routing-tables.js";
import { type Tensor, writeSafetensors } from "../runtime/safetensors-write.js";
import { carriedTables, startOfBuffer, startValues } from "../runtime/start-weights.js";
import { readCounts } from "../runtime/token-counts.js";
import { checkDesign } from "./compile-design.js";
import { setOption } from "./flags.js";
import { fromRun } from "./from-run.js";
import { type Cli, exit, note, print, warn } from "./output.js";
import { readSpec } from "./read-spec.js";

export interface InitFlags {
  readonly out: string;
  readonly seed?: number;
  readonly counts?: string;
  readonly data?: readonly string[];
  readonly set?: readonly string[];
  readonly from?: string;
}

/** Writes every weight, table and bias of the model, as a new run or one that starts `--from` another would have them. */
export async function init(cli: Cli, file: string, flags: InitFlags): Promise<number> {
  const design = checkDesign(cli, readSpec(cli.host, file), (flags.set ?? []).map(setOption));
  const seed = flags.seed ?? design.train?.seed ?? 0;
  const from = flags.from === undefined ? undefined : fromRun(cli, flags.from, design);
  for (const line of from?.lines ?? []) note(cli, line);
  for (const each of from?.warnings ?? []) warn(cli, each);
  const carry = from?.carry ?? carriesNothing;
  const counts = await countsFor(cli, design, seed, flags, from?.tokenizer);
  const tables = carriedTables({ buffers: buffersOf(design) }, drawTables(cli.host, design, counts).byName, carry);
  const merge = mergeFor(cli.host, design);
  const weights = weightsOf(design).map((weight): Tensor => {
    const { name, shape } = weight;
    return { name, dtype: "F32", shape, data: carry(weight, startValues(seed, weight, merge)) };
  });
  const buffers = buffersOf(design).map((buffer): Tensor => {
    const { name, shape, dtype } = buffer;
    if (dtype === "u8") return { name, dtype: "U8", shape, data: tables.get(name)! };
    return { name, dtype: "F32", shape, data: carry(buffer, startOfBuffer(buffer)) };
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
  kept: TokenizerChoice | undefined,
): Promise<ArrayLike<number> | undefined> {
  const { vocab } = design.model!;
  if (flags.counts !== undefined) return readCounts(cli.host, flags.counts, vocab);
  if (!designNeedsCounts(design)) return undefined;
  const patterns = flags.data ?? design.train?.data.globs;
  if (!design.train || !patterns)
    throw new DiagnosticError([diagnose("MOE2021", { what: "train" }, { help: [nameCounts] })]);
  const { evaluate } = design.train;
  const report = (what: string): void => note(cli, what);
  const heldOut = evaluate?.heldOut ?? 0;
  const data = await prepareData(cli.host, {
    patterns,
    tokenizer: kept ?? design.train.tokenizer,
    vocab,
    heldOut,
    seed,
    cache: cacheFolder(cli.host),
    report,
  });
  return data.counts;
}

const nameCounts = "its tables need token counts: name them with `--counts FILE`";
