/** A merged model takes every expert from one checkpoint, so there must be as many of one as of the other. */
import { expertKind } from "../../experts/index.js";
import type { Mixture } from "../design.js";
import { reachedBlocks } from "../layers.js";
import type { Check, CheckContext } from "./check.js";

export const merged: Check = {
  name: "merged",
  doc: "What is merged has as many experts as checkpoints in every mixture, and at least one checkpoint.",
  run: (context) => {
    const { model, mixtures, blocks } = context.design;
    const parts = new Set(
      [...reachedBlocks(context.design)].flatMap((name) => blocks[name]!.steps.map(({ part }) => part)),
    );
    const own = Object.values(mixtures).filter(({ name }) => parts.has(name));
    if (model?.merge) checkCount(model.merge, own, `${model.name}.init`, context);
    for (const mixture of Object.values(mixtures)) {
      for (const init of Object.values(mixture.init)) {
        if (init.kind === "merge") checkCount(init.checkpoints, [mixture], `${mixture.name}.init`, context);
      }
    }
  },
};

function checkCount(list: readonly string[], mixtures: readonly Mixture[], path: string, context: CheckContext): void {
  const checkpoints = list.length;
  if (checkpoints === 0) {
    context.tell("MOE4008", { what: "merge", value: 0, range: "at least one checkpoint" }, path);
    return;
  }
  for (const mixture of mixtures) {
    const experts = weighted(mixture);
    if (experts === checkpoints || Number.isNaN(experts)) continue;
    const secondary = context.label(`${mixture.name}.experts`, `${experts} experts`);
    context.tell("MOE4023", { checkpoints, moe: mixture.name, experts }, path, { secondary });
  }
}

/** Experts that have weights of their own: copies and the like need no checkpoint. */
function weighted({ experts }: Mixture): number {
  return experts
    .filter(({ ffn }) => (expertKind(ffn.kind)?.matrices ?? 0) > 0)
    .reduce((sum, { count }) => sum + count, 0);
}
