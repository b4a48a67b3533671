/* What kernels run on: a GPU, or the machine made of software in emulate.h. Memory, launches, times. */
#ifndef MOEC_HARNESS_MACHINE_H
#define MOEC_HARNESS_MACHINE_H

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#if defined(__CUDACC__)
#include <cuda.h>
#include <cuda_runtime.h>
#endif

#include DEVICE_HEADER
#include "count.h"

namespace harness {

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
#if defined(MOEC_COUNT)
  is_memory(made, bytes);
#endif
  return made;
}
static void release(void *memory) {
#if defined(MOEC_COUNT)
  is_no_memory(memory);
#endif
  free(memory);
}
static void send(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
static void bring(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
static void finish() {}

template <class Body>
static void launch_emulated([[maybe_unused]] const char *function, uint3 grid, int threads, Body body) {
#if defined(MOEC_COUNT)
  const long long blocks = (long long)grid.x * grid.y * grid.z;
  count_for(function, blocks, emulate::most_blocks ? std::min<long long>(blocks, emulate::most_blocks) : blocks);
#endif
  emulate::launch(grid, threads, [](void *with) { (*(Body *)with)(); }, &body);
#if defined(MOEC_COUNT)
  end_of_counting();
#endif
}
#define LAUNCH(kernel, x, y, z, threads, shared, ...) \
  harness::launch_emulated(#kernel, {(unsigned)(x), (unsigned)(y), (unsigned)(z)}, threads, [&] { kernel(__VA_ARGS__); })

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

}  // namespace harness

#endif
