/** The stack of a model, layer by layer. The design keeps it run-length coded; this is where the runs are unrolled. */
import type { Block, Design, Model, Step } from "./design.js";

/** How many layers the model has. */
export function layerCount(model: Model): number {
  return model.stack.reduce((sum, run) => sum + run.count, 0);
}

/** The block of every layer, first layer first. */
export function layerBlocks(design: Design): readonly Block[] {
  const stack = design.model?.stack ?? [];
  return stack.flatMap(({ count, block }) => {
    const found = design.blocks[block];
    return found ? Array.from({ length: count }, () => found) : [];
  });
}

/** How many layers use each block, by name, in the order of first use. */
export function blockUses(design: Design): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { count, block } of design.model?.stack ?? []) uses.set(block, (uses.get(block) ?? 0) + count);
  return uses;
}

/** The name of a step's weights, `layers.{i}.<this>.…`: the part's own name in lower case. */
export function stepScope(step: Step): string {
  return step.part.toLowerCase();
}
