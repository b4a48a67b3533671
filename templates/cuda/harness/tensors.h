/* Tensors of a case: what they hold on the processor, and what a step should write. */
#ifndef MOEC_HARNESS_TENSORS_H
#define MOEC_HARNESS_TENSORS_H

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

/* Nobody watches a GPU. */
#if defined(__CUDACC__)
#define UNWATCHED
#else
#include DEVICE_HEADER
#endif

namespace harness {

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
UNWATCHED static unsigned short to_half(float x) {
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
UNWATCHED static void store(Tensor &t, long long i, double value) {
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

}  // namespace harness

#endif
