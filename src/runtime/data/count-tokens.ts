/** How often each token id occurs: what tables sort and balance by. */

/** Occurrences of each of the ids 0 … vocab−1; every id must be below `vocab`. */
export function countTokens(ids: ArrayLike<number>, vocab: number): Float64Array {
  const counts = new Float64Array(vocab);
  for (let i = 0; i < ids.length; i++) counts[ids[i]!]!++;
  return counts;
}
