#include "base/base.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "model/crew.h"

struct crew {
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
static void do_parts(struct crew *crew)
{
    while (crew->next < crew->parts) {
        size_t part = crew->next++;
        (void)pthread_mutex_unlock(&crew->mutex);
        crew->work(crew->arg, part);
        (void)pthread_mutex_lock(&crew->mutex);
        if (--crew->open == 0) { (void)pthread_cond_signal(&crew->done); }
    }
}

static void *serve(void *arg)
{
    struct crew *crew = arg;
    (void)pthread_mutex_lock(&crew->mutex);
    while (!crew->ending) {
        do_parts(crew);
        if (!crew->ending) { (void)pthread_cond_wait(&crew->called, &crew->mutex); }
    }
    (void)pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

struct crew *crew_new(size_t threads)
{
    assert(threads >= 1);
    struct crew *crew = xcalloc(1, sizeof(*crew));
    (void)pthread_mutex_init(&crew->mutex, NULL);
    (void)pthread_cond_init(&crew->called, NULL);
    (void)pthread_cond_init(&crew->done, NULL);
    crew->threads = xcalloc(threads, sizeof(*crew->threads));
    /* A thread that cannot be had is done without: the caller takes its parts. */
    while (crew->count + 1 < threads &&
           thread_start(&crew->threads[crew->count], "compute", serve, crew) == 0) {
        crew->count++;
    }
    return crew;
}

struct crew *crew_free(struct crew *crew)
{
    if (!crew) { return NULL; }
    (void)pthread_mutex_lock(&crew->mutex);
    crew->ending = true;
    (void)pthread_cond_broadcast(&crew->called);
    (void)pthread_mutex_unlock(&crew->mutex);
    for (size_t i = 0; i < crew->count; i++) { thread_join(crew->threads[i]); }
    (void)pthread_cond_destroy(&crew->called);
    (void)pthread_cond_destroy(&crew->done);
    (void)pthread_mutex_destroy(&crew->mutex);
    free(crew->threads);
    free(crew);
    return NULL;
}

void crew_run(struct crew *crew, size_t parts, void (*work)(void *arg, size_t part), void *arg)
{
    (void)pthread_mutex_lock(&crew->mutex);
    assert(crew->open == 0);
    crew->work = work;
    crew->arg = arg;
    crew->next = 0;
    crew->parts = crew->open = parts;
    (void)pthread_cond_broadcast(&crew->called);
    do_parts(crew);
    while (crew->open > 0) { (void)pthread_cond_wait(&crew->done, &crew->mutex); }
    crew->parts = 0;
    (void)pthread_mutex_unlock(&crew->mutex);
}
