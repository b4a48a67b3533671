/* 1 / (1 + exp(-x)); exp is kept from overflowing, which WGSL does not define. */
fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(min(-x, 80.0)));
}

/* tanh that does not overflow: beyond 15 it is 1 to the last bit. */
fn tanh_safe(x: f32) -> f32 {
  return tanh(clamp(x, -15.0, 15.0));
}

/* The error function: series near zero, Abramowitz and Stegun 7.1.26 elsewhere; absolute error below 2e-7. */
fn error_function(x: f32) -> f32 {
  let a = abs(x);
  if (a < 0.5) {
    let s = x * x;
    return 1.1283791671 * x * (1.0 - s * (0.3333333333 - s * (0.1 - s * (0.0238095238 - s * (0.0046296296 - s * 0.0007575758)))));
  }
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - tail * exp(-a * a));
}

/* cos to f32 accuracy (WGSL's own may be off by 2^-11): quarter turns are taken off in three parts, then Taylor. */
fn cosine(angle: f32) -> f32 {
  let quarters = round(angle * 0.6366197723675814);
  let x = fma(quarters, -7.54978995489188216e-8, fma(quarters, -4.83751296997070312e-4, fma(quarters, -1.5703125, angle)));
  let s = x * x;
  let even = 1.0 - s * (0.5 - s * (0.0416666667 - s * (0.00138888889 - s * (0.0000248015873 - s * 0.000000275573192))));
  let odd = x * (1.0 - s * (0.1666666667 - s * (0.00833333333 - s * (0.000198412698 - s * 0.00000275573192))));
  let turn = i32(quarters) & 3;
  return select(select(-even, even, turn == 0), select(odd, -odd, turn == 1), (turn & 1) == 1);
}

/* Uniform in [0, 1): seed, step, stream and position hashed one after another with the finaliser of
 * MurmurHash3; the upper 24 bits are the number. The same on every target. */
fn hash_mix(hash: u32, word: u32) -> u32 {
  var h = hash ^ (word * 0x9e3779b1u);
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return h ^ (h >> 16u);
}
fn uniform_at(seed: f32, step: f32, stream: u32, position: u32) -> f32 {
  let key = hash_mix(hash_mix(hash_mix(0x85ebca6bu, u32(seed)), u32(step)), stream);
  return f32(hash_mix(key, position) >> 8u) * (1.0 / 16777216.0);
}
