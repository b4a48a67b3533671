/** Sides of a comparison for tests. */
import { type CompiledSide, compileSide } from "../../src/diff/side.js";
import { designOf } from "./designs.js";

/** A side of a text, compiled for a target. */
export function sideOf(text: string, label = "test.moe", target = "cpu"): CompiledSide {
  return compileSide({ kind: "spec", label, design: designOf(text, label), dispatch: {} }, target);
}
