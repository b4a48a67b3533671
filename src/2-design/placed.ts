/** Which experts are rows that dispatch sorts, and which run where they stand in the forward pass. */
import { expertKind } from "../experts/index.js";
import type { Design, Ffn, Mixture } from "./design.js";

/** Whether dispatch places these experts: not where they are attentions or whole blocks. */
export function isPlaced({ kind }: Ffn, _design: Design): boolean {
  return expertKind(kind)?.runsElsewhere !== true;
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
