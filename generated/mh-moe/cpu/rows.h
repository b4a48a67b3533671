/*
 * What generated row programs call besides core.h: vectors that end inside a row, numbers stored as
 * integers or bytes, choosing the k best, counter-based random numbers, and the tile variants that
 * fused kernels need. Included after core.h.
 */
#ifndef MOEC_ROWS_H
#define MOEC_ROWS_H

#ifndef INFINITY
#define INFINITY __builtin_inff()
#endif

/* How many lanes of the vector at i lie inside a row of n; known to the compiler when VL divides n. */
#define LANES(n, i) ((n) % VL == 0 ? VL : ((n) - (i) < VL ? (n) - (i) : VL))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define BLOCKS(n, by) (((n) + (by) - 1) / (by))
#define ROUND_UP(n, by) (BLOCKS(n, by) * (by))

CORE_INLINE vf vf_load_n(const float *p, int n) { return n == VL ? vf_load(p) : vf_load_part(p, n); }
CORE_INLINE void vf_store_n(float *p, vf v, int n) {
  if (n == VL) vf_store(p, v);
  else vf_store_part(p, v, n);
}

/* start, start + 1, ... */
CORE_INLINE vf vf_count(int start) { return vf_splat((float)start) + (vf){CORE_LIST(CORE_LANE, 0)}; }

/* The first n lanes of v, `fill` in the others. */
CORE_INLINE vf vf_keep(vf v, int n, float fill) {
  return n == VL ? v : vf_select(vf_count(0) < vf_splat((float)n), v, vf_splat(fill));
}

/* Keeps lanes first .. end-1 of a tile's row of NR, `other` in the rest. */
CORE_INLINE void keep_lanes(float *row, int first, int end, float other) {
  for (int at = 0; at < NR; at += VL) {
    const vf lane = vf_count(at);
    const vi kept = ~(lane < vf_splat((float)first)) & (lane < vf_splat((float)end));
    vf_store(row + at, vf_select(kept, vf_load(row + at), vf_splat(other)));
  }
}
CORE_INLINE void keep_lanes_of_two(float *x, float *y, int first, int end) {
  keep_lanes(x, first, end, 0.0f);
  keep_lanes(y, first, end, 0.0f);
}

typedef unsigned char v8 __attribute__((vector_size(VL), aligned(1), may_alias));
CORE_INLINE vf vf_load_u8(const unsigned char *p, int n) {
  vf v = {0};
  if (n == VL) return __builtin_convertvector(*(const v8 *)p, vf);
  for (int lane = 0; lane < n; lane++) v[lane] = (float)p[lane];
  return v;
}

CORE_INLINE vf vf_load_int(const int *p, int n) {
  vf v = {0};
  if (n == VL) return __builtin_convertvector(*(const vi *)p, vf);
  for (int lane = 0; lane < n; lane++) v[lane] = (float)p[lane];
  return v;
}

CORE_INLINE vf vf_load_strided(const float *p, ptrdiff_t stride, int n) {
  vf v = {0};
  for (int lane = 0; lane < n; lane++) v[lane] = p[lane * stride];
  return v;
}

CORE_INLINE vf vf_load_int_strided(const int *p, ptrdiff_t stride, int n) {
  vf v = {0};
  for (int lane = 0; lane < n; lane++) v[lane] = (float)p[lane * stride];
  return v;
}

CORE_INLINE vf vf_load_u8_strided(const unsigned char *p, ptrdiff_t stride, int n) {
  vf v = {0};
  for (int lane = 0; lane < n; lane++) v[lane] = (float)p[lane * stride];
  return v;
}

/* p[index / divide * width] for each lane; 0 where the index is negative. */
CORE_INLINE vf vf_gather(const float *p, const int *index, int divide, ptrdiff_t width, int n) {
  vf v = {0};
  for (int lane = 0; lane < n; lane++) v[lane] = index[lane] < 0 ? 0.0f : p[index[lane] / divide * width];
  return v;
}

CORE_INLINE void vf_store_int_n(int *p, vf v, int n) {
  for (int lane = 0; lane < n; lane++) p[lane] = (int)v[lane];
}
CORE_INLINE void vf_store_int(int *p, vf v) { vf_store_int_n(p, v, VL); }

CORE_INLINE float f_recip(float x) { return 1.0f / x; }
CORE_INLINE float f_floor(float x) { return __builtin_floorf(x); }
CORE_INLINE vf vf_floor(vf x) {
  for (int lane = 0; lane < VL; lane++) x[lane] = __builtin_floorf(x[lane]);
  return x;
}

/* cos by reduction to [-pi/4, pi/4] in double and the Taylor series there: schedules only, not in inner loops. */
CORE_CALL float f_cos(float angle) {
  const double turn = (double)angle * 0.63661977236758134308; /* 2 / pi */
  const long quarter = (long)(turn < 0 ? turn - 0.5 : turn + 0.5);
  const double x = (double)angle - (double)quarter * 1.57079632679489661923, xx = x * x;
  const double c = 1 - xx / 2 * (1 - xx / 12 * (1 - xx / 30 * (1 - xx / 56 * (1 - xx / 90 * (1 - xx / 132)))));
  const double s = x * (1 - xx / 6 * (1 - xx / 20 * (1 - xx / 42 * (1 - xx / 72 * (1 - xx / 110)))));
  const long q = quarter & 3;
  return (float)(q == 0 ? c : q == 1 ? -s : q == 2 ? -c : s);
}
CORE_CALL vf vf_cos(vf x) {
  for (int lane = 0; lane < VL; lane++) x[lane] = f_cos(x[lane]);
  return x;
}

/* The rows of a table that four indices name, of n that are left; `other` in place of those that are not there. Bits
 * tell which are. */
CORE_INLINE int four_rows(const float *row[4], const float *table, ptrdiff_t width, const int *index, int n, const float *other) {
  int there = 0;
  for (int r = 0; r < 4; r++) {
    const int at = r < n ? index[r] : -1;
    row[r] = at < 0 ? other : table + at * width;
    there |= (at >= 0) << r;
  }
  return there;
}

/* Products of x with four rows of n numbers, which read x once. */
CORE_INLINE void dot_four(const float *x, const float *const row[4], ptrdiff_t n, float dots[4]) {
  vf a0 = {0}, b0 = {0}, c0 = {0}, d0 = {0}, a1 = {0}, b1 = {0}, c1 = {0}, d1 = {0};
  ptrdiff_t j = 0;
  for (; j + 2 * VL <= n; j += 2 * VL) {
    const vf even = vf_load(x + j), odd = vf_load(x + j + VL);
    a0 = vf_fma(even, vf_load(row[0] + j), a0), a1 = vf_fma(odd, vf_load(row[0] + j + VL), a1);
    b0 = vf_fma(even, vf_load(row[1] + j), b0), b1 = vf_fma(odd, vf_load(row[1] + j + VL), b1);
    c0 = vf_fma(even, vf_load(row[2] + j), c0), c1 = vf_fma(odd, vf_load(row[2] + j + VL), c1);
    d0 = vf_fma(even, vf_load(row[3] + j), d0), d1 = vf_fma(odd, vf_load(row[3] + j + VL), d1);
  }
  for (; j < n; j += VL) {
    const int lanes = LANES(n, j);
    const vf last = vf_load_n(x + j, lanes);
    a0 = vf_fma(last, vf_load_n(row[0] + j, lanes), a0), b0 = vf_fma(last, vf_load_n(row[1] + j, lanes), b0);
    c0 = vf_fma(last, vf_load_n(row[2] + j, lanes), c0), d0 = vf_fma(last, vf_load_n(row[3] + j, lanes), d0);
  }
  dots[0] = vf_hsum(a0 + a1), dots[1] = vf_hsum(b0 + b1), dots[2] = vf_hsum(c0 + c1), dots[3] = vf_hsum(d0 + d1);
}

/* to[i] = x times the row of the table that index[i] names, 0 where that is negative. */
CORE_CALL void dot_rows(const float *x, const float *table, ptrdiff_t width, const int *index, int n, float *to) {
  for (int i = 0; i < n; i += 4) {
    const float *row[4];
    float dots[4] = {0};
    const int there = four_rows(row, table, width, index + i, n - i, x);
    if (there) dot_four(x, row, width, dots);
    for (int r = 0; r < 4 && i + r < n; r++) to[i + r] = there >> r & 1 ? dots[r] : 0.0f;
  }
}

/* to[i] = x times row i of n that lie `ld` apart, added to what is there if `adds`. */
CORE_CALL void dot_columns(const float *x, const float *rows, ptrdiff_t ld, ptrdiff_t k, int n, int adds, float *to) {
  for (int i = 0; i < n; i += 4) {
    const float *row[4];
    float dots[4];
    for (int r = 0; r < 4; r++) row[r] = rows + MIN(i + r, n - 1) * ld;
    dot_four(x, row, k, dots);
    for (int r = 0; r < 4 && i + r < n; r++) to[i + r] = adds ? to[i + r] + dots[r] : dots[r];
  }
}

/* to = sum over i of times[i] * the row of the table that index[i] names, in order; a negative index adds nothing.
 * Without `times` every row counts once. Four rows go through `to` once. */
CORE_CALL void sum_rows(const float *times, const float *table, ptrdiff_t width, const int *index, int n, float *to) {
  for (int i = 0; i < n; i += 4) {
    const float *row[4];
    const int there = four_rows(row, table, width, index + i, n - i, table);
    if (!there && i > 0) continue;
    const int some = MIN(4, n - i);
    vf by[4];
    for (int r = 0; r < 4; r++) by[r] = vf_splat(there >> r & 1 ? (times ? times[i + r] : 1.0f) : 0.0f);
    for (ptrdiff_t j = 0; j < width; j += VL) {
      const int lanes = LANES(width, j);
      vf sum = i > 0 ? vf_load_n(to + j, lanes) : vf_splat(0.0f);
      sum = vf_fma(by[0], vf_load_n(row[0] + j, lanes), sum);
      if (some > 1) sum = vf_fma(by[1], vf_load_n(row[1] + j, lanes), sum);
      if (some > 2) sum = vf_fma(by[2], vf_load_n(row[2] + j, lanes), sum);
      if (some > 3) sum = vf_fma(by[3], vf_load_n(row[3] + j, lanes), sum);
      vf_store_n(to + j, sum, lanes);
    }
  }
}

/* Indices of the k largest of n keys, best first, ties to the lowest index; -1 where only -inf is left. */
CORE_CALL void top_k(const float *key, int n, int *chosen, int k) {
  for (int i = 0; i < k; i++) {
    int best = -1;
    float value = -INFINITY;
    for (int at = 0; at < n; at++) {
      if (!(key[at] > value)) continue;
      int seen = 0;
      for (int j = 0; j < i; j++) seen |= chosen[j] == at;
      if (!seen) best = at, value = key[at];
    }
    chosen[i] = best;
  }
}

/* Uniform in [0, 1): for each of seed, step, stream and position h = mix(h ^ word * 0x9e3779b1), from
 * 0x85ebca6b on, with the finaliser of MurmurHash3; the upper 24 bits are the number. */
CORE_INLINE unsigned hash_mix(unsigned h, unsigned word) {
  h ^= word * 0x9e3779b1U;
  h = (h ^ (h >> 16)) * 0x85ebca6bU;
  h = (h ^ (h >> 13)) * 0xc2b2ae35U;
  return h ^ (h >> 16);
}
CORE_INLINE float f_random(float seed, float step, unsigned stream, ptrdiff_t position) {
  const unsigned key = hash_mix(hash_mix(hash_mix(0x85ebca6bU, (unsigned)seed), (unsigned)step), stream);
  return (float)(hash_mix(key, (unsigned)position) >> 8) * (1.0f / 16777216.0f);
}
CORE_INLINE vf vf_random(float seed, float step, unsigned stream, ptrdiff_t position) {
  vf v;
  for (int lane = 0; lane < VL; lane++) v[lane] = f_random(seed, step, stream, position + lane);
  return v;
}

/* ------------------------------------------------------------- tiles, packing */

/* One half of a B panel, lanes 0 .. VL-1 at dst, from `rows` (0 .. VL) rows of src [n][k]. */
CORE_CALL void pack_b_half_cols(float *dst, const float *src, ptrdiff_t ld, ptrdiff_t k, ptrdiff_t rows) {
  const float *p[VL];
  const vi keep = core_row_pointers(p, src, ld, 0, rows);
  if (rows > 0) core_pack_rows(dst, NR, VL, p, keep, k);
  else
    for (ptrdiff_t i = 0; i < k; i++) vf_store(dst + i * NR, (vf){0});
}

/* One half of a B panel from `cols` (0 .. VL) contiguous columns of src [k][n]. */
CORE_CALL void pack_b_half(float *dst, const float *src, ptrdiff_t ld, ptrdiff_t k, ptrdiff_t cols) {
  for (ptrdiff_t i = 0; i < k; i++) vf_store(dst + i * NR, cols > 0 ? vf_load_n(src + i * ld, (int)MIN(cols, VL)) : (vf){0});
}

/* Asks for a piece of a row before it is needed. */
CORE_INLINE void fetch(const float *p, int n) {
  for (int i = 0; i < n; i += 16) __builtin_prefetch(p + i);
}

/* The same for `rows` (perhaps none) rows that lie ld apart, where nothing but this fetches them early. */
CORE_INLINE void fetch_rows(const float *p, ptrdiff_t ld, ptrdiff_t rows, int n) {
  for (ptrdiff_t r = 0; r < rows; r++) fetch(p + r * ld, n);
}

/* A whole vector that nobody reads soon: past the caches where it is a whole line of them (p then lies on its start).
 * Narrower vectors would go to memory as parts of lines, which takes longer than the caches do. */
#if defined(__AVX512F__)
#define STREAMS 1
#else
#define STREAMS 0
#endif
CORE_INLINE void vf_stream(float *p, vf v) {
#if STREAMS
  _mm512_stream_ps(p, (__m512)v);
#else
  vf_store(p, v);
#endif
}
/* Before others may read what was streamed. */
CORE_INLINE void stream_end(void) {
#if STREAMS
  _mm_sfence();
#endif
}

/* The tile of a panel that may be the last: only its first `rows` rows are wanted. */
CORE_INLINE void tile_zero_any(int rows, ptrdiff_t k, const float *a, const float *b, float *c) {
  if (rows == MR) tile_zero(k, a, b, c);
  else tile_zero_part(rows, k, a, b, c);
}
CORE_INLINE void tile_add_any(int rows, ptrdiff_t k, const float *a, const float *b, float *c) {
  if (rows == MR) tile_add(k, a, b, c);
  else tile_add_part(rows, k, a, b, c);
}

/* A tile's rows and columns that exist, to a row-major matrix. */
CORE_INLINE void store_tile(float *to, ptrdiff_t ld, const float *tile, int rows, int cols) {
  for (int r = 0; r < rows; r++) {
    if (cols == NR) {
      vf_store(to + r * ld, vf_load(tile + r * NR));
      vf_store(to + r * ld + VL, vf_load(tile + r * NR + VL));
      continue;
    }
    for (int j = 0; j < cols; j += VL) vf_store_n(to + r * ld + j, vf_load(tile + r * NR + j), MIN(cols - j, VL));
  }
}

/* The same for results nobody reads soon; rows of the matrix lie on a vector's width. */
CORE_INLINE void stream_tile(float *to, ptrdiff_t ld, const float *tile, int rows, int cols) {
  for (int r = 0; r < rows; r++)
    for (int j = 0; j < cols; j += VL) vf_stream(to + r * ld + j, vf_load(tile + r * NR + j));
}

/* The same, added to what is there. */
CORE_INLINE void add_tile(float *to, ptrdiff_t ld, const float *tile, int rows, int cols) {
  for (int r = 0; r < rows; r++)
    for (int j = 0; j < cols; j += VL) {
      const int n = MIN(cols - j, VL);
      vf_store_n(to + r * ld + j, vf_load_n(to + r * ld + j, n) + vf_load(tile + r * NR + j), n);
    }
}

/* c[MR][NR] += sum over k of a[r][k] * b[k][NR], rows of a NR apart: A is read where another tile left it. */
#define TILE_STEP_ROWS(r) \
  x = vf_splat(a[r * NR]); \
  l##r = vf_fma(x, low, l##r); \
  h##r = vf_fma(x, high, h##r);
CORE_CALL void tile_add_rows(ptrdiff_t k, const float *restrict a, const float *restrict b, float *restrict c) {
  enum { ld = NR };
  TILE_ROWS(TILE_LOAD)
  for (ptrdiff_t i = 0; i < k; i++, a++, b += NR) {
    const vf low = vf_load(b), high = vf_load(b + VL);
    vf x;
    TILE_ROWS(TILE_STEP_ROWS)
  }
  TILE_ROWS(TILE_STORE)
}

/* c[MR][NR] = sum over k of a[k * NR + r] * b[k][NR] for the first `rows` (1 .. MR) rows: A is read turned, as another
 * tile left it. Of c, rows past them may be written; of a, what stands beside them is read. */
#define TURNED_FUNCTION(name, ROWS) \
  CORE_CALL void name(ptrdiff_t k, const float *restrict a, const float *restrict b, float *restrict c) { \
    enum { ld = NR }; \
    ROWS(TILE_NEW) \
    for (ptrdiff_t i = 0; i < k; i++, a += NR, b += NR) { \
      const vf low = vf_load(b), high = vf_load(b + VL); \
      vf x; \
      ROWS(TILE_STEP) \
    } \
    ROWS(TILE_STORE) \
  }
TURNED_FUNCTION(core_turned, TILE_ROWS)
TURNED_FUNCTION(core_turned_4, TILE_4)
#if MR == 12
TURNED_FUNCTION(core_turned_8, TILE_8)
#else
#define core_turned_8 core_turned
#endif
CORE_INLINE void tile_zero_turned(int rows, ptrdiff_t k, const float *a, const float *b, float *c) {
  if (rows <= 4) core_turned_4(k, a, b, c);
  else if (rows <= 8) core_turned_8(k, a, b, c);
  else core_turned(k, a, b, c);
}

#endif
