/*
 * Entry points for the tests of core.h, compiled behind the header's own text.
 * Every place is an offset in floats from the start of one arena m, so that the
 * same calls reach a shared library and a WebAssembly memory.
 */
#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name) __attribute__((visibility("default")))
#endif

EXPORT(probe_size) int probe_size(int which);
EXPORT(probe_size) int probe_size(int which) { return which == 0 ? VL : which == 1 ? MR : NR; }

#define BOTH(name) \
  for (int i = 0; i + VL <= n; i += VL) { \
    if (scalar) for (int l = 0; l < VL; l++) m[y + i + l] = f_##name(m[x + i + l]); \
    else vf_store(m + y + i, vf_##name(vf_load(m + x + i))); \
  } \
  break;

/* m[y..] = function of m[x..], n rounded down to whole vectors. */
EXPORT(probe_map) void probe_map(float *m, int which, int scalar, int x, int y, int n);
EXPORT(probe_map) void probe_map(float *m, int which, int scalar, int x, int y, int n) {
  switch (which) {
    case 0: BOTH(exp)
    case 1: BOTH(log)
    case 2: BOTH(tanh)
    case 3: BOTH(erf)
    case 4: BOTH(sigmoid)
    case 5: BOTH(sqrt)
    case 6: BOTH(rsqrt)
    case 7: BOTH(abs)
    case 8: /* vectors only */
      for (int i = 0; i < n; i += VL) vf_store(m + y + i, vf_exp_negative(vf_load(m + x + i)));
      break;
    default: break;
  }
}

/* m[out..] = one lane-wise operation of the vectors at x, y and z. */
EXPORT(probe_lanes) void probe_lanes(float *m, int which, int x, int y, int z, int out);
EXPORT(probe_lanes) void probe_lanes(float *m, int which, int x, int y, int z, int out) {
  const vf a = vf_load(m + x), b = vf_load(m + y), c = vf_load(m + z);
  vf r = {0};
  if (which == 0) r = vf_max(a, b);
  if (which == 1) r = vf_min(a, b);
  if (which == 2) r = vf_select(a < b, a, c);
  if (which == 3) r = vf_select(a == b, a, c);
  if (which == 4) r = vf_fma(a, b, c);
  if (which == 5) r = vf_copysign(a, b);
  if (which == 6) r = vf_splat(vf_hsum(a));
  if (which == 7) r = vf_splat(vf_hmax(a));
  vf_store(m + out, r);
}

EXPORT(probe_part) void probe_part(float *m, int x, int y, int n);
EXPORT(probe_part) void probe_part(float *m, int x, int y, int n) {
  vf_store_part(m + y + VL, vf_load(m + x), n);
  vf_store(m + y, vf_load_part(m + x, n));
}

EXPORT(probe_load_part) void probe_load_part(float *m, int x, int y, int n);
EXPORT(probe_load_part) void probe_load_part(float *m, int x, int y, int n) {
  vf_store(m + y, vf_load_part(m + x, n));
}

EXPORT(probe_row) float probe_row(float *m, int which, int x, int y, int n);
EXPORT(probe_row) float probe_row(float *m, int which, int x, int y, int n) {
  if (which == 0) return row_max(m + x, n);
  return which == 1 ? row_sum(m + x, n) : row_dot(m + x, m + y, n);
}

EXPORT(probe_move) void probe_move(float *m, int which, int x, int y, int n);
EXPORT(probe_move) void probe_move(float *m, int which, int x, int y, int n) {
  if (which == 0) zero_f32(m + y, n);
  else copy_f32(m + y, m + x, n);
}

/* lines: rows or columns of the panel; index: where its int32 entries lie. */
EXPORT(probe_pack) void probe_pack(float *m, int which, int dst, int src, int ld, int index, int lines, int k);
EXPORT(probe_pack) void probe_pack(float *m, int which, int dst, int src, int ld, int index, int lines, int k) {
  float *to = m + dst;
  const float *from = m + src;
  const int *rows = (const int *)(const void *)(m + index);
  switch (which) {
    case 0: pack_a(to, from, ld, lines, k); break;
    case 1: pack_a_gather(to, from, ld, rows, lines, k); break;
    case 2: pack_a_cols(to, from, ld, lines, k); break;
    case 3: pack_a_cols_gather(to, from, ld, rows, lines, k); break;
    case 4: pack_b(to, from, ld, k, lines); break;
    case 5: pack_b_gather(to, from, ld, rows, k, lines); break;
    case 6: pack_b_cols(to, from, ld, k, lines); break;
    default: break;
  }
}

/* ld: of c; for the tiles of fewer rows, the rows. */
EXPORT(probe_tile) void probe_tile(float *m, int which, int k, int a, int b, int c, int ld);
EXPORT(probe_tile) void probe_tile(float *m, int which, int k, int a, int b, int c, int ld) {
  switch (which) {
    case 0: tile_zero(k, m + a, m + b, m + c); break;
    case 1: tile_add(k, m + a, m + b, m + c); break;
    case 2: tile_zero_direct(k, m + a, m + b, m + c, ld); break;
    case 3: tile_add_direct(k, m + a, m + b, m + c, ld); break;
    case 4: tile_zero_part(ld, k, m + a, m + b, m + c); break;
    case 5: tile_add_part(ld, k, m + a, m + b, m + c); break;
    default: break;
  }
}
