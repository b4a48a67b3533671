/*
 * The small fixed part of every generated CPU program: vectors and their
 * transcendental functions, the register tile of matrix multiplication with
 * the packing of its panels, and row helpers. It knows nothing about models,
 * threads or files, needs no libc and no libm, and is included verbatim.
 *
 * One source for x86 (AVX-512, AVX2, SSE), AArch64 and WebAssembly SIMD128,
 * for gcc >= 9 and clang; written in GNU vector types, with intrinsics only
 * where those have no operator (sqrt, fused multiply-add, masked access).
 *
 * Every result depends on the inputs and the instruction set alone: sums have
 * one fixed order, and each multiply-add that may be fused says so (vf_fma),
 * so that neither inlining nor contraction flags change a bit.
 */
#ifndef MOEC_CORE_H
#define MOEC_CORE_H

#include <stddef.h>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* ---------------------------------------------------------------- widths */

/* VL: floats in one vector. MR x NR: the register tile; its accumulators are
 * MR * NR / VL vectors, chosen to fill the register file without spilling. */
#if defined(__AVX512F__)
#define VL 16
#define MR 12
#elif defined(__AVX__)
#define VL 8
#define MR 6
#elif defined(__aarch64__)
#define VL 4
#define MR 8
#else
#define VL 4
#define MR 4
#endif
#define NR (2 * VL)

#define CORE_INLINE static inline __attribute__((always_inline, unused))
/* Loops worth a call of their own: one copy each, however often they are used. */
#define CORE_CALL static __attribute__((noinline, unused))

/* Vectors of VL lanes. Alignment 4 makes every dereference an unaligned access. */
typedef float vf __attribute__((vector_size(4 * VL), aligned(4), may_alias));
typedef int vi __attribute__((vector_size(4 * VL), aligned(4), may_alias));

/* F(0,x), F(1,x), ... F(VL-1,x): one item for each lane. */
#define CORE_LIST4(F, i, x) F(i, x), F(i + 1, x), F(i + 2, x), F(i + 3, x)
#if VL == 16
#define CORE_LIST(F, x) CORE_LIST4(F, 0, x), CORE_LIST4(F, 4, x), CORE_LIST4(F, 8, x), CORE_LIST4(F, 12, x)
#elif VL == 8
#define CORE_LIST(F, x) CORE_LIST4(F, 0, x), CORE_LIST4(F, 4, x)
#else
#define CORE_LIST(F, x) CORE_LIST4(F, 0, x)
#endif

/* Lanes of a (0 .. VL-1) and b (VL .. 2 VL-1), picked by index F(lane, x). */
#if defined(__clang__) || __GNUC__ >= 12
#define CORE_SHUFFLE(a, b, F, x) __builtin_shufflevector(a, b, CORE_LIST(F, x))
#else
#define CORE_SHUFFLE(a, b, F, x) __builtin_shuffle(a, b, (vi){CORE_LIST(F, x)})
#endif
#define CORE_ROTATED(lane, by) (((lane) + (by)) % VL)
#define CORE_LANE(lane, x) (lane)

/* ------------------------------------------------------- vectors, basics */

CORE_INLINE vf vf_load(const float *p) { return *(const vf *)p; }
CORE_INLINE void vf_store(float *p, vf v) { *(vf *)p = v; }
CORE_INLINE vi vi_splat(int x) { return x - (vi){0}; }

CORE_INLINE vf vf_splat(float x) {
#if defined(__AVX512F__)
  return (vf)_mm512_set1_ps(x);
#elif defined(__AVX__)
  return (vf)_mm256_set1_ps(x);
#else
  return (vf){x, x, x, x};
#endif
}

/* a where the mask's lane is all ones, b where it is zero. Comparisons of two
 * vf (a < b, a == b, ...) give such masks. */
CORE_INLINE vf vf_select(vi mask, vf a, vf b) {
#if defined(__AVX512F__)
  return (vf)_mm512_mask_mov_ps((__m512)b, _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask), (__m512)a);
#elif defined(__AVX__)
  return (vf)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
#elif defined(__wasm_simd128__)
  return (vf)wasm_v128_bitselect((v128_t)a, (v128_t)b, (v128_t)mask);
#else
  return (vf)(((vi)a & mask) | ((vi)b & ~mask));
#endif
}

/* The larger lane; b where either is NaN. */
CORE_INLINE vf vf_max(vf a, vf b) {
#if defined(__AVX512F__)
  return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX__)
  return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (vf)_mm_max_ps((__m128)a, (__m128)b);
#elif defined(__wasm_simd128__)
  return (vf)wasm_f32x4_pmax((v128_t)b, (v128_t)a);
#else
  return vf_select(a > b, a, b);
#endif
}

/* The smaller lane; b where either is NaN. */
CORE_INLINE vf vf_min(vf a, vf b) {
#if defined(__AVX512F__)
  return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(__AVX__)
  return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (vf)_mm_min_ps((__m128)a, (__m128)b);
#elif defined(__wasm_simd128__)
  return (vf)wasm_f32x4_pmin((v128_t)b, (v128_t)a);
#else
  return vf_select(a < b, a, b);
#endif
}

CORE_INLINE vf vf_abs(vf x) { return (vf)((vi)x & vi_splat(0x7fffffff)); }

/* x's magnitude with the sign of s. */
CORE_INLINE vf vf_copysign(vf x, vf s) {
  const vi sign = vi_splat(-0x7fffffff - 1);
  return (vf)(((vi)x & ~sign) | ((vi)s & sign));
}

CORE_INLINE vf vf_sqrt(vf x) {
#if defined(__AVX512F__)
  return (vf)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX__)
  return (vf)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
  return (vf)_mm_sqrt_ps((__m128)x);
#elif defined(__wasm_simd128__)
  return (vf)wasm_f32x4_sqrt((v128_t)x);
#elif defined(__aarch64__)
  return (vf)vsqrtq_f32((float32x4_t)x);
#else
  return (vf){__builtin_sqrtf(x[0]), __builtin_sqrtf(x[1]), __builtin_sqrtf(x[2]), __builtin_sqrtf(x[3])};
#endif
}

/* 1/sqrt(x), both operations correctly rounded (not the estimate). */
CORE_INLINE vf vf_rsqrt(vf x) { return vf_splat(1.0f) / vf_sqrt(x); }

/* a * b + c, rounded once where the machine can, twice elsewhere (SSE, WebAssembly; built
 * with -mrelaxed-simd, as the engine's machine does it). */
CORE_INLINE vf vf_fma(vf a, vf b, vf c) {
#if defined(__AVX512F__)
  return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX__) && defined(__FMA__)
  return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
  return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#elif defined(__wasm_relaxed_simd__)
  return (vf)wasm_f32x4_relaxed_madd((v128_t)a, (v128_t)b, (v128_t)c);
#else
  return a * b + c;
#endif
}

/* Sum of the lanes, halving: lane i + lane i + VL/2, and so on. */
CORE_INLINE float vf_hsum(vf v) {
#if VL >= 16
  v += CORE_SHUFFLE(v, v, CORE_ROTATED, 8);
#endif
#if VL >= 8
  v += CORE_SHUFFLE(v, v, CORE_ROTATED, 4);
#endif
  v += CORE_SHUFFLE(v, v, CORE_ROTATED, 2);
  return v[0] + v[1];
}

/* Largest lane. */
CORE_INLINE float vf_hmax(vf v) {
#if VL >= 16
  v = vf_max(v, CORE_SHUFFLE(v, v, CORE_ROTATED, 8));
#endif
#if VL >= 8
  v = vf_max(v, CORE_SHUFFLE(v, v, CORE_ROTATED, 4));
#endif
  v = vf_max(v, CORE_SHUFFLE(v, v, CORE_ROTATED, 2));
  return v[0] > v[1] ? v[0] : v[1];
}

/* The first n (0 .. VL) lanes from p, zeros in the rest; reads nothing past p[n-1]. */
CORE_INLINE vf vf_load_part(const float *p, ptrdiff_t n) {
#if defined(__AVX512F__)
  return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif defined(__AVX__)
  const vi mask = (vi){CORE_LIST(CORE_LANE, 0)} < vi_splat((int)n);
  return (vf)_mm256_maskload_ps(p, (__m256i)mask);
#else
  if (n >= VL) return vf_load(p);
  vf v = {0};
  if (n > 0) v[0] = p[0];
  if (n > 1) v[1] = p[1];
  if (n > 2) v[2] = p[2];
  return v;
#endif
}

/* The first n (0 .. VL) lanes to p; writes nothing past p[n-1]. */
CORE_INLINE void vf_store_part(float *p, vf v, ptrdiff_t n) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif defined(__AVX__)
  const vi mask = (vi){CORE_LIST(CORE_LANE, 0)} < vi_splat((int)n);
  _mm256_maskstore_ps(p, (__m256i)mask, (__m256)v);
#else
  if (n >= VL) {
    vf_store(p, v);
    return;
  }
  if (n > 0) p[0] = v[0];
  if (n > 1) p[1] = v[1];
  if (n > 2) p[2] = v[2];
#endif
}

/* ---------------------------------------------- transcendental functions
 * Polynomials are minimax fits of our own in f32 coefficients. Bounds named
 * below are of the whole range, in units in the last place of the result. */

/* e^(x - n ln 2), n whole and nearest to x / ln 2: the part of an exponential that is not a power of two. */
CORE_INLINE vf vf_exp_rest(vf x, vf n) {
  /* ln 2 in two parts, the first short enough for n * part to be exact. */
  vf r = vf_fma(n, vf_splat(-0.693359375f), x);
  r = vf_fma(n, vf_splat(2.12194440e-4f), r);
  vf q = vf_fma(r, vf_splat(1.381446491e-03f), vf_splat(8.368780836e-03f));
  q = vf_fma(q, r, vf_splat(4.166839272e-02f));
  q = vf_fma(q, r, vf_splat(1.666651964e-01f));
  q = vf_fma(q, r, vf_splat(4.999999404e-01f));
  return vf_fma(q, r * r, r) + vf_splat(1.0f);
}

/* e^x, within 2 ulp. -inf and everything that would be subnormal give exactly 0
 * (a masked attention score must), x > 88.73 gives inf, NaN stays NaN. */
CORE_INLINE vf vf_exp(vf x) {
  const vf shift = vf_splat(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer */
  const vf top = vf_min(vf_splat(89.0f), x);
  const vf n = vf_fma(top, vf_splat(1.44269504f), shift) - shift;
  const vf p = vf_exp_rest(top, n);
#if defined(__AVX512F__)
  const __mmask16 live = _mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(-87.33654f), _CMP_NLT_UQ);
  return (vf)_mm512_maskz_scalef_ps(live, (__m512)p, (__m512)n);
#else
  /* 2^n in two factors, so that n = 128 overflows only where the result does. */
  const vi e = (vi)(n + shift) - (vi)shift, half = e >> 1;
  const vf y = p * (vf)((half + 127) << 23) * (vf)((e - half + 127) << 23);
  return (vf)((vi)y & ~(x < vf_splat(-87.33654f)));
#endif
}

/* e^x for x that is not above 0 but for rounding: vf_exp in fewer steps, 0 from -86.5 down. Far above 0 it gives anything. */
CORE_INLINE vf vf_exp_negative(vf x) {
#if defined(__AVX512F__)
  return vf_exp(x);
#else
  const vf shift = vf_splat(12582912.0f);
  const vf t = vf_fma(x, vf_splat(1.44269504f), shift), n = t - shift;
  const vf p = vf_exp_rest(x, n);
  /* n stands in the low bits of t; added to the exponent, it multiplies by 2^n */
  return (vf)(((vi)p + ((vi)t << 23)) & ~(x < vf_splat(-86.5f)));
#endif
}

/* ln x, within 2 ulp. 0 gives -inf, negatives NaN, inf stays inf; subnormals are exact inputs. */
CORE_INLINE vf vf_log(vf x) {
  const vi tiny = x < vf_splat(1.17549435e-38f);
  const vf y = vf_select(tiny, x * vf_splat(8388608.0f), x);
  /* y = m * 2^e with m in [sqrt(1/2), sqrt(2)). */
  const vi bits = (vi)y - 0x3f3504f3;
  const vi exponent = (bits >> 23) - (tiny & 23);
  const vf f = (vf)((bits & 0x007fffff) + 0x3f3504f3) - vf_splat(1.0f);
  const vf e = __builtin_convertvector(exponent, vf);
  vf q = vf_fma(f, vf_splat(-7.634429634e-02f), vf_splat(1.276154965e-01f));
  q = vf_fma(q, f, vf_splat(-1.316019446e-01f));
  q = vf_fma(q, f, vf_splat(1.420176178e-01f));
  q = vf_fma(q, f, vf_splat(-1.662335694e-01f));
  q = vf_fma(q, f, vf_splat(2.000122666e-01f));
  q = vf_fma(q, f, vf_splat(-2.500082254e-01f));
  q = vf_fma(q, f, vf_splat(3.333333135e-01f));
  const vf s = f * f;
  vf r = vf_fma(e, vf_splat(-2.12194440e-4f), q * (s * f));
  r = vf_fma(s, vf_splat(-0.5f), r) + f;
  r = vf_fma(e, vf_splat(0.693359375f), r);
  const vf inf = vf_splat(__builtin_inff());
  r = vf_select(x == inf, inf, r);
  r = vf_select(x == vf_splat(0.0f), -inf, r);
  return vf_select(x >= vf_splat(0.0f), r, vf_splat(__builtin_nanf("")));
}

/* tanh x, within 2 ulp; odd, -1 and 1 at the ends. */
CORE_INLINE vf vf_tanh(vf x) {
  const vf a = vf_abs(x), one = vf_splat(1.0f), s = x * x;
  vf q = vf_fma(s, vf_splat(-5.704990588e-03f), vf_splat(2.063908987e-02f));
  q = vf_fma(q, s, vf_splat(-5.373971537e-02f));
  q = vf_fma(q, s, vf_splat(1.333144158e-01f));
  q = vf_fma(q, s, vf_splat(-3.333328068e-01f));
  const vf near_zero = vf_fma(q, s * a, a);
  const vf far = one - vf_splat(2.0f) / (vf_exp(a + a) + one);
  return vf_copysign(vf_select(a < vf_splat(0.625f), near_zero, far), x);
}

/* erf x, within 2 ulp; odd, -1 and 1 at the ends. */
CORE_INLINE vf vf_erf(vf x) {
  const vf a = vf_min(vf_splat(4.0f), vf_abs(x)), one = vf_splat(1.0f), s = a * a;
  vf q = vf_fma(s, vf_splat(7.854008436e-05f), vf_splat(-8.010242018e-04f));
  q = vf_fma(q, s, vf_splat(5.188333802e-03f));
  q = vf_fma(q, s, vf_splat(-2.685381472e-02f));
  q = vf_fma(q, s, vf_splat(1.128358543e-01f));
  q = vf_fma(q, s, vf_splat(-3.761262596e-01f));
  q = vf_fma(q, s, vf_splat(1.283791661e-01f));
  /* -ln erfc is smooth: one polynomial reaches from 1 to 4, where erf rounds to 1. */
  vf g = vf_fma(a, vf_splat(-1.863800862e-04f), vf_splat(2.947666682e-03f));
  g = vf_fma(g, a, vf_splat(-2.183809690e-02f));
  g = vf_fma(g, a, vf_splat(1.031068191e-01f));
  g = vf_fma(g, a, vf_splat(6.381447315e-01f));
  g = vf_fma(g, a, vf_splat(1.127089262e+00f));
  g = vf_fma(g, a, vf_splat(3.415125830e-04f));
  const vf far = one - vf_exp(-g);
  return vf_copysign(vf_select(a < one, vf_fma(q, a, a), far), x);
}

/* 1 / (1 + e^-x), within 3 ulp where the result is a normal number. */
CORE_INLINE vf vf_sigmoid(vf x) { return vf_splat(1.0f) / (vf_splat(1.0f) + vf_exp(-x)); }

/* Scalar twins: lane 0 of the vector function, so the two agree bit for bit. */
CORE_INLINE float f_exp(float x) { return vf_exp(vf_splat(x))[0]; }
CORE_INLINE float f_log(float x) { return vf_log(vf_splat(x))[0]; }
CORE_INLINE float f_tanh(float x) { return vf_tanh(vf_splat(x))[0]; }
CORE_INLINE float f_erf(float x) { return vf_erf(vf_splat(x))[0]; }
CORE_INLINE float f_sigmoid(float x) { return vf_sigmoid(vf_splat(x))[0]; }
CORE_INLINE float f_sqrt(float x) { return vf_sqrt(vf_splat(x))[0]; }
CORE_INLINE float f_rsqrt(float x) { return vf_rsqrt(vf_splat(x))[0]; }
CORE_INLINE float f_max(float a, float b) { return a > b ? a : b; }
CORE_INLINE float f_min(float a, float b) { return a < b ? a : b; }
CORE_INLINE float f_abs(float x) { return __builtin_fabsf(x); }
CORE_INLINE float f_fma(float a, float b, float c) { return vf_fma(vf_splat(a), vf_splat(b), vf_splat(c))[0]; }

/* ---------------------------------------------------------------- memory */

/* p[0 .. n) = 0. */
CORE_INLINE void zero_f32(float *p, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) p[i] = 0.0f;
}

/* to[0 .. n) = from[0 .. n); the two do not overlap. */
CORE_INLINE void copy_f32(float *restrict to, const float *restrict from, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) to[i] = from[i];
}

/* ------------------------------------------------------------------ rows */

/* Largest of p[0 .. n); -inf for an empty row. */
CORE_CALL float row_max(const float *p, ptrdiff_t n) {
  vf a = vf_splat(-__builtin_inff()), b = a;
  ptrdiff_t i = 0;
  for (; i + 2 * VL <= n; i += 2 * VL) {
    a = vf_max(a, vf_load(p + i));
    b = vf_max(b, vf_load(p + i + VL));
  }
  float m = vf_hmax(vf_max(a, b));
  for (; i < n; i++) m = f_max(m, p[i]);
  return m;
}

/* Sum of p[0 .. n): four interleaved partial sums of vectors, then halving. */
CORE_CALL float row_sum(const float *p, ptrdiff_t n) {
  vf a = {0}, b = {0}, c = {0}, d = {0};
  ptrdiff_t i = 0;
  for (; i + 4 * VL <= n; i += 4 * VL) {
    a += vf_load(p + i);
    b += vf_load(p + i + VL);
    c += vf_load(p + i + 2 * VL);
    d += vf_load(p + i + 3 * VL);
  }
  for (; i + VL <= n; i += VL) a += vf_load(p + i);
  if (i < n) b += vf_load_part(p + i, n - i);
  return vf_hsum((a + b) + (c + d));
}

/* Sum of x[i] * y[i], in the order of row_sum. */
CORE_CALL float row_dot(const float *x, const float *y, ptrdiff_t n) {
  vf a = {0}, b = {0}, c = {0}, d = {0};
  ptrdiff_t i = 0;
  for (; i + 4 * VL <= n; i += 4 * VL) {
    a = vf_fma(vf_load(x + i), vf_load(y + i), a);
    b = vf_fma(vf_load(x + i + VL), vf_load(y + i + VL), b);
    c = vf_fma(vf_load(x + i + 2 * VL), vf_load(y + i + 2 * VL), c);
    d = vf_fma(vf_load(x + i + 3 * VL), vf_load(y + i + 3 * VL), d);
  }
  for (; i + VL <= n; i += VL) a = vf_fma(vf_load(x + i), vf_load(y + i), a);
  if (i < n) b = vf_fma(vf_load_part(x + i, n - i), vf_load_part(y + i, n - i), b);
  return vf_hsum((a + b) + (c + d));
}

/* ------------------------------------------------------- packing, shared */

/* Rows that packing asks the caches for ahead of the one it copies. */
#define CORE_AHEAD 8

/* In every group of four lanes: digit d of the code (lowest first) names the lane
 * of a (0-3) or b (4-7) that goes to lane d. */
#define CORE_DIGIT(lane, code) (((code) >> (4 * ((lane) % 4))) & 15)
#define CORE_IN_FOURS(lane, code) (CORE_DIGIT(lane, code) % 4 + 4 * ((lane) / 4) + CORE_DIGIT(lane, code) / 4 * VL)

/* Four floats from each of VL/4 places, side by side. */
CORE_INLINE vf core_fours(const float *const *p, ptrdiff_t at) {
#if defined(__AVX512F__)
  __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(p[0] + at));
  v = _mm512_insertf32x4(v, _mm_loadu_ps(p[4] + at), 1);
  v = _mm512_insertf32x4(v, _mm_loadu_ps(p[8] + at), 2);
  return (vf)_mm512_insertf32x4(v, _mm_loadu_ps(p[12] + at), 3);
#elif defined(__AVX__)
  return (vf)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p[0] + at)), _mm_loadu_ps(p[4] + at), 1);
#else
  return vf_load(p[0] + at);
#endif
}

/* Columns at .. at+3 of the VL rows p[]: four vectors, lane r from row r. */
CORE_INLINE void core_transpose(const float *const *p, ptrdiff_t at, vf *out) {
  const vf a = core_fours(p, at), b = core_fours(p + 1, at), c = core_fours(p + 2, at), d = core_fours(p + 3, at);
  const vf ab_low = CORE_SHUFFLE(a, b, CORE_IN_FOURS, 0x5140), ab_high = CORE_SHUFFLE(a, b, CORE_IN_FOURS, 0x7362);
  const vf cd_low = CORE_SHUFFLE(c, d, CORE_IN_FOURS, 0x5140), cd_high = CORE_SHUFFLE(c, d, CORE_IN_FOURS, 0x7362);
  out[0] = CORE_SHUFFLE(ab_low, cd_low, CORE_IN_FOURS, 0x5410);
  out[1] = CORE_SHUFFLE(ab_low, cd_low, CORE_IN_FOURS, 0x7632);
  out[2] = CORE_SHUFFLE(ab_high, cd_high, CORE_IN_FOURS, 0x5410);
  out[3] = CORE_SHUFFLE(ab_high, cd_high, CORE_IN_FOURS, 0x7632);
}

/* The first `width` lanes of one step of a panel. Where another step follows it writes over the rest, so that a whole
 * vector can be stored: some processors take ten times as long for a part of one. */
CORE_INLINE void core_pack_store(float *to, vf v, ptrdiff_t width, int more) {
  if (more || width == VL) vf_store(to, v);
  else vf_store_part(to, v, width);
}

/* dst[k][step], lanes 0 .. width-1 of every step, from VL row pointers; lanes outside
 * keep become 0 (their pointers must still be readable for k floats). */
CORE_INLINE void core_pack_rows(float *dst, ptrdiff_t step, ptrdiff_t width, const float *const *p, vi keep, ptrdiff_t k) {
  const ptrdiff_t whole = k & ~(ptrdiff_t)3;
  for (ptrdiff_t i = 0; i < whole; i += 4) {
    vf t[4];
    core_transpose(p, i, t);
    core_pack_store(dst + i * step, (vf)((vi)t[0] & keep), width, 1);
    core_pack_store(dst + (i + 1) * step, (vf)((vi)t[1] & keep), width, 1);
    core_pack_store(dst + (i + 2) * step, (vf)((vi)t[2] & keep), width, 1);
    core_pack_store(dst + (i + 3) * step, (vf)((vi)t[3] & keep), width, i + 4 < k);
  }
  for (ptrdiff_t i = whole; i < k; i++) {
    vf t;
    for (int r = 0; r < VL; r++) t[r] = p[r][i];
    vf_store_part(dst + i * step, (vf)((vi)t & keep), width);
  }
}

/* VL row pointers for rows of a matrix: row r, or index[r] where an index is given;
 * rows past the last and negative indices borrow a readable row and are left out of keep. */
CORE_INLINE vi core_row_pointers(const float **p, const float *src, ptrdiff_t ld, const int *index, ptrdiff_t rows) {
  vi keep;
  for (int r = 0; r < VL; r++) {
    const ptrdiff_t row = r >= rows ? -1 : index ? index[r] : r;
    p[r] = row < 0 ? 0 : src + row * ld;
    keep[r] = row < 0 ? 0 : -1;
  }
  const float *any = 0;
  for (int r = 0; r < VL; r++) any = p[r] ? p[r] : any;
  for (int r = 0; r < VL; r++) p[r] = p[r] ? p[r] : any;
  return keep;
}

CORE_INLINE void core_pack(float *dst, ptrdiff_t width, const float *src, ptrdiff_t ld, const int *index,
                           ptrdiff_t rows, ptrdiff_t k) {
  for (ptrdiff_t r = 0; r < width; r += VL) {
    const float *p[VL];
    const float *from = index ? src : src + r * ld;
    const vi keep = core_row_pointers(p, from, ld, index ? index + r : 0, rows - r);
    const ptrdiff_t part = width - r < VL ? width - r : VL;
    if (p[0]) core_pack_rows(dst + r, width, part, p, keep, k);
    else
      for (ptrdiff_t i = 0; i < k; i++) vf_store_part(dst + i * width + r, (vf){0}, part);
  }
}

/* dst[panel][k][width] = `cols` contiguous columns of k rows (row i, or index[i]), zeros beside them. Whole rows are
 * read in order, however many panels they go to: their lines lie side by side, the next row's often a page away. */
CORE_INLINE void core_pack_columns(float *dst, ptrdiff_t width, const float *src, ptrdiff_t ld, const int *index,
                                   ptrdiff_t cols, ptrdiff_t k) {
  const ptrdiff_t whole = (width + VL - 1) / VL * VL;
  for (ptrdiff_t i = 0; i < k; i++, dst += width) {
    const ptrdiff_t row = index ? index[i] : i;
    const float *const p = src + (row < 0 ? 0 : row) * ld;
    if (i + CORE_AHEAD < k) {
      const ptrdiff_t next = index ? index[i + CORE_AHEAD] : i + CORE_AHEAD;
      for (ptrdiff_t c = 0; c < cols; c += 16) __builtin_prefetch(src + (next < 0 ? 0 : next) * ld + c);
    }
    float *to = dst;
    ptrdiff_t c = 0;
    if (row >= 0)
      for (; c + whole <= cols; c += width, to += k * width)
        for (ptrdiff_t h = 0; h < width; h += VL)
          core_pack_store(to + h, vf_load(p + c + h), width - h < VL ? width - h : VL, i + 1 < k);
    for (; c < cols; c += width, to += k * width)
      for (ptrdiff_t h = 0; h < width; h += VL) {
        const ptrdiff_t left = row < 0 || cols - c < h ? 0 : cols - c - h;
        core_pack_store(to + h, vf_load_part(p + c + h, left < VL ? left : VL), width - h < VL ? width - h : VL, i + 1 < k);
      }
  }
}

/* --------------------------------------------------------------- packing
 * Panels: A as dst[k][MR], B as dst[k][NR], contiguous in k, zero where the
 * matrix has no row or column; contiguous columns may be more than one panel
 * takes, and fill the next. ld is in floats; index entries < 0 mean zeros. */

/* dst[k][MR] from `rows` (1 .. MR) rows of row-major src. */
CORE_CALL void pack_a(float *dst, const float *src, ptrdiff_t ld, ptrdiff_t rows, ptrdiff_t k) {
  core_pack(dst, MR, src, ld, 0, rows, k);
}

/* dst[k][MR]; row r is src + index[r] * ld. */
CORE_CALL void pack_a_gather(float *dst, const float *src, ptrdiff_t ld, const int *index, ptrdiff_t rows, ptrdiff_t k) {
  core_pack(dst, MR, src, ld, index, rows, k);
}

/* dst[panel][k][MR] from `cols` contiguous columns of k rows: A transposed. */
CORE_CALL void pack_a_cols(float *dst, const float *src, ptrdiff_t ld, ptrdiff_t cols, ptrdiff_t k) {
  core_pack_columns(dst, MR, src, ld, 0, cols, k);
}

/* dst[panel][k][MR]; row i is src + index[i] * ld. */
CORE_CALL void pack_a_cols_gather(float *dst, const float *src, ptrdiff_t ld, const int *index, ptrdiff_t cols,
                                  ptrdiff_t k) {
  core_pack_columns(dst, MR, src, ld, index, cols, k);
}

/* dst[panel][k][NR] from `cols` contiguous columns of k rows. */
CORE_CALL void pack_b(float *dst, const float *src, ptrdiff_t ld, ptrdiff_t k, ptrdiff_t cols) {
  core_pack_columns(dst, NR, src, ld, 0, cols, k);
}

/* dst[panel][k][NR]; row i is src + index[i] * ld. */
CORE_CALL void pack_b_gather(float *dst, const float *src, ptrdiff_t ld, const int *index, ptrdiff_t k, ptrdiff_t cols) {
  core_pack_columns(dst, NR, src, ld, index, cols, k);
}

/* dst[k][NR] from `cols` (1 .. NR) rows of src [n][k], such as weights [out, in]. */
CORE_CALL void pack_b_cols(float *dst, const float *src, ptrdiff_t ld, ptrdiff_t k, ptrdiff_t cols) {
  core_pack(dst, NR, src, ld, 0, cols, k);
}

/* ------------------------------------------------------------------ tile
 * The accumulators are named, not an array: an array indexed in the loop goes
 * to memory with some compilers. Every element is its own sum over k, in order:
 * its bits depend neither on its place in the tile nor on how k is split. */

#define TILE_4(F) F(0) F(1) F(2) F(3)
#define TILE_8(F) TILE_4(F) F(4) F(5) F(6) F(7)
#if MR == 12
#define TILE_ROWS(F) TILE_8(F) F(8) F(9) F(10) F(11)
#elif MR == 8
#define TILE_ROWS(F) TILE_8(F)
#elif MR == 6
#define TILE_ROWS(F) TILE_4(F) F(4) F(5)
#else
#define TILE_ROWS(F) TILE_4(F)
#endif

#define TILE_NEW(r) vf l##r = {0}, h##r = {0};
#define TILE_LOAD(r) vf l##r = vf_load(c + r * ld), h##r = vf_load(c + r * ld + VL);
#define TILE_STEP(r) \
  x = vf_splat(a[r]); \
  l##r = vf_fma(x, low, l##r); \
  h##r = vf_fma(x, high, h##r);
#define TILE_STORE(r) \
  vf_store(c + r * ld, l##r); \
  vf_store(c + r * ld + VL, h##r);
/* A panels come from the second cache or beyond: asked for 16 steps early. */
#define TILE_BODY(ROWS, START) \
  ROWS(START) \
  for (ptrdiff_t i = 0; i < k; i++, a += MR, b += NR) { \
    const vf low = vf_load(b), high = vf_load(b + VL); \
    vf x; \
    __builtin_prefetch(a + 16 * MR); \
    ROWS(TILE_STEP) \
  } \
  ROWS(TILE_STORE)

#define TILE_FUNCTION(name, ROWS, START) \
  CORE_CALL void name(ptrdiff_t k, const float *restrict a, const float *restrict b, float *restrict c, ptrdiff_t ld) { \
    TILE_BODY(ROWS, START) \
  }

/* tile_zero and tile_add straight on a full MR x NR block of a row-major matrix. */
TILE_FUNCTION(tile_zero_direct, TILE_ROWS, TILE_NEW)
TILE_FUNCTION(tile_add_direct, TILE_ROWS, TILE_LOAD)
TILE_FUNCTION(core_tile_zero_4, TILE_4, TILE_NEW)
TILE_FUNCTION(core_tile_add_4, TILE_4, TILE_LOAD)
#if MR == 12
TILE_FUNCTION(core_tile_zero_8, TILE_8, TILE_NEW)
TILE_FUNCTION(core_tile_add_8, TILE_8, TILE_LOAD)
#else
#define core_tile_zero_8 tile_zero_direct
#define core_tile_add_8 tile_add_direct
#endif

/* c[MR][NR] = sum over k of a[k][MR] * b[k][NR]. */
CORE_INLINE void tile_zero(ptrdiff_t k, const float *restrict a, const float *restrict b, float *restrict c) {
  tile_zero_direct(k, a, b, c, NR);
}

/* c[MR][NR] += the same sum, continued in the same order: splitting k changes no bit. */
CORE_INLINE void tile_add(ptrdiff_t k, const float *restrict a, const float *restrict b, float *restrict c) {
  tile_add_direct(k, a, b, c, NR);
}

/* tile_zero for a panel with only `rows` (1 .. MR) rows: cheaper where few are left.
 * The same bits in those rows; the rows of c past them may or may not be written. */
CORE_INLINE void tile_zero_part(ptrdiff_t rows, ptrdiff_t k, const float *restrict a, const float *restrict b,
                                float *restrict c) {
  if (rows <= 4) core_tile_zero_4(k, a, b, c, NR);
  else if (rows <= 8) core_tile_zero_8(k, a, b, c, NR);
  else tile_zero_direct(k, a, b, c, NR);
}

/* tile_add for a panel with only `rows` (1 .. MR) rows, as tile_zero_part. */
CORE_INLINE void tile_add_part(ptrdiff_t rows, ptrdiff_t k, const float *restrict a, const float *restrict b,
                               float *restrict c) {
  if (rows <= 4) core_tile_add_4(k, a, b, c, NR);
  else if (rows <= 8) core_tile_add_8(k, a, b, c, NR);
  else tile_add_direct(k, a, b, c, NR);
}

#endif
