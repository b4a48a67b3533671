/* A step against its meaning, computed in f64 on all processors; a second launch must give the same bits. */
#ifndef MOEC_HARNESS_CHECK_H
#define MOEC_HARNESS_CHECK_H

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <utility>
#include <vector>

#include "machine.h"
#include "steps.h"

namespace harness {

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

}  // namespace harness

#endif
