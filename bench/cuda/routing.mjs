/** Which experts tokens go to: evenly, as Zipf would have it, or all to the same; and numbers that are never zero on purpose. */

/** A generator of our own, so that every run and every machine draws the same. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Numbers that are drawn; longer arrays repeat them. No power of two, so that rows are not alike. */
const DRAWN = 1_000_003;

/** Roughly normal with this deviation. */
export function normals(count, deviation, next) {
  const out = new Float32Array(count);
  for (let i = 0; i < Math.min(count, DRAWN); i++) out[i] = deviation * 2 * (next() + next() + next() - 1.5);
  for (let done = DRAWN; done < count; done *= 2) out.copyWithin(done, 0, Math.min(done, count - done));
  return out;
}

const weightOf = {
  uniform: () => 1,
  zipf: (e) => 1 / (e + 1),
};

/** [T, K] experts of every token, different from each other. `one-hot`: expert 0 first for everybody, then its neighbours. */
export function edgesOf({ T, E, K }, kind, next) {
  const edges = new Int32Array(T * K);
  if (kind === "one-hot") return edges.map((_, i) => i % K);
  const sums = [0];
  for (let e = 0; e < E; e++) sums.push(sums[e] + weightOf[kind](e));
  for (let t = 0; t < T; t++) {
    const mine = new Set();
    while (mine.size < K) {
      const at = next() * sums[E];
      let [low, high] = [0, E];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (sums[middle] <= at) low = middle;
        else high = middle;
      }
      mine.add(low);
    }
    edges.set([...mine], t * K);
  }
  return edges;
}

export const routings = ["uniform", "zipf", "one-hot"];
