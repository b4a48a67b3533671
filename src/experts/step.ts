/** One of several networks that stand one after the other as one expert. */
import type { Ffn, Norm } from "../2-design/design.js";

/** A norm, and what is added to the row after it. */
export interface ExpertStep {
  /** what its weights' names start with, after those of the expert */
  readonly scope: string;
  readonly norm: Norm;
  readonly ffn: Ffn;
}
