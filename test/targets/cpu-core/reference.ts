/** The functions of core.h in f64, and distances in units in the last place of an f32. */

/** erf x in f64: the series of positive terms e^(-x^2) * sum of 2^n x^(2n+1) / (2n+1)!!, exact to rounding for |x| < 6. */
export function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** 1 / (1 + e^-x) in f64. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** How far an f32 result lies from the exact value, in units of the f32's last place at that value. */
export function ulps(got: number, want: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(want))), -126);
  return want === 0 ? Math.abs(got) * 2 ** 149 : Math.abs(got - want) / 2 ** (exponent - 23);
}
