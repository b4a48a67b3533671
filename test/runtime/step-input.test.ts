/** Evaluating and sampling are in the phase of the last step trained. */
import { expect, it } from "vitest";
import type { Engine } from "../../src/runtime/engine.js";
import { placeStep } from "../../src/runtime/step-input.js";

const told = (has: boolean, done: number): number => {
  const step = new Float32Array([7]);
  placeStep({ has: () => has, floats: () => step } as unknown as Engine, done);
  return step[0]!;
};

it.each([
  [0, 0],
  [1, 0],
  [1000, 999],
])("after %d steps the step is %d", (done, step) => expect(told(true, done)).toBe(step));

it("programs that do not ask for the step are told nothing", () => expect(told(false, 5)).toBe(7));
