/* A number as 16 bits hold it; what is too large for them becomes the largest they hold. */
fn to_half(x: f32) -> f16 {
  return f16(clamp(x, -65504.0, 65504.0));
}

/* Four numbers as 16 bits hold them; what is too large for them becomes the largest they hold. */
fn to_halves(x: vec4<f32>) -> vec4<f16> {
  return vec4<f16>(clamp(x, vec4<f32>(-65504.0), vec4<f32>(65504.0)));
}

fn from_halves(x: vec4<f16>) -> vec4<f32> {
  return vec4<f32>(x);
}
