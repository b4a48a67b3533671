/*
 * A CUDA machine made of software, for checking generated kernels on a processor with any C++17 compiler for a POSIX
 * system. Threads of a block are fibres: each runs until it must meet others, so that a block's threads take turns in a
 * known order, forwards or backwards (`emulate::backwards`): results that differ between the two have a race. Blocks run
 * one after another, two side by side where they form a cluster. A meeting that some threads never come to ends the
 * program. Copies that may be late are as late as they may be. With MOEC_COUNT somebody may watch what threads do to memory
 * (harness/count.h).
 */
#ifndef MOEC_EMULATE_H
#define MOEC_EMULATE_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmath>
#include <utility>
#include <vector>

#define __global__
#define __device__
#if defined(MOEC_COUNT)
/* in a section of its own, so that whoever counts knows shared memory by its address */
#define __shared__ static __attribute__((section("moec_shared")))
#else
#define __shared__ static
#endif
/* Of the machine itself: not to be taken for what a kernel does to memory. */
#define UNWATCHED __attribute__((no_sanitize("thread")))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)

struct uint3 {
  unsigned x, y, z;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
static uint3 threadIdx, blockIdx, blockDim, gridDim;

static inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
using std::fmaxf;
using std::fminf;

namespace emulate {

constexpr int MOST_THREADS = 1024;
constexpr size_t STACK = 256 * 1024;
enum State { ready, at_warp, at_block, at_cluster, waiting, done };
/* Bytes of shared memory of a block, and blocks of a cluster at most. */
constexpr size_t SHARED = 256 * 1024;
constexpr int MOST_BLOCKS = 2;

struct Copy {
  void *to;
  const void *from;
  bool there;
};

struct Thread {
  jmp_buf place;
  ucontext_t first;
  char *stack;
  bool begun;
  State state;
  std::vector<std::vector<Copy>> groups;
  std::vector<Copy> open;
  /* what it waits for */
  bool (*has_come)(const void *, int);
  const void *what;
  int which;
};

/* What works beside the threads of a block, where the machine has it: told of a block's begin and end and of copies that
 * have come; asked to do something when no thread can go on. */
struct Engines {
  void (*begin_block)();
  bool (*work)();
  void (*end_block)();
  void (*copied)(int thread, void *to);
};
static Engines engines;

/* Who watches, if anybody: told that threads meet, of matrices' rows that a lane reads from shared memory, and of sixteen
 * bytes that go from global to shared memory. */
struct Watcher {
  void (*meet)(int from, int to, bool block);
  void (*load)(const void *row);
  void (*copy)(const void *to, const void *from, bool there);
};
static Watcher watcher;

static Thread threads[MOST_THREADS];
static jmp_buf scheduler;
static ucontext_t outside;
static int current;
static bool backwards;
static void (*body)(void *);
static void *body_of;
/* Threads of a block; of those that run: the first one's block, and those that are its neighbours in a cluster. */
static int block_size, running;
static unsigned block_of_first;
static uint3 place_of_block(unsigned b) { return {b % gridDim.x, b / gridDim.x % gridDim.y, b / gridDim.x / gridDim.y}; }
/* The other block of a cluster of two has the number that differs in the last bit. */
static unsigned block_of(int thread) { return block_of_first ^ (unsigned)(thread / block_size); }

alignas(1024) [[maybe_unused]] static unsigned char dynamic_shared[MOST_BLOCKS][SHARED];
[[maybe_unused]] static unsigned char *shared_memory() { return dynamic_shared[current / block_size]; }

/* What the lanes of a warp show each other; two places in turn, so that nobody overwrites what is still read. */
struct Shown {
  unsigned a[2][32][4];
  unsigned b[2][32][2];
  const void *address[2][32];
  int turn[32];
};
static Shown shown[MOST_THREADS / 32];

template <class To, class From>
UNWATCHED static inline To bits(From x) {
  static_assert(sizeof(To) == sizeof(From), "same size");
  To y;
  memcpy(&y, &x, sizeof y);
  return y;
}

static void fail(const char *what) {
  fprintf(stderr, "emulated block (%u, %u, %u): %s\n", blockIdx.x, blockIdx.y, blockIdx.z, what);
  abort();
}

UNWATCHED static void stop(State state) {
  Thread &me = threads[current];
  me.state = state;
  if (_setjmp(me.place) == 0) _longjmp(scheduler, 1);
}

static inline void meet_block() { stop(at_block); }
static inline void meet_warp() { stop(at_warp); }

/* Lets others go first until it has come. */
static inline void wait_until(bool (*has_come)(const void *, int), const void *what, int which) {
  Thread &me = threads[current];
  me.has_come = has_come;
  me.what = what;
  me.which = which;
  if (!has_come(what, which)) stop(waiting);
}

static void run_thread() {
  for (;;) {
    body(body_of);
    for (auto &group : threads[current].groups)
      if (!group.empty()) fail("a thread ends while its copies are on their way");
    stop(done);
  }
}

/* Runs one thread until it meets, or ends. */
UNWATCHED static void resume(int t) {
  current = t;
  threadIdx.x = (unsigned)(t % block_size);
  blockIdx = place_of_block(block_of(t));
  Thread &next = threads[t];
  if (_setjmp(scheduler) != 0) return;
  if (next.begun) _longjmp(next.place, 1);
  next.begun = true;
  next.stack = (char *)malloc(STACK);
  getcontext(&next.first);
  next.first.uc_stack.ss_sp = next.stack;
  next.first.uc_stack.ss_size = STACK;
  next.first.uc_link = &outside;
  makecontext(&next.first, run_thread, 0);
  setcontext(&next.first);
}

UNWATCHED static bool all_in(int from, int to, State state) {
  for (int t = from; t < to; t++)
    if (threads[t].state != state) return false;
  return true;
}

UNWATCHED static bool any_in(int from, int to, State state) {
  for (int t = from; t < to; t++)
    if (threads[t].state == state) return true;
  return false;
}

UNWATCHED static void release(int from, int to, bool block) {
  if (watcher.meet) watcher.meet(from, to, block);
  for (int t = from; t < to; t++) threads[t].state = ready;
}

UNWATCHED static void begin_threads(int from, int to) {
  for (int t = from; t < to; t++) {
    threads[t].state = ready;
    threads[t].groups.clear();
    threads[t].open.clear();
    shown[t / 32].turn[t % 32] = 0;
  }
}

/* A thread's block is one of two: the other begins, too. */
[[maybe_unused]] static void join_cluster() {
  if (running > block_size) return;
  if (gridDim.x % 2 != 0 || gridDim.y * gridDim.z != 1) fail("a grid is not of whole clusters");
  if (2 * block_size > MOST_THREADS) fail("a cluster has too many threads for this machine");
  running = 2 * block_size;
  begin_threads(block_size, running);
}

[[maybe_unused]] static void meet_cluster() { stop(at_cluster); }

/* Runs a block, and those of its cluster. */
UNWATCHED static void run_block(unsigned number) {
  block_of_first = number;
  running = block_size;
  if (engines.begin_block) engines.begin_block();
  begin_threads(0, running);
  while (!all_in(0, running, done)) {
    bool moved = false;
    // a block goes on as far as it can before the other of its cluster moves
    for (int b = 0; b < running && !moved; b += block_size)
      for (int i = 0; i < block_size; i++) {
        const int t = b + (backwards ? block_size - 1 - i : i);
        if (threads[t].state != ready) continue;
        resume(t);
        moved = true;
      }
    for (int w = 0; w < running; w += 32) {
      if (!any_in(w, w + 32, at_warp) || any_in(w, w + 32, waiting) || any_in(w, w + 32, ready)) continue;
      if (!all_in(w, w + 32, at_warp)) fail("only some lanes of a warp meet");
      release(w, w + 32, false);
      moved = true;
    }
    for (int t = 0; t < running; t++) {
      if (threads[t].state != waiting || !threads[t].has_come(threads[t].what, threads[t].which)) continue;
      threads[t].state = ready;
      moved = true;
    }
    for (int b = 0; b < running; b += block_size) {
      const int end = b + block_size;
      if (!any_in(b, end, at_block) || any_in(b, end, ready) || any_in(b, end, waiting)) continue;
      if (!all_in(b, end, at_block)) fail("only some threads of a block meet");
      release(b, end, true);
      moved = true;
    }
    // threads that have ended are not waited for
    if (!moved && any_in(0, running, at_cluster) && !any_in(0, running, waiting) && !any_in(0, running, at_block)) {
      if (watcher.meet) watcher.meet(0, running, true);
      for (int t = 0; t < running; t++)
        if (threads[t].state == at_cluster) threads[t].state = ready;
      moved = true;
    }
    if (!moved && !(engines.work && engines.work())) fail("nobody can go on");
  }
  if (watcher.meet) watcher.meet(0, running, false);
  if (engines.end_block) engines.end_block();
}

/* Shows a word to the warp and reads that of another lane. */
template <class T>
UNWATCHED static inline T exchange(T x, int from) {
  Shown &warp = shown[current / 32];
  const int lane = current % 32, turn = warp.turn[lane] ^= 1;
  warp.a[turn][lane][0] = bits<unsigned>(x);
  meet_warp();
  return bits<T>(warp.a[turn][from & 31][0]);
}

UNWATCHED static inline unsigned lanes_where(bool x) {
  Shown &warp = shown[current / 32];
  const int lane = current % 32, turn = warp.turn[lane] ^= 1;
  warp.a[turn][lane][0] = x;
  meet_warp();
  unsigned all = 0;
  for (int l = 0; l < 32; l++) all |= warp.a[turn][l][0] << l;
  return all;
}

UNWATCHED static inline unsigned lanes_with_same(int x) {
  Shown &warp = shown[current / 32];
  const int lane = current % 32, turn = warp.turn[lane] ^= 1;
  warp.a[turn][lane][0] = (unsigned)x;
  meet_warp();
  unsigned all = 0;
  for (int l = 0; l < 32; l++) all |= (unsigned)(warp.a[turn][l][0] == (unsigned)x) << l;
  return all;
}

UNWATCHED static inline void copy_later(void *to, const void *from, bool there) {
  if (watcher.copy) watcher.copy(to, from, there);
  if ((uintptr_t)to % 16 != 0 || (there && (uintptr_t)from % 16 != 0)) fail("a copy does not lie on 16 bytes");
  threads[current].open.push_back({to, from, there});
}

UNWATCHED static inline void end_of_copies() {
  Thread &me = threads[current];
  me.groups.push_back(std::move(me.open));
  me.open.clear();
}

UNWATCHED static inline void wait_for_copies(size_t latest) {
  Thread &me = threads[current];
  while (me.groups.size() > latest) {
    for (const Copy &c : me.groups.front()) {
      if (c.there) memcpy(c.to, c.from, 16);
      else memset(c.to, 0, 16);
      if (engines.copied) engines.copied(current, c.to);
    }
    me.groups.erase(me.groups.begin());
  }
}

UNWATCHED static inline void load_matrices(unsigned (&to)[4], const unsigned short *row, bool turned) {
  if (watcher.load) watcher.load(row);
  if ((uintptr_t)row % 16 != 0) fail("a row of a matrix does not lie on 16 bytes");
  Shown &warp = shown[current / 32];
  const int lane = current % 32, turn = warp.turn[lane] ^= 1;
  warp.address[turn][lane] = row;
  meet_warp();
  for (int m = 0; m < 4; m++) {
    const auto cell = [&](int r, int c) UNWATCHED -> unsigned { return ((const unsigned short *)warp.address[turn][m * 8 + r])[c]; };
    const int r = lane / 4, c = lane % 4 * 2;
    to[m] = turned ? cell(c, r) | cell(c + 1, r) << 16 : cell(r, c) | cell(r, c + 1) << 16;
  }
}

UNWATCHED static inline void multiply_add(float (&sum)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  Shown &warp = shown[current / 32];
  const int lane = current % 32, turn = warp.turn[lane] ^= 1;
  for (int i = 0; i < 4; i++) warp.a[turn][lane][i] = a[i];
  warp.b[turn][lane][0] = b0;
  warp.b[turn][lane][1] = b1;
  meet_warp();
  /* Row r, step k of A is in lane r % 8 * 4 + k % 8 / 2; register 2 (k / 8) + r / 8; the upper half for odd k. */
  float row[2][16], column[2][16];
  for (int k = 0; k < 16; k += 2)
    for (int i = 0; i < 2; i++) {
      const unsigned of_a = warp.a[turn][lane / 4 * 4 + k % 8 / 2][2 * (k / 8) + i];
      const unsigned of_b = warp.b[turn][(lane % 4 * 2 + i) * 4 + k % 8 / 2][k / 8];
      row[i][k] = bits<float>(of_a << 16);
      row[i][k + 1] = bits<float>(of_a & 0xffff0000u);
      column[i][k] = bits<float>(of_b << 16);
      column[i][k + 1] = bits<float>(of_b & 0xffff0000u);
    }
  for (int k = 0; k < 16; k++)
    for (int i = 0; i < 4; i++) sum[i] += row[i / 2][k] * column[i % 2][k];
}

/* How many blocks of a grid are run, spread over it; 0: all. For those who only count. */
static unsigned most_blocks;

/* Runs a grid of blocks. */
static void launch(uint3 grid, int block, void (*kernel)(void *), void *with) {
  gridDim = grid;
  blockDim = {(unsigned)block, 1, 1};
  threadIdx = {0, 0, 0};
  body = kernel;
  body_of = with;
  if (block % 32 != 0 || block > MOST_THREADS) fail("a block is of whole warps, no more than 1024 threads");
  const unsigned count = grid.x * grid.y * grid.z, runs = most_blocks && most_blocks < count ? most_blocks : count;
  block_size = block;
  std::vector<bool> ran(count);
  for (unsigned i = 0; i < runs; i++) {
    const unsigned nth = (unsigned)((unsigned long long)i * count / runs), b = backwards ? count - 1 - nth : nth;
    if (ran[b]) continue;
    run_block(b);
    for (int t = 0; t < running; t += block_size) ran[block_of(t)] = true;
  }
}

template <class... Args, size_t... I>
static void call(void (*kernel)(Args...), void **args, std::index_sequence<I...>) {
  kernel(*(Args *)args[I]...);
}

template <class... Args>
static void call(void (*kernel)(Args...), void **args) {
  call(kernel, args, std::index_sequence_for<Args...>());
}

/* Bytes of each parameter of a kernel, and 0 behind the last. */
template <class... Args>
static const int *sizes_of(void (*)(Args...)) {
  static const int sizes[] = {(int)sizeof(Args)..., 0};
  return sizes;
}

}  // namespace emulate

/* Makes a kernel reachable for the stand-in of libcuda: `emulated_<kernel>`. */
#define EMULATED(kernel)                                                                                   \
  extern "C" __attribute__((visibility("default"))) void emulated_##kernel(unsigned x, unsigned y, unsigned z, int block, \
                                                                           void **args, int backwards) {   \
    emulate::backwards = backwards != 0;                                                                   \
    emulate::launch({x, y, z}, block, [](void *with) { emulate::call(kernel, (void **)with); }, args);     \
  }

#endif
