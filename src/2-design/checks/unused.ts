/** A definition nobody uses is usually a name that was misspelt elsewhere. */
import type { Check } from "./check.js";

/** Files without a model are libraries: there, nothing needs to be used. */
export const unused: Check = {
  name: "unused",
  doc: "Every definition of a file with a model is used.",
  run: ({ design, declarations, used, tell, unclear }) => {
    if (!design.model || unclear) return;
    for (const { kind, name } of declarations) {
      if (kind === "model" || kind === "train" || used.has(name.text)) continue;
      tell("MOE2023", { name: name.text }, name.text);
    }
  },
};
