#include "base/base.h"
#include "base/atomic_file.h"
#include "base/text_file.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "sequence/study.h"

enum {
    IDLE_MS = 50,
    LATE_CHECKPOINTS = 10, /* so many intervals, and a checkpoint is written in mid-round */
};

#define CHECKPOINT_BYTES_MAX ((size_t)16 << 30)

struct study {
    struct study_settings settings;
    struct pool *pool;
    char *path;
    struct learner *learner; /* NULL: not begun */
    bool threaded;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool quit;
    struct graduate *graduate;
    struct study_report report;
    int64_t checkpoint_ms, publish_ms; /* when they were last */
    bool published;                    /* something in this process */
};

static int64_t now_ms(const struct study *study)
{
    return study->settings.now_ms(study->settings.clock_arg);
}

struct study *study_new(const struct study_settings *settings, struct pool *pool,
                        const char *checkpoint_path)
{
    struct study *study = xcalloc(1, sizeof(*study));
    study->settings = *settings;
    study->pool = pool;
    study->path = xstrdup(checkpoint_path);
    study->threaded = settings->learner.threads > 0;
    if (!study->threaded) { study->settings.learner.threads = 1; }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&study->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&study->lock, NULL);
    return study;
}

struct study *study_free(struct study *study)
{
    if (!study) { return NULL; }
    study_end(study);
    graduate_free(study->graduate);
    pthread_cond_destroy(&study->wake);
    pthread_mutex_destroy(&study->lock);
    free(study->path);
    free(study);
    return NULL;
}

/* ---- Checkpoints ---- */

static void checkpoint(struct study *study)
{
    struct buf bytes;
    study->checkpoint_ms = now_ms(study);
    if (learner_report(study->learner).steps == 0) { return; }
    buf_init(&bytes, CHECKPOINT_BYTES_MAX);
    learner_save(study->learner, &bytes);
    bool good = !buf_failed(&bytes) && atomic_file_write(study->path, buf_slice(&bytes)) == 0;
    buf_release(&bytes);
    pthread_mutex_lock(&study->lock);
    study->report.checkpoints += good;
    study->report.checkpoint_failures += !good;
    pthread_mutex_unlock(&study->lock);
}

static void resume(struct study *study)
{
    struct buf bytes;
    const char *why = NULL;
    buf_init(&bytes, CHECKPOINT_BYTES_MAX);
    int result = text_file_read(study->path, &bytes);
    bool resumed = !result && learner_load(study->learner, buf_slice(&bytes), &why);
    if (result && result != -ENOENT) { why = "unreadable"; }
    buf_release(&bytes);
    study->report.resumed = resumed;
    study->report.why = why;
}

/* ---- Learning ---- */

static void hand_out(struct study *study)
{
    struct graduate *graduate = learner_graduate(study->learner);
    if (!graduate) { return; }
    study->publish_ms = now_ms(study);
    study->published = true;
    pthread_mutex_lock(&study->lock);
    struct graduate *former = study->graduate;
    study->graduate = graduate;
    pthread_mutex_unlock(&study->lock);
    graduate_free(former);
}

static void look_at_news(struct study *study)
{
    enum learner_news news = learner_news(study->learner);
    bool due = !study->published || now_ms(study) - study->publish_ms >= study->settings.publish_ms;
    if (news == NEWS_SETTLED || (news == NEWS_BETTER && due)) { hand_out(study); }
    int64_t age_ms = now_ms(study) - study->checkpoint_ms, every_ms = study->settings.checkpoint_ms;
    bool between = learner_between(study->learner);
    if (news == NEWS_SETTLED || (between && age_ms >= every_ms) ||
        age_ms >= every_ms * LATE_CHECKPOINTS) {
        checkpoint(study);
    }
}

/* Does a slice; false when there was nothing to do. */
static bool advance(struct study *study)
{
    bool worked = learner_step(study->learner);
    if (worked) { look_at_news(study); }
    struct learner_report report = learner_report(study->learner);
    pthread_mutex_lock(&study->lock);
    study->report.learner = report;
    study->report.resting = !worked && !study->graduate;
    pthread_mutex_unlock(&study->lock);
    return worked;
}

/* Sleeps, unless it is time to quit; says whether it is. */
static bool rest(struct study *study, int64_t rest_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += rest_us / 1000000;
    until.tv_nsec += rest_us % 1000000 * 1000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&study->lock);
    int result = 0;
    while (!study->quit && rest_us && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&study->wake, &study->lock, &until);
    }
    bool quit = study->quit;
    pthread_mutex_unlock(&study->lock);
    return quit;
}

static void *work(void *arg)
{
    struct study *study = arg;
    double share = study->settings.cpu_share;
    struct timespec from, to;
    for (int64_t rest_us = 0; !rest(study, rest_us);) {
        clock_gettime(CLOCK_MONOTONIC, &from);
        bool worked = advance(study);
        clock_gettime(CLOCK_MONOTONIC, &to);
        double us = (double)(to.tv_sec - from.tv_sec) * 1e6 +
                    (double)(to.tv_nsec - from.tv_nsec) / 1e3;
        rest_us = worked ? (int64_t)(us * (1.0 - share) / share) : IDLE_MS * 1000;
    }
    return NULL;
}

void study_begin(struct study *study)
{
    assert(!study->learner);
    study->learner = learner_new(&study->settings.learner, study->pool);
    study->checkpoint_ms = study->publish_ms = now_ms(study);
    resume(study);
    study->report.learner = learner_report(study->learner);
    if (!study->threaded) { return; }
    study->quit = false;
    int result = thread_start(&study->thread, "training", work, study);
    assert(result == 0);
}

void study_end(struct study *study)
{
    if (!study->learner) { return; }
    if (study->threaded) {
        pthread_mutex_lock(&study->lock);
        study->quit = true;
        pthread_cond_broadcast(&study->wake);
        pthread_mutex_unlock(&study->lock);
        thread_join(study->thread);
    }
    checkpoint(study);
    study->learner = learner_free(study->learner);
}

bool study_runs(const struct study *study)
{
    return study->learner;
}

void study_turn(struct study *study, int64_t budget_ms)
{
    if (study->threaded || !study->learner) { return; }
    int64_t until_ms = now_ms(study) + budget_ms;
    while (advance(study) && now_ms(study) < until_ms) {}
}

struct graduate *study_take(struct study *study)
{
    pthread_mutex_lock(&study->lock);
    struct graduate *graduate = study->graduate;
    study->graduate = NULL;
    pthread_mutex_unlock(&study->lock);
    return graduate;
}

struct study_report study_report(struct study *study)
{
    pthread_mutex_lock(&study->lock);
    struct study_report report = study->report;
    pthread_mutex_unlock(&study->lock);
    return report;
}
