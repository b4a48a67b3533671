/**
 * Chevrotain, from the single file that its package also ships. Its usual entry is spread over seven hundred files,
 * which take five times as long to load as all the rest of `moec check`. Only what the parser uses is named here.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type * as Chevrotain from "chevrotain";

const entry = pathToFileURL(createRequire(import.meta.url).resolve("chevrotain"));
// beside `lib/src/api.js`, which is what the package's exports name
const bundle = new URL("../chevrotain.min.mjs", entry);
const chevrotain = (await import(/* @vite-ignore */ bundle.href)) as typeof Chevrotain;

export const {
  Alternation,
  Alternative,
  CstParser,
  createToken,
  createTokenInstance,
  generateCstDts,
  Lexer,
  NonTerminal,
  Option,
  Repetition,
  RepetitionWithSeparator,
  Rule,
  Terminal,
  tokenMatcher,
} = chevrotain;
