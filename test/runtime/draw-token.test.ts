/** Which tokens can be drawn, and how often. */
import { expect, it } from "vitest";
import { type DrawOptions, drawToken } from "../../src/runtime/draw-token.js";
import { stream } from "../../src/runtime/rng.js";

// probabilities 0.5, 0.25, 0.125, 0.125
const logits = Float32Array.from([0.125, 0.5, 0.25, 0.125, 9].map(Math.log));

/** How often each id came in many draws. */
function shares(options: Partial<DrawOptions>): number[] {
  const rng = stream(3, "sample");
  const counts = [0, 0, 0, 0, 0];
  const draws = 4000;
  for (let i = 0; i < draws; i++) counts[drawToken(logits, 4, { temperature: 1, ...options }, rng)]!++;
  return counts.map((n) => n / draws);
}

const near = (found: readonly number[], wanted: readonly number[]): void => {
  for (const [i, share] of wanted.entries())
    expect(Math.abs(found[i]! - share)).toBeLessThan(share === 0 ? 1e-9 : 0.04);
};

it.each<[string, Partial<DrawOptions>, readonly number[]]>([
  ["as the model predicts, never an id that the tokenizer does not have", {}, [0.125, 0.5, 0.25, 0.125, 0]],
  ["the likeliest", { temperature: 0 }, [0, 1, 0, 0, 0]],
  ["flatter when hot", { temperature: 100 }, [0.25, 0.25, 0.25, 0.25, 0]],
  ["the best two", { topK: 2 }, [0, 2 / 3, 1 / 3, 0, 0]],
  ["ties of the last place go to the lowest id", { topK: 3 }, [1 / 7, 4 / 7, 2 / 7, 0, 0]],
  ["more than there are", { topK: 99 }, [0.125, 0.5, 0.25, 0.125, 0]],
  ["the nucleus", { topP: 0.6 }, [0, 2 / 3, 1 / 3, 0, 0]],
  ["at least one", { topP: 1e-9 }, [0, 1, 0, 0, 0]],
  ["the nucleus of the best three", { topK: 3, topP: 0.8 }, [0, 2 / 3, 1 / 3, 0, 0]],
])("%s", (_, options, wanted) => near(shares(options), wanted));
