/**
 * What a change of a setting does to those who rely on the design. The promises are nested: `numerics` (the same
 * mathematics) holds only where `weights` (a checkpoint loads as it is) holds, and that only where `interface` (the
 * same tokens in, the same scores out) does. Weights are compared tensor by tensor, so no setting is said to break them.
 */
import type { SectionKind } from "./line.js";

/** The strongest promise that a change breaks; `nothing`: reports and reasons only. */
export type Effect = "nothing" | "numerics" | "interface";

const outside: Readonly<Partial<Record<SectionKind, readonly string[]>>> = {
  model: ["vocab", "context"],
  train: ["tokenizer"],
};

const words: Readonly<Partial<Record<SectionKind, readonly string[]>>> = {
  train: ["watch"],
  moe: ["router.allow"],
  router: ["router.allow"],
};

/** The effect of a changed line; `values` are the names of its values that differ. */
export function effectOf(kind: SectionKind, slot: string, values: readonly string[]): Effect {
  if (outside[kind]?.includes(slot)) return "interface";
  if (words[kind]?.includes(slot)) return "nothing";
  // how often is only looked at, which share is held out decides what is trained on
  if (kind === "train" && slot === "eval") return values.includes("held_out") ? "numerics" : "nothing";
  return "numerics";
}
