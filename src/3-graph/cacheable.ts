/** Whether the text that a design writes can be computed token by token, with keys and values kept. */
import type { Design } from "../2-design/design.js";
import { forward } from "./forward/model.js";
import type { Place } from "./graph.js";
import type { ProgramName } from "./programs.js";
import { whereTokensMeet } from "./token-by-token.js";

/** The programs that write text: those that keep keys and values where that is legal, else the whole context. */
export const writingPrograms = (design: Design): readonly ProgramName[] =>
  whyNoCache(design) ? ["sample"] : ["decode", "prefill"];

/** Two sequences of so many tokens show what sequences of any length do. */
const size = { batch: 2, seq: 7 } as const;

/**
 * Where the model, as it writes, looks at other tokens than attention to earlier ones does: a selection that compares
 * tokens, room that they share, noise that differs from place to place. Undefined: nowhere, so that caches are legal.
 */
export function whyNoCache(design: Design): Place | undefined {
  const graph = forward(design, { ...size, training: false, sampling: true, placed: true });
  return whereTokensMeet(graph, "logits", size);
}
