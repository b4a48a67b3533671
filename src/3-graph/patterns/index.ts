/** The compositions that the gradient recognises. */
import { logSumExp } from "./log-sum-exp.js";
import type { Pattern } from "./pattern.js";
import { softmax } from "./softmax.js";

const patterns: readonly Pattern[] = [softmax, logSumExp];

/** The first pattern that ends at this node. */
export const recognised: Pattern = (g, node, grads) => {
  for (const pattern of patterns) {
    const found = pattern(g, node, grads);
    if (found !== undefined) return found;
  }
  return undefined;
};
