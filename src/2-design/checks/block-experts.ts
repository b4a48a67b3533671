/** A block that is an expert works on tokens, and some of its steps need to know which tokens go through it together. */
import type { Block, Design, Mixture } from "../design.js";
import { attentionsOf, expertBlocks } from "../layers.js";
import { type Check, type CheckContext, inSlot } from "./check.js";

export const blockExperts: Check = {
  name: "block-experts",
  doc: "Blocks that are experts get whole tokens, and a fixed number of every sequence where their steps compare tokens.",
  run: (context) => {
    for (const mixture of Object.values(context.design.mixtures)) {
      for (const [i, { ffn }] of mixture.experts.entries()) {
        const block = ffn.block === undefined ? undefined : context.design.blocks[ffn.block];
        if (block) checkBlock(mixture, block, `${mixture.name}.experts${i === 0 ? "" : `[${i}]`}.block`, context);
      }
    }
  },
};

function checkBlock(mixture: Mixture, block: Block, path: string, context: CheckContext): void {
  const { name, unit, router } = mixture;
  const cycle = circle(block.name, [], context.design);
  if (cycle) context.tell("MOE2014", { cycle }, path);
  else if (unit.kind !== "token") {
    const secondary = context.label(`${name}.unit`, "what is routed");
    context.tell("MOE3041", { kind: "block", part: block.name, moe: name, unit: unit.kind }, path, { secondary });
  } else {
    const what = needsFixedNumber(block, mixture, context.design);
    const [select] = inSlot(router, "select");
    if (!what || !select) return;
    context.tell("MOE3040", { block: block.name, moe: name, what, rule: select.text }, path, {
      secondary: context.label(select.path, "chooses here"),
      help: ["write `select top(12.5%) per sequence` where it is the only expert, or `… per expert within sequence`"],
    });
  }
}

/** What a block has that this selection cannot serve; undefined: nothing. */
function needsFixedNumber(block: Block, mixture: Mixture, design: Design): string | undefined {
  const { steps } = block;
  const attention = attentionsOf(block, design);
  const chooses = inSlot(mixture.router, "select").map(({ args }) => args);
  const inSequence = chooses.every(
    ({ per, within }) => per === "sequence" || (per === "expert" && within === "sequence"),
  );
  if (attention.length > 0 && !inSequence) return "attention";
  // each unit goes to its best expert, so that only the units of all experts together are a fixed number
  const shared = mixture.expertCount > 1 && chooses.some(({ per }) => per === "sequence");
  const drops = inSlot(mixture.router, "limit").some(({ rule }) => rule !== "none");
  if (inSequence && !shared && !drops) return undefined;
  if (attention.some(({ mask }) => mask === "none")) return "attention to all positions";
  return steps.some(({ kind }) => kind === "mixture") ? "a mixture" : undefined;
}

/** The way from a block through experts back to itself; undefined: there is none. */
function circle(name: string, before: readonly string[], design: Design): readonly string[] | undefined {
  if (before.includes(name)) return before[0] === name ? [...before, name] : undefined;
  for (const step of design.blocks[name]?.steps ?? []) {
    for (const inner of expertBlocks(design, step)) {
      const found = circle(inner, [...before, name], design);
      if (found) return found;
    }
  }
  return undefined;
}
