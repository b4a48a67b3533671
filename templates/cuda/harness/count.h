/*
 * Counts what kernels do to memory, warp by warp, on the machine made of software: 32-byte sectors of global memory, turns
 * of the banks of shared memory, meetings. Built with MOEC_COUNT and -fsanitize=thread, whose calls for every read and
 * write are answered here instead of by its library. A warp's request is what its lanes do by the same instruction for
 * the nth time since they met; where lanes go through loops unlike each other that is a guess, the same one every time.
 */
#ifndef MOEC_HARNESS_COUNT_H
#define MOEC_HARNESS_COUNT_H

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include DEVICE_HEADER

#if defined(MOEC_COUNT)

/* where shared memory of known size lies, if there is any */
extern "C" __attribute__((weak)) unsigned char __start_moec_shared[], __stop_moec_shared[];

namespace harness {

/* Reads or writes of one kind of memory: requests of warps, bytes that lanes have use for, and what it takes: sectors of
 * global memory, turns of shared memory, of which `least` would do without conflicts. */
struct Traffic {
  long long requests = 0, bytes = 0, taken = 0, least = 0;
};

/* What the launches of one function add up to. */
struct Counts {
  std::string function;
  long long blocks = 0, ran = 0, meetings = 0;
  Traffic global[2], shared[2];
};

struct Touch {
  const void *by;
  uintptr_t at;
  int bytes;
  bool writes;
};

static std::vector<Counts> counts;
static Counts *counting;
static std::vector<std::pair<uintptr_t, uintptr_t>> in_global;
static uintptr_t lowest, highest;
static std::vector<Touch> touched[emulate::MOST_THREADS];

UNWATCHED static bool is_shared(uintptr_t at) {
  const auto within = [at](const unsigned char *from, const unsigned char *to) UNWATCHED { return at >= (uintptr_t)from && at < (uintptr_t)to; };
  const unsigned char *const asked = emulate::dynamic_shared[0];
  return within(__start_moec_shared, __stop_moec_shared) || within(asked, asked + sizeof emulate::dynamic_shared);
}

UNWATCHED static bool is_global(uintptr_t at) {
  if (at < lowest || at >= highest) return false;
  for (const auto &range : in_global)
    if (at >= range.first && at < range.second) return true;
  return false;
}

/* What the library does for whoever counts is watched as well, and not meant. */
static bool busy;

UNWATCHED static void touch(const void *by, const void *at, int bytes, bool writes) {
  if (!counting || busy) return;
  busy = true;
  if (is_shared((uintptr_t)at) || is_global((uintptr_t)at)) touched[emulate::current].push_back({by, (uintptr_t)at, bytes, writes});
  busy = false;
}

/* What lanes of one warp do at once; `by` is the same for all. */
struct Request {
  int lanes = 0, lane[32];
  Touch touch[32];
};

/* Lanes that go together, as many as ask for 128 bytes: a bank gives one word of four bytes a turn, to whoever wants it. */
UNWATCHED static void count_shared(Traffic &to, const Request &request) {
  const int together = 128 / std::max(4, request.touch[0].bytes);
  for (int first = 0; first < 32; first += together) {
    uintptr_t words[128];
    int count = 0, of_bank[32] = {}, turns = 0;
    for (int i = 0; i < request.lanes; i++) {
      const Touch &t = request.touch[i];
      if (request.lane[i] < first || request.lane[i] >= first + together) continue;
      for (uintptr_t word = t.at / 4; word * 4 < t.at + t.bytes && count < 128; word++) words[count++] = word;
    }
    if (count == 0) continue;
    std::sort(words, words + count);
    const int different = (int)(std::unique(words, words + count) - words);
    for (int i = 0; i < different; i++) turns = std::max(turns, ++of_bank[words[i] % 32]);
    to.taken += turns;
    to.least++;
  }
}

UNWATCHED static void count_global(Traffic &to, Request &request) {
  const auto earlier = [](const Touch &a, const Touch &b) UNWATCHED { return a.at < b.at; };
  std::sort(request.touch, request.touch + request.lanes, earlier);
  uintptr_t seen = 0;
  long long bytes = 0, sectors = 0;
  for (int i = 0; i < request.lanes; i++) {
    const uintptr_t from = std::max(request.touch[i].at, seen), end = request.touch[i].at + request.touch[i].bytes;
    if (from >= end) continue;
    bytes += (long long)(end - from);
    sectors += (long long)((end - 1) / 32 - from / 32 + 1) - (seen > 0 && (seen - 1) / 32 == from / 32);
    seen = end;
  }
  to.bytes += bytes;
  to.taken += sectors;
  to.least += (bytes + 31) / 32;
}

UNWATCHED static void count_request(Request &request) {
  const Touch &first = request.touch[0];
  const bool shared = is_shared(first.at);
  Traffic &to = (shared ? counting->shared : counting->global)[first.writes];
  to.requests++;
  if (shared) count_shared(to, request);
  else count_global(to, request);
}

/* Lanes that all did the same: their nth touches are one request. */
UNWATCHED static bool count_alike(int first) {
  const std::vector<Touch> &one = touched[first];
  for (int lane = 1; lane < 32; lane++) {
    const std::vector<Touch> &other = touched[first + lane];
    if (other.size() != one.size()) return false;
    for (size_t i = 0; i < one.size(); i++)
      if (other[i].by != one[i].by || other[i].writes != one[i].writes) return false;
  }
  Request request;
  request.lanes = 32;
  for (size_t i = 0; i < one.size(); i++) {
    for (int lane = 0; lane < 32; lane++) {
      request.lane[lane] = lane;
      request.touch[lane] = touched[first + lane][i];
    }
    count_request(request);
  }
  return true;
}

/* Lanes that went different ways: what one instruction did for the nth time is one request. */
UNWATCHED static void count_unlike(int first) {
  std::map<std::tuple<const void *, bool, int>, Request> requests;
  for (int lane = 0; lane < 32; lane++) {
    std::unordered_map<const void *, int> nth;
    for (const Touch &t : touched[first + lane]) {
      Request &request = requests[{t.by, t.writes, nth[t.by]++}];
      request.lane[request.lanes] = lane;
      request.touch[request.lanes++] = t;
    }
  }
  for (auto &each : requests) count_request(each.second);
}

/* Everything that the lanes of a warp have done since they met last. */
UNWATCHED static void count_warp(int first) {
  if (!count_alike(first)) count_unlike(first);
  for (int lane = 0; lane < 32; lane++) touched[first + lane].clear();
}

UNWATCHED static void threads_meet(int from, int to, bool block) {
  if (!counting) return;
  busy = true;
  for (int first = from; first < to; first += 32) count_warp(first);
  if (block) counting->meetings++;
  busy = false;
}

/* Four rows of eight: a lane's row is sixteen bytes, and eight lanes go together. */
UNWATCHED static void lane_loads(const void *row) { touch(__builtin_return_address(0), row, 16, false); }
UNWATCHED static void lane_copies(const void *to, const void *from, bool there) {
  if (there) touch(__builtin_return_address(0), from, 16, false);
  touch((const char *)__builtin_return_address(0) + 1, to, 16, true);
}

/* What follows is counted for this function, until nothing is. */
UNWATCHED static void count_for(const char *function, long long blocks, long long ran) {
  counts.push_back({});
  counting = &counts.back();
  counting->function = function;
  counting->blocks = blocks;
  counting->ran = ran;
}
UNWATCHED static void end_of_counting() { counting = nullptr; }
UNWATCHED static void is_memory(const void *from, size_t bytes) {
  in_global.emplace_back((uintptr_t)from, (uintptr_t)from + bytes);
  lowest = in_global.size() == 1 ? in_global[0].first : std::min(lowest, in_global.back().first);
  highest = in_global.size() == 1 ? in_global[0].second : std::max(highest, in_global.back().second);
}
UNWATCHED static void is_no_memory(const void *from) {
  const auto same = [&](const auto &range) UNWATCHED { return range.first == (uintptr_t)from; };
  in_global.erase(std::remove_if(in_global.begin(), in_global.end(), same), in_global.end());
}
UNWATCHED static void begin_counting() { emulate::watcher = {threads_meet, lane_loads, lane_copies}; }

/* One line of JSON for each function, in the order of their launches. */
static void print_counts(const char *kernel) {
  const auto of = [](const char *name, const Traffic &t) {
    printf(", \"%s\": [%lld, %lld, %lld, %lld]", name, t.requests, t.bytes, t.taken, t.least);
  };
  for (const Counts &c : counts) {
    printf("{\"kernel\": \"%s\", \"function\": \"%s\", \"blocks\": %lld, \"ran\": %lld, \"meetings\": %lld", kernel, c.function.c_str(), c.blocks,
           c.ran, c.meetings);
    of("reads", c.global[0]);
    of("writes", c.global[1]);
    of("shared_reads", c.shared[0]);
    of("shared_writes", c.shared[1]);
    printf("}\n");
  }
  counts.clear();
}

}  // namespace harness

#define MOEC_TOUCHES(bytes)                                                                                                     \
  UNWATCHED void __tsan_read##bytes(void *at) { harness::touch(__builtin_return_address(0), at, bytes, false); }               \
  UNWATCHED void __tsan_write##bytes(void *at) { harness::touch(__builtin_return_address(0), at, bytes, true); }               \
  UNWATCHED void __tsan_unaligned_read##bytes(void *at) { harness::touch(__builtin_return_address(0), at, bytes, false); }     \
  UNWATCHED void __tsan_unaligned_write##bytes(void *at) { harness::touch(__builtin_return_address(0), at, bytes, true); }

extern "C" {
MOEC_TOUCHES(1)
MOEC_TOUCHES(2)
MOEC_TOUCHES(4)
MOEC_TOUCHES(8)
MOEC_TOUCHES(16)
UNWATCHED void __tsan_read_range(void *at, unsigned long bytes) { harness::touch(__builtin_return_address(0), at, (int)bytes, false); }
UNWATCHED void __tsan_write_range(void *at, unsigned long bytes) { harness::touch(__builtin_return_address(0), at, (int)bytes, true); }
UNWATCHED void __tsan_init() {}
UNWATCHED void __tsan_func_entry(void *) {}
UNWATCHED void __tsan_func_exit(void) {}
UNWATCHED void __tsan_vptr_update(void **, void *) {}
UNWATCHED void __tsan_vptr_read(void **) {}
/* those of the harness itself */
UNWATCHED long __tsan_atomic64_load(const volatile long *at, int) { return __atomic_load_n(at, __ATOMIC_SEQ_CST); }
UNWATCHED void __tsan_atomic64_store(volatile long *at, long value, int) { __atomic_store_n(at, value, __ATOMIC_SEQ_CST); }
UNWATCHED long __tsan_atomic64_fetch_add(volatile long *at, long value, int) { return __atomic_fetch_add(at, value, __ATOMIC_SEQ_CST); }
}

#endif

#endif
