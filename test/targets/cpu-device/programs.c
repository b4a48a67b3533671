/* Small SPMD programs by number; see device.test.ts for what each must do. */
#include "spmd.h"

enum { RESULT = 4096, TALLY = 8192, DATA = 65536 };
enum { NUMBERS = 100000, ITEMS = 1000, ROUNDS = 50, BARRIERS = 10000 };

static void sum(char *arena, moec_control *c, int thread, int threads) {
  const float *numbers = (const float *)(arena + DATA);
  float *partial = (float *)(arena + TALLY), total = 0;
  int from = (int)((int64_t)NUMBERS * thread / threads), to = (int)((int64_t)NUMBERS * (thread + 1) / threads);
  for (int i = from; i < to; i++) total += numbers[i];
  partial[16 * thread] = total;
  moec_barrier(c, threads);
  if (thread == 0) {
    total = 0;
    for (int i = 0; i < threads; i++) total += partial[16 * i];
    *(float *)(arena + RESULT) = total;
  }
  moec_barrier(c, threads);
}

/* result[0]: how often a thread saw another one behind; result[1]: how often too far ahead */
static void barriers(char *arena, moec_control *c, int thread, int threads) {
  int32_t *result = (int32_t *)(arena + RESULT), *tally = (int32_t *)(arena + TALLY);
  for (int round = 1; round <= BARRIERS; round++) {
    *(volatile int32_t *)&tally[16 * thread] = round;
    moec_barrier(c, threads);
    int32_t next = *(volatile int32_t *)&tally[16 * ((thread + 1) % threads)];
    if (next < round) __atomic_add_fetch(&result[0], 1, __ATOMIC_RELAXED);
    if (next > round + 1) __atomic_add_fetch(&result[1], 1, __ATOMIC_RELAXED);
  }
  moec_barrier(c, threads);
}

/* two dynamic loops in each launch: every item must be taken once by each */
static void counters(char *arena, moec_control *c, int thread, int threads) {
  int32_t *taken = (int32_t *)(arena + DATA);
  (void)thread;
  for (int round = 0; round < ROUNDS; round++) {
    for (int i; (i = moec_next(c, 0)) < ITEMS;) taken[i]++;
    for (int i; (i = moec_next(c, 1)) < ITEMS;) taken[ITEMS + i]++;
    moec_barrier(c, threads);
  }
}

static void wait_long(char *arena, moec_control *c, int thread, int threads) {
  volatile float *slot = (volatile float *)(arena + TALLY) + 16 * thread;
  for (int i = 0; i < 100000000; i++) *slot = *slot * 0.5f + 1.0f;
  moec_barrier(c, threads);
}

/* a stack of `depth` × 4 KiB */
static __attribute__((noinline)) int deep(volatile char *above, int depth) {
  volatile char frame[4096];
  frame[0] = above[0];
  frame[4095] = (char)depth;
  return depth == 1 ? frame[0] : deep(frame, depth - 1) + frame[4095] * 0;
}

static void only_barriers(moec_control *c, int threads) {
  for (int round = 0; round < BARRIERS; round++) moec_barrier(c, threads);
}

MOEC_EXPORT void moec_run(char *arena, int program, int thread, int threads) {
  moec_control *c = (moec_control *)arena;
  char bottom = (char)thread;
  if (program == 0) sum(arena, c, thread, threads);
  if (program == 1) barriers(arena, c, thread, threads);
  if (program == 2) counters(arena, c, thread, threads);
  if (program == 4) wait_long(arena, c, thread, threads);
  if (program == 5) ((int32_t *)(arena + RESULT))[thread] = deep(&bottom, 220);
  if (program == 6) ((int32_t *)(arena + RESULT))[thread] = deep(&bottom, 300);
  if (program == 7) only_barriers(c, threads);
  if (program == 8) {
    if (thread == threads - 1) __builtin_trap();
    moec_barrier(c, threads);
  }
}
