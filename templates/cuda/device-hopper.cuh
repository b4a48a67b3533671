/*
 * What kernels for Hopper (sm_90a) need besides device.cuh: barriers in shared memory with phases, the engine that copies
 * boxes of tensors, products that a warpgroup of 128 threads starts and waits for. One wrapper for each instruction, its
 * meaning beside it; emulate-hopper.h stands in for the machine.
 *
 * Panels in shared memory are lines of 128 bytes whose sixteen-byte pieces are swizzled: piece p of line l lies at p ^ l % 8.
 * A panel of lines (rows of A, columns of B) has 64 steps of the inner axis in each; a panel of steps has 64 lines in
 * each, and further blocks of 64 lines behind each other. Panels begin on 1024 bytes.
 *
 * Results leave the same way: a warp writes sixteen lines of 128 bytes, swizzled, that the engine writes to a tensor.
 */
#ifndef MOEC_DEVICE_HOPPER_CUH
#define MOEC_DEVICE_HOPPER_CUH

#include "device.cuh"
#if !defined(__CUDACC__)
#include "emulate-hopper.h"
#endif
#if defined(__CUDA_ARCH__) && !defined(__CUDA_ARCH_FEAT_SM90_ALL)
#error "these kernels are for sm_90a"
#endif

/* What the copy engine knows of a tensor in global memory; the driver makes it (cuTensorMapEncodeTiled). */
struct __align__(128) TensorMap {
  unsigned long long words[16];
};

#if defined(__CUDACC__)
#define TENSOR_MAP const __grid_constant__ TensorMap
#else
#define TENSOR_MAP const TensorMap
#endif

/* The first multiple of 1024 bytes in the shared memory of the launch. */
INLINE unsigned char *on_1024_bytes(unsigned char *p) {
#if defined(__CUDACC__)
  const unsigned at = (unsigned)__cvta_generic_to_shared(p);
  return p + ((1024u - at % 1024u) % 1024u);
#else
  return p + ((1024u - (uintptr_t)p % 1024u) % 1024u);
#endif
}

/* What a warp is about to do at once, for the emulated machine: it stops where lanes meet at a bank of shared memory, and
 * counts the sectors of 32 bytes that are touched of global memory. All lanes say so; `there`: whether this one takes part. */
#if defined(__CUDACC__)
INLINE void reads_shared(const void *, int) {}
INLINE void writes_shared(void *, int) {}
INLINE void writes_global(const void *, int, bool) {}
#else
INLINE void reads_shared(const void *p, int bytes) { emulate::at_banks(p, bytes); }
INLINE void writes_shared(void *p, int bytes) { emulate::writes_shared(p, bytes); }
INLINE void writes_global(const void *p, int bytes, bool there) { emulate::at_sectors(p, bytes, there); }
#endif

/* ---------------------------------------------------------------- barriers */

/* A barrier has phases. One ends when `arrivals` threads have arrived in it and all bytes that were expected have come. */
typedef unsigned long long Barrier;

INLINE void begin_barrier(Barrier *barrier, int arrivals) {
#if defined(__CUDACC__)
  const unsigned at = (unsigned)__cvta_generic_to_shared(barrier);
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at), "r"(arrivals) : "memory");
#else
  emulate::begin_barrier(barrier, arrivals);
#endif
}

/* After the last barrier is begun, before anybody uses one. */
INLINE void barriers_have_begun() {
#if defined(__CUDACC__)
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

INLINE void arrive(Barrier *barrier) {
#if defined(__CUDACC__)
  const unsigned at = (unsigned)__cvta_generic_to_shared(barrier);
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(at) : "memory");
#else
  emulate::arrive(barrier, 0);
#endif
}

/* Arrives, and the phase lasts until so many bytes have come. */
INLINE void arrive_expecting(Barrier *barrier, int bytes) {
#if defined(__CUDACC__)
  const unsigned at = (unsigned)__cvta_generic_to_shared(barrier);
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at), "r"(bytes) : "memory");
#else
  emulate::arrive(barrier, bytes);
#endif
}

/* The phase lasts until so many bytes more have come; does not arrive. */
INLINE void expect_bytes(Barrier *barrier, int bytes) {
#if defined(__CUDACC__)
  const unsigned at = (unsigned)__cvta_generic_to_shared(barrier);
  asm volatile("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], %1;" ::"r"(at), "r"(bytes) : "memory");
#else
  emulate::expect_bytes(barrier, bytes);
#endif
}

/* Waits until the phase of this parity has ended; the first phase has parity 0, the one before it counts as ended. */
INLINE void wait_for_phase(Barrier *barrier, unsigned parity) {
#if defined(__CUDACC__)
  const unsigned at = (unsigned)__cvta_generic_to_shared(barrier);
  unsigned ended;
  do {
    asm volatile(
        "{\n  .reg .pred ended;\n  mbarrier.try_wait.parity.shared::cta.b64 ended, [%1], %2;\n  selp.u32 %0, 1, 0, ended;\n}"
        : "=r"(ended)
        : "r"(at), "r"(parity)
        : "memory");
  } while (ended == 0);
#else
  emulate::wait_for_phase(barrier, parity);
#endif
}

/* ---------------------------------------------------------------- clusters */

/* Two blocks that run side by side, those whose numbers differ in the last bit, and reach each other's shared memory. */
#if defined(__CUDACC__)
#define CLUSTER_OF_TWO __cluster_dims__(2, 1, 1)
#else
#define CLUSTER_OF_TWO
#endif

INLINE void join_cluster() {
#if !defined(__CUDACC__)
  emulate::join_cluster();
#endif
}

/* All threads of both blocks meet, but for those that have ended. */
INLINE void meet_cluster() {
#if defined(__CUDACC__)
  asm volatile("barrier.cluster.arrive;\nbarrier.cluster.wait;" ::: "memory");
#else
  emulate::meet_cluster();
#endif
}

/* Arrives at the other block's barrier. */
INLINE void arrive_across(Barrier *barrier) {
#if defined(__CUDACC__)
  const unsigned at = (unsigned)__cvta_generic_to_shared(barrier), other = blockIdx.x % 2 ^ 1;
  asm volatile("{\n  .reg .b32 there;\n  mapa.shared::cluster.u32 there, %0, %1;\n  mbarrier.arrive.shared::cluster.b64 _, [there];\n}" ::"r"(at), "r"(other)
               : "memory");
#else
  emulate::arrive_across(barrier);
#endif
}

/* ------------------------------------------------------------------ copies */

/* A box of a tensor from place (x, y, z) on, on its way to a panel; its bytes are counted at the barrier. What lies outside
 * of the tensor is zero. */
INLINE void bring_box(unsigned char *panel, const TensorMap &map, int x, int y, int z, Barrier *barrier) {
#if defined(__CUDACC__)
  const unsigned to = (unsigned)__cvta_generic_to_shared(panel), at = (unsigned)__cvta_generic_to_shared(barrier);
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];"
               ::"r"(to), "l"(&map), "r"(at), "r"(x), "r"(y), "r"(z)
               : "memory");
#else
  emulate::bring_box(panel, map.words, x, y, z, barrier);
#endif
}

/* What this thread wrote to shared memory, or copied there itself, is there for products and the copy engine. */
INLINE void show_to_engines() {
#if defined(__CUDACC__)
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#else
  emulate::show_to_engines();
#endif
}

/* To the panel of this block, or, where `both`, to the same place in the other block as well, counted in each. */
INLINE void bring_box_for_two(unsigned char *panel, const TensorMap &map, int x, int y, int z, Barrier *barrier, bool both) {
  if (!both) return bring_box(panel, map, x, y, z, barrier);
#if defined(__CUDACC__)
  const unsigned to = (unsigned)__cvta_generic_to_shared(panel), at = (unsigned)__cvta_generic_to_shared(barrier);
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%3, %4, %5}], [%2], %6;"
      ::"r"(to), "l"(&map), "r"(at), "r"(x), "r"(y), "r"(z), "h"((unsigned short)3)
      : "memory");
#else
  emulate::bring_box_to_both(panel, map.words, x, y, z, barrier);
#endif
}

/* A box of a tensor from place (x, y, z) on is written from a panel, some time later; what lies outside of the tensor is
 * left out. All lanes of the warp have shown what they wrote to the panel, and met. */
INLINE void send_box(const TensorMap &map, int x, int y, int z, const unsigned char *panel) {
#if defined(__CUDACC__)
  const unsigned from = (unsigned)__cvta_generic_to_shared(panel);
  asm volatile("cp.async.bulk.tensor.3d.global.shared::cta.tile.bulk_group [%0, {%2, %3, %4}], [%1];"
               ::"l"(&map), "r"(from), "r"(x), "r"(y), "r"(z)
               : "memory");
#else
  emulate::send_box(panel, map.words, x, y, z);
#endif
}

/* Ends a group of boxes that this thread has sent, perhaps none. */
INLINE void end_of_boxes() {
#if defined(__CUDACC__)
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
#else
  emulate::end_of_boxes();
#endif
}

/* Waits until the panels of all but the `LATEST` latest groups have been read and may be written again. */
template <int LATEST>
INLINE void wait_for_boxes() {
#if defined(__CUDACC__)
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(LATEST) : "memory");
#else
  emulate::wait_for_boxes(LATEST);
#endif
}

/* Sixteen bytes to piece `piece` of line `line` of a panel, as the copy engine would place them. */
INLINE void bring_piece(unsigned char *panel, int line, int piece, const bf16 *from, bool there) {
  copy_later(panel + line * 128 + (piece ^ (line % 8)) * 16, from, there);
}

/* --------------------------------------------------------------- registers */

/* A warpgroup gives registers away, or waits until it has so many for each thread. */
template <int REGISTERS>
INLINE void keep_registers() {
#if defined(__CUDACC__)
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS));
#endif
}

template <int REGISTERS>
INLINE void take_registers() {
#if defined(__CUDACC__)
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
#endif
}

/* ---------------------------------------------------------------- products */

/* What a product has to know of a panel: where it lies, how far apart blocks of it are, how it is swizzled. Of a panel of
 * steps: 8192 bytes between blocks of 64 lines. Between groups of eight lines, or of eight steps: 1024 bytes. */
template <bool BY_STEPS>
INLINE unsigned long long panel_at(const unsigned char *panel) {
#if defined(__CUDACC__)
  const unsigned at = (unsigned)__cvta_generic_to_shared(panel);
#else
  const unsigned at = emulate::shared_address(panel);
#endif
  const unsigned long long apart = BY_STEPS ? 8192 / 16 : 1, groups = 1024 / 16, swizzle_128 = 1;
  return (at & 0x3ffffu) >> 4 | apart << 16 | groups << 32 | swizzle_128 << 62;
}

/* Before the first product of several: what was done to the sums before is done. */
INLINE void begin_products() {
#if defined(__CUDACC__)
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#else
  emulate::begin_products();
#endif
}

/* Ends a group of products. */
INLINE void end_of_products() {
#if defined(__CUDACC__)
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#else
  emulate::end_of_products();
#endif
}

/* Waits until no more than the `LATEST` latest groups are at work. Sums can be read when none is. */
template <int LATEST, int HALVES, int SUMS>
INLINE void wait_for_products(float (&sum)[HALVES][SUMS]) {
#if defined(__CUDACC__)
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LATEST) : "memory");
  if constexpr (LATEST == 0) {
#pragma unroll
    for (int half = 0; half < HALVES; half++)
#pragma unroll
      for (int i = 0; i < SUMS; i++) asm volatile("" : "+f"(sum[half][i])::"memory");
  }
#else
  (void)sum;
  emulate::wait_for_products(LATEST);
#endif
}

#define REGISTERS_0 "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
#define REGISTERS_16 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define REGISTERS_32 "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47"
#define REGISTERS_48 "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define REGISTERS_64 "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79"
#define REGISTERS_80 "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define REGISTERS_96 "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111"
#define REGISTERS_112 "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define SUMS_4(i) "+f"(sum[i]), "+f"(sum[i + 1]), "+f"(sum[i + 2]), "+f"(sum[i + 3])
#define SUMS_16(i) SUMS_4(i), SUMS_4(i + 4), SUMS_4(i + 8), SUMS_4(i + 12)
#define SUMS_32(i) SUMS_16(i), SUMS_16(i + 16)
/* The instruction for one width, with its registers and the numbers of the operands behind them. */
#define PRODUCT(width, registers, a_at, b_at, keep_at, a_turned, b_turned, ...)                                        \
  asm volatile("{\n  .reg .pred keep;\n  setp.ne.b32 keep, " keep_at ", 0;\n  wgmma.mma_async.sync.aligned.m64n" width  \
               "k16.f32.bf16.bf16 {" registers "}, " a_at ", " b_at ", keep, 1, 1, " a_turned ", " b_turned ";\n}"      \
               : __VA_ARGS__                                                                                            \
               : "l"(a), "l"(b), "r"((int)keep), "n"((int)A_BY_STEPS), "n"((int)B_BY_STEPS))

/* sum += a b, or, where `keep` is false, sum = a b: 64 by 16 times 16 by COLUMNS in bf16, sums in f32. Starts it; thread t
 * of the warpgroup will find in sum[4 j + 2 h + c] row t / 32 * 16 + t % 32 / 4 + 8 h, column 8 j + t % 4 * 2 + c. */
template <int COLUMNS, bool A_BY_STEPS, bool B_BY_STEPS>
INLINE void multiply_later(float (&sum)[COLUMNS / 2], unsigned long long a, unsigned long long b, bool keep) {
  static_assert(COLUMNS == 64 || COLUMNS == 128 || COLUMNS == 192 || COLUMNS == 256, "a width with a wrapper");
#if defined(__CUDACC__)
  if constexpr (COLUMNS == 64)
    PRODUCT("64", REGISTERS_0 ", " REGISTERS_16, "%32", "%33", "%34", "%35", "%36", SUMS_32(0));
  else if constexpr (COLUMNS == 128)
    PRODUCT("128", REGISTERS_0 ", " REGISTERS_16 ", " REGISTERS_32 ", " REGISTERS_48, "%64", "%65", "%66", "%67", "%68",
            SUMS_32(0), SUMS_32(32));
  else if constexpr (COLUMNS == 192)
    PRODUCT("192", REGISTERS_0 ", " REGISTERS_16 ", " REGISTERS_32 ", " REGISTERS_48 ", " REGISTERS_64 ", " REGISTERS_80, "%96",
            "%97", "%98", "%99", "%100", SUMS_32(0), SUMS_32(32), SUMS_32(64));
  else
    PRODUCT("256", REGISTERS_0 ", " REGISTERS_16 ", " REGISTERS_32 ", " REGISTERS_48 ", " REGISTERS_64 ", " REGISTERS_80
            ", " REGISTERS_96 ", " REGISTERS_112, "%128", "%129", "%130", "%131", "%132",
            SUMS_32(0), SUMS_32(32), SUMS_32(64), SUMS_32(96));
#else
  emulate::multiply_later(sum, COLUMNS, A_BY_STEPS, B_BY_STEPS, a, b, keep);
#endif
}

/* The 64 steps of a pair of panels, one group: for each of HALVES times 64 rows, which lie 8192 bytes apart, four products. */
template <int COLUMNS, int HALVES, bool A_BY_STEPS, bool B_BY_STEPS>
INLINE void multiply_panels_later(float (&sum)[HALVES][COLUMNS / 2], const unsigned char *a, const unsigned char *b, bool keep) {
  const unsigned long long a_panel = panel_at<A_BY_STEPS>(a), b_panel = panel_at<B_BY_STEPS>(b);
  begin_products();
#pragma unroll
  for (int k = 0; k < 4; k++)
#pragma unroll
    for (int half = 0; half < HALVES; half++)
      multiply_later<COLUMNS, A_BY_STEPS, B_BY_STEPS>(sum[half], a_panel + half * (8192 / 16) + k * (A_BY_STEPS ? 2048 / 16 : 32 / 16),
                                                      b_panel + k * (B_BY_STEPS ? 2048 / 16 : 32 / 16), keep || k > 0);
  end_of_products();
}

/* The sums of a warpgroup's upper 64 rows alone. */
template <int HALVES, int SUMS>
INLINE float (&upper_half(float (&sum)[HALVES][SUMS]))[1][SUMS] {
  return *(float (*)[1][SUMS])sum;
}

/* ----------------------------------------------------------------- results */

/* Off by a few units of the last place of an f32: enough for what is rounded to bf16 or multiplied with it. */
INLINE float quick_sigmoid(float x) {
#if defined(__CUDACC__)
  return __fdividef(1.0f, 1.0f + __expf(-x));
#else
  return sigmoid(x);
#endif
}

/* What follows is about 32 columns of a warp's sixteen rows. Number i of a lane's sixteen is of row `row_of(i)` and column
 * `column_of(i)`: as products leave them. Panels hold 64 columns in bf16 or 32 in f32; a slice of 64 columns is one panel,
 * or two behind each other, and `part` says which half of it is meant. */
constexpr int WARP_ROWS = 16, WARP_PANEL = WARP_ROWS * 128;
INLINE int row_of(int i) { return lane_of_warp() / 4 + i / 2 % 2 * 8; }
INLINE int column_of(int i) { return i / 4 * 8 + lane_of_warp() % 4 * 2 + i % 2; }
INLINE int swizzled(int line, int piece) { return line * 128 + (piece ^ line % 8) * 16; }

/* Four 8 by 8 matrices of bf16 to shared memory, the way back of `load_matrices`: no two lanes meet at a bank. */
INLINE void store_matrices(unsigned char *row, const unsigned (&from)[4]) {
#if defined(__CUDACC__)
  const unsigned to = (unsigned)__cvta_generic_to_shared(row);
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(from[0]), "r"(from[1]), "r"(from[2]), "r"(from[3])
               : "memory");
#else
  emulate::store_matrices(row, from);
#endif
}

/* Address of this lane's row of the sixteen columns `sixteen` of a panel in bf16: matrices are left above, left below, right above, right below. */
INLINE int row_of_matrices(int sixteen) {
  const int lane = lane_of_warp();
  return swizzled(lane % 16, sixteen * 2 + lane / 16);
}

INLINE void put_part(const bf16 *, unsigned char *panel, int part, const float *from) {
#pragma unroll
  for (int j = 0; j < 2; j++) {
    const float *const x = from + j * 8;
    const unsigned words[4] = {two_bf16(x[0], x[1]), two_bf16(x[2], x[3]), two_bf16(x[4], x[5]), two_bf16(x[6], x[7])};
    store_matrices(panel + row_of_matrices(part * 2 + j), words);
  }
}

INLINE void get_part(const bf16 *, const unsigned char *panel, int part, float *to) {
#pragma unroll
  for (int j = 0; j < 2; j++) {
    unsigned words[4];
    const unsigned char *const row = panel + row_of_matrices(part * 2 + j);
    reads_shared(row, 16);
    load_matrices(words, (const bf16 *)row);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      to[j * 8 + i * 2] = bits_to_float(words[i] << 16);
      to[j * 8 + i * 2 + 1] = bits_to_float(words[i] & 0xffff0000u);
    }
  }
}

struct __align__(8) TwoFloats {
  float one, two;
};

/* Place of numbers 4 e + 2 h and the one behind it. Of four lines that half a warp touches at once, two would meet at each bank;
 * lanes of odd lines therefore go to the columns sixteen further first. */
INLINE int place_of_two(int e, int h) {
  const int lane = lane_of_warp();
  return swizzled(lane / 4 + h * 8, (e ^ lane / 4 % 2 * 2) * 2 + lane % 4 / 2) + lane % 2 * 8;
}

INLINE void put_part(const float *, unsigned char *panels, int part, const float *from) {
  const bool odd = lane_of_warp() / 4 % 2 != 0;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    const float *const even_line = from + i / 2 * 4 + i % 2 * 2, *const odd_line = from + (i / 2 ^ 2) * 4 + i % 2 * 2;
    TwoFloats *const to = (TwoFloats *)(panels + part * WARP_PANEL + place_of_two(i / 2, i % 2));
    writes_shared(to, 8);
    *to = TwoFloats{odd ? odd_line[0] : even_line[0], odd ? odd_line[1] : even_line[1]};
  }
}

INLINE void get_part(const float *, const unsigned char *panels, int part, float *to) {
  const bool odd = lane_of_warp() / 4 % 2 != 0;
  TwoFloats got[8];
#pragma unroll
  for (int i = 0; i < 8; i++) {
    const TwoFloats *const from = (const TwoFloats *)(panels + part * WARP_PANEL + place_of_two(i / 2, i % 2));
    reads_shared(from, 8);
    got[i] = *from;
  }
#pragma unroll
  for (int i = 0; i < 8; i++) {
    to[i / 2 * 4 + i % 2 * 2] = odd ? got[i ^ 4].one : got[i].one;
    to[i / 2 * 4 + i % 2 * 2 + 1] = odd ? got[i ^ 4].two : got[i].two;
  }
}

/* A slice of 64 columns of the warp's sixteen rows leaves by the copy engine. Does not end the group. */
INLINE void send_slice(const bf16 *, const TensorMap &map, int x, int y, int z, const unsigned char *panel) { send_box(map, x, y, z, panel); }
INLINE void send_slice(const float *, const TensorMap &map, int x, int y, int z, const unsigned char *panels) {
#pragma unroll
  for (int part = 0; part < 2; part++) send_box(map, x + part * 32, y, z, panels + part * WARP_PANEL);
}

/* And comes; bytes are counted at the barrier. */
INLINE void bring_slice(const bf16 *, const TensorMap &map, int x, int y, int z, unsigned char *panel, Barrier *barrier) {
  bring_box(panel, map, x, y, z, barrier);
}
INLINE void bring_slice(const float *, const TensorMap &map, int x, int y, int z, unsigned char *panels, Barrier *barrier) {
#pragma unroll
  for (int part = 0; part < 2; part++) bring_box(panels + part * WARP_PANEL, map, x + part * 32, y, z, barrier);
}

struct __align__(16) SixteenBytes {
  unsigned words[4];
};

/* The first `rows` rows of a slice, `columns` of them at most, by the threads: where the rows below are somebody else's. `to`:
 * the slice's first number in the tensor. */
template <class Number>
INLINE void write_slice(Number *to, int stride, const unsigned char *panels, int rows, int columns) {
  constexpr int EACH = 16 / sizeof(Number), PARTS = sizeof(Number) / 2;
  const int lane = lane_of_warp(), piece = lane % 8;
#pragma unroll
  for (int i = 0; i < 4 * PARTS; i++) {
    const int line = i / PARTS * 4 + lane / 8, column = i % PARTS * (8 * EACH) + piece * EACH;
    const unsigned char *const from = panels + i % PARTS * WARP_PANEL + swizzled(line, piece);
    Number *const place = to + (long long)line * stride + column;
    const bool there = line < rows && column < columns;
    reads_shared(from, 16);
    writes_global(place, 16, there);
    if (there) *(SixteenBytes *)place = *(const SixteenBytes *)from;
  }
}

#endif
