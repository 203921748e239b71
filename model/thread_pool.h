/* A pool of threads that work on the numbered parts of a job.
 *
 * Any thread may do any part. A job whose parts write to separate memory gives the same result with
 * any number of threads. One caller at a time.
 */
#ifndef FRESHET_MODEL_THREAD_POOL_H
#define FRESHET_MODEL_THREAD_POOL_H

#include "base/base.h"

struct thread_pool;

/* Makes a pool of `threads` >= 1, the caller among them; free with thread_pool_free(). */
struct thread_pool *thread_pool_new(size_t threads);
/* Ends the threads; takes NULL; returns NULL. */
struct thread_pool *thread_pool_free(struct thread_pool *pool);
/* Runs work(arg, part) for each part of 0 .. parts - 1 and returns when all are done. */
void thread_pool_run(struct thread_pool *pool, size_t parts, void (*work)(void *arg, size_t part),
                     void *arg);

#endif
