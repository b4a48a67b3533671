/** The error function to f64 accuracy, which JavaScript's Math does not have. */

const twoOverRootPi = 2 / Math.sqrt(Math.PI);

/** erf(x): Taylor series near zero, continued fraction of erfc in the tails. Error below 1e-14. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  const a = Math.abs(x);
  const value = a < 2.5 ? series(a) : a > 6 ? 1 : 1 - tail(a);
  return x < 0 ? -value : value;
}

/** 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)): all terms positive, so nothing cancels. */
function series(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; term > total * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return twoOverRootPi * Math.exp(-x * x) * total;
}

/** erfc(x) for x ≥ 2.5 by its continued fraction, from the inside out. */
function tail(x: number): number {
  let f = x;
  for (let n = 60; n >= 1; n--) f = x + n / 2 / f;
  return Math.exp(-x * x) / (f * Math.sqrt(Math.PI));
}
