/*
 * What every harness of a generated kernel shares: tensors filled with numbers of a fixed seed, launches, the comparison
 * with what the kernel means (computed on the processor in f64, from the plan's statements, never from the kernel's
 * text), a second launch that must give the same bits, and times. With nvcc it runs on the GPU; any C++17 compiler builds
 * the same program for the machine made of software in emulate.h.
 */
#ifndef MOEC_HARNESS_H
#define MOEC_HARNESS_H

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#if defined(__CUDACC__)
#include <cuda.h>
#include <cuda_runtime.h>
#endif

#include DEVICE_HEADER

namespace harness {

/* ------------------------------------------------------------------ machine */

#if defined(__CUDACC__)
static cudaStream_t stream;
static int multiprocessors;

static void must(cudaError_t code, const char *what) {
  if (code == cudaSuccess) return;
  fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(code));
  exit(2);
}
static void *allocate(size_t bytes) {
  void *made = nullptr;
  must(cudaMalloc(&made, std::max<size_t>(bytes, 256)), "allocating");
  return made;
}
static void release(void *memory) { must(cudaFree(memory), "freeing"); }
static void send(void *to, const void *from, size_t bytes) { must(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "sending"); }
static void bring(void *to, const void *from, size_t bytes) { must(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "bringing back"); }
static void finish() { must(cudaStreamSynchronize(stream), "running"); }

/* Queues one launch. */
#define LAUNCH(kernel, x, y, z, threads, shared, ...)                                                                            \
  do {                                                                                                                           \
    if ((shared) > 49152)                                                                                                        \
      harness::must(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared), "asking for shared memory"); \
    kernel<<<dim3(x, y, z), threads, shared, harness::stream>>>(__VA_ARGS__);                                                    \
    harness::must(cudaGetLastError(), #kernel);                                                                                  \
  } while (0)

/* Milliseconds of each of so many runs of what `queue` launches, recorded once as a graph. */
template <class Queue>
static std::vector<double> measure(Queue queue, int times) {
  cudaGraph_t graph;
  cudaGraphExec_t ready;
  must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "recording");
  queue();
  must(cudaStreamEndCapture(stream, &graph), "recording");
  must(cudaGraphInstantiateWithFlags(&ready, graph, 0), "recording");
  for (int i = 0; i < 3; i++) must(cudaGraphLaunch(ready, stream), "running");
  std::vector<cudaEvent_t> events(times + 1);
  for (auto &event : events) must(cudaEventCreate(&event), "making an event");
  must(cudaEventRecord(events[0], stream), "timing");
  for (int i = 0; i < times; i++) {
    must(cudaGraphLaunch(ready, stream), "running");
    must(cudaEventRecord(events[i + 1], stream), "timing");
  }
  finish();
  std::vector<double> spans;
  for (int i = 0; i < times; i++) {
    float span = 0;
    must(cudaEventElapsedTime(&span, events[i], events[i + 1]), "timing");
    spans.push_back(span);
  }
  for (auto event : events) cudaEventDestroy(event);
  cudaGraphExecDestroy(ready);
  cudaGraphDestroy(graph);
  return spans;
}
static std::string begin_machine() {
  cudaDeviceProp about;
  must(cudaGetDeviceProperties(&about, 0), "looking for a GPU");
  must(cudaStreamCreate(&stream), "making a stream");
  multiprocessors = about.multiProcessorCount;
  return about.name;
}
#else
/* few, so that blocks have several tiles */
static constexpr int multiprocessors = 4;
static void *allocate(size_t bytes) {
  void *made = aligned_alloc(256, (bytes + 511) / 256 * 256);
  if (!made) abort();
  return made;
}
static void release(void *memory) { free(memory); }
static void send(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
static void bring(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
static void finish() {}

template <class Body>
static void launch_emulated(uint3 grid, int threads, Body body) {
  emulate::launch(grid, threads, [](void *with) { (*(Body *)with)(); }, &body);
}
#define LAUNCH(kernel, x, y, z, threads, shared, ...) \
  harness::launch_emulated({(unsigned)(x), (unsigned)(y), (unsigned)(z)}, threads, [&] { kernel(__VA_ARGS__); })

template <class Queue>
static std::vector<double> measure(Queue queue, int times) {
  std::vector<double> spans;
  for (int i = 0; i < times; i++) {
    const auto start = std::chrono::steady_clock::now();
    queue();
    spans.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return spans;
}
static std::string begin_machine() { return "emulated machine (times say nothing)"; }
#endif

[[maybe_unused]] static int blocks_for(int tiles) { return std::min(tiles, (int)multiprocessors); }

#if defined(MOEC_DEVICE_HOPPER_CUH)
/* What the copy engine has to know of a tensor: three axes, bytes between neighbours of the outer two, a box, bytes of a
 * number (2: bf16, 4: f32). */
struct Extent {
  uint64_t dims[3], strides[2];
  uint32_t box[3], width;
};
[[maybe_unused]] static TensorMap map_of(const void *tensor, const Extent &e) {
  TensorMap map = {};
#if defined(__CUDACC__)
  static_assert(sizeof(CUtensorMap) == sizeof(TensorMap), "the driver's maps");
  void *found = nullptr;
  cudaDriverEntryPointQueryResult result;
#if CUDART_VERSION >= 12050
  must(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault, &result), "looking for tensor maps");
#else
  must(cudaGetDriverEntryPoint("cuTensorMapEncodeTiled", &found, cudaEnableDefault, &result), "looking for tensor maps");
#endif
  const auto encode = (decltype(&cuTensorMapEncodeTiled))found;
  const uint32_t steps[3] = {1, 1, 1};
  const auto type = e.width == 2 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
  const auto dims = (const cuuint64_t *)e.dims, strides = (const cuuint64_t *)e.strides;
  if (!encode || encode((CUtensorMap *)&map, type, 3, (void *)tensor, dims, strides, e.box, steps,
                        CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
                        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) != CUDA_SUCCESS) {
    fprintf(stderr, "the driver makes no tensor map\n");
    exit(2);
  }
#else
  emulate::Map made = {emulate::MAP, (unsigned long long)tensor, {}, {}, {}, e.width};
  for (int i = 0; i < 3; i++) made.dims[i] = e.dims[i], made.box[i] = e.box[i];
  for (int i = 0; i < 2; i++) made.strides[i] = e.strides[i];
  memcpy(&map, &made, sizeof made);
#endif
  return map;
}
#endif

/* ------------------------------------------------------------------ tensors */

enum Kind { F32, BF16, I32, U8 };
enum How { NOTHING, NORMAL, POSITIVE, BELOW, BELOW_OR_NONE, OFFSETS, TILES, ORDER, LEGAL, SAME, COPY };

/* What a tensor holds before the first launch. `size`: deviation, bound or value; `of`: another tensor; `rows`: of a tile. */
struct Fill {
  How how;
  double size;
  int of, rows;
};

struct Tensor {
  const char *name;
  Kind kind;
  long long count;
  Fill fill;
  std::vector<unsigned char> host;
  void *device;
  /* while a step is checked: what it should write, and which places are known */
  std::vector<double> want;
  std::vector<unsigned char> known;
};

static size_t width_of(Kind kind) { return kind == U8 ? 1 : kind == BF16 ? 2 : 4; }

static float from_half(unsigned short x) {
  const uint32_t bits = (uint32_t)x << 16;
  float y;
  memcpy(&y, &bits, 4);
  return y;
}
static unsigned short to_half(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  if (std::isnan(x)) return 0x7fff;
  return (unsigned short)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static double stored(const Tensor &t, const unsigned char *bytes, long long i) {
  switch (t.kind) {
    case F32: return ((const float *)bytes)[i];
    case BF16: return from_half(((const unsigned short *)bytes)[i]);
    case I32: return ((const int *)bytes)[i];
    default: return bytes[i];
  }
}
static void store(Tensor &t, long long i, double value) {
  switch (t.kind) {
    case F32: ((float *)t.host.data())[i] = (float)value; break;
    case BF16: ((unsigned short *)t.host.data())[i] = to_half((float)value); break;
    case I32: ((int *)t.host.data())[i] = (int)value; break;
    default: t.host[i] = (unsigned char)value;
  }
}

/* Number i as the step sees it: what it has written itself, as it is stored, else what was there. */
static double at(const Tensor *t, long long i) {
  if (i < 0 || i >= t->count) {
    fprintf(stderr, "%s has no number %lld\n", t->name, i);
    exit(2);
  }
  if (!t->known.empty() && t->known[i]) return t->kind == BF16 ? from_half(to_half((float)t->want[i])) : t->want[i];
  return stored(*t, t->host.data(), i);
}
static long long whole(const Tensor *t, long long i) { return (long long)at(t, i); }
static void put(Tensor *t, long long i, double value) {
  if (i < 0 || i >= t->count) {
    fprintf(stderr, "%s has no place %lld\n", t->name, i);
    exit(2);
  }
  t->want[i] = value;
  t->known[i] = 1;
}

/* A judgement of a result that is not compared number by number. */
static std::atomic<long long> judged, refused;
[[maybe_unused]] static void judge(bool right) {
  judged++;
  if (!right) refused++;
}

static uint64_t random_state;
static double uniform() {
  random_state += 0x9e3779b97f4a7c15ull;
  uint64_t x = random_state;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return (double)((x ^ (x >> 31)) >> 11) / 9007199254740992.0;
}

/* Rows of the experts: shares drawn at random, now and then none; the last runs up to two thirds of the rows or all. */
static void fill_offsets(Tensor &t, long long rows) {
  const long long experts = t.count - 1;
  std::vector<double> share(experts);
  double total = 0;
  for (auto &s : share) total += s = uniform() < 0.1 ? 0.0 : uniform() + 0.1;
  double before = 0;
  for (long long e = 0; e <= experts; e++) {
    store(t, e, total == 0 ? 0 : std::min<long long>(rows, (long long)(rows * before / total)));
    if (e < experts) before += share[e];
  }
}

/* The tiles of rows that a sort leaves behind: expert, first row, end; expert -1 where there is no tile. */
static void tiles_of(const Tensor *offsets, int rows, long long tiles, std::vector<long long> &table) {
  table.assign(tiles * 3, 0);
  long long next = 0;
  for (long long e = 0; e + 1 < offsets->count; e++)
    for (long long row = whole(offsets, e); row < whole(offsets, e + 1); row += rows, next++) {
      table[next * 3] = e;
      table[next * 3 + 1] = row;
      table[next * 3 + 2] = std::min(row + rows, whole(offsets, e + 1));
    }
  for (; next < tiles; next++) table[next * 3] = -1;
}

static void fill(Tensor &t, std::vector<Tensor> &all) {
  t.host.assign(t.count * width_of(t.kind), 0xff);
  const Fill &f = t.fill;
  std::vector<long long> numbers;
  switch (f.how) {
    case NOTHING: return;
    case OFFSETS: return fill_offsets(t, (long long)f.size);
    case TILES: tiles_of(&all[f.of], f.rows, t.count / 3, numbers); break;
    case ORDER:
      for (long long i = 0; i < t.count; i++) numbers.push_back(i);
      for (long long i = t.count - 1; i > 0; i--) std::swap(numbers[i], numbers[(long long)(uniform() * (i + 1))]);
      break;
    default: break;
  }
  for (long long i = 0; i < t.count; i++) {
    const double a = uniform();
    double value = f.size;
    if (!numbers.empty()) value = (double)numbers[i];
    if (f.how == NORMAL) value = f.size * 2 * (a + uniform() + uniform() - 1.5);
    if (f.how == POSITIVE) value = 0.25 + a;
    if (f.how == BELOW) value = std::floor(a * f.size);
    if (f.how == BELOW_OR_NONE) value = uniform() < 0.06 ? -1 : std::floor(a * f.size);
    if (f.how == LEGAL) value = i % 4 == 0 || a < 0.7;
    store(t, i, value);
  }
}

/* -------------------------------------------------------------------- steps */

typedef void (*Launch)(void *const *a);
typedef void (*Meaning)(Tensor *const *a, long long unit);

/* One launch of the plan: how it is queued, and what it means unit by unit (a row, a number of a product, a chunk). */
struct Step {
  const char *name;
  Launch launch;
  Meaning meaning;
  long long units;
  double flops, bytes;
  /* largest difference that is right, of the largest number; share of numbers that may be off, where a choice between
   * nearly equal keys can fall otherwise in f32 */
  double tolerance, slack;
  std::vector<int> args;
  /* which arguments it writes */
  std::vector<int> writes;
  /* whether its result is judged, not compared */
  bool judges;
};

/* Tensors, and the steps that run over them one after another. */
struct Case {
  const char *name;
  std::vector<Tensor> tensors;
  std::vector<Step> steps;
  /* what differences may grow to when every step goes on from what is right */
  double drift;
};

struct Options {
  int times = -1;
  bool check_only = false, whole = false;
  std::string only;
};

static void everywhere(long long count, long long stride, const Step &step, Tensor *const *a) {
  std::atomic<long long> next{0};
  const auto work = [&] {
    for (long long i; (i = next.fetch_add(64)) < count;)
      for (long long j = i; j < std::min(i + 64, count); j++) step.meaning(a, (j * stride) % step.units);
  };
  const unsigned most = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> others;
  if (count > 256)
    for (unsigned n = 1; n < most; n++) others.emplace_back(work);
  work();
  for (auto &other : others) other.join();
}

/* How many units are computed: all, or so many that it takes about a second. */
static long long units_of(const Step &step, bool all) {
  const double each = step.units > 0 ? step.flops / (double)step.units : 0;
  if (all || step.units < 1024) return step.units;
  return std::min(step.units, std::max(1024ll, (long long)(4e8 / std::max(each, 100.0))));
}

/* A step that visits all units in an order that looks like none. */
static long long stride_of(long long units) {
  long long stride = units < 3 ? 1 : (long long)(units * 0.6180339887) | 1;
  const auto shared = [](long long a, long long b) {
    while (b) a %= b, std::swap(a, b);
    return a;
  };
  while (shared(stride, units) != 1) stride += 2;
  return stride % units == 0 ? 1 : stride;
}

struct Found {
  long long checked = 0, off = 0;
  double far = 0;
  bool repeats = true;
  const char *worst = "";
};

static std::vector<unsigned char> brought(const Tensor &t) {
  std::vector<unsigned char> bytes(t.host.size());
  bring(bytes.data(), t.device, bytes.size());
  return bytes;
}

/* Runs one step twice from the same numbers and compares; `all`: every number, and the tensors move on to what is right. */
static Found check(Step &step, std::vector<Tensor> &tensors, bool all, double drift) {
  Found found;
  const double tolerance = all ? std::max(step.tolerance, drift) : step.tolerance;
  std::vector<Tensor *> a;
  std::vector<void *> places;
  for (int i : step.args) {
    a.push_back(&tensors[i]);
    places.push_back(tensors[i].device);
  }
  std::vector<std::vector<unsigned char>> after;
  for (int w : step.writes) {
    a[w]->want.assign(a[w]->count, 0);
    a[w]->known.assign(a[w]->count, 0);
  }
  if (!all)
    for (Tensor *t : a) t->host = brought(*t);
  std::vector<std::vector<unsigned char>> before;
  for (int w : step.writes) before.push_back(brought(*a[w]));
  step.launch(places.data());
  finish();
  for (int w : step.writes) after.push_back(brought(*a[w]));
  for (size_t i = 0; i < step.writes.size(); i++) send(a[step.writes[i]]->device, before[i].data(), before[i].size());
  step.launch(places.data());
  finish();
  for (size_t i = 0; i < step.writes.size(); i++) found.repeats &= brought(*a[step.writes[i]]) == after[i];
  if (step.judges)
    for (size_t i = 0; i < step.writes.size(); i++) a[step.writes[i]]->host = after[i];
  judged = refused = 0;
  const long long units = units_of(step, all);
  everywhere(units, units == step.units ? 1 : stride_of(step.units), step, a.data());
  for (size_t i = 0; i < step.writes.size(); i++) {
    Tensor &t = *a[step.writes[i]];
    double top = 1e-6;
    for (long long n = 0; n < t.count; n++)
      if (t.known[n] && std::isfinite(t.want[n])) top = std::max(top, std::fabs(t.want[n]));
    for (long long n = 0; n < t.count; n++) {
      if (!t.known[n]) continue;
      const double got = stored(t, after[i].data(), n), want = t.want[n];
      /* infinities must be the same; a number that is none is never right */
      const double far = got == want ? 0 : std::fabs(got - want) / top;
      const double allowed = t.kind == BF16 ? std::max(tolerance, 5e-3) : tolerance;
      const bool right = t.kind == I32 || t.kind == U8 ? got == want : far <= allowed;
      found.checked++;
      found.off += !right;
      if (!(far <= found.far)) {
        found.far = std::isnan(far) ? INFINITY : far;
        found.worst = t.name;
      }
    }
    /* what is right goes on; choices and scratch memory, as the device has them */
    std::vector<unsigned char> wanted = after[i];
    t.host.swap(wanted);
    if (all && t.kind != I32)
      for (long long n = 0; n < t.count; n++)
        if (t.known[n]) store(t, n, t.want[n]);
    t.want.clear();
    t.known.clear();
    t.want.shrink_to_fit();
    t.known.shrink_to_fit();
  }
  found.checked += judged;
  found.off += refused;
  return found;
}

static double median(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times.empty() ? 0 : times[times.size() / 2];
}

static void print_speed(double milliseconds, double flops, double bytes) {
  printf("; %.4f ms, %.2f TFLOP/s, %.1f GB/s", milliseconds, flops / milliseconds / 1e9, bytes / milliseconds / 1e6);
}

/* Checks and times the steps of one case; false where anything is wrong. */
static bool run_case(Case &c, const Options &options) {
  random_state = 1;
  double memory = 0, flops = 0, bytes = 0;
  for (Tensor &t : c.tensors) fill(t, c.tensors);
  for (Tensor &t : c.tensors) {
    if (t.fill.how == COPY)
      for (long long i = 0; i < t.count; i++) store(t, i, at(&c.tensors[t.fill.of], i));
    memory += (double)t.host.size();
    t.device = allocate(t.host.size());
    send(t.device, t.host.data(), t.host.size());
  }
  bool right = true;
  const bool several = c.steps.size() > 1;
  if (several) printf("%s: %zu launches of the plan, %.1f MB\n", c.name, c.steps.size(), memory / 1e6);
  const auto queue = [&](const Step &step) {
    std::vector<void *> places;
    for (int i : step.args) places.push_back(c.tensors[i].device);
    step.launch(places.data());
  };
  for (Step &step : c.steps) {
    const Found found = check(step, c.tensors, options.whole, c.drift);
    const double slack = options.whole && several ? std::max(step.slack, 2e-3) : step.slack;
    const bool good = found.checked > 0 && found.repeats && (double)found.off <= slack * (double)found.checked;
    right &= good;
    flops += step.flops;
    bytes += step.bytes;
    printf("%s%s: %s, %lld numbers", several ? "  " : "", step.name, good ? "right" : "WRONG", found.checked);
    if (found.far > 0) printf(", at most %.1e off", found.far);
    if (found.off > 0) printf(", %lld too far (%s, %.0e allowed)", found.off, found.worst, step.tolerance);
    if (!found.repeats) printf(", a second run gave other bits");
    if (!options.check_only) print_speed(median(measure([&] { queue(step); }, options.times)), step.flops, step.bytes);
    printf("\n");
    fflush(stdout);
  }
  if (several && !options.check_only) {
    const auto all = [&] {
      for (const Step &step : c.steps) queue(step);
    };
    printf("%s together", c.name);
    print_speed(median(measure(all, options.times)), flops, bytes);
    printf("\n");
  }
  for (Tensor &t : c.tensors) {
    release(t.device);
    t.host.clear();
    t.host.shrink_to_fit();
  }
  return right;
}

/* The whole of a harness's main. */
static int run(std::vector<Case> cases, int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; i++) {
    const std::string flag = argv[i];
    if (flag == "--check") options.check_only = true;
    else if (flag == "--whole") options.whole = true;
    else if (flag == "--times" && i + 1 < argc) options.times = atoi(argv[++i]);
    else if (flag == "--only" && i + 1 < argc) options.only = argv[++i];
    else {
      printf("%s [--check] [--whole] [--times N] [--only NAME]\n"
             "--check: no times. --whole: every number is compared, and each step goes on from what is right, not from\n"
             "what the device has. --only: cases with this in their name.\n",
             argv[0]);
      return flag == "--help" ? 0 : 2;
    }
  }
#if defined(__CUDACC__)
  if (options.times < 1) options.times = 50;
#else
  if (options.times < 1) options.times = 1;
#endif
  printf("%s\n", begin_machine().c_str());
  int wrong = 0, ran = 0;
  for (Case &c : cases) {
    if (std::string(c.name).find(options.only) == std::string::npos) continue;
    ran++;
    wrong += !run_case(c, options);
  }
  if (ran == 0) printf("no case has %s in its name\n", options.only.c_str());
  if (wrong > 0) printf("%d of %d WRONG\n", wrong, ran);
  return wrong > 0 || ran == 0 ? 1 : 0;
}

/* ------------------------------------------------------------------- meaning */

[[maybe_unused]] static double logistic(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
[[maybe_unused]] static double sign(double x) { return (double)((x > 0) - (x < 0)); }

/* A number in [0, 1) for seed, step, stream and place: the same as on every target. */
[[maybe_unused]] static double drawn(double seed, double step, int stream, long long place) {
  uint32_t hash = 0x85ebca6bu;
  for (uint32_t word : {(uint32_t)seed, (uint32_t)step, (uint32_t)stream, (uint32_t)place}) {
    hash ^= word * 0x9e3779b1u;
    hash ^= hash >> 16;
    hash *= 0x85ebca6bu;
    hash ^= hash >> 13;
    hash *= 0xc2b2ae35u;
    hash ^= hash >> 16;
  }
  return (hash >> 8) / 16777216.0;
}

/* Edges sorted by expert. `offsets`, `rows`, `slots`, `load`, `tiles`: arguments, -1 for none; `room`: fixed places of an
 * expert, 0 where runs are as long as they are. */
struct Sort {
  long long edges, most, experts, room;
  int offsets, rows, slots, load, tiles, tile_rows;
};
[[maybe_unused]] static void sorted(Tensor *const *a, const Sort &s) {
  std::vector<std::vector<long long>> runs(s.experts);
  if (s.slots >= 0)
    for (long long i = 0; i < s.edges; i++) put(a[s.slots], i, -1);
  for (long long i = 0; i < s.edges; i++)
    if (whole(a[0], i) >= 0) runs[whole(a[0], i)].push_back(i);
  if (s.rows >= 0)
    for (long long i = 0; i < (s.room ? s.experts * s.room : s.most); i++) put(a[s.rows], i, -1);
  long long start = 0;
  for (long long e = 0; e < s.experts; e++) {
    if (s.load >= 0) put(a[s.load], e, (double)runs[e].size());
    if (s.offsets >= 0) put(a[s.offsets], e, (double)start);
    for (size_t n = 0; s.rows >= 0 && n < runs[e].size(); n++) {
      if (s.room && (long long)n >= s.room) break;
      const long long place = s.room ? e * s.room + (long long)n : start + (long long)n;
      put(a[s.rows], place, (double)runs[e][n]);
      put(a[s.slots], runs[e][n], (double)place);
    }
    start += (long long)runs[e].size();
  }
  if (s.offsets >= 0) put(a[s.offsets], s.experts, (double)start);
  if (s.tiles < 0) return;
  std::vector<long long> table;
  tiles_of(a[s.offsets], s.tile_rows, a[s.tiles]->count / 3, table);
  for (size_t i = 0; i < table.size(); i += 3) {
    put(a[s.tiles], i, (double)table[i]);
    if (table[i] < 0) continue;
    put(a[s.tiles], i + 1, (double)table[i + 1]);
    put(a[s.tiles], i + 2, (double)table[i + 2]);
  }
}

/* Row `unit` of keys: the place of each, largest first, ties to the lowest; and who has each place. */
[[maybe_unused]] static void ranked(Tensor *const *a, long long size, long long unit) {
  std::vector<long long> order;
  for (long long i = 0; i < size; i++) {
    put(a[1], unit * size + i, -1);
    put(a[2], unit * size + i, -1);
    if (at(a[0], unit * size + i) != -INFINITY) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](long long x, long long y) { return at(a[0], unit * size + x) > at(a[0], unit * size + y); });
  for (size_t n = 0; n < order.size(); n++) {
    put(a[1], unit * size + order[n], (double)n);
    put(a[2], unit * size + (long long)n, (double)order[n]);
  }
}

/* Edges one after the other into experts with limited room; `choices` > 0: argument 3 ranks a unit's other experts. */
[[maybe_unused]] static void admitted(Tensor *const *a, long long edges, long long k, long long experts, long long choices, int to) {
  std::vector<long long> left(experts);
  for (long long e = 0; e < experts; e++) left[e] = whole(a[2], e);
  for (long long i = 0; i < edges; i++) put(a[to], i, -1);
  for (long long i = 0; i < edges; i++) {
    const long long edge = whole(a[1], i);
    if (edge < 0 || whole(a[0], edge) < 0) continue;
    const long long unit = edge / k;
    std::vector<long long> wanted = {whole(a[0], edge)};
    for (long long c = 0; c < choices; c++) wanted.push_back(whole(a[3], unit * choices + c));
    for (long long expert : wanted) {
      if (expert < 0) break;
      bool free = left[expert] > 0;
      for (long long n = 0; n < k; n++) free = free && whole(a[to], unit * k + n) != expert;
      if (!free) continue;
      left[expert]--;
      put(a[to], edge, (double)expert);
      break;
    }
  }
}

/* Units to experts, evenly and with the largest sum of keys: loads differ by one at most, and no circle of moves gains. */
[[maybe_unused]] static void assigned(Tensor *const *a, long long units, long long experts, long long unit) {
  std::vector<long long> load(experts, 0);
  const auto key = [&](long long u, long long e) { return at(a[0], (unit * units + u) * experts + e); };
  const auto own = [&](long long u) { return (long long)stored(*a[1], a[1]->host.data(), unit * units + u); };
  double top = 1e-6;
  long long total = 0;
  for (long long u = 0; u < units; u++) {
    if (own(u) < 0 || own(u) >= experts) continue;
    load[own(u)]++;
    total++;
    top = std::max(top, std::fabs(key(u, own(u))));
  }
  judge(total == units);
  const long long low = total / experts, high = (total + experts - 1) / experts;
  for (long long e = 0; e < experts; e++) judge(load[e] >= low && load[e] <= high);
  /* costs of moving one unit from one expert to another; node `experts` stands for room that experts may have to spare */
  const long long n = experts + 1;
  std::vector<double> cost(n * n, INFINITY);
  for (long long u = 0; u < units; u++)
    for (long long e = 0; own(u) >= 0 && e < experts; e++)
      if (e != own(u)) cost[own(u) * n + e] = std::min(cost[own(u) * n + e], key(u, own(u)) - key(u, e));
  for (long long e = 0; e < experts; e++) {
    if (load[e] < high) cost[e * n + experts] = 0;
    if (load[e] > low) cost[experts * n + e] = 0;
  }
  for (long long via = 0; via < n; via++)
    for (long long from = 0; from < n; from++)
      for (long long to = 0; to < n; to++) cost[from * n + to] = std::min(cost[from * n + to], cost[from * n + via] + cost[via * n + to]);
  for (long long e = 0; e < n; e++) judge(cost[e * n + e] >= -1e-4 * top);
}

/* Number `unit` of the sums: rows of values whose index names its row, times the weight of the index where there are weights
 * (an argument, or -1); each row goes to `copies` places. */
[[maybe_unused]] static void scattered(Tensor *const *a, long long items, long long copies, long long width, int weight, int to,
                                       long long unit) {
  double sum = 0;
  for (long long i = 0; i < items; i++)
    if (whole(a[1], i) == unit / width) sum += (weight < 0 ? 1 : at(a[weight], i)) * at(a[0], i / copies * width + unit % width);
  put(a[to], unit, sum);
}

/* Pair `unit` of neighbours half a head apart, turned by its position. */
[[maybe_unused]] static void turned(Tensor *const *a, long long width, long long head, long long sequence, double direction, long long unit) {
  const long long half = head / 2, row = unit / (width / 2), in_row = unit % (width / 2);
  const long long one = row * width + in_row / half * head + in_row % half, two = one + half;
  const long long angle = row % sequence * half + in_row % half;
  const double x = at(a[0], one), y = at(a[0], two), cosine = at(a[1], angle), sine = direction * at(a[2], angle);
  put(a[3], one, x * cosine - y * sine);
  put(a[3], two, y * cosine + x * sine);
}

struct Attention {
  long long rows, sequence, heads, kv_heads, head_dim, window;
  bool causal;
  double scale;
  bool sees(long long query, long long key) const {
    return (!causal || key <= query) && (window == 0 || key + window > query);
  }
  double product(const Tensor *x, long long i, const Tensor *y, long long j) const {
    double sum = 0;
    for (long long c = 0; c < head_dim; c++) sum += at(x, i + c) * at(y, j + c);
    return sum;
  }
};

/* One query of one head: arguments q, k, v, o, log-sum. */
[[maybe_unused]] static void attended(Tensor *const *a, const Attention &s, long long unit) {
  const long long t = unit / s.heads, head = unit % s.heads, first = t / s.sequence * s.sequence, query = t - first;
  const long long q = unit * s.head_dim, kv = head * s.kv_heads / s.heads;
  const auto place = [&](long long key) { return ((first + key) * s.kv_heads + kv) * s.head_dim; };
  std::vector<double> score(s.sequence, -INFINITY), sum(s.head_dim, 0);
  double most = -INFINITY, total = 0;
  for (long long key = 0; key < s.sequence; key++)
    if (s.sees(query, key)) most = std::max(most, score[key] = s.scale * s.product(a[0], q, a[1], place(key)));
  for (long long key = 0; key < s.sequence; key++) {
    if (!s.sees(query, key)) continue;
    const double weight = std::exp(score[key] - most);
    total += weight;
    for (long long c = 0; c < s.head_dim; c++) sum[c] += weight * at(a[2], place(key) + c);
  }
  for (long long c = 0; c < s.head_dim; c++) put(a[3], q + c, sum[c] / total);
  put(a[4], unit, most + std::log(total));
}

/* Gradients: of a query where `unit` is one, else of a key and its value. Arguments q, k, v, o, log-sum, o's gradient,
 * then the gradients. */
[[maybe_unused]] static void attended_backward(Tensor *const *a, const Attention &s, long long unit) {
  const long long queries = s.rows * s.heads;
  const bool of_query = unit < queries;
  const long long mine = of_query ? unit : unit - queries, mine_heads = of_query ? s.heads : s.kv_heads;
  const long long t = mine / mine_heads, first = t / s.sequence * s.sequence, group = s.heads / s.kv_heads;
  std::vector<double> one(s.head_dim, 0), two(s.head_dim, 0);
  const auto pair = [&](long long query, long long key, long long head) {
    if (!s.sees(query, key)) return;
    const long long q = ((first + query) * s.heads + head) * s.head_dim, k = ((first + key) * s.kv_heads + head / group) * s.head_dim;
    const double weight = std::exp(s.scale * s.product(a[0], q, a[1], k) - at(a[4], (first + query) * s.heads + head));
    const double slope = s.scale * weight * (s.product(a[5], q, a[2], k) - s.product(a[3], q, a[5], q));
    for (long long c = 0; c < s.head_dim; c++) {
      one[c] += slope * (of_query ? at(a[1], k + c) : at(a[0], q + c));
      two[c] += weight * at(a[5], q + c);
    }
  };
  for (long long other = 0; other < s.sequence; other++) {
    if (of_query) pair(t - first, other, mine % s.heads);
    else
      for (long long head = mine % s.kv_heads * group; head < (mine % s.kv_heads + 1) * group; head++) pair(other, t - first, head);
  }
  for (long long c = 0; c < s.head_dim; c++) {
    put(a[of_query ? 6 : 7], mine * s.head_dim + c, one[c]);
    if (!of_query) put(a[8], mine * s.head_dim + c, two[c]);
  }
}

}  // namespace harness

#endif
