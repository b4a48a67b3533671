/** The step that programs are told when nothing is trained: evaluating and sampling route as the last step trained did. */
import type { Engine } from "./engine.js";

/** After `done` steps; step 0 before the first. */
export function placeStep(engine: Engine, done: number): void {
  if (engine.has("input", "step")) engine.floats("input", "step")[0] = Math.max(0, done - 1);
}
