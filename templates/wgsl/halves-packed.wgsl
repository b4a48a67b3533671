/* The bits of a word that number i of 16 bits leaves alone. */
fn half_mask(i: u32) -> u32 {
  return 0xffff0000u >> (16u * (i % 2u));
}

/* The bits of number i in its word; what is too large for 16 bits becomes the largest they hold. */
fn half_bits(i: u32, x: f32) -> u32 {
  return pack2x16float(vec2<f32>(clamp(x, -65504.0, 65504.0), 0.0)) << (16u * (i % 2u));
}

/* Four numbers of 16 bits in two words; what is too large for them becomes the largest they hold. */
fn to_halves(x: vec4<f32>) -> vec2<u32> {
  let within = clamp(x, vec4<f32>(-65504.0), vec4<f32>(65504.0));
  return vec2<u32>(pack2x16float(within.xy), pack2x16float(within.zw));
}

fn from_halves(x: vec2<u32>) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(x.x), unpack2x16float(x.y));
}
