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
static std::vector<Touch> touched[emulate::MOST_THREADS];

UNWATCHED static bool is_shared(uintptr_t at) {
  const auto within = [at](const unsigned char *from, const unsigned char *to) UNWATCHED { return at >= (uintptr_t)from && at < (uintptr_t)to; };
  const unsigned char *const asked = emulate::dynamic_shared[0];
  return within(__start_moec_shared, __stop_moec_shared) || within(asked, asked + sizeof emulate::dynamic_shared);
}

UNWATCHED static bool is_global(uintptr_t at) {
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

/* Turns that the banks take for these: every bank gives one word of four bytes a turn, to whoever wants that word. */
UNWATCHED static int turns_of(std::vector<uintptr_t> &words) {
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  int of_bank[32] = {}, most = 0;
  for (uintptr_t word : words) most = std::max(most, ++of_bank[word % 32]);
  return most;
}

/* Lanes that go together: as many as ask for 128 bytes. */
UNWATCHED static void count_shared(Traffic &to, const std::vector<std::pair<int, Touch>> &request) {
  const int together = 128 / std::max(4, request[0].second.bytes);
  for (int first = 0; first < 32; first += together) {
    std::vector<uintptr_t> words;
    for (const auto &[lane, t] : request)
      if (lane >= first && lane < first + together)
        for (uintptr_t word = t.at / 4; word * 4 < t.at + t.bytes; word++) words.push_back(word);
    if (words.empty()) continue;
    to.taken += turns_of(words);
    to.least++;
  }
}

UNWATCHED static void count_global(Traffic &to, const std::vector<std::pair<int, Touch>> &request) {
  std::vector<uintptr_t> sectors, bytes;
  for (const auto &[lane, t] : request)
    for (uintptr_t at = t.at; at < t.at + t.bytes; at++) bytes.push_back(at);
  std::sort(bytes.begin(), bytes.end());
  bytes.erase(std::unique(bytes.begin(), bytes.end()), bytes.end());
  for (uintptr_t at : bytes)
    if (sectors.empty() || sectors.back() != at / 32) sectors.push_back(at / 32);
  to.bytes += (long long)bytes.size();
  to.taken += (long long)sectors.size();
  to.least += ((long long)bytes.size() + 31) / 32;
}

UNWATCHED static void count_request(const std::vector<std::pair<int, Touch>> &request) {
  const Touch &first = request[0].second;
  const bool shared = is_shared(first.at);
  Traffic &to = (shared ? counting->shared : counting->global)[first.writes];
  to.requests++;
  if (shared) count_shared(to, request);
  else count_global(to, request);
}

/* Everything that the lanes of a warp have done since they met last. */
UNWATCHED static void count_warp(int first) {
  std::vector<std::tuple<const void *, bool, bool, int, int, Touch>> all;
  for (int lane = 0; lane < 32; lane++) {
    std::unordered_map<const void *, int> nth;
    for (const Touch &t : touched[first + lane]) all.emplace_back(t.by, t.writes, is_shared(t.at), nth[t.by]++, lane, t);
    touched[first + lane].clear();
  }
  const auto same = [](const auto &a, const auto &b) UNWATCHED {
    return std::get<0>(a) == std::get<0>(b) && std::get<1>(a) == std::get<1>(b) && std::get<2>(a) == std::get<2>(b) && std::get<3>(a) == std::get<3>(b);
  };
  std::sort(all.begin(), all.end(), [](const auto &a, const auto &b) UNWATCHED {
    const auto key = [](const auto &x) UNWATCHED { return std::make_tuple(std::get<0>(x), std::get<1>(x), std::get<2>(x), std::get<3>(x), std::get<4>(x)); };
    return key(a) < key(b);
  });
  std::vector<std::pair<int, Touch>> request;
  for (size_t i = 0; i < all.size(); i++) {
    request.emplace_back(std::get<4>(all[i]), std::get<5>(all[i]));
    if (i + 1 < all.size() && same(all[i], all[i + 1])) continue;
    count_request(request);
    request.clear();
  }
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
