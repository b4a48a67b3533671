/* What tensors hold before the first launch: numbers of a fixed seed that mean something where they are read. */
#ifndef MOEC_HARNESS_FILLS_H
#define MOEC_HARNESS_FILLS_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "tensors.h"

namespace harness {

static uint64_t random_state;
UNWATCHED static double uniform() {
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

UNWATCHED static void fill(Tensor &t, std::vector<Tensor> &all) {
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

}  // namespace harness

#endif
