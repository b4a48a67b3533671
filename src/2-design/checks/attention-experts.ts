/** Attentions that are experts look into one set of keys and values, those of whole tokens. */
import type { Mixture } from "../design.js";
import type { Check, CheckContext } from "./check.js";

export const attentionExperts: Check = {
  name: "attention-experts",
  doc: "Experts that are attentions get whole tokens, and are all of one line: they share their keys and values.",
  run: (context) => {
    for (const mixture of Object.values(context.design.mixtures)) checkAttentions(mixture, context);
  },
};

function checkAttentions({ name, unit, experts }: Mixture, { tell, label }: CheckContext): void {
  const found = experts.flatMap(({ ffn }, i) => (ffn.attention === undefined ? [] : [{ part: ffn.attention, i }]));
  const [first, second] = found;
  if (!first) return;
  const path = (i: number) => `${name}.experts${i === 0 ? "" : `[${i}]`}.attention`;
  if (unit.kind === "subtoken") {
    const secondary = label(`${name}.unit`, "what is routed");
    tell("MOE3041", { kind: "attention", part: first.part, moe: name, unit: unit.kind }, path(first.i), { secondary });
  }
  if (!second) return;
  const secondary = label(path(first.i), "the first ones");
  tell("MOE3042", { moe: name, first: first.part, second: second.part }, path(second.i), { secondary });
}
