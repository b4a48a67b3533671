/** What to say to a word that starts a line where it is not known: the nearest word, the right place, or ours for it. */
import { suggest } from "../../diagnostics/suggest.js";
import { ownWordFor } from "../../words/foreign.js";
import { vocabularies } from "../../words/index.js";
import type { Vocabulary } from "../../words/pattern.js";
import { didYouMean, type Site } from "./report.js";

/** The help for a word that `vocabulary` does not have, best advice only. */
export function helpForLine(word: string, vocabulary: Vocabulary, site: Site) {
  const own = ownWordFor(word);
  if (own !== undefined) return [`what others call \`${word}\` is ${own}`];
  const words = vocabulary.lines.map((line) => line.name);
  const near = didYouMean(site, suggest(word, words));
  if (near.length > 0) return near;
  const elsewhere = Object.values<Vocabulary>(vocabularies).filter(({ lines }) =>
    lines.some(({ name }) => name === word),
  );
  const places = elsewhere.map(({ a }) => a).join(" or ");
  return elsewhere.length > 0
    ? [`\`${word}\` stands in ${places}, not in ${vocabulary.a}`]
    : [`words of ${vocabulary.a}: ${words.join(", ")}`];
}

/** Whether a word starts lines somewhere: where it is one too many, the end of a line may have been forgotten. */
export function startsLines(word: string): boolean {
  return Object.values<Vocabulary>(vocabularies).some(({ lines }) => lines.some(({ name }) => name === word));
}
