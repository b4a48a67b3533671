/** What a person sees while a model trains: on a terminal, in a log, and beside JSON. */
import { describe, expect, it } from "vitest";
import { trainView } from "../../src/cli/train-view.js";
import { diagnose } from "../../src/diagnostics/diagnose.js";
import { memoryHost } from "../../src/host/memory.js";
import type { StepReport } from "../../src/runtime/step-report.js";

const steps = 300;

function report(step: number, evaluated = false): StepReport {
  const progress = {
    step,
    steps,
    loss: 3,
    crossEntropy: 2.9,
    lr: 3e-4,
    gradNorm: 1,
    tokensPerSecond: 12_345,
    stepMs: 160,
    secondsLeft: 9,
  };
  const evaluation = evaluated ? { loss: 3.5, perplexity: 33.1, bitsPerByte: 1.2, tokens: 64 } : undefined;
  const loads = [
    [4, 0, 12, 4],
    [5, 5, 5, 5],
  ];
  return { progress, evaluation, step: { loads }, metrics: { step, loss: 3 } } as unknown as StepReport;
}

function seen(columns: number | undefined, json = false) {
  const host = { ...memoryHost(), terminal: columns === undefined ? undefined : { columns } };
  const view = trainView({ host, colour: false }, { json, folder: "runs/a" });
  return { view, out: () => host.output.join(""), error: () => host.errors.join("") };
}

describe("on a terminal", () => {
  it("moves one line, cut to the width, and keeps evaluations with a map of the load", () => {
    const { view, out } = seen(40);
    for (const step of [1, 2]) view.events.step!(report(step));
    view.events.step!(report(3, true));
    const [first, second, ...kept] = out().split("\r\u001b[K").slice(1);
    expect([first!.length, second!.length]).toEqual([39, 39]);
    expect(first).toMatch(/^step 1\/300 0\.3% \| loss 3\.000/);
    expect(kept[0]).toMatch(/^step 3\/300 .*eta 9\.0s\n$/);
    expect(kept[1]!.split("\n").slice(0, 2)).toEqual(["layer 0 ▒·█▒ max/mean 2.40", "layer 1 ▓▓▓▓ max/mean 1.00"]);
  });

  it("writes warnings above the moving line", () => {
    const { view, out } = seen(80);
    view.events.step!(report(1));
    view.events.warned!(diagnose("MOE6028", { pattern: "*.txt" }));
    expect(out().endsWith('\r\u001b[Kwarning[MOE6028]: no file matches "*.txt"\n')).toBe(true);
  });
});

describe("in a log", () => {
  it("writes thirty plain lines, whatever the number of steps", () => {
    const { view, out } = seen(undefined);
    for (let step = 1; step <= steps; step++) view.events.step!(report(step));
    const lines = out().trimEnd().split("\n");
    expect(lines).toHaveLength(31);
    expect(lines.map((line) => line.split(" ")[1]).slice(0, 3)).toEqual(["1/300", "10/300", "20/300"]);
    expect(out()).not.toContain("\u001b");
    expect(out()).not.toContain("█");
  });
});

describe("beside JSON", () => {
  it("keeps stdout for objects", () => {
    const { view, out, error } = seen(80, true);
    view.report("reading 3 files");
    for (const step of [1, 2]) view.events.step!(report(step));
    view.end("finished", 2);
    expect(out()).toBe('{"step":1,"loss":3}\n{"step":2,"loss":3}\n');
    expect(error()).toMatch(
      /^reading 3 files\nstep 1\/300 .*\ndone: 2 steps \| runs\/a \| try: moec sample runs\/a --prompt "The "\n$/,
    );
  });
});

it("says how it ended", () => {
  const last = (outcome: string, step: number): string => {
    const { view, out } = seen(undefined);
    view.end(outcome, step);
    return out();
  };
  expect(last("interrupted", 7)).toBe("interrupted: 7 steps | runs/a | go on with --resume\n");
  expect(last("interrupted", 0)).toBe("interrupted before the first step: nothing was saved\n");
  expect(last("diverged", 7)).toBe("diverged at step 7 | runs/a\n");
});
