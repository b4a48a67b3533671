/*
 * The small fixed part of every generated CUDA program: numbers, sums over a warp or a block, and one wrapper for each
 * instruction that C++ has no word for. It includes nothing, so that NVRTC needs no headers. Where the compiler is not
 * a CUDA compiler, emulate.h stands in for the machine, and every wrapper has its meaning beside its instruction: the
 * same kernels then run on a processor.
 *
 * Every result depends on the inputs alone: sums have one fixed order, and nothing adds floats atomically.
 */
#ifndef MOEC_DEVICE_CUH
#define MOEC_DEVICE_CUH

#if defined(__CUDACC__)
#define INLINE __device__ __forceinline__
#else
#include "emulate.h"
#if defined(MOEC_COUNT)
#define INLINE __attribute__((always_inline)) static inline
#else
#define INLINE static inline
#endif
#endif

/* `DYNAMIC_SHARED(p)`: p points to the shared memory that a launch asks for. */
#if defined(__CUDACC__)
#define DYNAMIC_SHARED(name)                                        \
  extern __shared__ __align__(128) unsigned char dynamic_shared[]; \
  unsigned char *const name = dynamic_shared
#else
#define DYNAMIC_SHARED(name) unsigned char *const name = emulate::shared_memory()
#endif

typedef unsigned short bf16;

/* ------------------------------------------------------------ instructions */

/* Lane of this thread in its warp, and the warp's number in its block. */
INLINE int lane_of_warp() { return threadIdx.x % 32; }
INLINE int warp_of_block() { return threadIdx.x / 32; }

/* All threads of the block, or of the warp, meet; what they wrote before can be read after. */
INLINE void meet_block() {
#if defined(__CUDACC__)
  __syncthreads();
#else
  emulate::meet_block();
#endif
}

INLINE void meet_warp() {
#if defined(__CUDACC__)
  __syncwarp();
#else
  emulate::meet_warp();
#endif
}

/* The value that the lane `lane ^ mask` of the warp holds. */
INLINE float shuffle_xor(float x, int mask) {
#if defined(__CUDACC__)
  return __shfl_xor_sync(0xffffffffu, x, mask);
#else
  return emulate::exchange(x, (int)(threadIdx.x % 32) ^ mask);
#endif
}

INLINE int shuffle_xor(int x, int mask) {
#if defined(__CUDACC__)
  return __shfl_xor_sync(0xffffffffu, x, mask);
#else
  return emulate::exchange(x, (int)(threadIdx.x % 32) ^ mask);
#endif
}

/* The value that one lane of the warp holds. */
INLINE int shuffle_from(int x, int lane) {
#if defined(__CUDACC__)
  return __shfl_sync(0xffffffffu, x, lane);
#else
  return emulate::exchange(x, lane);
#endif
}

/* Bit l is set where lane l of the warp holds true. */
INLINE unsigned lanes_where(bool x) {
#if defined(__CUDACC__)
  return __ballot_sync(0xffffffffu, x);
#else
  return emulate::lanes_where(x);
#endif
}

/* Bit l is set where lane l of the warp holds the same number as this one. */
INLINE unsigned lanes_with_same(int x) {
#if defined(__CUDACC__)
  return __match_any_sync(0xffffffffu, x);
#else
  return emulate::lanes_with_same(x);
#endif
}

INLINE int count_bits(unsigned x) {
#if defined(__CUDACC__)
  return __popc(x);
#else
  return __builtin_popcount(x);
#endif
}

/* Number of the lowest bit that is set, from 0; -1 where there is none. */
INLINE int lowest_bit(unsigned x) {
#if defined(__CUDACC__)
  return __ffs((int)x) - 1;
#else
  return __builtin_ffs((int)x) - 1;
#endif
}

INLINE float bits_to_float(unsigned x) {
#if defined(__CUDACC__)
  return __uint_as_float(x);
#else
  return emulate::bits<float>(x);
#endif
}

/* Rounds to nearest, ties to even. */
INLINE bf16 to_bf16(float x) {
#if defined(__CUDACC__)
  bf16 y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
#else
  const unsigned u = emulate::bits<unsigned>(x);
  if ((u & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return (bf16)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
#endif
}

INLINE float to_float(bf16 x) { return bits_to_float((unsigned)x << 16); }

/* Sixteen bytes of global memory on their way to shared memory; zeros where `there` is false. */
INLINE void copy_later(void *shared, const void *global, bool there) {
#if defined(__CUDACC__)
  const unsigned to = (unsigned)__cvta_generic_to_shared(shared);
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(there ? 16 : 0) : "memory");
#else
  emulate::copy_later(shared, global, there);
#endif
}

/* Ends a group of copies; `wait_for_copies<n>` waits until no more than the n latest groups are on their way. */
INLINE void end_of_copies() {
#if defined(__CUDACC__)
  asm volatile("cp.async.commit_group;" ::: "memory");
#else
  emulate::end_of_copies();
#endif
}

template <int LATEST>
INLINE void wait_for_copies() {
#if defined(__CUDACC__)
  asm volatile("cp.async.wait_group %0;" ::"n"(LATEST) : "memory");
#else
  emulate::wait_for_copies(LATEST);
#endif
}

/* Four 8 by 8 matrices of bf16 from shared memory: lane l gives the address of row l % 8 of matrix l / 8, and gets of
 * each matrix two neighbours of row l / 4, from column 2 (l % 4) on. */
INLINE void load_matrices(unsigned (&to)[4], const bf16 *row) {
#if defined(__CUDACC__)
  const unsigned from = (unsigned)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(from)
               : "memory");
#else
  emulate::load_matrices(to, row, false);
#endif
}

/* The same, each matrix turned: rows of the result are columns in memory. */
INLINE void load_matrices_turned(unsigned (&to)[4], const bf16 *row) {
#if defined(__CUDACC__)
  const unsigned from = (unsigned)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(from)
               : "memory");
#else
  emulate::load_matrices(to, row, true);
#endif
}

/* sum += a b: 16 by 16 times 16 by 8 in bf16, sums in f32, spread over the warp as PTX says for mma.m16n8k16. */
INLINE void multiply_add(float (&sum)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
#if defined(__CUDACC__)
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
  emulate::multiply_add(sum, a, b0, b1);
#endif
}

/* -------------------------------------------------------------- arithmetic */

#define LOWEST (-INFINITY_F)
#define HIGHEST INFINITY_F
#define INFINITY_F bits_to_float(0x7f800000u)

INLINE float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }
INLINE float sign_of(float x) { return (float)((x > 0.0f) - (x < 0.0f)); }
INLINE int at_least_zero(int x) { return x < 0 ? 0 : x; }
INLINE int smaller(int a, int b) { return a < b ? a : b; }

/* Uniform in [0, 1): seed, step, stream and position hashed one after another with the finaliser of MurmurHash3; the
 * upper 24 bits are the number. The same on every target. */
INLINE unsigned hash_mix(unsigned hash, unsigned word) {
  unsigned h = hash ^ (word * 0x9e3779b1u);
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

INLINE float uniform_at(float seed, float step, int stream, long long position) {
  const unsigned key = hash_mix(hash_mix(hash_mix(0x85ebca6bu, (unsigned)seed), (unsigned)step), (unsigned)stream);
  return (float)(hash_mix(key, (unsigned)position) >> 8) * (1.0f / 16777216.0f);
}

/* ------------------------------------------------------------------- teams */

/* The candidate with the largest key, ties to the lowest index; index -1: there is none. */
struct Candidate {
  float key;
  int index;
};

INLINE bool better(const Candidate &a, const Candidate &b) {
  if (a.index < 0) return false;
  return b.index < 0 || a.key > b.key || (a.key == b.key && a.index < b.index);
}

/* Sum, maximum, minimum and best over the warp, in a fixed order, for every lane. */
INLINE float warp_sum(float x) {
#pragma unroll
  for (int reach = 16; reach > 0; reach /= 2) x += shuffle_xor(x, reach);
  return x;
}

INLINE float warp_max(float x) {
#pragma unroll
  for (int reach = 16; reach > 0; reach /= 2) x = fmaxf(x, shuffle_xor(x, reach));
  return x;
}

INLINE int warp_smallest(int x) {
#pragma unroll
  for (int reach = 16; reach > 0; reach /= 2) x = smaller(x, shuffle_xor(x, reach));
  return x;
}

INLINE Candidate warp_best(Candidate mine) {
#pragma unroll
  for (int reach = 16; reach > 0; reach /= 2) {
    const Candidate other = {shuffle_xor(mine.key, reach), shuffle_xor(mine.index, reach)};
    if (better(other, mine)) mine = other;
  }
  return mine;
}

/* Sum of what the lanes up to this one hold. */
INLINE int warp_scan(int x) {
  const int lane = lane_of_warp();
#pragma unroll
  for (int reach = 1; reach < 32; reach *= 2) {
    const int before = shuffle_from(x, lane - reach);
    if (lane >= reach) x += before;
  }
  return x;
}

/* Sum, maximum and best over a block of LANES threads: warps first, then their results. */
template <int LANES>
INLINE float block_sum(float x) {
  __shared__ float parts[LANES / 32];
  x = warp_sum(x);
  meet_block();
  if (lane_of_warp() == 0) parts[warp_of_block()] = x;
  meet_block();
  float total = 0.0f;
  for (int i = 0; i < LANES / 32; i++) total += parts[i];
  return total;
}

template <int LANES>
INLINE float block_max(float x) {
  __shared__ float parts[LANES / 32];
  x = warp_max(x);
  meet_block();
  if (lane_of_warp() == 0) parts[warp_of_block()] = x;
  meet_block();
  float most = parts[0];
  for (int i = 1; i < LANES / 32; i++) most = fmaxf(most, parts[i]);
  return most;
}

template <int LANES>
INLINE Candidate block_best(Candidate mine) {
  __shared__ Candidate parts[LANES / 32];
  mine = warp_best(mine);
  meet_block();
  if (lane_of_warp() == 0) parts[warp_of_block()] = mine;
  meet_block();
  Candidate best = parts[0];
  for (int i = 1; i < LANES / 32; i++)
    if (better(parts[i], best)) best = parts[i];
  return best;
}

/* ------------------------------------------------------------------ sorting */

/* The place of key `own` among a chunk's: how many are larger, or as large and before it. */
template <class Key>
INLINE int place_in(const Key *keys, int length, int own) {
  int place = 0;
  for (int i = 0; i < length; i++) place += keys[i] > keys[own] || (keys[i] == keys[own] && i < own);
  return place;
}

/* How many keys of a sorted chunk are larger than another, or, with `ties`, as large. */
template <class Key>
INLINE int keys_before(const Key *sorted, int length, Key own, bool ties) {
  int low = 0, high = length;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (sorted[middle] > own || (ties && sorted[middle] == own)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* The lowest row has the largest key; no row, the smallest. */
INLINE int key_of_row(int row) { return row < 0 ? -2147483647 : -row; }

/* ---------------------------------------------------------- matrix products */

/* Four numbers side by side, as many of them as are there, zeros behind. WHOLE: all or none are, on 16 bytes. */
template <bool WHOLE>
INLINE void fetch_four(float (&to)[4], const float *from, int there) {
#pragma unroll
  for (int i = 0; i < 4; i++) to[i] = 0.0f;
  if constexpr (WHOLE) {
    if (there <= 0) return;
    const float4 four = *(const float4 *)from;
    to[0] = four.x;
    to[1] = four.y;
    to[2] = four.z;
    to[3] = four.w;
  } else {
#pragma unroll
    for (int i = 0; i < 4; i++)
      if (i < there) to[i] = from[i];
  }
}

/* Panels lie step after step of the inner axis; LINE is the length of one, padded. Adds the product of a lane's rows
 * and columns, from `row` and `column` on. */
template <int DEPTH, int ROWS, int COLUMNS, int A_LINE, int B_LINE>
INLINE void multiply_panels(float (&sum)[ROWS][COLUMNS], const float *a_panel, const float *b_panel, int row, int column) {
#pragma unroll
  for (int k = 0; k < DEPTH; k++) {
    __align__(16) float a[ROWS], b[COLUMNS];
#pragma unroll
    for (int i = 0; i < ROWS; i += 4) *(float4 *)(a + i) = *(const float4 *)(a_panel + k * A_LINE + row + i);
#pragma unroll
    for (int i = 0; i < COLUMNS; i += 4) *(float4 *)(b + i) = *(const float4 *)(b_panel + k * B_LINE + column + i);
#pragma unroll
    for (int r = 0; r < ROWS; r++)
#pragma unroll
      for (int c = 0; c < COLUMNS; c++) sum[r][c] += a[r] * b[c];
  }
}

INLINE float number_at(const float *from, long long at) { return from[at]; }
INLINE float number_at(const bf16 *from, long long at) { return to_float(from[at]); }

/* The same for numbers kept in bf16. */
template <bool WHOLE>
INLINE void fetch_four(float (&to)[4], const bf16 *from, int there) {
#pragma unroll
  for (int i = 0; i < 4; i++) to[i] = i < there ? to_float(from[i]) : 0.0f;
}

/* Eight neighbours of an operand into a panel, zeros behind the `there` first. WHOLE: all or none are there, in bf16, on
 * 16 bytes; they may still be on their way when this returns. */
template <bool WHOLE, class Number>
INLINE void bring_eight(bf16 *to, const Number *from, int there) {
  if constexpr (WHOLE) {
    copy_later(to, from, there > 0);
  } else {
#pragma unroll
    for (int i = 0; i < 8; i++) {
      if (i >= there) to[i] = 0;
      else if constexpr (sizeof(Number) == 2) to[i] = from[i];
      else to[i] = to_bf16(from[i]);
    }
  }
}

INLINE bf16 as_bf16(bf16 x) { return x; }
INLINE bf16 as_bf16(float x) { return to_bf16(x); }

/* Where a number of a panel lies whose lines have 32 steps: the eights of a line change places, from two lines to the next,
 * so that eight lines' eights of the same steps, and those of two lines beside each other, lie in different banks. */
INLINE int in_panel(int line, int k) { return line * 32 + ((k / 8) ^ (line / 2 % 4)) * 8 + k % 8; }

/* A warp's 64 by 32 of a tile, DEPTH steps of it. Panels hold lines of steps side by side, or, BY_STEPS, steps of lines
 * side by side; LINE is the length of one, padded against conflicts of banks where steps are. */
template <int DEPTH, int A_LINE, int B_LINE, bool A_BY_STEPS, bool B_BY_STEPS>
INLINE void multiply_tiles(float (&sum)[4][4][4], const bf16 *a_panel, const bf16 *b_panel, int row, int column) {
  static_assert((A_BY_STEPS || A_LINE == 32) && (B_BY_STEPS || B_LINE == 32), "lines of 32 steps");
  const int lane = lane_of_warp(), within = lane % 8, lower = lane / 8 % 2 * 8, upper = lane / 16 * 8;
#pragma unroll
  for (int k = 0; k < DEPTH; k += 16) {
    unsigned a[4][4], b[2][4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if constexpr (A_BY_STEPS) load_matrices_turned(a[i], a_panel + (k + upper + within) * A_LINE + row + i * 16 + lower);
      else load_matrices(a[i], a_panel + in_panel(row + i * 16 + lower + within, k + upper));
    }
#pragma unroll
    for (int j = 0; j < 2; j++) {
      if constexpr (B_BY_STEPS) load_matrices_turned(b[j], b_panel + (k + lower + within) * B_LINE + column + j * 16 + upper);
      else load_matrices(b[j], b_panel + in_panel(column + j * 16 + upper + within, k + lower));
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
      for (int j = 0; j < 4; j++) multiply_add(sum[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
  }
}

/* Two numbers as bf16 in one word, the first in the lower half. */
INLINE unsigned two_bf16(float first, float second) { return (unsigned)to_bf16(first) | (unsigned)to_bf16(second) << 16; }

/* A warp's 16 by 8 TILES of a product: lines of A, lines of B, both with their DEPTH steps side by side. */
template <int DEPTH, int TILES, int A_LINE, int B_LINE>
INLINE void multiply_lines(float (&sum)[TILES][4], const bf16 *a_panel, const bf16 *b_panel) {
  const int lane = lane_of_warp(), within = lane % 8, lower = lane / 8 % 2 * 8, upper = lane / 16 * 8;
#pragma unroll
  for (int k = 0; k < DEPTH; k += 16) {
    unsigned a[4], b[4];
    load_matrices(a, a_panel + (lower + within) * A_LINE + k + upper);
#pragma unroll
    for (int j = 0; j < TILES / 2; j++) {
      load_matrices(b, b_panel + (j * 16 + upper + within) * B_LINE + k + lower);
      multiply_add(sum[2 * j], a, b[0], b[1]);
      multiply_add(sum[2 * j + 1], a, b[2], b[3]);
    }
  }
}

/* The same with A in registers, 16 by 8 HELD as sums of a product lie, rounded to bf16; B has steps with lines side by side. */
template <int HELD, int TILES, int B_LINE>
INLINE void multiply_held(float (&sum)[TILES][4], const float (&held)[HELD][4], const bf16 *b_panel) {
  const int lane = lane_of_warp(), within = lane % 8, lower = lane / 8 % 2 * 8, upper = lane / 16 * 8;
#pragma unroll
  for (int k = 0; k < HELD / 2; k++) {
    const float(&one)[4] = held[2 * k], (&two)[4] = held[2 * k + 1];
    const unsigned a[4] = {two_bf16(one[0], one[1]), two_bf16(one[2], one[3]), two_bf16(two[0], two[1]), two_bf16(two[2], two[3])};
#pragma unroll
    for (int j = 0; j < TILES / 2; j++) {
      unsigned b[4];
      load_matrices_turned(b, b_panel + (k * 16 + lower + within) * B_LINE + j * 16 + upper);
      multiply_add(sum[2 * j], a, b[0], b[1]);
      multiply_add(sum[2 * j + 1], a, b[2], b[3]);
    }
  }
}

/* Two neighbours at once; they lie on the bytes of both. */
INLINE void put_two(float *to, float first, float second) {
  const float2 two = {first, second};
  *(float2 *)to = two;
}
INLINE void put_two(bf16 *to, float first, float second) { *(unsigned *)to = two_bf16(first, second); }

/* A warp's sums to its place in a tile of floats. */
template <int LINE>
INLINE void put_tiles(float *tile, const float (&sum)[4][4][4], int row, int column) {
  const int lane = lane_of_warp();
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int r = 0; r < 2; r++)
        put_two(tile + (row + i * 16 + lane / 4 + r * 8) * LINE + column + j * 8 + lane % 4 * 2, sum[i][j][2 * r], sum[i][j][2 * r + 1]);
}

#endif
