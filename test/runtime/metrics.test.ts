import { describe, expect, test } from "vitest";
import { memoryHost } from "../../src/host/memory.js";
import { heatmap, summariseLoad, watchLoad } from "../../src/runtime/load.js";
import { jsonLine, openMetrics, runningMean, speedMeter } from "../../src/runtime/metrics.js";
import { bitsPerByte, formatBytes, formatCount, formatDuration, progressLine } from "../../src/runtime/progress.js";

describe("metrics.jsonl", () => {
  test("starts empty and grows by a line per step", () => {
    const host = memoryHost({ files: { "run/metrics.jsonl": '{"step":9}\n' } });
    const metrics = openMetrics(host, "run/metrics.jsonl");
    metrics.write({ step: 1, loss: 8.5 });
    metrics.write({ step: 2, loss: Number.NaN });
    expect(host.readText("run/metrics.jsonl")).toBe('{"step":1,"loss":8.5}\n{"step":2,"loss":"NaN"}\n');
  });
  test("goes on after the resumed step, without what came later or was cut off", () => {
    const host = memoryHost({ files: { "m.jsonl": '{"step":1}\n{"step":2}\n{"step":2,"val":3}\n{"step":3}\n{"st' } });
    openMetrics(host, "m.jsonl", 2).write({ step: 3, again: true });
    expect(host.readText("m.jsonl")).toBe('{"step":1}\n{"step":2}\n{"step":2,"val":3}\n{"step":3,"again":true}\n');
    expect(host.list(".")).toEqual(["m.jsonl"]);
  });
  test("starts anew when the run had none", () => {
    const host = memoryHost();
    openMetrics(host, "m.jsonl", 5);
    expect(host.readText("m.jsonl")).toBe("");
  });
  test("on a full disk says so", () => {
    const metrics = openMetrics(memoryHost({ capacity: 10 }), "m.jsonl");
    expect(() => metrics.write({ step: 1, loss: 8.5 })).toThrow("MOE6008: the disk is full: `m.jsonl`");
  });
  test("keeps infinities visible", () => {
    expect(jsonLine({ a: Number.POSITIVE_INFINITY, b: [1, Number.NaN] })).toBe('{"a":"Infinity","b":[1,"NaN"]}');
  });
});

describe("means and speed", () => {
  test("a running mean is right from the first value on", () => {
    const mean = runningMean(0.9);
    expect(mean.value()).toBeNaN();
    expect(mean.add(8)).toBeCloseTo(8, 12);
    expect(mean.add(8)).toBeCloseTo(8, 12);
    // weights 0.81, 0.9, 1 of the three values
    expect(mean.add(5)).toBeCloseTo((8 * 0.81 + 8 * 0.9 + 5) / 2.71, 12);
  });
  test("warm-up steps stay out of the timing", () => {
    const meter = speedMeter({ tokensPerStep: 4096, steps: 100 });
    expect(meter(1, 5000)).toEqual({ stepMs: 5000, tokensPerSecond: 819.2, secondsLeft: 495 });
    meter(2, 900);
    const { stepMs, tokensPerSecond, secondsLeft } = meter(3, 200);
    expect(stepMs).toBeCloseTo(200);
    expect(tokensPerSecond).toBeCloseTo(20_480);
    expect(secondsLeft).toBeCloseTo(19.4);
  });
});

describe("the progress line", () => {
  const progress = {
    step: 120,
    steps: 2000,
    loss: 3.412,
    crossEntropy: 3.398,
    parts: { bal: 0.011, z: 0.003 },
    evaluation: { loss: 3.55, bitsPerByte: 1.213 },
    lr: 3e-4,
    gradNorm: 0.91,
    tokensPerSecond: 12_345,
    stepMs: 166,
    load: { maxOverMean: 1.42, dead: 0, dropped: 0 },
    memoryBytes: 1.2 * 1024 ** 3,
    secondsLeft: 312,
  };
  test("says what people know from other trainers", () => {
    expect(progressLine(progress)).toBe(
      "step 120/2000 6.0% | loss 3.412 (ce 3.398 bal .011 z .003) | val 3.55 ppl 34.8 bpb 1.21 | lr 3.0e-4 | gnorm 0.91 | 12.3k tok/s | dt 166ms | load max/mean 1.42 dead 0 drop 0.0% | mem 1.2 GiB | eta 5m12s",
    );
  });
  test("leaves out what is not known, and survives a divergence", () => {
    const { evaluation, load, memoryBytes, parts, ...dense } = progress;
    expect(progressLine(dense)).toBe(
      "step 120/2000 6.0% | loss 3.412 | lr 3.0e-4 | gnorm 0.91 | 12.3k tok/s | dt 166ms | eta 5m12s",
    );
    expect(progressLine({ ...dense, loss: Number.NaN, evaluation: { loss: 40 } })).toContain(
      "loss NaN | val 40.00 ppl 2.35e17 |",
    );
  });
  test.each([
    [0, "0s"],
    [0.0004, "0ms"],
    [0.9999, "1.0s"],
    [2.54, "2.5s"],
    [59.4, "59s"],
    [59.7, "1m00s"],
    [312, "5m12s"],
    [3725, "1h02m"],
    [90_000, "1d01h"],
    [Number.NaN, "–"],
  ])("%d seconds are %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
  test.each([
    [0, "0"],
    [950, "950"],
    [1000, "1.0k"],
    [12_345, "12.3k"],
    [999_499, "999k"],
    [999_500, "1.0M"],
    [4.56e6, "4.6M"],
    [2e9, "2.0G"],
  ])("%d is %s", (value, text) => expect(formatCount(value)).toBe(text));
  test.each([
    [0, "0 B"],
    [512, "512 B"],
    [1024, "1.0 KiB"],
    [3.4 * 1024 ** 2, "3.4 MiB"],
  ])("%d bytes are %s", (count, text) => expect(formatBytes(count)).toBe(text));
  test("bits per byte of a uniform guess over bytes are eight", () => {
    expect(bitsPerByte(Math.log(256), 100, 100)).toBeCloseTo(8, 12);
    expect(bitsPerByte(Math.log(16), 50, 100)).toBeCloseTo(2, 12);
  });
});

describe("load", () => {
  const layers = [
    [8, 8, 8, 8],
    [0, 3, 6, 23],
  ];
  test("is summed up by the worst layer and all dead experts", () => {
    expect(summariseLoad(layers)).toEqual({ maxOverMean: 23 / 8, dead: 1 });
    expect(summariseLoad([])).toEqual({ maxOverMean: 0, dead: 0 });
    expect(summariseLoad([[0, 0]])).toEqual({ maxOverMean: 0, dead: 2 });
  });
  test("is drawn a layer a line", () => {
    expect(heatmap(layers)).toBe(
      [
        "layer 0 ▓▓▓▓ max/mean 1.00",
        "layer 1 ·░▒█ max/mean 2.88",
        "· none  ░ < ½ mean  ▒ < mean  ▓ < 2 mean  █ ≥ 2 mean",
      ].join("\n"),
    );
    expect(heatmap(layers, { numbers: [3, 10] })).toContain("layer  3 ▓▓▓▓");
    expect(heatmap(layers)).not.toContain("\u001b");
    expect(heatmap(layers, { colour: true })).toContain("\u001b[31m·\u001b[39m");
  });
  test("that stays wrong is reported once", () => {
    const watch = watchLoad({ window: 3, limit: 2.5, reachable: (layer, expert) => !(layer === 1 && expert === 1) });
    const uneven = [
      [1, 1, 1, 1],
      [0, 0, 0, 30],
    ];
    expect([watch(uneven), watch(uneven)]).toEqual([[], []]);
    expect(watch(uneven).map((each) => each.message)).toEqual([
      "expert 0 of layer 1 received nothing for 3 steps",
      "expert 2 of layer 1 received nothing for 3 steps",
      "in layer 1 the busiest expert took 4.0 times the mean load over 3 steps",
    ]);
    for (let step = 0; step < 9; step++) expect(watch(uneven)).toEqual([]);
  });
  test("that is wrong for a step only is not reported", () => {
    const watch = watchLoad({ window: 3 });
    const turns = [
      [0, 9],
      [9, 0],
      [5, 4],
    ].map((load) => watch([load]));
    expect(turns.flat()).toEqual([]);
  });
});
