/** Codes 9xxx: our own bugs, which say so. */
import { error, type Family } from "./entry.js";

export const internalCodes = {
  MOE9001: error(
    "a bug in moec",
    (p: { doing: string; detail: string }) =>
      `this is a bug in moec, not in your files (while ${p.doing}): ${p.detail}`,
  ),
  MOE9002: error(
    "a stage handed on something invalid",
    (p: { stage: string; detail: string }) =>
      `this is a bug in moec: stage ${p.stage} made something invalid: ${p.detail}`,
  ),
} as const satisfies Family<"9">;
