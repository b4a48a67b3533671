/** Which experts are rows that dispatch sorts, and which run where they stand in the forward pass. */
import { expertKind } from "../experts/index.js";
import type { ExpertStep } from "../experts/step.js";
import type { Design, Ffn, Mixture } from "./design.js";
import { stepScope } from "./layers.js";

/** Whether dispatch places these experts: not where they are attentions, nor blocks with more than networks in them. */
export function isPlaced(ffn: Ffn, design: Design): boolean {
  return expertKind(ffn.kind)?.runsElsewhere !== true || networksOf(ffn, design) !== undefined;
}

/** The networks that a block is made of, one after the other; undefined for all else, and where it has other steps too. */
export function networksOf({ block }: Ffn, { blocks, denses }: Design): readonly ExpertStep[] | undefined {
  const steps = block === undefined || !Object.hasOwn(blocks, block) ? [] : blocks[block]!.steps;
  const networks = steps.map((step): ExpertStep | undefined => {
    const dense = step.kind === "dense" && denses[step.part];
    if (!dense || step.reads !== undefined || step.dropout !== undefined) return undefined;
    return { scope: stepScope(step), norm: step.norm, ffn: dense.ffn };
  });
  const found = networks.filter((each) => each !== undefined);
  return found.length > 0 && found.length === steps.length ? found : undefined;
}

/** Whether dispatch has a say in some of the experts of a mixture. */
export const isDispatched = ({ experts }: Mixture, design: Design): boolean =>
  experts.some(({ ffn }) => isPlaced(ffn, design));

/** `block(Name)` or `attention(Name)`; undefined for experts that stand for no part of the design. */
export function partText({ kind, block, attention }: Ffn): string | undefined {
  const name = block ?? attention;
  return name && `${kind}(${name})`;
}

/** Number of the group of experts that are attentions, with the attention; undefined: there are none, or nobody knows it. */
export function attentionGroup({ experts }: Pick<Mixture, "experts">, { attentions }: Pick<Design, "attentions">) {
  const at = experts.findIndex(({ ffn }) => ffn.attention !== undefined);
  const name = experts[at]?.ffn.attention;
  const attention = name !== undefined && Object.hasOwn(attentions, name) ? attentions[name] : undefined;
  return attention && { at, attention, count: experts[at]!.count };
}
