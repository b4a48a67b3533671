/**
 * What probably was meant: one small function per mistake, tried in the order of the list below. Each either recognises
 * its mistake and says so, or passes; where all pass, the plain truth is told.
 */
import { closesNothing, detachedArguments, detachedBracket } from "./mistakes/brackets.js";
import { afterTheValue } from "./mistakes/complete-value.js";
import { colonOutside, equalsAfterWords, equalsInArguments, noValue } from "./mistakes/equals-and-colon.js";
import { closesTheWrongBracket, forgottenCloser } from "./mistakes/unclosed.js";
import { unexpected } from "./mistakes/unexpected.js";
import {
  bareOperator,
  chainedComparison,
  commaBeforeCloser,
  commaOutside,
  missingComma,
  negativeNumber,
  wrongStart,
} from "./mistakes/values.js";
import type { Explanation, Mistake, Slip } from "./slip.js";

/** Earlier ones win: a forgotten bracket explains more than the word that followed it. */
const explanations: readonly Explanation[] = [
  closesNothing,
  wrongStart,
  closesTheWrongBracket,
  commaBeforeCloser,
  forgottenCloser,
  detachedBracket,
  equalsInArguments,
  noValue,
  equalsAfterWords,
  colonOutside,
  negativeNumber,
  chainedComparison,
  bareOperator,
  missingComma,
  detachedArguments,
  commaOutside,
  afterTheValue,
];

/** Names the mistake at the place where the grammar had to stop. */
export function explainMistake(slip: Slip): Mistake {
  for (const explanation of explanations) {
    const mistake = explanation(slip);
    if (mistake) return mistake;
  }
  return unexpected(slip);
}
