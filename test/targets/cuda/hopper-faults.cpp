/*
 * A product of two steps, and what a warp does behind products, with one mistake in it, chosen by number, on the emulated
 * machine: `right`, `wrong`, or what the machine says when it stops. Of the product, one warpgroup brings panels into a ring
 * of one stage, the other multiplies 64 by 64. Behind it, a warp doubles numbers of 37 of 40 rows.
 */
#include "device-hopper.cuh"

enum Fault { NONE, NO_WAIT, EARLY_BACK, WRONG_LAYOUT, EARLY_LOOK, NOT_SHOWN, WRONG_PARITY, TOO_FEW_BYTES, NO_BEGIN, FINISHING,
  EARLY_READ = FINISHING, EARLY_BRING, SAME_BANK, BOX_NOT_SHOWN, NO_MEETING, EARLY_REUSE, NO_EMPTY_GROUP, OTHERS_ROWS, NO_LAST_WAIT,
  SHARING, OTHER_NOT_ASKED = SHARING, OWN_HALF_COUNTED, OTHER_NOT_WAITED_FOR };
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
  float sum[1][32];
  for (int step = 0; step < 2; step++) {
    if (fault != NO_WAIT) wait_for_phase(full, step % 2);
    if (fault == NO_BEGIN) multiply_later<64, false, true>(sum[0], panel_at<false>(a_panel), panel_at<true>(b_panel), step > 0);
    else if (fault == WRONG_LAYOUT) multiply_panels_later<64, 1, false, false>(sum, a_panel, b_panel, step > 0);
    else multiply_panels_later<64, 1, false, true>(sum, a_panel, b_panel, step > 0);
    if (fault == EARLY_BACK && lane_of_warp() == 0) arrive(empty);
    // slow enough for the next panels to come, if somebody lets them
    if (fault == EARLY_BACK && step == 0) wait_for_phase(full, 1);
    if (fault == EARLY_LOOK && step == 1) break;
    wait_for_products<0>(sum);
    if (fault != EARLY_BACK && lane_of_warp() == 0) arrive(empty);
  }
  for (int i = 0; i < 32; i++) sums[(warp_of_block() % 4 * 16 + row_of(i)) * 64 + column_of(i)] = sum[0][i];
  if (fault == EARLY_LOOK) wait_for_products<0>(sum);
}

/* The same by two blocks, 64 rows each: each brings half of B's panel to both. */
static void sharing(const bf16 *a, float *sums, TensorMap a_map, TensorMap b_map) {
  join_cluster();
  DYNAMIC_SHARED(memory);
  unsigned char *const a_panel = on_1024_bytes(memory), *const b_panel = a_panel + PANEL;
  Barrier *const full = (Barrier *)(b_panel + PANEL), *const empty = full + 1;
  const int rank = blockIdx.x % 2;
  if (threadIdx.x == 0) {
    begin_barrier(full, 1);
    begin_barrier(empty, fault == OTHER_NOT_ASKED ? 4 : 8);
  }
  meet_cluster();
  if (warp_of_block() < 4) {
    if (threadIdx.x != 0) return;
    for (int step = 0; step < 2; step++) {
      wait_for_phase(empty, step % 2 ^ 1);
      arrive_expecting(full, fault == OWN_HALF_COUNTED ? PANEL + PANEL / 2 : 2 * PANEL);
      bring_box(a_panel, a_map, step * 64, rank * 64, 0, full);
      bring_box_for_two(b_panel + rank * (PANEL / 2), b_map, 0, step * 64 + rank * 32, 0, full, true);
    }
    return;
  }
  float sum[1][32];
  for (int step = 0; step < 2; step++) {
    wait_for_phase(full, step % 2);
    multiply_panels_later<64, 1, false, true>(sum, a_panel, b_panel, step > 0);
    wait_for_products<0>(sum);
    if (lane_of_warp() == 0) arrive(empty);
    if (lane_of_warp() == 0 && fault != OTHER_NOT_ASKED) arrive_across(empty);
  }
  for (int i = 0; i < 32; i++) sums[(rank * 64 + warp_of_block() % 4 * 16 + row_of(i)) * 64 + column_of(i)] = sum[0][i];
  if (fault != OTHER_NOT_WAITED_FOR) meet_cluster();
}

/* y = z = 2 x for the first ROWS rows of HEIGHT by 128; one warp, a slice after the other, two sets of panels. */
constexpr int HEIGHT = 40, ROWS = 37, SETS = 2, SET = 3 * WARP_PANEL;

static void finishing(const bf16 *x, float *y, bf16 *z, TensorMap x_map, TensorMap y_map, TensorMap z_map) {
  DYNAMIC_SHARED(memory);
  unsigned char *const operand = on_1024_bytes(memory), *const desk = operand + WARP_PANEL;
  Barrier *const came = (Barrier *)(desk + SETS * SET);
  if (threadIdx.x == 0) begin_barrier(came, 1);
  meet_warp();
  const bool first_lane = lane_of_warp() == 0;
  const int tops[3] = {0, 32, 16};
  for (int n = 0; n < 6; n++) {
    const int top = tops[n / 2], first = n % 2 * 64;
    const auto bring = [&] { bring_slice(x, x_map, first, top, 0, operand, came); };
    if (first_lane) arrive_expecting(came, WARP_PANEL), bring();
    if (fault != EARLY_READ) wait_for_phase(came, n & 1);
    if (first_lane && fault == EARLY_BRING && n < 5) expect_bytes(came, WARP_PANEL), bring();
    if (first_lane && fault != EARLY_REUSE) wait_for_boxes<SETS - 1>();
    meet_warp();
    unsigned char *const panels = desk + n % SETS * SET;
    for (int part = 0; part < 2; part++) {
      float numbers[16];
      get_part(x, operand, part, numbers);
      for (float &number : numbers) number *= 2.0f;
      put_part(y, panels, part, numbers);
      put_part(z, panels + 2 * WARP_PANEL, part, numbers);
      if (fault == SAME_BANK) writes_shared(panels + lane_of_warp() / 4 * 128 + lane_of_warp() % 4 * 8, 8);
    }
    if (fault == EARLY_READ) wait_for_phase(came, n & 1);
    if (fault != BOX_NOT_SHOWN) show_to_engines();
    if (fault != NO_MEETING) meet_warp();
    const bool whole = top + WARP_ROWS <= ROWS || fault == OTHERS_ROWS;
    if (whole && first_lane) {
      send_slice(y, y_map, first, top, 0, panels);
      send_slice(z, z_map, first, top, 0, panels + 2 * WARP_PANEL);
    }
    if (!whole) {
      write_slice(y + top * 128 + first, 128, panels, ROWS - top, 128 - first);
      write_slice(z + top * 128 + first, 128, panels + 2 * WARP_PANEL, ROWS - top, 128 - first);
    }
    if (first_lane && (whole || fault != NO_EMPTY_GROUP)) end_of_boxes();
    meet_warp();
  }
  if (first_lane && fault != NO_LAST_WAIT) wait_for_boxes<0>();
}

static TensorMap map_of(void *tensor, unsigned long long columns, unsigned long long rows, unsigned width, unsigned lines) {
  TensorMap map;
  const emulate::Map made = {emulate::MAP, (unsigned long long)tensor, {columns, rows, 1}, {columns * width, columns * rows * width}, {128 / width, lines, 1}, width};
  memcpy(&map, &made, sizeof made);
  return map;
}

static bool finishes() {
  static bf16 x[HEIGHT * 128], z[HEIGHT * 128];
  static float y[HEIGHT * 128];
  for (int i = 0; i < HEIGHT * 128; i++) x[i] = to_bf16((float)(i % 97)), y[i] = -1.0f, z[i] = to_bf16(-1.0f);
  const bf16 *from = x;
  float *to = y;
  bf16 *half = z;
  TensorMap maps[3] = {map_of(x, 128, HEIGHT, 2, 16), map_of(y, 128, HEIGHT, 4, 16), map_of(z, 128, HEIGHT, 2, 16)};
  void *args[] = {&from, &to, &half, maps, maps + 1, maps + 2};
  emulate::launch({1, 1, 1}, 32, [](void *with) { emulate::call(finishing, (void **)with); }, args);
  bool right = true;
  for (int i = 0; i < HEIGHT * 128; i++) {
    const float want = i < ROWS * 128 ? 2.0f * to_float(x[i]) : -1.0f;
    right = right && y[i] == want && to_float(z[i]) == want;
  }
  return right;
}

static bf16 a[128 * 128], b[128 * 64];
static float sums[128 * 64];

/* Whether the first `rows` rows of the sums are those of a b. */
static bool are_sums(int rows) {
  bool right = true;
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < 64; c++) {
      float total = 0.0f;
      for (int k = 0; k < 128; k++) total += to_float(a[r * 128 + k]) * to_float(b[k * 64 + c]);
      right = right && sums[r * 64 + c] == total;
    }
  return right;
}

static void fill() {
  for (int i = 0; i < 128 * 128; i++) a[i] = to_bf16((float)(i * 7 % 23 - 11));
  for (int i = 0; i < 128 * 64; i++) b[i] = to_bf16((float)(i * 5 % 19 - 9));
  for (float &sum : sums) sum = NAN;
}

static bool multiplies() {
  fill();
  TensorMap b_map = map_of(b, 64, 128, 2, 64);
  const bf16 *from = a;
  float *to = sums;
  void *args[] = {&from, &to, &b_map};
  emulate::launch({1, 1, 1}, 256, [](void *with) { emulate::call(product, (void **)with); }, args);
  return are_sums(64);
}

static bool shares() {
  fill();
  TensorMap maps[2] = {map_of(a, 128, 128, 2, 64), map_of(b, 64, 128, 2, 32)};
  const bf16 *from = a;
  float *to = sums;
  void *args[] = {&from, &to, maps, maps + 1};
  emulate::launch({2, 1, 1}, 256, [](void *with) { emulate::call(sharing, (void **)with); }, args);
  return are_sums(128);
}

int main(int, char **arguments) {
  fault = atoi(arguments[1]);
  bool right = true;
  if (fault < FINISHING) right = right && multiplies();
  if (fault == NONE || (fault >= FINISHING && fault < SHARING)) right = right && finishes();
  if (fault == NONE || fault >= SHARING) right = right && shares();
  printf("%s, threads wrote %lld bytes of global memory in %lld sectors\n", right ? "right" : "wrong", emulate::traffic.bytes, emulate::traffic.sectors);
}
