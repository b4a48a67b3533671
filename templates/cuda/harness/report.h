/* Runs the cases of a harness one after another and prints a line for each step. */
#ifndef MOEC_HARNESS_REPORT_H
#define MOEC_HARNESS_REPORT_H

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "check.h"
#include "fills.h"

namespace harness {

struct Options {
  int times = -1;
  bool check_only = false, whole = false, count = false;
  unsigned blocks = 0;
  std::string only;
};

static double median(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times.empty() ? 0 : times[times.size() / 2];
}

static void print_speed(double milliseconds, double flops, double bytes) {
  printf("; %.4f ms, %.2f TFLOP/s, %.1f GB/s", milliseconds, flops / milliseconds / 1e9, bytes / milliseconds / 1e6);
}

static bool end_case(Case &c) {
  for (Tensor &t : c.tensors) {
    release(t.device);
    t.host.clear();
    t.host.shrink_to_fit();
  }
  return true;
}

#if defined(MOEC_COUNT)
/* Launches every step once and prints what was counted; of blocks that have no use for each other, so many are enough. */
static void count_case(Case &c, unsigned blocks, const std::function<void(const Step &)> &queue) {
  for (const Step &step : c.steps) {
    emulate::most_blocks = step.apart ? blocks : 0;
    queue(step);
    print_counts(step.name);
    fflush(stdout);
  }
}
#endif

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
  if (several && !options.count) printf("%s: %zu launches of the plan, %.1f MB\n", c.name, c.steps.size(), memory / 1e6);
  const auto queue = [&](const Step &step) {
    std::vector<void *> places;
    for (int i : step.args) places.push_back(c.tensors[i].device);
    step.launch(places.data());
  };
#if defined(MOEC_COUNT)
  if (options.count) {
    count_case(c, several ? 0 : options.blocks, queue);
    return end_case(c);
  }
#endif
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
  end_case(c);
  return right;
}

/* The whole of a harness's main. */
static int run(std::vector<Case> cases, int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; i++) {
    const std::string flag = argv[i];
    if (flag == "--check") options.check_only = true;
    else if (flag == "--whole") options.whole = true;
#if defined(MOEC_COUNT)
    else if (flag == "--count") options.count = true;
    else if (flag == "--blocks" && i + 1 < argc) options.blocks = (unsigned)atoi(argv[++i]);
#endif
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
#if defined(MOEC_COUNT)
  if (options.count) begin_counting();
#endif
  const std::string machine = begin_machine();
  if (!options.count) printf("%s\n", machine.c_str());
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

}  // namespace harness

#endif
