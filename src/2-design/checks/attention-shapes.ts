/** Heads share the width, keys and values are shared by heads, rope turns pairs. */
import type { Attention } from "../design.js";
import type { Check, CheckContext } from "./check.js";

export const attentionShapes: Check = {
  name: "attention-shapes",
  doc: "Heads divide the width, key-value heads divide the heads, and rope has an even number of channels.",
  run: (context) => {
    for (const attention of Object.values(context.design.attentions)) checkAttention(attention, context);
  },
};

function checkAttention({ name, heads, kvHeads, headDim, rope }: Attention, context: CheckContext): void {
  const { design, tell, label, written } = context;
  const width = design.model?.dModel ?? Number.NaN;
  if (!written(`${name}.head_dim`) && width % heads > 0) {
    const text = `${width} / ${heads} = ${Number((width / heads).toPrecision(4))}`;
    tell("MOE4002", { width, heads }, `${name}.heads`, {
      label: `works with ${divisors(width)}`,
      secondary: label(`${design.model?.name}.d_model`, text),
      help: ["or write `head_dim = …` to choose the width of a head"],
    });
  } else if (rope && headDim % 2 > 0) {
    const path = written(`${name}.head_dim`) ? `${name}.head_dim` : `${name}.heads`;
    tell("MOE4011", { headDim }, path, { secondary: label(`${name}.position`, "rope is asked for here") });
  }
  if (heads % kvHeads > 0) {
    tell("MOE4010", { heads, kvHeads }, `${name}.kv_heads`, {
      label: `works with ${divisors(heads)}`,
      secondary: label(`${name}.heads`, `${heads} heads`),
    });
  }
}

/** The first few numbers that divide a width, smallest first, 1 left out. */
export function divisors(width: number, most = 4): string {
  const found: number[] = [];
  for (let i = 2; i <= width && i < 100_000 && found.length <= most; i++) if (width % i === 0) found.push(i);
  const shown = found.slice(0, most).join(", ");
  return found.length > most ? `${shown}, …` : shown || "1";
}
