/**
 * Did-you-mean: the legal word nearest to a misspelt one. Callers pass the words that are legal *in that slot*, so
 * that a suggestion is always something that would work.
 */

/** Nobody means a word this long, and the distance costs length × length. */
const LONGEST = 64;

/** The candidate nearest to the word, or nothing when none is near; ties go to the earlier candidate. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(plain(word), plain(candidate));
    if (candidate === word || distance >= bestDistance || distance > tolerance(word, candidate)) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** Case and underscores are what people get wrong first, so they cost nothing: `dModel` is `d_model`. */
function plain(word: string): string {
  return word.slice(0, LONGEST).toLowerCase().replaceAll("_", "");
}

/** One slip in three letters, and never every letter. */
function tolerance(word: string, candidate: string): number {
  const longer = Math.max(word.length, candidate.length);
  return longer > LONGEST ? -1 : Math.min(Math.max(1, Math.floor(longer / 3)), longer - 1);
}

/** Damerau–Levenshtein distance (adjacent swaps count once, no letter is edited twice). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, substituted);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
