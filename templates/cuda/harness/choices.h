/* What kernels that choose mean: edges sorted by expert, keys ranked, limited room, even assignment. */
#ifndef MOEC_HARNESS_CHOICES_H
#define MOEC_HARNESS_CHOICES_H

#include <algorithm>
#include <cmath>
#include <vector>

#include "fills.h"

namespace harness {

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

}  // namespace harness

#endif
