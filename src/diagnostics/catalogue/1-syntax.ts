/** Codes 1xxx: the text is not a `.moe` file. Reported by stage 1 only. */
import { error, type Family, type NoParams, note } from "./entry.js";

export const syntaxCodes = {
  MOE1001: error(
    "something else was expected here",
    (p: { expected: string; found: string }) => `expected ${p.expected}, found ${p.found}`,
  ),
  MOE1002: error("a bracket was never closed", (p: { open: string }) => `this \`${p.open}\` is never closed`),
  MOE1003: error(
    "a closing bracket without an opening one",
    (p: { close: string; open: string }) => `this \`${p.close}\` closes nothing: no \`${p.open}\` is open here`,
  ),
  MOE1004: error(
    "a character that is not part of the language",
    (p: { what: string }) => `${p.what} is not part of the language`,
  ),
  MOE1005: error("a number that cannot be read", (p: { text: string }) => `\`${p.text}\` is not a number`),
  MOE1006: error("a text that does not end", (_: NoParams) => 'this text has no closing `"` on its line'),
  MOE1007: error("a name without a value", (p: { name: string }) => `\`${p.name} =\` has no value`),
  MOE1008: error(
    "something after the end of a value",
    (p: { name: string; found: string }) =>
      `the value of \`${p.name}\` is already complete: ${p.found} cannot follow it`,
  ),
  MOE1009: error(
    "`=` inside parentheses",
    (p: { name: string }) => `arguments are named with \`:\`, not with \`=\`: \`${p.name}: …\``,
  ),
  MOE1010: error(
    "a line that does not start with a word",
    (p: { found: string }) => `a line starts with a word, not with ${p.found}`,
  ),
  MOE1011: error(
    "`:` outside parentheses",
    (p: { name: string }) => `\`:\` names arguments inside parentheses only; after \`${p.name}\` it has no meaning`,
  ),
  MOE1012: error("a comma with nothing after it", (_: NoParams) => "this comma is followed by nothing"),
  MOE1013: error(
    "comparisons in a chain",
    (p: { op: string }) => `two comparisons in a row: \`${p.op}\` cannot follow another comparison`,
  ),
  MOE1014: error("an unknown escape in a text", (p: { text: string }) => `\`${p.text}\` means nothing inside a text`),
  MOE1015: error(
    "the file is too large",
    (p: { length: number; limit: number }) => `the file has ${p.length} characters; a spec may have ${p.limit}`,
  ),
  MOE1016: error(
    "brackets are nested too deeply",
    (p: { limit: number }) => `brackets are nested more than ${p.limit} deep`,
  ),
  MOE1017: note("more diagnostics were found", (p: { more: number }) => `and ${p.more} more`),
  MOE1018: error(
    "`=` after more than one name",
    (p: { before: string }) => `\`=\` sets one name, and \`${p.before}\` is not one name`,
  ),
  MOE1019: error(
    "a bracket that does not touch its name",
    (p: { name: string; open: string }) =>
      `the \`${p.open}\` of \`${p.name}\` must touch its name, or it starts a word of its own`,
  ),
  MOE1020: error(
    "arithmetic without parentheses",
    (p: { operator: string }) => `\`${p.operator}\` between words needs parentheses`,
  ),
  MOE1021: error(
    "too many operators in one entry",
    (p: { limit: number }) => `one entry has more than ${p.limit} operators`,
  ),
} as const satisfies Family<"1">;
