/* The rate is that between this look and the one FLOW_BACK looks before, so that a batch that is
 * committed now and then does not look like a standstill.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "serve/console/flow_watch.h"
#include "stream/kafka/kafka_admin.h"

enum { FLOW_BACK = 5, WATCHED_MAX = 64 };

/* A topic whose offsets count for a stage. */
struct watched_topic {
    int stage;
    char *name;
};

struct past_look {
    int64_t monotonic_ms;
    struct flow_stage stages[STAGES_COUNT];
};

struct flow_watch {
    const struct run *run;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* it shall end, or somebody looks */
    bool end, started;
    int64_t looked_ms; /* when somebody looked last, monotonic; 0: nobody has */
    pthread_t thread;
    struct flow_view view;
    double fresh_s[FLOW_LISTS];
    size_t fresh_count, fresh_at;
    /* The thread's own. */
    struct wire *wire;
    char *groups[STAGES_COUNT];
    struct watched_topic topics[STAGES_COUNT + WATCHED_MAX];
    size_t topics_count;
    struct past_look past[FLOW_BACK];
    size_t past_count;
};

/* ---- Looking ---- */

void flow_stage_compare(struct flow_stage *now, const struct flow_stage *before, double seconds)
{
    bool known = now->committed && before->committed && seconds > 0.0;
    now->rate = known ? fmax((double)(now->read - before->read), 0.0) / seconds : 0.0;
    now->behind_s = NAN;
    if (now->committed && now->lag == 0) {
        now->behind_s = 0.0;
    } else if (known) {
        now->behind_s = now->rate > 0.0 ? (double)now->lag / now->rate : INFINITY;
    }
}

static bool ends(struct flow_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    bool end = watch->end;
    pthread_mutex_unlock(&watch->lock);
    return end;
}

static void say_why(struct flow_stage *stage, const char *why)
{
    if (!stage->why[0]) { (void)snprintf(stage->why, sizeof(stage->why), "%s", why); }
    stage->told = false;
}

static void look_at_topic(struct flow_watch *watch, const struct watched_topic *topic,
                          struct flow_stage *stage)
{
    int32_t partitions = 0;
    struct wire *wire = watch->wire;
    if (wire_partitions(wire, topic->name, &partitions) < 0 || partitions <= 0) {
        say_why(stage, wire_why(wire));
        return;
    }
    int64_t *committed = xcalloc((size_t)partitions, sizeof(*committed));
    struct log_bounds *bounds = xcalloc((size_t)partitions, sizeof(*bounds));
    /* Each may wait for brokers that are away: a stop waits for one of them at most. */
    if (ends(watch) ||
        admin_group_offsets(wire, watch->groups[topic->stage], topic->name, partitions,
                            committed) < 0 ||
        ends(watch) || wire_bounds_of(wire, topic->name, 0, partitions, bounds) < 0) {
        say_why(stage, wire_why(wire));
    } else {
        stage->partitions += partitions;
        for (int32_t p = 0; p < partitions; p++) {
            if (committed[p] == OFFSET_NONE) { continue; }
            stage->committed = true;
            stage->read += committed[p];
            stage->lag += MAX_OF(bounds[p].end - committed[p], (int64_t)0);
        }
    }
    free(committed);
    free(bounds);
}

static void look_at_stages(struct flow_watch *watch, struct flow_stage *looks)
{
    for (int at = 0; at < STAGES_COUNT && !ends(watch); at++) {
        looks[at].told = true;
        if (admin_group_members(watch->wire, watch->groups[at], &looks[at].members) < 0) {
            say_why(&looks[at], wire_why(watch->wire));
        }
    }
    for (size_t i = 0; i < watch->topics_count && !ends(watch); i++) {
        look_at_topic(watch, &watch->topics[i], &looks[watch->topics[i].stage]);
    }
}

/* Compares with the oldest look that is remembered, and remembers this one. */
static void compare(struct flow_watch *watch, struct flow_stage *looks)
{
    int64_t now_ms = clock_monotonic_ms();
    const struct past_look *oldest = &watch->past[watch->past_count % FLOW_BACK];
    if (watch->past_count < FLOW_BACK) { oldest = &watch->past[0]; }
    static const struct past_look none;
    if (!watch->past_count) { oldest = &none; }
    for (int at = 0; at < STAGES_COUNT; at++) {
        double seconds = (double)(now_ms - oldest->monotonic_ms) / 1000.0;
        flow_stage_compare(&looks[at], &oldest->stages[at], seconds);
    }
    struct past_look *look = &watch->past[watch->past_count++ % FLOW_BACK];
    look->monotonic_ms = now_ms;
    memcpy(look->stages, looks, sizeof(look->stages));
}

static void look_once(struct flow_watch *watch)
{
    struct flow_stage looks[STAGES_COUNT] = {{0}};
    _cleanup_(xfreep) char *why = NULL;
    if (!watch->wire && run_connect(watch->run, &watch->wire, &why) < 0) {
        watch->wire = NULL;
        pthread_mutex_lock(&watch->lock);
        (void)snprintf(watch->view.why, sizeof(watch->view.why), "%s", why ? why : "");
        watch->view.asking = false;
        pthread_mutex_unlock(&watch->lock);
        return;
    }
    look_at_stages(watch, looks);
    compare(watch, looks);
    pthread_mutex_lock(&watch->lock);
    watch->view.known = true;
    watch->view.asking = false;
    watch->view.why[0] = '\0';
    watch->view.time_ms = clock_wall_ms();
    memcpy(watch->view.stages, looks, sizeof(looks));
    pthread_mutex_unlock(&watch->lock);
}

static bool is_looked_at(const struct flow_watch *watch)
{
    return watch->looked_ms && clock_monotonic_ms() - watch->looked_ms < FLOW_AWAKE_MS;
}

/* Waits until somebody looks; after that, nothing is known of the time before. */
static void sleep_unseen(struct flow_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    if (!is_looked_at(watch)) {
        watch->view = (struct flow_view){.asking = true};
        watch->past_count = 0;
    }
    while (!watch->end && !is_looked_at(watch)) {
        pthread_cond_wait(&watch->changed, &watch->lock);
    }
    pthread_mutex_unlock(&watch->lock);
}

static void *work(void *arg)
{
    struct flow_watch *watch = arg;
    for (sleep_unseen(watch); !ends(watch); sleep_unseen(watch)) {
        look_once(watch);
        pthread_mutex_lock(&watch->lock);
        struct timespec until = thread_deadline((int64_t)FLOW_LOOK_MS * 1000);
        while (!watch->end &&
               pthread_cond_timedwait(&watch->changed, &watch->lock, &until) != ETIMEDOUT) {}
        pthread_mutex_unlock(&watch->lock);
    }
    return NULL;
}

/* ---- Begin and end ---- */

static void add_topic(struct flow_watch *watch, int stage, char *name)
{
    watch->topics[watch->topics_count++] = (struct watched_topic){stage, name};
}

static void name_topics(struct flow_watch *watch, const char *sources)
{
    const char *generation = run_generation(watch->run);
    _cleanup_(xfreep) char *names = xstrdup(sources);
    for (char *rest = names, *name; (name = strsep(&rest, ", "));) {
        if (!name[0] || watch->topics_count == WATCHED_MAX) { continue; }
        add_topic(watch, 0, run_topic_of(watch->run, name, ""));
    }
    for (int at = 0; at < STAGES_COUNT; at++) {
        const struct stage *stage = &stages[at];
        watch->groups[at] = run_group_of(watch->run, stage->worker, stage->of_all);
        if (!at) { continue; }
        add_topic(watch, at, run_topic_of(watch->run, stage->input,
                                          stage->input_shared ? "" : generation));
    }
}

struct flow_watch *flow_watch_new(struct run *run, const char *sources)
{
    struct flow_watch *watch = xcalloc(1, sizeof(*watch));
    watch->run = run;
    pthread_mutex_init(&watch->lock, NULL);
    thread_cond_init(&watch->changed);
    name_topics(watch, sources);
    if (run_connects(run)) {
        watch->view.asking = true;
        watch->started = thread_start(&watch->thread, "flow", work, watch) == 0;
    }
    return watch;
}

struct flow_watch *flow_watch_free(struct flow_watch *watch)
{
    if (!watch) { return NULL; }
    pthread_mutex_lock(&watch->lock);
    watch->end = true;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
    if (watch->started) { thread_join(watch->thread); }
    wire_close(watch->wire);
    for (int at = 0; at < STAGES_COUNT; at++) { free(watch->groups[at]); }
    for (size_t i = 0; i < watch->topics_count; i++) { free(watch->topics[i].name); }
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
    return NULL;
}

/* ---- Freshness ---- */

void flow_watch_put_list(struct flow_watch *watch, int64_t time_ms, int64_t received_ms)
{
    if (received_ms <= 0 || time_ms <= 0) { return; }
    pthread_mutex_lock(&watch->lock);
    watch->fresh_s[watch->fresh_at++ % FLOW_LISTS] =
        (double)MAX_OF(time_ms - received_ms, (int64_t)0) / 1000.0;
    watch->fresh_count = MIN_OF(watch->fresh_at, (size_t)FLOW_LISTS);
    pthread_mutex_unlock(&watch->lock);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void flow_watch_look(struct flow_watch *watch, struct flow_view *ret_view)
{
    double sorted[FLOW_LISTS];
    pthread_mutex_lock(&watch->lock);
    if (!is_looked_at(watch)) { pthread_cond_signal(&watch->changed); }
    watch->looked_ms = clock_monotonic_ms();
    *ret_view = watch->view;
    size_t count = watch->fresh_count;
    memcpy(sorted, watch->fresh_s, count * sizeof(*sorted));
    pthread_mutex_unlock(&watch->lock);
    ret_view->lists = count;
    if (!count) { return; }
    qsort(sorted, count, sizeof(*sorted), by_size);
    ret_view->p50_s = sorted[(count - 1) / 2];
    ret_view->p99_s = sorted[(count - 1) * 99 / 100];
}
