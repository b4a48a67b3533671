/**
 * Which rules of a router hold in which steps: `until step(n)` holds in the first n steps, `from step(n)` in all later
 * ones. Steps are cut into the stretches in which the same rules hold. Nothing here says what rules do.
 */
import type { RuleUse } from "./design.js";

/** Steps s with from ≤ s < until; no `until`: all later steps. */
export interface Stretch {
  readonly from: number;
  readonly until: number | undefined;
}

export interface Phase extends Stretch {
  /** what holds, in the order of the router */
  readonly rules: readonly RuleUse[];
}

/** The phases of training, or of inferring, first to last; together they cover every step. */
export function phasesOf(rules: readonly RuleUse[], training: boolean): readonly Phase[] {
  const mode = training ? "training" : "inferring";
  const present = rules.filter(({ when }) => when?.phase === undefined || when.phase === mode);
  const borders = present.flatMap(({ when }) => [when?.fromStep ?? 0, when?.untilStep ?? 0]);
  const starts = [...new Set([0, ...borders])].sort((a, b) => a - b);
  const stretches = starts.map((from, i): Phase => ({ from, until: starts[i + 1], rules: holding(present, from) }));
  return stretches.reduce(joined, []);
}

/** `in steps 100 to 199`, `from step 100 on`, `in all steps`. */
export function stretchText({ from, until }: Stretch): string {
  if (until === undefined) return from === 0 ? "in all steps" : `from step ${from} on`;
  return until === from + 1 ? `in step ${from}` : `in steps ${from} to ${until - 1}`;
}

const holding = (rules: readonly RuleUse[], step: number): readonly RuleUse[] =>
  rules.filter(({ when }) => (when?.fromStep ?? 0) <= step && step < (when?.untilStep ?? Number.POSITIVE_INFINITY));

/** Neighbours with the same rules are one phase. */
function joined(done: readonly Phase[], next: Phase): readonly Phase[] {
  const last = done.at(-1);
  const same = last?.rules.length === next.rules.length && last.rules.every((use, i) => use === next.rules[i]);
  return same ? [...done.slice(0, -1), { ...last, until: next.until }] : [...done, next];
}
