/** The text of the specs of this package, for the compiler's front end. */
import { readFileSync } from "node:fs";

/** The source of a spec by its file's name without the ending. */
export function specOf(name) {
  return { path: `specs/${name}.moe`, text: readFileSync(new URL(`../specs/${name}.moe`, import.meta.url), "utf8") };
}
