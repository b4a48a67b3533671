/* What attention and its gradient mean. */
#ifndef MOEC_HARNESS_ATTENTION_H
#define MOEC_HARNESS_ATTENTION_H

#include <algorithm>
#include <cmath>
#include <vector>

#include "tensors.h"

namespace harness {

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
