/** Codes 5xxx: dispatch, plan and target. The design is sound, but not here, or not this way. */
import { error, type Family, type NoParams } from "./entry.js";

export const targetCodes = {
  MOE5001: error("an unknown target", (p: { target: string }) => `there is no target \`${p.target}\``),
  MOE5002: error("an unknown strategy", (p: { strategy: string }) => `there is no dispatch strategy \`${p.strategy}\``),
  MOE5003: error(
    "a strategy that is not legal here",
    (p: { strategy: string; site: string; reason: string }) =>
      `\`${p.strategy}\` cannot dispatch \`${p.site}\`: ${p.reason}`,
  ),
  MOE5004: error("an unknown dispatch site", (p: { site: string; why?: string }) =>
    p.why === undefined
      ? `the model has no mixture called \`${p.site}\``
      : `there is no strategy to choose for \`${p.site}\`: ${p.why}`,
  ),
  MOE5005: error(
    "no C compiler",
    (_: NoParams) => "native code was asked for, but no C compiler (`cc`, `gcc`, `clang`) was found",
  ),
  MOE5006: error(
    "a target that cannot run here",
    (p: { target: string; reason: string }) => `target \`${p.target}\` cannot run on this machine: ${p.reason}`,
  ),
  MOE5007: error(
    "a design that a target cannot express",
    (p: { target: string; what: string }) => `target \`${p.target}\` cannot build ${p.what}`,
  ),
  MOE5008: error(
    "a limit of the target is exceeded",
    (p: { target: string; what: string; needed: number | bigint; limit: number | bigint }) =>
      `${p.what} needs ${p.needed}, target \`${p.target}\` allows ${p.limit}`,
  ),
  MOE5009: error(
    "a setting of the environment that cannot be used",
    // expected: "`native` or `wasm`", "a whole number from 1 to 1024"
    (p: { name: string; value: string; expected: string }) => `\`${p.name}\` is \`${p.value}\`: expected ${p.expected}`,
  ),
  MOE5010: error("an unknown rewrite", (p: { rewrite: string }) => `there is no rewrite \`${p.rewrite}\``),
  MOE5011: error(
    "a rule that is checked but not compiled yet",
    (p: { path: string; text: string }) => `\`${p.text}\` (${p.path}) can be checked, but moec cannot compile it yet`,
  ),
} as const satisfies Family<"5">;
