/** From the results of a step to what is written down and shown: metrics, running means, speed. */
import type { Evaluation } from "./evaluate.js";
import { runningMean, type Speed, type StepMetrics, speedMeter } from "./metrics.js";
import type { Progress } from "./progress.js";
import { type Run, type Step, trainOf } from "./run.js";
import { metricsOf } from "./step-results.js";

export interface StepReport {
  readonly metrics: StepMetrics;
  readonly progress: Progress;
  readonly step: Step;
  /** only after steps that were followed by one */
  readonly evaluation: Evaluation | undefined;
}

/** A function that turns each step into its report; running means and speed are those of this process. */
export function stepReporter(run: Run, steps: number): (step: Step, evaluation: Evaluation | undefined) => StepReport {
  const speed = speedMeter({ tokensPerStep: run.tokensPerStep, steps });
  const [loss, crossEntropy] = [runningMean(0.9), runningMean(0.9)];
  const { watch } = trainOf(run.bundle);
  let last: Evaluation | undefined;
  return (step, evaluation) => {
    last = evaluation ?? last;
    const now = speed(step.step, step.milliseconds);
    const measured = metricsOf(step.step, step, (1000 * run.tokensPerStep) / step.milliseconds, watch);
    const metrics: StepMetrics = { ...measured, ...evaluationFields(evaluation) };
    const means = { loss: loss.add(step.loss), crossEntropy: crossEntropy.add(step.crossEntropy) };
    return { metrics, step, evaluation, progress: progressOf(step, steps, means, now, metrics, last) };
  };
}

const evaluationFields = (evaluation: Evaluation | undefined) =>
  evaluation && {
    val_loss: evaluation.loss,
    val_perplexity: evaluation.perplexity,
    ...(evaluation.bitsPerByte !== undefined && { val_bits_per_byte: evaluation.bitsPerByte }),
  };

function progressOf(
  step: Step,
  steps: number,
  { loss, crossEntropy }: { loss: number; crossEntropy: number },
  { stepMs, tokensPerSecond, secondsLeft }: Speed,
  metrics: StepMetrics,
  evaluation: Evaluation | undefined,
): Progress {
  const load = { maxOverMean: metrics.load_max_over_mean, dead: metrics.dead_experts, dropped: step.dropped };
  return {
    step: step.step,
    steps,
    loss,
    crossEntropy,
    ...(step.loss !== step.crossEntropy && { parts: { bal: loss - crossEntropy } }),
    evaluation: evaluation && { loss: evaluation.loss, bitsPerByte: evaluation.bitsPerByte },
    lr: step.lr,
    gradNorm: step.gradNorm,
    tokensPerSecond,
    stepMs,
    load: step.loads.length === 0 ? undefined : load,
    memoryBytes: process.memoryUsage.rss(),
    secondsLeft,
  };
}
