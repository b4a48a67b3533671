/*
 * The loops a generated program runs around core.h, one C function each, so
 * that packing is paid where a program pays it. Compiled behind the header.
 * Every pointer is m plus an offset in floats; `times` repeats the work.
 */
#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name) __attribute__((visibility("default")))
#endif

static float a_panels[1 << 20] __attribute__((aligned(64)));
static float b_panel[1 << 16] __attribute__((aligned(64)));
static float block[MR * NR] __attribute__((aligned(64)));

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

static void store_block(float *c, ptrdiff_t ld, ptrdiff_t rows, ptrdiff_t cols) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    for (ptrdiff_t j = 0; j < NR; j += VL) {
      const ptrdiff_t n = cols - j;
      if (n >= VL) vf_store(c + r * ld + j, vf_load(block + r * NR + j));
      else if (n > 0) vf_store_part(c + r * ld + j, vf_load(block + r * NR + j), n);
    }
  }
}

static void tiles(float *c, ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, ptrdiff_t j) {
  for (ptrdiff_t i = 0; i < m; i += MR) {
    if (i + MR <= m && j + NR <= n) tile_zero_direct(k, a_panels + i * k, b_panel, c + i * n + j, n);
    else {
      tile_zero_part(least(MR, m - i), k, a_panels + i * k, b_panel, block);
      store_block(c + i * n + j, n, least(MR, m - i), n - j);
    }
  }
}

EXPORT(bench_shape) int bench_shape(int which);
EXPORT(bench_shape) int bench_shape(int which) { return which == 0 ? MR : which == 1 ? NR : VL; }

/* The tile on panels that stay in the first cache. */
EXPORT(bench_tile) void bench_tile(float *m, int k, int times);
EXPORT(bench_tile) void bench_tile(float *m, int k, int times) {
  copy_f32(a_panels, m, (ptrdiff_t)k * MR);
  copy_f32(b_panel, m, (ptrdiff_t)k * NR);
  for (int t = 0; t < times; t++) tile_zero(k, a_panels, b_panel, block);
  copy_f32(m, block, MR * NR);
}

/* C[m][n] = A[m][k] * W[n][k]: rows of A packed once, rows of W panel by panel. */
EXPORT(bench_nt) void bench_nt(float *x, int a, int w, int c, int m, int k, int n, int times);
EXPORT(bench_nt) void bench_nt(float *x, int a, int w, int c, int m, int k, int n, int times) {
  for (int t = 0; t < times; t++) {
    for (ptrdiff_t i = 0; i < m; i += MR) pack_a(a_panels + i * k, x + a + i * k, k, least(MR, m - i), k);
    for (ptrdiff_t j = 0; j < n; j += NR) {
      pack_b_cols(b_panel, x + w + j * k, k, k, least(NR, n - j));
      tiles(x + c, m, k, n, j);
    }
  }
}

/* C[m][n] = A[m][k] * B[k][n]. */
EXPORT(bench_nn) void bench_nn(float *x, int a, int b, int c, int m, int k, int n, int times);
EXPORT(bench_nn) void bench_nn(float *x, int a, int b, int c, int m, int k, int n, int times) {
  for (int t = 0; t < times; t++) {
    for (ptrdiff_t i = 0; i < m; i += MR) pack_a(a_panels + i * k, x + a + i * k, k, least(MR, m - i), k);
    for (ptrdiff_t j = 0; j < n; j += NR) {
      pack_b(b_panel, x + b + j, n, k, least(NR, n - j));
      tiles(x + c, m, k, n, j);
    }
  }
}

/* C[m][n] = sum over rows of A[row][m] * B[row][n], rows gathered: a weight gradient. */
EXPORT(bench_tn) void bench_tn(float *x, int a, int b, int c, int m, int k, int n, int index, int times);
EXPORT(bench_tn) void bench_tn(float *x, int a, int b, int c, int m, int k, int n, int index, int times) {
  const int *rows = (const int *)(const void *)(x + index);
  for (int t = 0; t < times; t++) {
    for (ptrdiff_t i = 0; i < m; i += MR) pack_a_cols_gather(a_panels + i * k, x + a + i, m, rows, least(MR, m - i), k);
    for (ptrdiff_t j = 0; j < n; j += NR) {
      pack_b_gather(b_panel, x + b + j, n, rows, k, least(NR, n - j));
      tiles(x + c, m, k, n, j);
    }
  }
}

#define EACH_VECTOR(name, call) \
  EXPORT(name) void name(float *x, int from, int to, int n, int times); \
  EXPORT(name) void name(float *x, int from, int to, int n, int times) { \
    for (int t = 0; t < times; t++) \
      for (int i = 0; i < n; i += VL) vf_store(x + to + i, call(vf_load(x + from + i))); \
  }
EACH_VECTOR(bench_exp, vf_exp)
EACH_VECTOR(bench_log, vf_log)
EACH_VECTOR(bench_tanh, vf_tanh)
EACH_VECTOR(bench_erf, vf_erf)
EACH_VECTOR(bench_sigmoid, vf_sigmoid)

/* Packing alone: A rows, eight panels of A's columns, B rows transposed, eight panels of B's columns. */
EXPORT(bench_pack) void bench_pack(float *x, int which, int k, int times);
EXPORT(bench_pack) void bench_pack(float *x, int which, int k, int times) {
  for (int t = 0; t < times; t++) {
    if (which == 0) pack_a(b_panel, x, k, MR, k);
    if (which == 1) pack_a_cols(b_panel, x, 256, 8 * MR, k);
    if (which == 2) pack_b_cols(b_panel, x, k, k, NR);
    if (which == 3) pack_b(b_panel, x, 256, k, 8 * NR);
  }
}
