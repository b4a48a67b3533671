/*
 * The part of the emulated machine that only Hopper has. The copy engine and the tensor cores work beside the threads, and
 * here they are as late as they may be: a box of a tensor lands when nobody can go on without it, and where it will land
 * there is nothing but NaN until then; products are made when somebody waits for them, and read panels as they are then.
 * Panels are read through descriptors, swizzle and all, so that a wrong layout gives wrong numbers. Boxes that leave are
 * read when somebody waits for that, and must be then what they were when they were sent.
 */
#ifndef MOEC_EMULATE_HOPPER_H
#define MOEC_EMULATE_HOPPER_H

#include "emulate.h"

#include <algorithm>
#include <deque>

namespace emulate {

/* Place in the shared memory of its block. */
static inline unsigned shared_address(const void *p) { return (unsigned)(((const unsigned char *)p - dynamic_shared[0]) % SHARED); }

/* The same place in the other block of the cluster. */
template <class T>
static inline T *across(T *p) {
  if (running == block_size) fail("a block that is alone reaches for another");
  const int other = block_size - current / block_size * block_size;
  if (all_in(other, other + block_size, done)) fail("a block has ended that another reaches for");
  const size_t at = (size_t)((unsigned char *)p - dynamic_shared[0]);
  return (T *)(dynamic_shared[0] + (at < SHARED ? at + SHARED : at - SHARED));
}

/* ---------------------------------------------------------------- barriers */

/* The eight bytes of a barrier. */
struct Phase {
  unsigned char begun, parity, arrivals, pending;
  int bytes;
};
constexpr unsigned char BEGUN = 0x5a;

static inline Phase &phase_of(unsigned long long *barrier) {
  Phase &phase = *(Phase *)barrier;
  if (phase.begun != BEGUN) fail("a barrier is used that never began");
  return phase;
}

static inline void end_if_complete(Phase &phase) {
  if (phase.pending > 0 || phase.bytes > 0) return;
  phase.parity ^= 1;
  phase.pending = phase.arrivals;
}

/* Whether the block has begun a barrier; nothing here is of use before. */
static bool with_barriers;
static void begin_engines();

static inline void begin_barrier(unsigned long long *barrier, int arrivals) {
  if (!with_barriers) begin_engines();
  const Phase phase = {BEGUN, 0, (unsigned char)arrivals, (unsigned char)arrivals, 0};
  memcpy(barrier, &phase, sizeof phase);
}

/* Copies of this thread that have come, but that only threads can see yet. */
static std::vector<void *> unshown[MOST_THREADS];
static inline void show_to_engines() { unshown[current].clear(); }

static inline void expect_bytes(unsigned long long *barrier, int bytes) { phase_of(barrier).bytes += bytes; }

static inline void arrive(unsigned long long *barrier, int bytes) {
  Phase &phase = phase_of(barrier);
  if (!unshown[current].empty()) fail("a thread arrives before the engines can see what it copied");
  if (phase.pending == 0) fail("more threads arrive at a barrier than it counts");
  phase.bytes += bytes;
  phase.pending--;
  end_if_complete(phase);
}

static inline bool has_ended(const void *barrier, int parity) { return phase_of((unsigned long long *)barrier).parity != parity; }

static inline void wait_for_phase(unsigned long long *barrier, unsigned parity) {
  phase_of(barrier);
  wait_until(has_ended, barrier, (int)parity);
}

/* Where the threads of each warpgroup meet. */
struct Meeting {
  int here, round;
};
static Meeting meetings[MOST_THREADS / 128];

static inline bool is_over(const void *meeting, int round) { return ((const Meeting *)meeting)->round != round; }

/* The last of a warpgroup to come does `last` before all go on. */
static inline void meet_warpgroup(int group, void (*last)(int), int with) {
  Meeting &meeting = meetings[group];
  if (++meeting.here < 128) {
    wait_until(is_over, &meeting, meeting.round);
    return;
  }
  last(with);
  meeting.here = 0;
  meeting.round++;
}

/* ------------------------------------------------------------------ copies */

/* What `cuTensorMapEncodeTiled` of the emulated driver leaves in a tensor map: numbers of 2 or 4 bytes, three axes, 128-byte
 * swizzle. */
struct Map {
  unsigned long long mark, address, dims[3], strides[2];
  unsigned box[3], width;
};
constexpr unsigned long long MAP = 0x6d61702d62663136ull;

struct Box {
  Map map;
  unsigned char *to;
  int at[3];
  unsigned long long *barrier;
};
static std::deque<Box> on_their_way;

/* `memory`: of the block. */
static inline unsigned char *swizzled(unsigned char *memory, unsigned address) { return memory + (address ^ (address >> 7 & 7) << 4); }
static inline unsigned char *memory_of(const unsigned char *p) { return dynamic_shared[(size_t)(p - dynamic_shared[0]) / SHARED]; }

static inline Map map_at(const unsigned long long *words, const unsigned char *panel) {
  Map map;
  memcpy(&map, words, sizeof map);
  if (map.mark != MAP) fail("a copy wants a tensor map");
  if (map.box[0] * map.width != 128 || shared_address(panel) % 1024 != 0) fail("a box has lines of 128 bytes, on 1024 bytes");
  return map;
}

static inline int bytes_of(const Map &map) { return (int)(128 * map.box[1] * map.box[2]); }

static inline void bring_box(unsigned char *panel, const unsigned long long *words, int x, int y, int z, unsigned long long *barrier) {
  const Box box = {map_at(words, panel), panel, {x, y, z}, barrier};
  phase_of(barrier);
  for (const Box &other : on_their_way)
    if (panel < other.to + bytes_of(other.map) && other.to < panel + bytes_of(box.map)) fail("two boxes are on their way to one panel");
  memset(panel, 0xff, (size_t)bytes_of(box.map));
  on_their_way.push_back(box);
}

/* To both blocks of the cluster, and counted in both. */
static inline void bring_box_to_both(unsigned char *panel, const unsigned long long *words, int x, int y, int z, unsigned long long *barrier) {
  bring_box(panel, words, x, y, z, barrier);
  bring_box(across(panel), words, x, y, z, across(barrier));
}

static inline void arrive_across(unsigned long long *barrier) { arrive(across(barrier), 0); }

/* Every number of a box: where it lies in the panel, and in the tensor, or nullptr outside of it. */
template <class What>
static void each_number(const Map &map, const unsigned char *panel, const int (&from)[3], What what) {
  unsigned line = 0;
  for (unsigned z = 0; z < map.box[2]; z++)
    for (unsigned y = 0; y < map.box[1]; y++, line++)
      for (unsigned x = 0; x < map.box[0]; x++) {
        const long long at[3] = {(long long)from[0] + x, (long long)from[1] + y, (long long)from[2] + z};
        bool inside = true;
        for (int axis = 0; axis < 3; axis++) inside = inside && at[axis] >= 0 && at[axis] < (long long)map.dims[axis];
        char *const there = (char *)map.address + at[0] * map.width + at[1] * map.strides[0] + at[2] * map.strides[1];
        what(swizzled(memory_of(panel), shared_address(panel) + line * 128 + x * map.width), inside ? there : nullptr);
      }
}

static inline void land(const Box &box) {
  each_number(box.map, box.to, box.at, [&](unsigned char *here, const char *there) {
    if (there) memcpy(here, there, box.map.width);
    else memset(here, 0, box.map.width);
  });
  Phase &phase = phase_of(box.barrier);
  phase.bytes -= bytes_of(box.map);
  end_if_complete(phase);
}

/* A box on its way out, and its panel as it was when it was sent. */
struct Leaving {
  Map map;
  const unsigned char *from;
  int at[3];
  std::vector<unsigned char> sent;
};
static std::vector<Leaving> leaving[MOST_THREADS];
static std::deque<std::vector<Leaving>> groups_leaving[MOST_THREADS];

static inline void send_box(const unsigned char *panel, const unsigned long long *words, int x, int y, int z) {
  const int warp = current / 32 * 32;
  for (int t = warp; t < warp + 32; t++)
    if (!unshown[t].empty()) fail("a box is sent before the engine can see what threads wrote");
  const Map map = map_at(words, panel);
  leaving[current].push_back({map, panel, {x, y, z}, std::vector<unsigned char>(panel, panel + bytes_of(map))});
}

static inline void end_of_boxes() {
  groups_leaving[current].push_back(std::move(leaving[current]));
  leaving[current].clear();
}

static inline void wait_for_boxes(size_t latest) {
  auto &groups = groups_leaving[current];
  for (; groups.size() > latest; groups.pop_front())
    for (const Leaving &box : groups.front()) {
      if (memcmp(box.from, box.sent.data(), box.sent.size()) != 0) fail("a panel changes before the copy engine has read it");
      each_number(box.map, box.from, box.at, [&](const unsigned char *here, char *there) {
        if (there) memcpy(there, here, box.map.width);
      });
    }
}

/* Nobody can go on: the oldest copy lands, or, backwards, the newest. */
static bool land_one() {
  if (on_their_way.empty()) return false;
  const Box box = backwards ? on_their_way.back() : on_their_way.front();
  if (backwards) on_their_way.pop_back();
  else on_their_way.pop_front();
  land(box);
  return true;
}

/* ------------------------------------------------------- requests of a warp */

/* What the lanes of a warp ask of memory with one instruction: their n-th requests belong together. */
struct Request {
  int lanes, bytes;
  uintptr_t at[32];
};
struct Requests {
  std::deque<Request> open;
  long long first, count[32];
};
static Requests shared_requests[MOST_THREADS / 32], global_requests[MOST_THREADS / 32];
/* Requests to global memory that were looked at, bytes they want, sectors of 32 bytes they touch. */
static struct { long long requests, bytes, sectors; } traffic;

/* Adds this lane's part; true where it is the last to come. An address of 0 takes no part. */
static inline bool request(Requests &warp, const void *p, int bytes, bool there) {
  const int lane = current % 32;
  const size_t at = (size_t)(warp.count[lane]++ - warp.first);
  if (at == warp.open.size()) warp.open.push_back({0, bytes, {}});
  warp.open[at].at[lane] = there ? (uintptr_t)p : 0;
  return ++warp.open[at].lanes == 32;
}

/* Lanes go to memory as many at once as 128 bytes hold; of these no two may want different words of a bank. */
static inline void at_banks(const void *p, int bytes) {
  Requests &warp = shared_requests[current / 32];
  if (!request(warp, p, bytes, true)) return;
  const Request &all = warp.open.front();
  for (int first = 0; first < 32; first += 128 / bytes) {
    uintptr_t words[32] = {};
    for (int lane = first; lane < first + 128 / bytes; lane++)
      for (int byte = 0; byte < bytes; byte += 4) {
        const uintptr_t word = (all.at[lane] + (uintptr_t)byte) / 4;
        if (words[word % 32] != 0 && words[word % 32] != word) fail("lanes of a warp meet at a bank of shared memory");
        words[word % 32] = word;
      }
  }
  warp.open.pop_front();
  warp.first++;
}

static inline void at_sectors(const void *p, int bytes, bool there) {
  Requests &warp = global_requests[current / 32];
  if (!request(warp, p, bytes, there)) return;
  std::vector<uintptr_t> sectors;
  for (const uintptr_t at : warp.open.front().at)
    for (int byte = 0; at != 0 && byte < bytes; byte += 4, traffic.bytes += 4) sectors.push_back((at + (uintptr_t)byte) / 32);
  std::sort(sectors.begin(), sectors.end());
  traffic.sectors += std::unique(sectors.begin(), sectors.end()) - sectors.begin();
  traffic.requests++;
  warp.open.pop_front();
  warp.first++;
}

static inline void writes_shared(void *p, int bytes) {
  at_banks(p, bytes);
  unshown[current].push_back(p);
}

static inline void store_matrices(unsigned char *row, const unsigned (&from)[4]) {
  if ((uintptr_t)row % 16 != 0) fail("a row of a matrix does not lie on 16 bytes");
  writes_shared(row, 16);
  Shown &warp = shown[current / 32];
  const int lane = current % 32, turn = warp.turn[lane] ^= 1;
  warp.address[turn][lane] = row;
  meet_warp();
  for (int m = 0; m < 4; m++) memcpy((unsigned char *)warp.address[turn][m * 8 + lane / 4] + lane % 4 * 4, &from[m], 4);
}

/* ---------------------------------------------------------------- products */

/* `which`: of the sums that the thread has at work. */
struct Product {
  unsigned long long a, b;
  size_t which;
  bool a_turned, b_turned, keep;
  bool operator==(const Product &x) const {
    return a == x.a && b == x.b && which == x.which && a_turned == x.a_turned && b_turned == x.b_turned && keep == x.keep;
  }
};

/* Sums of a thread. While products with them are at work, they are `kept`, and NaN where the thread looks. */
struct Sums {
  float *sum;
  std::vector<float> kept;
};

/* A thread's share of the products of its warpgroup. */
struct Share {
  int columns;
  bool begun;
  std::vector<Sums> sums;
  std::vector<Product> open;
  std::vector<std::vector<Product>> groups;
};
static Share shares[MOST_THREADS];

static inline void begin_products() { shares[current].begun = true; }

template <int SUMS>
static inline void multiply_later(float (&sum)[SUMS], int columns, bool a_turned, bool b_turned, unsigned long long a, unsigned long long b,
                                  bool keep) {
  Share &mine = shares[current];
  if (!mine.begun) fail("a product starts before its sums are ready");
  if (!mine.sums.empty() && mine.columns != columns) fail("products of another width are still at work");
  mine.columns = columns;
  size_t which = 0;
  while (which < mine.sums.size() && mine.sums[which].sum != sum) which++;
  if (which == mine.sums.size()) {
    mine.sums.push_back({sum, std::vector<float>(sum, sum + SUMS)});
    for (float &x : sum) x = NAN;
  }
  mine.open.push_back({a, b, which, a_turned, b_turned, keep});
}

static inline void end_of_products() {
  Share &mine = shares[current];
  mine.groups.push_back(std::move(mine.open));
  mine.open.clear();
}

/* Number (line, step) of a panel: lines 128 bytes apart with steps inside them, or, turned, steps with lines inside. */
static inline float number_of(unsigned char *memory, unsigned long long panel, int line, int k, bool turned) {
  const auto bytes = [&](int shift) { return (unsigned)(panel >> shift & 0x3fff) << 4; };
  if (panel >> 62 != 1 || (panel >> 49 & 7) != 0) fail("a panel is not swizzled by 128 bytes");
  const unsigned start = bytes(0), apart = bytes(16), groups = bytes(32);
  const unsigned at = turned ? line / 64 * apart + k / 8 * groups + k % 8 * 128 + line % 64 * 2 : line / 8 * groups + line % 8 * 128 + k * 2;
  unsigned short number;
  memcpy(&number, swizzled(memory, start + at), 2);
  return bits<float>((unsigned)number << 16);
}

/* a: 64 by 16, b: 16 by 256, one step after another. */
__attribute__((optimize("O3"))) static void add_up(float (&sum)[64][256], const float (&a)[64][16], const float (&b)[16][256], int columns) {
  for (int r = 0; r < 64; r++)
    for (int k = 0; k < 16; k++)
      for (int c = 0; c < columns; c++) sum[r][c] += a[r][k] * b[k][c];
}

static void multiply(int first, const Product &p, int columns) {
  static float a[64][16], b[16][256], sum[64][256];
  unsigned char *const memory = dynamic_shared[first / block_size];
  for (int k = 0; k < 16; k++) {
    for (int r = 0; r < 64; r++) a[r][k] = number_of(memory, p.a, r, k, p.a_turned);
    for (int c = 0; c < columns; c++) b[k][c] = number_of(memory, p.b, c, k, p.b_turned);
  }
  const auto each = [&](auto what) {
    for (int t = 0; t < 128; t++)
      for (int i = 0; i < columns / 2; i++)
        what(sum[t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8][i / 4 * 8 + t % 4 * 2 + i % 2], shares[first + t].sums[p.which].kept[i]);
  };
  each([&](float &here, float &kept) { here = p.keep ? kept : 0.0f; });
  add_up(sum, a, b, columns);
  each([](float &here, float &kept) { kept = here; });
}

/* All 128 have come to wait: their products are made, but for the `latest` latest groups. */
static void make_products(int with) {
  const int first = with / 8 * 128;
  const size_t latest = (size_t)(with % 8);
  for (int t = first; t < first + 128; t++)
    if (!(shares[t].groups == shares[first].groups)) fail("warps of a warpgroup want different products");
  while (shares[first].groups.size() > latest) {
    for (const Product &p : shares[first].groups.front()) multiply(first, p, shares[first].columns);
    for (int t = first; t < first + 128; t++) shares[t].groups.erase(shares[t].groups.begin());
  }
}

static inline void wait_for_products(int latest) {
  const int group = current / 128;
  meet_warpgroup(group, make_products, group * 8 + latest);
  Share &mine = shares[current];
  mine.begun = false;
  if (!mine.groups.empty()) return;
  for (const Sums &s : mine.sums) std::copy(s.kept.begin(), s.kept.end(), s.sum);
  mine.sums.clear();
}

/* ------------------------------------------------------------------ blocks */

static void begin_block() { with_barriers = false; }

static void begin_engines() {
  with_barriers = true;
  memset(dynamic_shared, 0xff, sizeof dynamic_shared);
  for (Meeting &m : meetings) m = {0, 0};
  for (Share &s : shares) s = Share{};
  for (auto &list : unshown) list.clear();
  for (auto *requests : {shared_requests, global_requests})
    for (int warp = 0; warp < MOST_THREADS / 32; warp++) requests[warp] = Requests{};
}

static void end_block() {
  if (!with_barriers) return;
  if (!on_their_way.empty()) fail("a block ends while copies are on their way to it");
  for (const Share &s : shares)
    if (!s.sums.empty()) fail("a block ends while products are at work");
  for (int t = 0; t < MOST_THREADS; t++)
    if (!leaving[t].empty() || !groups_leaving[t].empty()) fail("a block ends while boxes are on their way out of it");
  for (auto *requests : {shared_requests, global_requests})
    for (int warp = 0; warp < MOST_THREADS / 32; warp++)
      if (!requests[warp].open.empty()) fail("only some lanes of a warp say what they ask of memory");
}

static const bool with_engines = [] {
  engines = {begin_block, land_one, end_block, [](int thread, void *to) { if (with_barriers) unshown[thread].push_back(to); }};
  return true;
}();

}  // namespace emulate

#endif
