/*
 * A product of two steps with one mistake in it, chosen by number, on the emulated machine: `right`, `wrong`, or what the
 * machine says when it stops. One warpgroup brings panels into a ring of one stage, the other multiplies 64 by 64.
 */
#include "device-hopper.cuh"

enum Fault { NONE, NO_WAIT, EARLY_BACK, WRONG_LAYOUT, EARLY_LOOK, NOT_SHOWN, WRONG_PARITY, TOO_FEW_BYTES, NO_BEGIN };
static int fault;

constexpr int PANEL = 64 * 128;

static void product(const bf16 *a, float *sums, TensorMap b_map) {
  DYNAMIC_SHARED(memory);
  unsigned char *const a_panel = on_1024_bytes(memory), *const b_panel = a_panel + PANEL;
  Barrier *const full = (Barrier *)(b_panel + PANEL), *const empty = full + 1;
  if (threadIdx.x == 0) {
    begin_barrier(full, 128);
    begin_barrier(empty, 4);
  }
  meet_block();
  if (warp_of_block() < 4) {
    const int lane = threadIdx.x;
    for (int step = 0; step < 2; step++) {
      wait_for_phase(empty, step % 2 ^ (fault == WRONG_PARITY ? 0 : 1));
      if (lane == 0) {
        expect_bytes(full, fault == TOO_FEW_BYTES ? 0 : PANEL);
        bring_box(b_panel, b_map, 0, step * 64, 0, full);
      }
      for (int i = 0; i < 4; i++) bring_piece(a_panel, lane / 8 + i * 16, lane % 8, a + (lane / 8 + i * 16) * 128 + step * 64 + lane % 8 * 8, true);
      end_of_copies();
      wait_for_copies<0>();
      if (fault != NOT_SHOWN) show_to_engines();
      arrive(full);
    }
    return;
  }
  float sum[32];
  for (int step = 0; step < 2; step++) {
    if (fault != NO_WAIT) wait_for_phase(full, step % 2);
    if (fault == NO_BEGIN) multiply_later<64, false, true>(sum, panel_at<false>(a_panel), panel_at<true>(b_panel), step > 0);
    else if (fault == WRONG_LAYOUT) multiply_panels_later<64, false, false>(sum, a_panel, b_panel, step > 0);
    else multiply_panels_later<64, false, true>(sum, a_panel, b_panel, step > 0);
    if (fault == EARLY_BACK && lane_of_warp() == 0) arrive(empty);
    // slow enough for the next panels to come, if somebody lets them
    if (fault == EARLY_BACK && step == 0) wait_for_phase(full, 1);
    if (fault == EARLY_LOOK && step == 1) break;
    wait_for_products<0>(sum);
    if (fault != EARLY_BACK && lane_of_warp() == 0) arrive(empty);
  }
  for (int i = 0; i < 32; i++) sums[(row_of_lane() + i / 2 % 2 * 8) * 64 + i / 4 * 8 + threadIdx.x % 4 * 2 + i % 2] = sum[i];
  if (fault == EARLY_LOOK) wait_for_products<0>(sum);
}

static bf16 a[64 * 128], b[128 * 64];
static float sums[64 * 64];
static TensorMap b_map;

int main(int, char **arguments) {
  fault = atoi(arguments[1]);
  for (int i = 0; i < 64 * 128; i++) {
    a[i] = to_bf16((float)(i * 7 % 23 - 11));
    b[i] = to_bf16((float)(i * 5 % 19 - 9));
  }
  const emulate::Map map = {emulate::MAP, (unsigned long long)b, {64, 128, 1}, {128, 128 * 128}, {64, 64, 1}};
  memcpy(&b_map, &map, sizeof map);
  const bf16 *from = a;
  float *to = sums;
  void *args[] = {&from, &to, &b_map};
  emulate::launch({1, 1, 1}, 256, [](void *with) { emulate::call(product, (void **)with); }, args);
  bool right = true;
  for (int r = 0; r < 64; r++)
    for (int c = 0; c < 64; c++) {
      float total = 0.0f;
      for (int k = 0; k < 128; k++) total += to_float(a[r * 128 + k]) * to_float(b[k * 64 + c]);
      right = right && sums[r * 64 + c] == total;
    }
  puts(right ? "right" : "wrong");
}
