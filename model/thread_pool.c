/* The caller and the pool's threads take the next free part under one mutex and work on it without
 * the mutex. The caller waits until no part is open. Threads sleep between jobs; a thread that
 * wakes when all parts are taken goes back to sleep. When a thread cannot be started, the caller
 * does its share: the result is the same.
 */
#include "base/base.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "model/thread_pool.h"

struct thread_pool {
    pthread_mutex_t mutex;
    pthread_cond_t called, done;
    pthread_t *threads;
    size_t count; /* threads beside the caller */
    bool ending;

    /* The job: parts from `next` on are free, `open` ones are not finished. */
    void (*work)(void *arg, size_t part);
    void *arg;
    size_t next, parts, open;
};

/* Takes and does parts until none is free. The mutex is held on entry and on return. */
static void do_parts(struct thread_pool *pool)
{
    while (pool->next < pool->parts) {
        size_t part = pool->next++;
        (void)pthread_mutex_unlock(&pool->mutex);
        pool->work(pool->arg, part);
        (void)pthread_mutex_lock(&pool->mutex);
        if (--pool->open == 0) { (void)pthread_cond_signal(&pool->done); }
    }
}

static void *serve(void *arg)
{
    struct thread_pool *pool = arg;
    (void)pthread_mutex_lock(&pool->mutex);
    while (!pool->ending) {
        do_parts(pool);
        if (!pool->ending) { (void)pthread_cond_wait(&pool->called, &pool->mutex); }
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

struct thread_pool *thread_pool_new(size_t threads)
{
    assert(threads >= 1);
    struct thread_pool *pool = xcalloc(1, sizeof(*pool));
    (void)pthread_mutex_init(&pool->mutex, NULL);
    (void)pthread_cond_init(&pool->called, NULL);
    (void)pthread_cond_init(&pool->done, NULL);
    pool->threads = xcalloc(threads, sizeof(*pool->threads));
    /* When a thread cannot be started, the caller does its parts. */
    while (pool->count + 1 < threads &&
           thread_start(&pool->threads[pool->count], "compute", serve, pool) == 0) {
        pool->count++;
    }
    return pool;
}

struct thread_pool *thread_pool_free(struct thread_pool *pool)
{
    if (!pool) { return NULL; }
    (void)pthread_mutex_lock(&pool->mutex);
    pool->ending = true;
    (void)pthread_cond_broadcast(&pool->called);
    (void)pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->count; i++) { thread_join(pool->threads[i]); }
    (void)pthread_cond_destroy(&pool->called);
    (void)pthread_cond_destroy(&pool->done);
    (void)pthread_mutex_destroy(&pool->mutex);
    free(pool->threads);
    free(pool);
    return NULL;
}

void thread_pool_run(struct thread_pool *pool, size_t parts, void (*work)(void *arg, size_t part),
                     void *arg)
{
    (void)pthread_mutex_lock(&pool->mutex);
    assert(pool->open == 0);
    pool->work = work;
    pool->arg = arg;
    pool->next = 0;
    pool->parts = pool->open = parts;
    (void)pthread_cond_broadcast(&pool->called);
    do_parts(pool);
    while (pool->open > 0) { (void)pthread_cond_wait(&pool->done, &pool->mutex); }
    pool->parts = 0;
    (void)pthread_mutex_unlock(&pool->mutex);
}
