/* A rig: an in-process log, all topics, and copies of workers that a test steps, kills, restarts.
 *
 * The clock is virtual: each reading takes a millisecond, each round ROUND_MS more, so that nothing
 * here waits and every run of a test is the same. State lives below a directory of the rig's own,
 * removed in the end. Functions assert what no test wants to survive.
 */
#ifndef FRESHET_TESTS_TOPOLOGY_RIG_H
#define FRESHET_TESTS_TOPOLOGY_RIG_H

#include "base/buf.h"
#include "base/xalloc.h"
#include "stream/config/memory_options.h"
#include "stream/generation.h"
#include "stream/state/position.h"
#include "stream/sim/memlog.h"
#include "stream/run.h"
#include "stream/topics.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RIG_MEMORY_BYTES (INT64_C(8) << 30) /* of the machine that the rig plays */

enum {
    COPIES_MAX = 12,
    PAIRS_MAX = 24, /* settings of one copy */
    ROUND_MS = 20,
    ROUNDS_MAX = 20000,
    RESTARTS_MAX = 100,
    FOLDED_MAX = 12288, /* distinct keys of a topic */
    RIG_SPACE_BYTES_MIN = 1 << 30,
};

/* 2100-01-01: later than the events of all tests but those that set another time. */
#define RIG_WALL_MS INT64_C(4102444800000)

static const char *const rig_topics[] = {
    "clicks",     "events", "dead-letters",    "histories", "pair-deltas", "features-changelog",
    "neighbours", "items",  "recommendations", "quality",   "receipts", "lists",
    "serving-rows", "requests", "responses",       "outcomes",
    "moves",      "served",
};

/* One process. */
struct copy {
    const struct worker *worker;
    int slot;
    const char *pairs[PAIRS_MAX];
    size_t pairs_count;
    char *state_path; /* state.dir */
    char *state_pair;
    struct wire *wire; /* the run's */
    struct run *run;   /* NULL: does not run */
    struct run_settings settings;
    void *worker_settings;
    struct options *options;
    struct metrics *metrics;
    int exit_code;
    char *why; /* of a start that was refused, or of the last break */
};

struct rig {
    struct memlog *log;
    int32_t partitions;
    int64_t now_ms;
    int64_t wall_ms; /* the time since 1970; it stands still */
    char dir[64];
    struct copy copies[COPIES_MAX];
    size_t copies_count;
    int restarts;
    bool tolerant; /* a refused start is tried again */
    bool trace;
    char warned[512]; /* the last warning, and its pairs */
};

static inline int64_t rig_now(void *arg)
{
    struct rig *rig = arg;
    return rig->now_ms++;
}

static inline int64_t rig_wall(void *arg)
{
    const struct rig *rig = arg;
    return rig->wall_ms;
}

static inline void rig_log(void *arg, enum log_level level, const char *msg, const char *pairs)
{
    struct rig *rig = arg;
    if (level == LOG_WARN) {
        (void)snprintf(rig->warned, sizeof(rig->warned), "%s %s", msg, pairs);
    }
    if (rig->trace) { fprintf(stderr, "%" PRId64 " %s %s\n", rig->now_ms, msg, pairs); }
}

/* A rig waits for little but the disk: where there is room in memory, it works there. */
static inline void rig_choose_place(void)
{
    struct statvfs there;
    if (statvfs("/dev/shm", &there) == 0 &&
        (uint64_t)there.f_bavail * there.f_frsize >= RIG_SPACE_BYTES_MIN &&
        access("/dev/shm", W_OK | X_OK) == 0) {
        (void)setenv("TMPDIR", "/dev/shm", /* overwrite= */ 0);
    }
}

static inline void rig_init_seeded(struct rig *rig, int32_t partitions, uint64_t seed)
{
    *rig = (struct rig){.log = memlog_new(seed), .partitions = partitions, .now_ms = 1000,
                         .wall_ms = RIG_WALL_MS};
    rig->trace = getenv("TRACE") != NULL;
    memlog_clock(rig->log, RIG_WALL_MS);
    const char *base = getenv("TMPDIR");
    (void)snprintf(rig->dir, sizeof(rig->dir), "%s/freshet-XXXXXX",
                   base && strlen(base) < 40 ? base : "/tmp");
    assert(mkdtemp(rig->dir));
    for (size_t i = 0; i < ARRAY_COUNT(rig_topics); i++) {
        memlog_topic(rig->log, rig_topics[i], partitions);
    }
    memlog_clock(rig->log, RIG_WALL_MS);
    const struct topic_settings items = {.known = true,
                                         .compacts = true,
                                         .retention_ms = -1,
                                         .retention_bytes = -1,
                                         .delete_retention_ms = INT64_C(3155760000000)};
    memlog_settings(rig->log, "items", &items);
    memlog_topic(rig->log, "generations", 1);
    memlog_topic(rig->log, "trials", 1);
    memlog_topic(rig->log, "rules", 1);
    memlog_topic(rig->log, "redrives", 1);
    memlog_topic(rig->log, "item-vectors", partitions);
    memlog_topic(rig->log, "models", 1);
    memlog_topic(rig->log, "content-vectors", partitions);
    memlog_topic(rig->log, "candidates", partitions);
    memlog_topic(rig->log, "given-vectors", partitions + 1);
    memlog_topic(rig->log, "users", partitions);
    memlog_topic(rig->log, "profiles", partitions);
}

static inline void rig_init(struct rig *rig, int32_t partitions)
{
    rig_init_seeded(rig, partitions, /* seed= */ 7);
}

/* Deletes a path and all below it. */
static inline void rig_delete(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        (void)unlink(path);
        return;
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) { continue; }
        _cleanup_(xfreep) char *below = xprintf("%s/%s", path, entry->d_name);
        rig_delete(below);
    }
    closedir(dir);
    (void)rmdir(path);
}

static inline void rig_copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out;
    if (!in && errno == ENOENT) { return; } /* RocksDB removes old files some time after */
    out = fopen(to, "wb");
    assert(in && out);
    char bytes[1 << 16];
    for (size_t size; (size = fread(bytes, 1, sizeof(bytes), in)) > 0;) {
        assert(fwrite(bytes, 1, size, out) == size);
    }
    fclose(in);
    assert(fclose(out) == 0);
}

/* Copies a path and all below it; nobody may be using it. */
static inline void rig_duplicate(const char *from, const char *to)
{
    DIR *dir = opendir(from);
    if (!dir) {
        rig_copy_file(from, to);
        return;
    }
    assert(mkdir(to, 0777) == 0);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) { continue; }
        _cleanup_(xfreep) char *below_from = xprintf("%s/%s", from, entry->d_name);
        _cleanup_(xfreep) char *below_to = xprintf("%s/%s", to, entry->d_name);
        rig_duplicate(below_from, below_to);
    }
    closedir(dir);
}

/* ---- Copies ---- */

static inline void copy_fill(struct copy *copy)
{
    const struct option_group groups[] = {
        {copy->worker->name, copy->worker->options, copy->worker->options_count,
         copy->worker_settings},
        {"runtime", run_options, run_options_count, &copy->settings},
        {"schema registry", registry_options, registry_options_count, &copy->settings.registry},
    };
    assert(options_fill(groups, ARRAY_COUNT(groups), copy->pairs, copy->pairs_count, stderr,
                        &copy->options) == 0);
    struct memory_plan plan;
    char *why;
    assert(memory_options_settle(groups, ARRAY_COUNT(groups), RIG_MEMORY_BYTES, &plan, &why) == 0);
}

static inline char *copy_group(const struct copy *copy)
{
    _cleanup_(xfreep) char *name = generation_name(copy->worker->name, copy->settings.generation);
    return xprintf("freshet-%s", name);
}

/* Starts a copy that does not run; false when it is refused: see copy->why. */
static inline bool rig_launch(struct rig *rig, struct copy *copy)
{
    assert(!copy->run);
    _cleanup_(xfreep) char *group = copy_group(copy);
    _cleanup_(xfreep) char *member = xprintf("%s-%d", group, copy->slot);
    copy->metrics = metrics_new(copy->worker->name);
    bool transactional = run_needs_transactions(copy->worker, &copy->settings);
    copy->wire = memlog_wire(rig->log, group, member, transactional ? member : NULL);
    const struct run_parts parts = {
        .worker = copy->worker,
        .settings = &copy->settings,
        .worker_settings = copy->worker_settings,
        .wire = copy->wire,
        .metrics = copy->metrics,
        .clock = {.now_ms = rig_now, .wall_ms = rig_wall, .arg = rig},
        .log = {rig_log, rig},
    };
    char *why = NULL;
    copy->run = run_new(&parts, &copy->exit_code, &why);
    if (copy->run) { return true; }
    free(copy->why);
    copy->why = why;
    copy->metrics = metrics_free(copy->metrics);
    return false;
}

/* A worker whose commits are checkpoints makes one often, unless the test sets their policy. */
static inline void copy_set_checkpoints(struct copy *copy)
{
    if (!copy->worker->checkpoints) { return; }
    for (size_t i = 0; i < copy->pairs_count; i++) {
        if (strncmp(copy->pairs[i], "checkpoint.", 11) == 0) { return; }
    }
    assert(copy->pairs_count + 2 <= PAIRS_MAX);
    copy->pairs[copy->pairs_count++] = "checkpoint.replay.ms=15ms";
    copy->pairs[copy->pairs_count++] = "checkpoint.rest.ms=200ms";
}

/* Makes a copy with these settings ("key=value", NULL behind the last). */
static inline struct copy *rig_add(struct rig *rig, const struct worker *worker, int slot,
                                     const char *const *pairs)
{
    assert(rig->copies_count < COPIES_MAX);
    struct copy *copy = &rig->copies[rig->copies_count];
    *copy = (struct copy){.worker = worker, .slot = slot};
    copy->worker_settings = xcalloc(1, MAX_OF(worker->settings_size, (size_t)1));
    copy->state_path = xprintf("%s/%zu", rig->dir, rig->copies_count++);
    copy->state_pair = xprintf("state.dir=%s", copy->state_path);
    copy->pairs[copy->pairs_count++] = "bootstrap.servers=nowhere:1";
    copy->pairs[copy->pairs_count++] = copy->state_pair;
    for (; pairs && *pairs; pairs++) {
        assert(copy->pairs_count < PAIRS_MAX);
        copy->pairs[copy->pairs_count++] = *pairs;
    }
    copy_set_checkpoints(copy);
    copy_fill(copy);
    (void)mkdir(copy->state_path, 0777);
    return copy;
}

/* Does so and starts it. */
static inline struct copy *rig_start(struct rig *rig, const struct worker *worker, int slot,
                                     const char *const *pairs)
{
    struct copy *copy = rig_add(rig, worker, slot, pairs);
    bool started = rig_launch(rig, copy);
    while (!started && rig->tolerant && ++rig->restarts < RESTARTS_MAX) {
        started = rig_launch(rig, copy);
    }
    if (!started) { fprintf(stderr, "%s: %s\n", worker->name, copy->why); }
    assert(started);
    return copy;
}

/* Frees the run without a commit: the process ends, its wire leaves in good order. */
static inline void rig_drop(struct copy *copy)
{
    copy->run = run_free(copy->run);
    copy->metrics = metrics_free(copy->metrics);
    copy->wire = NULL;
}

/* Kills the process: an open transaction stays open, its place in the group stays taken. Its files
 * are closed in good order, and the sequence trainer writes its checkpoint; test_sweep.c does not
 * even let it do that. */
static inline void rig_kill(struct rig *rig, struct copy *copy)
{
    memlog_kill(rig->log, copy->wire);
    rig_drop(copy);
}

/* Ends the process as a signal would. */
static inline void rig_finish(struct copy *copy)
{
    assert(run_finish(copy->run));
    rig_drop(copy);
}

/* Deletes the local state of a copy that does not run. */
static inline void rig_empty(struct copy *copy)
{
    assert(!copy->run);
    rig_delete(copy->state_path);
    assert(mkdir(copy->state_path, 0777) == 0);
}

static inline void rig_release(struct rig *rig)
{
    for (size_t i = 0; i < rig->copies_count; i++) {
        struct copy *copy = &rig->copies[i];
        if (copy->run) { rig_drop(copy); }
        options_free(copy->options);
        free(copy->worker_settings);
        free(copy->state_path);
        free(copy->state_pair);
        free(copy->why);
    }
    memlog_free(rig->log);
    rig_delete(rig->dir);
}

/* ---- Going on ---- */

/* Says whether a copy's group has committed all that its input holds. */
static inline bool rig_read_all(const struct rig *rig, const struct copy *copy)
{
    const struct input *input = &copy->worker->inputs[0];
    _cleanup_(xfreep) char *group = copy_group(copy);
    _cleanup_(xfreep) char *topic = topic_name(&copy->settings, input->name, input->shared);
    int32_t partitions = 0;
    if (wire_partitions(copy->wire, topic, &partitions) < 0) { return false; }
    for (int32_t p = 0; p < partitions; p++) {
        int64_t end = memlog_end(rig->log, topic, p);
        if (end > 0 && memlog_committed(rig->log, group, topic, p) < end) { return false; }
    }
    return true;
}

static inline bool rig_idle(const struct rig *rig)
{
    for (size_t i = 0; i < rig->copies_count; i++) {
        const struct copy *copy = &rig->copies[i];
        if (copy->run && (!run_idle(copy->run) || !rig_read_all(rig, copy))) { return false; }
    }
    return true;
}

/* Steps a copy; when it breaks its process is freed, and why is kept. */
static inline bool rig_step(struct rig *rig, struct copy *copy)
{
    if (run_step(copy->run, 0)) { return true; }
    free(copy->why);
    copy->why = xstrdup(run_why(copy->run));
    copy->exit_code = run_exit_code(copy->run);
    if (rig->trace) { fprintf(stderr, "broken: %s\n", copy->why); }
    rig_drop(copy);
    return false;
}

/* Steps all copies in turn; broken ones are started again with the state they left, or without
 * any. */
static inline void rig_round(struct rig *rig, bool empty)
{
    for (size_t i = 0; i < rig->copies_count; i++) {
        struct copy *copy = &rig->copies[i];
        if (!copy->run || rig_step(rig, copy)) { continue; }
        if (empty) { rig_empty(copy); }
        rig->restarts++;
        assert(rig->restarts < RESTARTS_MAX);
        while (!rig_launch(rig, copy)) { assert(++rig->restarts < RESTARTS_MAX); }
    }
    rig->now_ms += ROUND_MS;
}

/* Steps all copies, starting broken ones again, until all that was fed is processed. */
static inline void rig_survive(struct rig *rig, bool empty)
{
    int rounds = 0;
    while (!rig_idle(rig)) {
        rig_round(rig, empty);
        assert(++rounds < ROUNDS_MAX);
    }
}

/* The same where nothing may break. */
static inline void rig_until_idle(struct rig *rig)
{
    int restarts = rig->restarts;
    rig_survive(rig, false);
    if (rig->restarts != restarts) { fprintf(stderr, "broken: %s\n", rig->copies[0].why); }
    assert(rig->restarts == restarts);
}

/* Lets a worker do all that there is to do, and stops it. */
static inline void rig_work(struct rig *rig, const struct worker *worker)
{
    struct copy *copy = rig_start(rig, worker, 0, NULL);
    rig_until_idle(rig);
    rig_finish(copy);
}

/* Says whether all copies that run say that they are at rest. */
static inline bool rig_all_rest(const struct rig *rig)
{
    for (size_t i = 0; i < rig->copies_count; i++) {
        if (rig->copies[i].run && !run_at_rest(rig->copies[i].run)) { return false; }
    }
    return true;
}

/* Steps until they say so so many times in a row; in fewer rounds than `rounds_max`. */
static inline void rig_until_rest(struct rig *rig, int times, int rounds_max)
{
    int rounds = 0;
    for (int rested = 0; rested < times; rested = rig_all_rest(rig) ? rested + 1 : 0) {
        rig_round(rig, false);
        assert(++rounds < rounds_max);
    }
}

/* Steps until nothing more happens, where what was fed may be refused or wait. */
static inline void rig_until_quiet(struct rig *rig)
{
    for (int i = 0; i < 200; i++) { rig_round(rig, false); }
}

/* ---- What a topic says ---- */

/* The newest value of a key. */
struct folded {
    struct slice key;
    struct slice value;
    int32_t partition;
};

struct fold {
    struct folded at[FOLDED_MAX];
    size_t count;
};

static inline int fold_compare(const void *a, const void *b)
{
    return slice_compare(((const struct folded *)a)->key, ((const struct folded *)b)->key);
}

static inline void fold_put(struct fold *fold, const struct record *rec)
{
    size_t i = 0;
    while (i < fold->count && !slice_equal(fold->at[i].key, rec->key)) { i++; }
    if (i == fold->count) {
        assert(fold->count < FOLDED_MAX);
        fold->count++;
    }
    fold->at[i] = (struct folded){rec->key, rec->value, rec->partition};
}

/* Folds the partitions from..to-1 of a topic to the newest value of each key but that of positions,
 * sorted by key; free with free(). */
static inline struct fold *rig_fold_range(const struct rig *rig, const char *topic, int32_t from,
                                          int32_t to)
{
    struct fold *fold = xcalloc(1, sizeof(*fold));
    struct record rec;
    for (int32_t p = from; p < to; p++) {
        for (int64_t at = 0; memlog_read(rig->log, topic, p, at, &rec) == 0; at = rec.offset + 1) {
            if (!position_has_key(rec.key)) { fold_put(fold, &rec); }
        }
    }
    qsort(fold->at, fold->count, sizeof(fold->at[0]), fold_compare);
    return fold;
}

/* Folds the whole topic. */
static inline struct fold *rig_fold(const struct rig *rig, const char *topic)
{
    return rig_fold_range(rig, topic, 0, rig->partitions);
}

#endif
