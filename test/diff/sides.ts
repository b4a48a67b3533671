/** Sides of a comparison for tests. */
import { type CompiledSide, compileSide } from "../../src/diff/side.js";
import { designOf } from "./designs.js";

/** A compiled side of a text. */
export function sideOf(text: string, label = "test.moe"): CompiledSide {
  return compileSide({ kind: "spec", label, design: designOf(text, label), dispatch: {} });
}
