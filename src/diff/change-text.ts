/** One change of a design as one line of text. */
import type { DesignChange } from "./design-layer.js";
import { scalarText } from "./values.js";

/** `Mixture.unit: token → subtoken(heads: 2)` */
export function changeText({ path, before, after, details }: DesignChange): string {
  if (!before) return `${path}: ${after?.text} is new`;
  if (!after) return `${path}: ${before.text} is gone`;
  if (before.text !== after.text) return `${path}: ${before.text} → ${after.text}`;
  return `${path}: ${details.map((each) => `${each.name} ${scalarText(each.before)} → ${scalarText(each.after)}`).join(", ")}`;
}
