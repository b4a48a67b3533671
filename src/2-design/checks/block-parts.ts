/** Weights are named after the parts of a block, so a block cannot hold two parts of one name. */
import { stepScope } from "../layers.js";
import type { Check } from "./check.js";

export const blockParts: Check = {
  name: "block-parts",
  doc: "The parts of a block have different names, in lower case too.",
  run: ({ design, tell }) => {
    for (const block of Object.values(design.blocks)) {
      const seen = new Map<string, string>();
      for (const [i, step] of block.steps.entries()) {
        const scope = stepScope(step);
        const first = seen.get(scope);
        const path = `${block.name}.residual${i === 0 ? "" : `[${i}]`}.part`;
        if (first === undefined) seen.set(scope, step.part);
        else tell("MOE2027", { block: block.name, part: step.part, scope }, path, { help: twice(first, step.part) });
      }
    }
  },
};

function twice(first: string, second: string): readonly string[] {
  if (first !== second) return [`\`${first}\` and \`${second}\` differ in case only: rename one`];
  return [`declare another one with weights of its own, e.g. \`attention ${second}2 from ${second}\``];
}
