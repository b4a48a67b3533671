/* What a harness runs: launches of the plan, and what each means. */
#ifndef MOEC_HARNESS_STEPS_H
#define MOEC_HARNESS_STEPS_H

#include <vector>

#include "tensors.h"

namespace harness {

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
  /* whether its result is judged, not compared; whether its blocks have use for nothing that others make in this launch */
  bool judges, apart;
};

/* Tensors, and the steps that run over them one after another. */
struct Case {
  const char *name;
  std::vector<Tensor> tensors;
  std::vector<Step> steps;
  /* what differences may grow to when every step goes on from what is right */
  double drift;
};

}  // namespace harness

#endif
