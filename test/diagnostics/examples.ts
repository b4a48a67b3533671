/** The examples of explain pages. */
import { readFileSync } from "node:fs";
import { type Code, codes, explainPage } from "../../src/diagnostics/catalogue.js";

export interface Example {
  readonly code: Code;
  /** `wrong` or `right`, as the page marks it */
  readonly kind: string;
  readonly text: string;
}

export const explainFolder = new URL("../../src/diagnostics/explain/", import.meta.url);

/** The text of the page of a code. */
export function pageOf(code: Code): string {
  return readFileSync(new URL(explainPage(code), explainFolder), "utf8");
}

/** All examples of all pages, in the order of the codes. */
export const examples: readonly Example[] = codes.flatMap((code) =>
  [...pageOf(code).matchAll(/^```moe (\w+)\n([\s\S]*?)^```$/gm)].map(([, kind, text]) => ({
    code,
    kind: kind!,
    text: text!,
  })),
);
