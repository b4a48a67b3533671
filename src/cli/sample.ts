/** `moec sample RUN`: lets a trained model go on with a text. */
import type { Design } from "../2-design/design.js";
import { whyNoCache, writingPrograms } from "../3-graph/cacheable.js";
import { bundleOf } from "../6-emit/bundle.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { reading } from "../host/reading.js";
import { compileDesign } from "../pipeline.js";
import type { Bundle } from "../runtime/bundle.js";
import { openCheckpoint, type StoredCheckpoint } from "../runtime/checkpoint.js";
import type { Engine } from "../runtime/engine.js";
import { fillData } from "../runtime/fill-data.js";
import { type Written, writeText } from "../runtime/generate-text.js";
import { openEngine } from "../runtime/open-engine.js";
import { predictNext, predictWhole } from "../runtime/predict.js";
import { tableUses } from "../runtime/routing-tables.js";
import { readManifest, specPath, tokenizerPath } from "../runtime/run-folder.js";
import { loadModel, tablesIn } from "../runtime/start-weights.js";
import { placeStep } from "../runtime/step-input.js";
import { readTokenizer } from "../runtime/tokenizer/read-tokenizer.js";
import { checkDesign, type DesignFlags } from "./compile-design.js";
import { dispatchWishes, setOption } from "./flags.js";
import { type Cli, exit, note, print } from "./output.js";
import { readSpec, specName } from "./read-spec.js";

export interface SampleFlags {
  /** `-`: what stands in stdin */
  readonly prompt: string;
  readonly tokens: number;
  readonly seed: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly step?: number;
  readonly threads?: number;
  readonly json?: boolean;
  /** false with `--no-cache` */
  readonly cache?: boolean;
}

/** Prints the prompt and what the model adds, as it comes; how fast, on stderr; or all of it as JSON. */
export async function sample(cli: Cli, folder: string, flags: SampleFlags): Promise<number> {
  const { host } = cli;
  const manifest = readManifest(host, folder);
  const checkpoint = openCheckpoint(host, folder, flags.step);
  const tokenizer = readRunTokenizer(cli, folder);
  const source = readSpec(host, specPath(folder));
  const design = checkDesign(cli, source, (manifest.flags.set ?? []).map(setOption));
  const without = whyWhole(design, flags);
  if (without !== undefined) note(cli, `no key-value cache, the whole context is computed for every token: ${without}`);
  const bundle = compileWriter(design, specName(source.path), manifest.flags, without === undefined);
  const engine = await openEngine(bundle, { threads: flags.threads });
  try {
    load(engine, bundle, checkpoint);
    const { vocab, context: sequence } = design.model!;
    const size = { sequence, vocab };
    const predict = without === undefined ? predictNext(engine, size) : predictWhole(engine, "sample", size);
    const prompt = flags.prompt === "-" ? reading("stdin", () => host.stdin()) : flags.prompt;
    const write = flags.json ? undefined : host.stdout;
    write?.(prompt);
    const written = await writeText(predict, tokenizer, vocab, prompt, { ...flags, write });
    if (flags.json) print(cli, JSON.stringify(asJson(prompt, written, without)));
    else print(cli);
    if (!flags.json) note(cli, speedLine(written, sequence));
    return exit.ok;
  } finally {
    await engine.close();
  }
}

/** Why keys and values are not kept; undefined: they are. */
function whyWhole(design: Design, { cache }: SampleFlags): string | undefined {
  if (cache === false) return "asked for with --no-cache";
  const place = whyNoCache(design);
  if (place === undefined) return undefined;
  const { because = place.scope } = place;
  const { text, line } = design.provenance[because] ?? {};
  const where = line === undefined ? because : `${because}, line ${line}`;
  return `${text === undefined ? place.role : `\`${text}\``} (${where}) compares tokens, or treats them by their place`;
}

/** The programs that write, for one sequence. What was wished for the sizes of training holds for whole contexts only. */
function compileWriter(design: Design, name: string, flags: DesignFlags, cached: boolean): Bundle {
  const programs = cached ? writingPrograms(design) : (["sample"] as const);
  return bundleOf(compileDesign(design, { ...dispatchWishes(flags), programs, batch: 1 }), name);
}

function load(engine: Engine, bundle: Bundle, checkpoint: StoredCheckpoint): void {
  loadModel(engine, bundle, checkpoint.model);
  fillData(engine, tablesIn(bundle, checkpoint.model), tableUses(bundle.design));
  placeStep(engine, checkpoint.step);
}

/** Tokens a second, of those after the first: the first waits for the prompt. */
function perSecond({ tokens, milliseconds }: Written): number {
  return tokens < 2 ? 0 : (1000 * (tokens - 1)) / Math.max(milliseconds.rest, 1e-3);
}

function speedLine(written: Written, context: number): string {
  const { prompt, tokens, ended, milliseconds } = written;
  const whole = Math.max(0, prompt + tokens - 1 - context);
  const parts = [
    `${tokens} tokens`,
    ...(ended ? ["the model ended the document"] : []),
    ...(tokens < 2 ? [] : [`${perSecond(written).toFixed(perSecond(written) < 100 ? 1 : 0)} tok/s`]),
    `first after ${Math.round(milliseconds.first)}ms`,
    ...(whole > 0
      ? [`context of ${context} full: each of the last ${Math.min(whole, tokens)} tokens read it anew`]
      : []),
  ];
  return parts.join(" | ");
}

function asJson(prompt: string, written: Written, without: string | undefined): object {
  const { text, prompt: promptTokens, tokens, ended, milliseconds } = written;
  return {
    prompt,
    text,
    prompt_tokens: promptTokens,
    tokens,
    ended,
    tokens_per_second: Number(perSecond(written).toFixed(2)),
    first_token_ms: Number(milliseconds.first.toFixed(1)),
    cache: without === undefined,
    ...(without !== undefined && { why_no_cache: without }),
  };
}

function readRunTokenizer({ host }: Cli, folder: string) {
  const path = tokenizerPath(folder);
  if (host.kind(path) === "file") return readTokenizer(host, path);
  // runs on token files have none unless their spec names one
  const reason = "the run was trained on token ids without a tokenizer";
  throw new DiagnosticError([diagnose("MOE6019", { file: path, reason })]);
}
