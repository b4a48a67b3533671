/** Builds the training run. */
import { trainWords, watchable } from "../../words/train.js";
import type { Optimize, Train, WeightClass } from "../design.js";
import type { Declaration } from "../read/declarations.js";
import { defaultSetting, find, type Reading, readLines, requireLines } from "../read/lines.js";
import { complain } from "../read/report.js";
import { noteDefault, noteDerived, type Session } from "../read/session.js";
import { type Args, type File, localNames, num, optionalNum, refer, str, strs } from "./file.js";

/** Builds a run; the batch is counted in tokens in the language and in sequences in the design. */
export function buildTrain(declaration: Declaration, file: File): Train {
  const { session } = file;
  const name = declaration.name.text;
  const names = localNames(declaration, ["batch", "steps", "seed"], new Map(), file.names, file);
  const readings = readLines(declaration.lines, trainWords, name, names, session);
  requireLines(readings, trainWords, name, declaration.phrase.span, declaration.name.span, session);
  const args = (line: string): Args =>
    find(readings, line)?.args ?? defaultSetting(trainWords, line, name, session, names);
  const model = find(readings, "model");
  if (model?.sound) refer(str(model.args.model), ["model"], session.sites.get(model.path), file);
  noteDefaults(readings, name, session);
  return {
    name,
    data: { kind: str(args("data").data), globs: strs(args("data").globs) },
    tokenizer: tokenizerOf(args("tokenizer"), name, file),
    batch: sequences(num(args("batch").batch), name, file),
    steps: num(args("steps").steps),
    seed: num(args("seed").seed),
    optimize: readings.filter((reading) => reading.name === "optimize" && reading.sound).map(optimizeOf),
    schedule: scheduleOf(args("schedule")),
    clip: optionalNum(args("clip").norm),
    evaluate: evaluateOf(find(readings, "eval")),
    watch: find(readings, "watch") ? strs(args("watch").watch) : watchable.slice(0, 1),
  };
}

/** Sequences of a batch of tokens. */
function sequences(tokens: number, name: string, { session, names }: File): number {
  const context = names.lookup("context") ?? Number.NaN;
  const count = tokens / context;
  if (Number.isNaN(count)) return Number.NaN;
  const site = session.sites.get(`${name}.batch`);
  if (!Number.isInteger(count)) {
    const nearest = Math.max(1, Math.round(count));
    const help = [`write \`batch = ${nearest} * context\`, which is ${nearest * context} tokens`];
    complain(session.report, "MOE4013", { batch: tokens, context }, site, {
      label: `${tokens} / ${context} = ${round(count)}`,
      help,
    });
    return Number.NaN;
  }
  noteDerived(session, `${name}.sequences`, String(count), `batch / context = ${tokens} / ${context}`);
  return count;
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function tokenizerOf(args: Args, name: string, { session, names }: File): Train["tokenizer"] {
  if (args.tokenizer === "file") return { kind: "file", path: str(args.path) };
  if (args.tokenizer !== "bpe") return { kind: "byte" };
  const vocab = optionalNum(args.vocab);
  if (vocab !== undefined) return { kind: "bpe", vocab };
  const derived = names.lookup("vocab") ?? Number.NaN;
  noteDerived(session, `${name}.tokenizer.vocab`, String(derived), "the model's vocab");
  return { kind: "bpe", vocab: derived };
}

function optimizeOf({ args }: Reading): Optimize {
  const [first = Number.NaN, second = Number.NaN] = Array.isArray(args.betas) ? args.betas.map(Number) : [];
  return {
    kind: "adamw",
    lr: num(args.lr),
    betas: [first, second],
    eps: num(args.eps),
    decay: num(args.decay),
    weights: strs(args.weights) as readonly WeightClass[],
  };
}

function scheduleOf(args: Args): Train["schedule"] {
  const warmup = optionalNum(args.warmup) ?? 0;
  if (args.decay !== "cosine" && args.decay !== "linear") return { warmup, decay: { kind: "constant", to: 1 } };
  return { warmup, decay: { kind: args.decay, to: num(args.to) } };
}

function evaluateOf(reading: Reading | undefined): Train["evaluate"] {
  if (!reading) return undefined;
  const { args } = reading;
  return { every: num(args.every), heldOut: optionalNum(args.held_out) ?? 0.02 };
}

function noteDefaults(readings: readonly Reading[], name: string, session: Session): void {
  const missing = (line: string) => !find(readings, line);
  if (missing("tokenizer")) noteDefault(session, `${name}.tokenizer`, "byte", "works for any text without training");
  if (missing("schedule")) noteDefault(session, `${name}.schedule`, "constant", "the learning rate as it is");
  if (missing("watch")) noteDefault(session, `${name}.watch`, "[loss]", "the least that tells whether it learns");
}
