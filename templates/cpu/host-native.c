/*
 * The native host of a generated program: its memory and its threads. Compiled with the program into one library and
 * called from Node. The threads live as long as the pool and sleep between runs; the calling thread only waits, so
 * that every program thread has a stack of known size. Not used under WebAssembly, where Node gives both.
 */
#define _GNU_SOURCE
#include "spmd.h"
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

#define STACK_BYTES ((size_t)8 << 20)
#define HUGE_PAGE ((size_t)2 << 20)

void moec_run(char *arena, int program, int thread, int threads);

typedef struct moec_pool moec_pool;

typedef struct {
  moec_pool *pool;
  pthread_t id;
  int number;
} moec_thread;

struct moec_pool {
  char *arena;
  size_t bytes;
  pthread_mutex_t lock;
  pthread_cond_t start, done;
  uint64_t runs; /* a thread that has seen fewer has work to do */
  int program, running, stop;
  int threads; /* that were really started */
  moec_thread thread[];
};

static void *moec_thread_main(void *argument) {
  moec_thread *self = argument;
  moec_pool *pool = self->pool;
  pthread_mutex_lock(&pool->lock);
  for (uint64_t seen = 0;;) {
    while (pool->runs == seen && !pool->stop) pthread_cond_wait(&pool->start, &pool->lock);
    if (pool->stop) break;
    seen = pool->runs;
    int program = pool->program, threads = pool->threads;
    pthread_mutex_unlock(&pool->lock);
    moec_run(pool->arena, program, self->number, threads);
    pthread_mutex_lock(&pool->lock);
    if (--pool->running == 0) pthread_cond_signal(&pool->done);
  }
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

/* Zero pages, aligned to huge ones where the system has them; NULL when there is no room. */
static char *moec_map(size_t bytes) {
  char *base = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return NULL;
  char *arena = (char *)(((uintptr_t)base + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1));
#ifdef MADV_HUGEPAGE
  madvise(arena, bytes, MADV_HUGEPAGE);
#endif
  return arena;
}

static int moec_start_thread(moec_pool *pool, int number) {
  moec_thread *self = &pool->thread[number];
  self->pool = pool;
  self->number = number;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  int failed = pthread_create(&self->id, &attributes, moec_thread_main, self);
  pthread_attr_destroy(&attributes);
  return !failed;
}

/* A pool with its arena. Ask moec_pool_arena and moec_pool_threads how much of it could be had. */
MOEC_EXPORT moec_pool *moec_pool_open(size_t bytes, int threads, int spins) {
  moec_pool *pool = calloc(1, sizeof *pool + (size_t)threads * sizeof(moec_thread));
  if (!pool) return NULL;
  pool->bytes = bytes;
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->start, NULL);
  pthread_cond_init(&pool->done, NULL);
  pool->arena = moec_map(bytes);
  if (!pool->arena) return pool;
  ((moec_control *)pool->arena)->spins = spins;
  while (pool->threads < threads && moec_start_thread(pool, pool->threads)) pool->threads++;
  return pool;
}

MOEC_EXPORT char *moec_pool_arena(moec_pool *pool) { return pool->arena; }

MOEC_EXPORT int moec_pool_threads(moec_pool *pool) { return pool->threads; }

/* Runs one program on all threads; returns when all have ended. One call at a time. */
MOEC_EXPORT void moec_pool_run(moec_pool *pool, int program) {
  pthread_mutex_lock(&pool->lock);
  pool->program = program;
  pool->running = pool->threads;
  pool->runs++;
  pthread_cond_broadcast(&pool->start);
  while (pool->running > 0) pthread_cond_wait(&pool->done, &pool->lock);
  pthread_mutex_unlock(&pool->lock);
}

/* Ends the threads and gives the memory back. Not during a run. */
MOEC_EXPORT void moec_pool_close(moec_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  pool->stop = 1;
  pthread_cond_broadcast(&pool->start);
  pthread_mutex_unlock(&pool->lock);
  for (int number = 0; number < pool->threads; number++) pthread_join(pool->thread[number].id, NULL);
  /* fresh pages over the old ones: the memory is free again, but JavaScript may still hold views of these addresses,
   * and reading one after the end must give zeros, not a crash */
  if (pool->arena) {
    mmap(pool->arena, pool->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE | MAP_FIXED, -1, 0);
  }
  free(pool);
}
