/**
 * What a person sees while a model trains: what is about to happen, a line that moves on a terminal or a line now and
 * then in a log, the load of the experts, and where everything went. With `--json` numbers go to stdout, one object a
 * step, and text to stderr.
 */
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { renderPretty } from "../diagnostics/render/pretty.js";
import { type Bundle, bundleSize } from "../runtime/bundle.js";
import { heatmap } from "../runtime/load.js";
import { jsonLine } from "../runtime/metrics.js";
import { formatBytes, formatCount, formatDuration, progressLine } from "../runtime/progress.js";
import type { Run } from "../runtime/run.js";
import type { StepReport } from "../runtime/step-report.js";
import type { TrainEvents } from "../runtime/train.js";
import type { Cli } from "./output.js";

export interface TrainViewOptions {
  readonly json: boolean;
  readonly folder: string;
}

export interface TrainView {
  readonly compiled: (bundle: Bundle, milliseconds: number) => void;
  readonly report: (line: string) => void;
  readonly events: TrainEvents;
  readonly end: (outcome: string, step: number) => void;
}

/** Lines of progress in a log, where nothing can move. */
const linesInLog = 30;

/** A view for a terminal, a log, or a program, as the host and `--json` ask for. */
export function trainView(cli: Cli, { json, folder }: TrainViewOptions): TrainView {
  const { host } = cli;
  const moves = host.terminal !== undefined && !json;
  const line = movingLine((text) => (json ? host.stderr(text) : host.stdout(text)), moves ? host.terminal!.columns : 0);
  const colour = cli.colour && !json;
  return {
    compiled: (bundle, ms) => line.say(`${bundleLine(bundle)} | compiled in ${formatDuration(ms / 1000)}`),
    report: (text) => line.say(text),
    events: {
      opened: (run, steps) => {
        for (const text of openingLines(run, steps)) line.say(text);
      },
      step: (report) => {
        if (json) host.stdout(`${jsonLine(report.metrics)}\n`);
        showStep(line, report, { moves, colour, shown: isShown(report, moves) });
      },
      warned: (diagnostic: Diagnostic) => line.say(renderPretty(diagnostic, { color: colour })),
    },
    end: (outcome, step) => line.say(lastLine(outcome, step, folder)),
  };
}

function bundleLine(bundle: Bundle): string {
  const { parameters, layers } = bundleSize(bundle);
  return `${bundle.design.model!.name}: ${formatCount(parameters)} weights in ${layers} layers`;
}

function openingLines(run: Run, steps: number): string[] {
  const { data, engine, drawn, bundle, step } = run;
  const { kept, workspace } = bundle.plan.memory;
  const share = (100 * data.heldOut.length) / (data.train.length + data.heldOut.length);
  const tables = [...(drawn()?.made ?? [])].map(([name, { tiers }]) => {
    const each = tiers.map((tier) => `${tier.ids} ids ${tier.name} (${(100 * tier.share).toFixed(1)}% of tokens)`);
    return `table ${name}: ${each.join(", ")}`;
  });
  return [
    `data: ${formatCount(data.train.length)} tokens of ${data.trainDocuments} documents in ${data.files} files, ` +
      `${formatCount(data.heldOut.length)} held out (${share.toFixed(1)}%)`,
    ...(run.evaluatedTokens === 0 && bundle.design.train?.evaluate
      ? [`too little is held out to evaluate: it takes ${bundle.design.model!.context + 1} tokens in a row`]
      : []),
    ...tables,
    `memory: ${formatBytes(engine.plannedBytes)} planned for tensors ` +
      `(${formatBytes(kept)} weights and optimiser, ${formatBytes(workspace)} workspace)`,
    `device: ${engine.device.description}`,
    plannedSteps(step(), steps),
  ];
}

function plannedSteps(done: number, steps: number): string {
  if (done >= steps) return `nothing to do: the run has ${done} steps already, \`--steps\` asks for more`;
  return `training ${done > 0 ? `from step ${done} ` : ""}to step ${steps}`;
}

const isShown = ({ progress: { step, steps }, evaluation }: StepReport, moves: boolean): boolean =>
  evaluation !== undefined ||
  step === steps ||
  (!moves && (step === 1 || step % Math.max(1, Math.round(steps / linesInLog)) === 0));

interface Showing {
  readonly moves: boolean;
  readonly colour: boolean;
  /** the line stays */
  readonly shown: boolean;
}

function showStep(
  line: MovingLine,
  { progress, step, evaluation }: StepReport,
  { moves, colour, shown }: Showing,
): void {
  const text = progressLine(progress);
  if (!shown) {
    line.move(text);
    return;
  }
  line.say(text);
  if (moves && evaluation && step.loads.length > 0) line.say(heatmap(step.loads, { colour }));
}

function lastLine(outcome: string, step: number, folder: string): string {
  const how = { finished: "done", interrupted: "interrupted", diverged: "diverged" }[outcome] ?? outcome;
  if (outcome === "interrupted" && step === 0) return "interrupted before the first step: nothing was saved";
  if (outcome === "diverged") return `${how} at step ${step} | ${folder}`;
  const next = outcome === "interrupted" ? "go on with --resume" : `try: moec sample ${quoted(folder)} --prompt "The "`;
  return `${how}: ${step} steps | ${folder} | ${next}`;
}

/** A path as shells take it for one word. */
const quoted = (path: string): string => (/^[\w./:\\@+-]+$/.test(path) ? path : `"${path}"`);

interface MovingLine {
  /** a line that stays */
  readonly say: (text: string) => void;
  /** the line at the bottom; nothing where lines cannot move */
  readonly move: (text: string) => void;
}

/** `columns` 0: a log. */
function movingLine(write: (text: string) => void, columns: number): MovingLine {
  const clear = columns > 0 ? "\r\u001b[K" : "";
  return {
    say: (text) => write(`${clear}${text}\n`),
    // one cell less: a full line would wrap and could not be taken back
    move: (text) => columns > 0 && write(`${clear}${text.slice(0, columns - 1)}`),
  };
}
