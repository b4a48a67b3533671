/**
 * The normal distribution from uniform numbers by inverting its distribution function: one draw gives one number,
 * whatever came before. Algorithm AS 241 (Wichura 1988, PPND16), relative error about 1e-16, on top of a logarithm of
 * our own, because `Math.log` may differ in the last bit from one JavaScript engine to another.
 */

// near the middle: a ratio of polynomials in 0.180625 − (p − ½)²
const middleTop = [
  2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513,
  133.14166789178438, 3.3871328727963665,
];
const middleBottom = [
  5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579,
  42.31333070160091, 1,
];
// in the tails: in r − 1.6, r = √(−log p)
const tailTop = [
  0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
  5.769497221460691, 4.630337846156546, 1.4234371107496835,
];
const tailBottom = [
  1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
  1.6763848301838038, 2.053191626637759, 1,
];

/** Of degree 7, highest power first; written out, because weights are drawn by the million. */
function polynomial(c: readonly number[], x: number): number {
  const upper = ((c[0]! * x + c[1]!) * x + c[2]!) * x + c[3]!;
  return (((upper * x + c[4]!) * x + c[5]!) * x + c[6]!) * x + c[7]!;
}

/** The x below which a standard normal number lies with probability p; for p in [1.5e-11, 1 − 1.5e-11]. */
export function normalQuantile(p: number): number {
  const fromMiddle = p - 0.5;
  if (Math.abs(fromMiddle) <= 0.425) {
    const x = 0.180625 - fromMiddle * fromMiddle;
    return (fromMiddle * polynomial(middleTop, x)) / polynomial(middleBottom, x);
  }
  // AS 241 has a third piece for r > 5, that is p < 1.4e-11: 32-bit draws never come there
  const x = Math.sqrt(-exactLog(fromMiddle < 0 ? p : 1 - p)) - 1.6;
  const distance = polynomial(tailTop, x) / polynomial(tailBottom, x);
  return fromMiddle < 0 ? -distance : distance;
}

/** 1/21, 1/19, …, 1/3, 1 */
const oddReciprocals = Float64Array.from({ length: 11 }, (_, term) => 1 / (21 - 2 * term));

const bits = new DataView(new ArrayBuffer(8));

/** The natural logarithm of a positive normal double, from exactly rounded operations only; error below 1e-15. */
export function exactLog(x: number): number {
  bits.setFloat64(0, x);
  let exponent = ((bits.getUint32(0) >>> 20) & 0x7ff) - 1022;
  bits.setUint32(0, (bits.getUint32(0) & 0x800fffff) | (1022 << 20));
  let mantissa = bits.getFloat64(0); // in [½, 1)
  if (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    exponent--;
  }
  // log m = 2 artanh(z) = 2 (z + z³/3 + z⁵/5 + …), |z| ≤ 0.172: eleven terms reach 1e-18
  const z = (mantissa - 1) / (mantissa + 1);
  const square = z * z;
  let series = 0;
  for (let term = 0; term < oddReciprocals.length; term++) series = series * square + oddReciprocals[term]!;
  return exponent * Math.LN2 + 2 * z * series;
}
