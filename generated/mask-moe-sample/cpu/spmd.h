/*
 * How the threads of a generated program work together: every thread runs the whole program, and a barrier stands
 * between launches. The same text serves the system's compiler and the embedded one (WebAssembly). The control block
 * is the first 4096 bytes of the arena, zeroed by the host before the first run. No libc is needed under WebAssembly.
 */
#ifndef MOEC_SPMD_H
#define MOEC_SPMD_H
#include <stdint.h>

#if !defined(__wasm__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#elif !defined(__wasm__)
#include <sched.h>
#endif

/* everything else is hidden */
#define MOEC_EXPORT __attribute__((visibility("default")))

/* work counters of a launch; a launch with several dynamic loops uses one slot for each */
#define MOEC_COUNTERS 16

/* 128 bytes apart: what some processors fetch together */
typedef struct {
  _Alignas(128) int32_t spins;      /* how often to look before going to sleep; written by the host */
  _Alignas(128) int32_t arrived;    /* threads that wait at the current barrier */
  _Alignas(128) int32_t generation; /* barriers passed so far, modulo 2^32 */
  _Alignas(128) int32_t sleepers;   /* threads that may have to be woken */
  _Alignas(128) int32_t next[MOEC_COUNTERS];
} moec_control;
_Static_assert(sizeof(moec_control) <= 4096, "the control block has 4096 bytes");

static inline void moec_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/*
 * moec_sleep sleeps until woken, or returns at once if *word is no longer `seen`; it may also return without a reason.
 * Under WebAssembly the host brings both (Atomics.wait and notify): the baseline compiler of V8 11.3, in Node 20,
 * hands a wrong address to the instruction memory.atomic.wait32 when registers are scarce, and the thread never wakes.
 */
#if defined(__wasm__)
__attribute__((import_module("env"), import_name("moec_sleep"))) void moec_sleep(int32_t *word, int32_t seen);
__attribute__((import_module("env"), import_name("moec_wake_all"))) void moec_wake_all(int32_t *word);
#elif defined(__linux__)
static inline void moec_sleep(int32_t *word, int32_t seen) {
  syscall(SYS_futex, word, 128 /* FUTEX_WAIT_PRIVATE */, seen, 0, 0, 0);
}
static inline void moec_wake_all(int32_t *word) {
  syscall(SYS_futex, word, 129 /* FUTEX_WAKE_PRIVATE */, 0x7fffffff, 0, 0, 0);
}
#else
static inline void moec_sleep(int32_t *word, int32_t seen) {
  (void)word;
  (void)seen;
  sched_yield();
}
static inline void moec_wake_all(int32_t *word) { (void)word; }
#endif

static inline void moec_reset_counters(moec_control *c) {
  for (int slot = 0; slot < MOEC_COUNTERS; slot++) __atomic_store_n(&c->next[slot], 0, __ATOMIC_RELAXED);
}

/* Waits for the generation after `seen`: looks for a while, then sleeps. */
static inline void moec_await(moec_control *c, int32_t seen) {
  for (int32_t spins = c->spins; spins > 0; spins--) {
    if (__atomic_load_n(&c->generation, __ATOMIC_ACQUIRE) != seen) return;
    moec_relax();
  }
  /* sequentially consistent together with moec_barrier: either the last thread sees this sleeper, or the sleeper
   * sees the new generation. Nobody sleeps through a barrier. */
  __atomic_add_fetch(&c->sleepers, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&c->generation, __ATOMIC_SEQ_CST) == seen) moec_sleep(&c->generation, seen);
  __atomic_sub_fetch(&c->sleepers, 1, __ATOMIC_SEQ_CST);
}

/*
 * Ends a launch: returns when all threads have called it. What any thread wrote before is seen by all after, and the
 * work counters are zero again. Every thread calls it after every launch, the last one too.
 */
static inline void moec_barrier(moec_control *c, int threads) {
  if (threads == 1) {
    moec_reset_counters(c);
    return;
  }
  int32_t seen = __atomic_load_n(&c->generation, __ATOMIC_RELAXED);
  if (__atomic_add_fetch(&c->arrived, 1, __ATOMIC_ACQ_REL) < threads) {
    moec_await(c, seen);
    return;
  }
  /* the last to arrive: the others only look at `generation`, so this needs no further order */
  __atomic_store_n(&c->arrived, 0, __ATOMIC_RELAXED);
  moec_reset_counters(c);
  __atomic_add_fetch(&c->generation, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&c->sleepers, __ATOMIC_SEQ_CST) > 0) moec_wake_all(&c->generation);
}

/* Takes the next piece of work of a dynamic loop: 0, 1, 2, … each to exactly one thread, from 0 in every launch. */
static inline int moec_next(moec_control *c, int slot) {
  return __atomic_fetch_add(&c->next[slot], 1, __ATOMIC_RELAXED);
}

#endif
