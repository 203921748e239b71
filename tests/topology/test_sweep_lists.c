/* The crash sweep of lists that stand: the scorer dies at every crash point while lists are made
 * again, items are taken off them, dates begin and end, and lists grow old. At rest, each list is
 * what its user's history and the present tables give, no list has an item that is barred, the
 * local state is its changelog, and no list is behind or has lost its history.
 *
 *     make sweep                  several passes of each point, with and without local state
 *     SWEEP=lists make sweep      this alone; `make test` tries each point once
 *
 * In a second story, the live generation changes in each round, there and back, and leaves lists
 * of users whom the scorer does not know.
 *
 * All is one story of rounds. At the beginning of each, the scorer is dead and there are changes;
 * it starts, works and dies at the round's point as kill -9 stops a process: nothing is closed or
 * taken back. It starts again with a copy of what lies on its disk, or with nothing.
 */
#include "base/base.h"
#include "base/crash.h"
#include "features/features.h"
#include "schemas/generation_step.h"
#include "scorer/scorer.h"
#include "stream/sim/memlog_internal.h"
#include "tests/topology/local_state.h"
#include "tests/topology/recomputed.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <sys/wait.h>
#include <cmocka.h>

enum {
    PARTITIONS = 2,
    EVENTS = 300,
    EVENTS_EACH = 6, /* of a round */
    BARRED = 3,
    RESTED = 20, /* steps at rest, one after the other, are rest */
    RESTARTS = 20,
    POINTS = 128,
    SPREAD_PASSES = 2,
    ALL_PASSES = 8,
    DAY_MS = 86400000,
};

static const char *const scoring[] = {"list.length=5", "lists.remake.share=50",
                                      "lists.remake.rest.ms=0", "list.age.max=1d",
                                      "batch.records.max=15", "poll.records.max=5", NULL};

/* These are passed so often that one pass stands for little. */
static const char *const spread[] = {"allocation", "send", "send.done", "store.write",
                                     "commit.send", "commit.send_one", "commit.begin"};

struct story {
    struct rig rig;
    struct copy *scorer;
    struct schema_cache *schemas;
    struct codec *items, *steps;
    struct buf out;
    jmp_buf death;
    bool switches; /* the live generation does, in each round */
    bool dies, died, emptied;
    int round, abandoned;
};

/* ---- The dying ---- */

static void die(void *arg)
{
    struct story *story = arg;
    longjmp(story->death, 1);
}

/* Leaves the process as it is; the next one has a copy of its disk, or an empty one. */
static void abandon(struct story *story, bool emptied)
{
    struct copy *copy = story->scorer;
    if (copy->wire) { memlog_kill(story->rig.log, copy->wire); }
    copy->run = NULL;
    copy->wire = NULL;
    copy->metrics = NULL;
    char *left = copy->state_path;
    copy->state_path = xprintf("%s/again-%d", story->rig.dir, ++story->abandoned);
    if (emptied) {
        assert_int_equal(mkdir(copy->state_path, 0777), 0);
    } else {
        copy_remains(left, copy->state_path);
    }
    copy->state_pair = xprintf("state.dir=%s", copy->state_path);
    copy->pairs[1] = copy->state_pair;
    options_free(copy->options);
    copy_fill(copy);
    free(left);
}

static void note_death(struct story *story)
{
    crash_watch(false);
    crash_arm(NULL, 0, NULL, NULL);
    story->died = true;
    abandon(story, story->emptied);
}

/* Starts the scorer; false: it died or was refused. */
static bool start_watched(struct story *story)
{
    if (setjmp(story->death)) {
        note_death(story);
        return false;
    }
    crash_watch(true);
    bool started = rig_launch(&story->rig, story->scorer);
    crash_watch(false);
    return started;
}

static void step_watched(struct story *story)
{
    if (setjmp(story->death)) {
        note_death(story);
        return;
    }
    crash_watch(true);
    (void)rig_step(&story->rig, story->scorer);
    crash_watch(false);
}

static void step_all(struct story *story)
{
    struct rig *rig = &story->rig;
    for (size_t i = 0; i < rig->copies_count; i++) {
        struct copy *copy = &rig->copies[i];
        if (copy != story->scorer) {
            assert_true(rig_step(rig, copy));
            continue;
        }
        for (int tries = 0; !copy->run && !start_watched(story);) {
            assert_true(++tries < RESTARTS);
        }
        if (copy->run) { step_watched(story); }
    }
    rig->now_ms += ROUND_MS;
}

static bool all_rest(const struct rig *rig)
{
    for (size_t i = 0; i < rig->copies_count; i++) {
        if (!rig->copies[i].run || !run_at_rest(rig->copies[i].run)) { return false; }
    }
    return true;
}

static void rest(struct story *story)
{
    int rounds = 0;
    for (int rested = 0; rested < RESTED; rested = all_rest(&story->rig) ? rested + 1 : 0) {
        step_all(story);
        assert_true(++rounds < ROUNDS_MAX);
    }
}

/* ---- What changes ---- */

static void put_item(struct story *story, int number, const struct item *entry)
{
    char id[16];
    struct item item = *entry;
    (void)snprintf(id, sizeof(id), "i%02d", number);
    item.item_id = slice_str(id);
    buf_clear(&story->out);
    assert_int_equal(codec_encode(story->items, &item, &story->out), 0);
    memlog_append(story->rig.log, "items", PARTITION_BY_KEY, slice_str(id), buf_slice(&story->out),
                  feed_from_ms);
}

/* The items that are barred after a round: three each, other ones in the next. */
static int barred(int round, int which)
{
    return (round * BARRED + which) % FEED_ITEMS;
}

static void put_step(struct story *story, enum generation_step_kind kind, const char *generation,
                     const char *previous, int32_t partition, int64_t epoch)
{
    const struct generation_step step = {.kind = kind,
                                         .epoch = epoch,
                                         .generation = slice_str(generation),
                                         .previous = slice_str(previous),
                                         .partition = partition};
    char key[STEP_KEY_BYTES_MAX];
    buf_clear(&story->out);
    assert_int_equal(codec_encode(story->steps, &step, &story->out), 0);
    memlog_append(story->rig.log, "generations", 0, slice_str(generation_step_key(&step, key)),
                  buf_slice(&story->out), 1);
}

/* The lists of the base are in `lists` from its first release on, as `freshet promote` copies them
 * where no scorer runs. */
static void move_lists(struct story *story, const struct fold *seen)
{
    for (size_t i = 0; i < seen->count; i++) {
        memlog_append(story->rig.log, "lists", seen->at[i].partition, seen->at[i].key,
                      seen->at[i].value, 1);
    }
}

/* g2 was live while the scorer did not run, and has left a list in each partition. */
static void switch_there_and_back(struct story *story)
{
    struct rig *rig = &story->rig;
    int64_t epoch = 2 * (int64_t)story->round - 1;
    _cleanup_(xfreep) struct fold *seen = rig_fold(rig, "recommendations");
    size_t some = 0;
    while (!seen->at[some].value.data) { assert_true(++some < seen->count); }
    if (story->round == 1) { move_lists(story, seen); }
    put_step(story, STEP_LIVE, "g2", "", -1, epoch);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        put_step(story, STEP_RELEASED, "", "", p, epoch);
        put_step(story, STEP_TAKEN, "g2", "", p, epoch);
        _cleanup_(xfreep) char *user = xprintf("foreign%d.%d", story->round, p);
        memlog_append(rig->log, "recommendations", p, slice_str(user), seen->at[some].value, 1);
    }
    put_step(story, STEP_LIVE, "", "g2", -1, epoch + 1);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        put_step(story, STEP_RELEASED, "g2", "", p, epoch + 1);
    }
}

/* Actions, so that rows change; items are barred and come back, one of them by its dates, and one
 * goes; every third time all lists are too old. */
static void change(struct story *story)
{
    struct rig *rig = &story->rig;
    int round = ++story->round, from = EVENTS + round * EVENTS_EACH;
    char gone[16];
    feed_events(rig, 5, from, from + EVENTS_EACH);
    if (story->switches) { switch_there_and_back(story); }
    if (round % 3 == 0) { rig->wall_ms += DAY_MS + 1; }
    rig->wall_ms += 1000;
    const struct item free = {.available = true}, none = {.available = false};
    const struct item ended = {.available = true, .available_until_ms = rig->wall_ms - 500};
    for (int k = 0; k < BARRED; k++) { put_item(story, barred(round - 1, k), &free); }
    put_item(story, barred(round, 0), &none);
    put_item(story, barred(round, 1), &ended);
    (void)snprintf(gone, sizeof(gone), "i%02d", barred(round, 2));
    memlog_append(rig->log, "items", PARTITION_BY_KEY, slice_str(gone), slice_of(NULL, 0),
                  feed_from_ms);
}

/* ---- What must be true ---- */

static void check(struct story *story, const char *point)
{
    const struct rig *rig = &story->rig;
    struct copy *scorer = story->scorer;
    struct recomputed found =
        recomputed_lists(rig, "recommendations", scorer->worker_settings);
    size_t on = 0;
    double behind = 0, orphans = 0;
    for (int k = 0; story->round && k < BARRED; k++) {
        on += answers_listed(rig, barred(story->round, k));
    }
    for (int p = 0; p < PARTITIONS; p++) {
        char labels[32];
        (void)snprintf(labels, sizeof(labels), "partition=\"%d\"", p);
        behind += metric_value(metrics_gauge(scorer->metrics, "freshet_lists_behind", labels, ""));
        orphans += metric_value(
            metrics_gauge(scorer->metrics, "freshet_lists_without_history", labels, ""));
    }
    bool kept = state_is_changelog(&story->rig, scorer);
    if (found.lists == found.histories && found.lists > 40 && !found.differing && !found.empty &&
        on == 0 && behind == 0 && orphans == 0 && kept) {
        return;
    }
    fail_msg("%s, round %d: lists %zu of %zu, differing %zu, empty %zu, barred ones on them %zu, "
             "behind %g, without history %g, state %d", point ? point : "no death", story->round,
             found.lists, found.histories, found.differing, found.empty, on, behind, orphans, kept);
}

/* ---- The story ---- */

static void begin(struct story *story, bool switches)
{
    struct rig *rig = &story->rig;
    *story = (struct story){.schemas = schema_cache_new(), .switches = switches};
    story->items = codec_new(&item_contract, story->schemas);
    story->steps = codec_new(&generation_step_contract, story->schemas);
    buf_init(&story->out, 4096);
    rig_init(rig, PARTITIONS);
    rig_start(rig, &features_worker, 0, NULL);
    rig_start(rig, &trainer_worker, 0, NULL);
    feed_events(rig, 5, 0, EVENTS);
    story->scorer = rig_start(rig, &scorer_worker, 0, scoring);
    rest(story);
    check(story, NULL);
}

/* One round: true when the scorer died at its point. */
static bool play(struct story *story, const char *point, int64_t nth, bool emptied)
{
    struct rig *rig = &story->rig;
    story->emptied = emptied;
    story->died = false;
    abandon(story, emptied);
    change(story);
    /* Every other time a message is lost while lists are made again. */
    memlog_ack_delay(rig->log, 1);
    if (story->round % 2) {
        memlog_fail(rig->log, MEMLOG_PRODUCE, story->switches ? 60 : 30, WIRE_ABORTED);
    }
    crash_reset();
    if (point) { crash_arm(point, nth, die, story); }
    rest(story);
    crash_arm(NULL, 0, NULL, NULL);
    memlog_ack_delay(rig->log, 0);
    rest(story);
    check(story, point);
    return story->died;
}

static bool is_spread(const char *point)
{
    for (size_t i = 0; i < ARRAY_COUNT(spread); i++) {
        if (strcmp(spread[i], point) == 0) { return true; }
    }
    return false;
}

/* How often the points are passed in a round that begins with local state, and without. */
struct passes {
    int64_t of[2][POINTS];
};

static void count_passes(struct story *story, struct passes *passes)
{
    for (int emptied = 0; emptied < 2; emptied++) {
        assert_false(play(story, NULL, 0, emptied));
        for (size_t i = 0; crash_name(i); i++) {
            assert_true(i < POINTS);
            passes->of[emptied][i] = crash_passed(crash_name(i));
        }
    }
}

/* Tries passes of a point that are spread over the round: how often the scorer died there. */
static int try_point(struct story *story, size_t point, const struct passes *passes, bool all)
{
    const char *name = crash_name(point);
    int tries = all ? ALL_PASSES : is_spread(name) ? SPREAD_PASSES : 1, deaths = 0;
    for (int i = 0; i < tries; i++) {
        uint64_t rng = point * 1000 + (uint64_t)i + 1;
        bool emptied = (point + (size_t)i) % 2;
        if (!passes->of[emptied][point]) { emptied = !emptied; }
        uint64_t most = (uint64_t)passes->of[emptied][point];
        deaths += play(story, name, 1 + (int64_t)(memlog_random(&rng) % most), emptied);
    }
    /* A round differs from the one that was counted: then the first pass, in both kinds. */
    for (int k = 0; !deaths && k < 2; k++) {
        bool kind = passes->of[1][point] ? !k : k;
        deaths = passes->of[kind][point] && play(story, name, 1, kind);
    }
    return deaths;
}

static void tell_story(bool all, bool switches)
{
    static struct story story;
    static struct passes passes;
    int points = 0, deaths = 0;
    begin(&story, switches);
    /* Its first switch gives the scorer another changelog, once and for all. */
    if (switches) { assert_false(play(&story, NULL, 0, /* emptied= */ false)); }
    count_passes(&story, &passes);
    for (size_t i = 0; crash_name(i); i++) {
        if (!passes.of[0][i] && !passes.of[1][i]) { continue; }
        int died = try_point(&story, i, &passes, all);
        if (!died) { fail_msg("the scorer never died at %s", crash_name(i)); }
        deaths += died;
        points++;
    }
    printf("# %d deaths at %d points\n", deaths, points);
    fflush(NULL);
    assert_true(points > 15);
    rig_delete(story.rig.dir);
}

/* In a process of its own: what the dead leave is never released. */
static void try_every_point(bool switches)
{
    const char *named = getenv("SWEEP");
    bool all = named && (strcmp(named, "all") == 0 || strcmp(named, "lists") == 0);
    int status;
    if (named && !all) { skip(); }
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        tell_story(all, switches);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_every_point(void **state)
{
    try_every_point(/* switches= */ false);
}

static void test_every_point_of_a_switch(void **state)
{
    try_every_point(/* switches= */ true);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_point),
        cmocka_unit_test(test_every_point_of_a_switch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
