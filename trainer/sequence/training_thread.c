/* Which thread uses which members:
 *
 *   worker's thread     begin, end, take, report; also `learner` while the thread does not run
 *   training thread     `learner`, `checkpoint_ms`, `publish_ms`, `published` while it runs
 *   both, under `lock`  `snapshot`, `report`, `quit`
 *
 * A new snapshot replaces one that the worker has not taken: only the newest is worth publishing.
 * The thread keeps to its share of the processor by sleeping in proportion to each slice of work.
 * With `threads` 0 there is no thread: the worker calls training_thread_work() from its tick.
 */
#include "base/base.h"
#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/text_file.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "trainer/sequence/training_thread.h"

enum {
    IDLE_MS = 50,
    /* Intervals after which a checkpoint does not wait for the end of an epoch. */
    LATE_CHECKPOINTS = 10,
};

#define CHECKPOINT_BYTES_MAX ((size_t)16 << 30)

struct training_thread {
    struct training_thread_settings settings;
    struct training_set *training_set;
    char *path;
    struct learner *learner; /* NULL: not begun */
    bool threaded;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool quit;
    struct model_snapshot *snapshot;
    struct training_thread_report report;
    struct training_pace pace;         /* in use: taken from settings.pace before each slice */
    int64_t checkpoint_ms, publish_ms; /* times of the last ones */
    bool published;                    /* a snapshot was made in this process */
};

static int64_t now_ms(const struct training_thread *training_thread)
{
    return training_thread->settings.now_ms(training_thread->settings.clock_arg);
}

struct training_thread *training_thread_new(const struct training_thread_settings *settings,
                                            struct training_set *training_set,
                                            const char *checkpoint_path)
{
    struct training_thread *training_thread = xcalloc(1, sizeof(*training_thread));
    training_thread->settings = *settings;
    training_thread->training_set = training_set;
    training_thread->path = xstrdup(checkpoint_path);
    training_thread->threaded = settings->learner.threads > 0;
    if (!training_thread->threaded) { training_thread->settings.learner.threads = 1; }
    thread_cond_init(&training_thread->wake);
    pthread_mutex_init(&training_thread->lock, NULL);
    return training_thread;
}

struct training_thread *training_thread_free(struct training_thread *training_thread)
{
    if (!training_thread) { return NULL; }
    training_thread_end(training_thread);
    model_snapshot_free(training_thread->snapshot);
    pthread_cond_destroy(&training_thread->wake);
    pthread_mutex_destroy(&training_thread->lock);
    free(training_thread->path);
    free(training_thread);
    return NULL;
}

/* ---- Checkpoints ---- */

static void checkpoint(struct training_thread *training_thread)
{
    struct buf bytes;
    training_thread->checkpoint_ms = now_ms(training_thread);
    if (learner_report(training_thread->learner).steps == 0) { return; }
    buf_init(&bytes, CHECKPOINT_BYTES_MAX);
    learner_save(training_thread->learner, &bytes);
    bool good =
        !buf_failed(&bytes) && atomic_file_write(training_thread->path, buf_slice(&bytes)) == 0;
    buf_release(&bytes);
    pthread_mutex_lock(&training_thread->lock);
    training_thread->report.checkpoints += good;
    training_thread->report.checkpoint_failures += !good;
    pthread_mutex_unlock(&training_thread->lock);
}

static void resume(struct training_thread *training_thread)
{
    struct buf bytes;
    const char *why = NULL;
    buf_init(&bytes, CHECKPOINT_BYTES_MAX);
    int result = text_file_read(training_thread->path, &bytes);
    bool resumed = !result && learner_load(training_thread->learner, buf_slice(&bytes), &why);
    if (result && result != -ENOENT) { why = "unreadable"; }
    buf_release(&bytes);
    training_thread->report.resumed = resumed;
    training_thread->report.why = why;
}

/* ---- Training ---- */

static void make_snapshot(struct training_thread *training_thread)
{
    struct model_snapshot *snapshot = learner_snapshot(training_thread->learner);
    if (!snapshot) { return; }
    training_thread->publish_ms = now_ms(training_thread);
    training_thread->published = true;
    pthread_mutex_lock(&training_thread->lock);
    struct model_snapshot *previous = training_thread->snapshot;
    training_thread->snapshot = snapshot;
    pthread_mutex_unlock(&training_thread->lock);
    model_snapshot_free(previous);
}

static void snapshot_and_checkpoint_if_due(struct training_thread *training_thread)
{
    enum learner_milestone milestone = learner_milestone(training_thread->learner);
    bool due =
        !training_thread->published || now_ms(training_thread) - training_thread->publish_ms >=
                                           training_thread->pace.publish_ms;
    if (milestone == MILESTONE_ENDED || (milestone == MILESTONE_IMPROVED && due)) {
        make_snapshot(training_thread);
    }
    int64_t age_ms = now_ms(training_thread) - training_thread->checkpoint_ms,
            interval_ms = training_thread->pace.checkpoint_ms;
    bool between_epochs = learner_between_epochs(training_thread->learner);
    if (milestone == MILESTONE_ENDED || (between_epochs && age_ms >= interval_ms) ||
        age_ms >= interval_ms * LATE_CHECKPOINTS) {
        checkpoint(training_thread);
    }
}

/* Does a slice of work; false when there was nothing to do. */
static bool advance(struct training_thread *training_thread)
{
    pthread_mutex_lock(&training_thread->lock);
    training_thread->pace = training_thread->settings.pace;
    pthread_mutex_unlock(&training_thread->lock);
    bool worked = learner_step(training_thread->learner);
    if (worked) { snapshot_and_checkpoint_if_due(training_thread); }
    struct learner_report report = learner_report(training_thread->learner);
    pthread_mutex_lock(&training_thread->lock);
    training_thread->report.learner = report;
    training_thread->report.idle = !worked && !training_thread->snapshot;
    pthread_mutex_unlock(&training_thread->lock);
    return worked;
}

/* Sleeps until the time is over or the thread is to quit; says whether it is to quit. */
static bool pause_or_quit(struct training_thread *training_thread, int64_t pause_us)
{
    struct timespec until = thread_deadline(pause_us);
    pthread_mutex_lock(&training_thread->lock);
    int result = 0;
    while (!training_thread->quit && pause_us && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&training_thread->wake, &training_thread->lock, &until);
    }
    bool quit = training_thread->quit;
    pthread_mutex_unlock(&training_thread->lock);
    return quit;
}

static void *thread_main(void *arg)
{
    struct training_thread *training_thread = arg;
    for (int64_t pause_us = 0; !pause_or_quit(training_thread, pause_us);) {
        int64_t from_us = clock_monotonic_us();
        bool worked = advance(training_thread);
        double us = (double)(clock_monotonic_us() - from_us);
        double share = training_thread->pace.cpu_share;
        pause_us = worked ? (int64_t)(us * (1.0 - share) / share) : IDLE_MS * 1000;
    }
    return NULL;
}

void training_thread_begin(struct training_thread *training_thread)
{
    assert(!training_thread->learner);
    training_thread->learner =
        learner_new(&training_thread->settings.learner, training_thread->training_set);
    if (training_thread->settings.content_table) {
        learner_use_content(training_thread->learner, training_thread->settings.content_table,
                            (size_t)training_thread->settings.content_rank);
    }
    if (training_thread->settings.search_table) {
        learner_use_searches(training_thread->learner, training_thread->settings.search_table);
    }
    training_thread->checkpoint_ms = training_thread->publish_ms = now_ms(training_thread);
    resume(training_thread);
    training_thread->report.learner = learner_report(training_thread->learner);
    if (!training_thread->threaded) { return; }
    training_thread->quit = false;
    int result = thread_start(&training_thread->thread, "training", thread_main, training_thread);
    assert(result == 0);
}

void training_thread_set_pace(struct training_thread *training_thread, struct training_pace pace)
{
    pthread_mutex_lock(&training_thread->lock);
    training_thread->settings.pace = pace;
    pthread_mutex_unlock(&training_thread->lock);
}

void training_thread_end(struct training_thread *training_thread)
{
    if (!training_thread->learner) { return; }
    if (training_thread->threaded) {
        pthread_mutex_lock(&training_thread->lock);
        training_thread->quit = true;
        pthread_cond_broadcast(&training_thread->wake);
        pthread_mutex_unlock(&training_thread->lock);
        thread_join(training_thread->thread);
    }
    checkpoint(training_thread);
    training_thread->learner = learner_free(training_thread->learner);
}

bool training_thread_runs(const struct training_thread *training_thread)
{
    return training_thread->learner;
}

void training_thread_work(struct training_thread *training_thread, int64_t budget_ms)
{
    if (training_thread->threaded || !training_thread->learner) { return; }
    int64_t until_ms = now_ms(training_thread) + budget_ms;
    while (advance(training_thread) && now_ms(training_thread) < until_ms) {}
}

struct model_snapshot *training_thread_take(struct training_thread *training_thread)
{
    pthread_mutex_lock(&training_thread->lock);
    struct model_snapshot *snapshot = training_thread->snapshot;
    training_thread->snapshot = NULL;
    pthread_mutex_unlock(&training_thread->lock);
    return snapshot;
}

struct training_thread_report training_thread_report(struct training_thread *training_thread)
{
    pthread_mutex_lock(&training_thread->lock);
    struct training_thread_report report = training_thread->report;
    pthread_mutex_unlock(&training_thread->lock);
    return report;
}
