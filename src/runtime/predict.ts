/**
 * What a model says comes after a text, by the programs that are there: one that computes the whole context, or two that
 * keep keys and values, so that a further token costs one position. Ids beyond the context are not seen: a longer text is
 * seen through its last tokens, whose places then change with every token, so that nothing kept of them is of use.
 */
import type { Engine } from "./engine.js";

/** Logits [V] of the id behind the given ones; these only grow from call to call. Valid until the next call. */
export type Predict = (ids: readonly number[]) => Promise<Float32Array>;

/** S and V of programs that give logits; row 0 of their batch is used. */
export interface PredictSize {
  readonly sequence: number;
  readonly vocab: number;
}

/** By a program that computes all S positions for every token. */
export function predictWhole(engine: Engine, program: string, { sequence, vocab }: PredictSize): Predict {
  return async (ids) => {
    const seen = ids.slice(-sequence);
    const tokens = engine.view("input", "tokens");
    tokens.fill(0);
    // what comes after the text cannot change what is predicted before it: attention looks back only
    tokens.set(seen);
    if (engine.has("input", "targets")) engine.view("input", "targets").fill(0);
    await engine.run(program, ["logits"]);
    const row = (seen.length - 1) * vocab;
    return engine.output(program, "logits")!.subarray(row, row + vocab);
  };
}

/**
 * More new tokens than this share of the context are computed together: as so many steps, the whole takes 24 (DeepSeek-V3 of
 * 256 positions), 45 (MaskMoE of 512) or 52 (MH-MoE), natively; 86 in WebAssembly.
 */
const FEW_TOKENS = 1 / 12;

/** By the programs `prefill` and `decode`, which share keys and values: new tokens one by one, or many at once. */
export function predictNext(engine: Engine, size: PredictSize): Predict {
  const whole = predictWhole(engine, "prefill", size);
  let kept = 0;
  const step = async (id: number): Promise<void> => {
    engine.view("input", "token").fill(id);
    engine.view("input", "position").fill(kept);
    await engine.run("decode", ["logits"]);
    kept++;
  };
  return async (ids) => {
    if (ids.length > size.sequence || ids.length - kept > FEW_TOKENS * size.sequence) {
      kept = ids.length;
      return whole(ids);
    }
    while (kept < ids.length) await step(ids[kept]!);
    return engine.output("decode", "logits")!.subarray(0, size.vocab);
  };
}
