/* Kernels whose traffic is known by hand, for the test of harness/count.h: prints what is counted of each. */
#define DEVICE_HEADER "device.cuh"
#include "harness/machine.h"

extern "C" __global__ void __launch_bounds__(64)
side_by_side(const float *x, float *y) { y[threadIdx.x] = x[threadIdx.x] + 1.0f; }

extern "C" __global__ void __launch_bounds__(64)
apart(const float *x, bf16 *y) { y[threadIdx.x] = to_bf16(x[threadIdx.x * 8]); }

extern "C" __global__ void __launch_bounds__(64)
half_of_them(const float *x, float *y) {
  if (threadIdx.x % 2 == 0) y[threadIdx.x] = x[0];
}

extern "C" __global__ void __launch_bounds__(64)
turned(const float *x, float *y) {
  __shared__ float cell[64 * 32];
  cell[threadIdx.x * 32] = x[threadIdx.x];
  meet_block();
  y[threadIdx.x] = cell[threadIdx.x];
}

extern "C" __global__ void __launch_bounds__(64)
copied(const bf16 *x, float *y) {
  DYNAMIC_SHARED(memory);
  bf16 *const panel = (bf16 *)memory;
  /* lines of 128 bytes: eight rows of a matrix lie in the same banks */
  copy_later(panel + threadIdx.x * 64, x + threadIdx.x * 8, true);
  end_of_copies();
  wait_for_copies<0>();
  meet_block();
  unsigned four[4];
  load_matrices(four, panel + threadIdx.x * 64);
  y[threadIdx.x] = bits_to_float(four[0]);
}

template <class... Args>
static void count(const char *name, void (*kernel)(Args...), Args... args) {
  harness::launch_emulated(name, {6, 1, 1}, 64, [&] { kernel(args...); });
  harness::print_counts(name);
}

int main() {
  float *const x = (float *)harness::allocate(65536), *const y = (float *)harness::allocate(65536);
  harness::begin_counting();
  count("side_by_side", side_by_side, (const float *)x, y);
  emulate::most_blocks = 2;
  count("apart", apart, (const float *)x, (bf16 *)y);
  emulate::most_blocks = 0;
  count("half_of_them", half_of_them, (const float *)x, y);
  count("turned", turned, (const float *)x, y);
  count("copied", copied, (const bf16 *)x, y);
}
