/* What statements of a plan mean in f64: functions that a compiler has no word for, rows by index, rotary positions. */
#ifndef MOEC_HARNESS_MEANING_H
#define MOEC_HARNESS_MEANING_H

#include <cmath>
#include <cstdint>

#include "tensors.h"

namespace harness {

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

}  // namespace harness

#endif
