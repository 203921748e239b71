/* Serving rows are the best of the rows in `neighbours`, however they came about; they are never
 * behind for longer than the option says; after an upgrade they are sent whole, and a scorer waits
 * for them. */
#include "base/base.h"
#include "features/features.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 2, EVENTS = 800, BEST = 5, SECOND_MS = 1000, STALE_MS = 60 * SECOND_MS };

static const char *const few[] = {"serving.neighbours.max=5", "neighbours.max=0", NULL};

static void pass(struct rig *rig, int64_t ms)
{
    for (int64_t until_ms = rig->now_ms + ms; rig->now_ms < until_ms;) { rig_round(rig, false); }
}

static double gauge(struct copy *copy, const char *name, int32_t partition)
{
    _cleanup_(xfreep) char *labels = xprintf("partition=\"%d\"", partition);
    return metric_value(metrics_gauge(copy->metrics, name, labels, "Known."));
}

/* ---- Naively ---- */

struct strong {
    struct slice item;
    double strength;
    float co, forward, backward;
};

static int by_strength(const void *a, const void *b)
{
    const struct strong *x = a, *y = b;
    if (x->strength != y->strength) { return x->strength > y->strength ? -1 : 1; }
    return slice_compare(x->item, y->item);
}

static void assert_best(const struct item_neighbours *row, const struct serving_row *served)
{
    struct strong *all = xcalloc(row->items.count + 1, sizeof(*all));
    for (size_t i = 0; i < row->items.count; i++) {
        double co = row->co_ratings.at[i];
        double forward = row->forwards.at[i], backward = row->backwards.at[i];
        all[i] = (struct strong){row->items.at[i], forward + backward / 4 + co / 1024, (float)co,
                                 (float)forward, (float)backward};
    }
    qsort(all, row->items.count, sizeof(*all), by_strength);
    assert_int_equal(served->items.count, MIN_OF(row->items.count, (size_t)BEST));
    for (size_t i = 0; i < served->items.count; i++) {
        assert_true(slice_equal(served->items.at[i], all[i].item));
        assert_true(served->co_ratings.at[i] == all[i].co);
        assert_true(served->forwards.at[i] == all[i].forward);
        assert_true(served->backwards.at[i] == all[i].backward);
    }
    free(all);
    assert_true(served->mass == row->mass && served->actions == row->actions);
    assert_true(served->trend == row->trend && served->first_users == row->first_users);
    assert_true(served->epoch == row->epoch && served->trend_epoch == row->trend_epoch);
}

static const struct folded *find(const struct fold *fold, struct slice key)
{
    for (size_t i = 0; i < fold->count; i++) {
        if (slice_equal(fold->at[i].key, key)) { return &fold->at[i]; }
    }
    return NULL;
}

/* Every row of neighbours is served as it is, and no other is. */
static void assert_served(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    struct arena *arena = arena_new(1 << 16);
    struct fold *rows = rig_fold(rig, "neighbours"), *serving = rig_fold(rig, "serving-rows");
    struct item_neighbours row;
    struct serving_row served;
    struct codec_error error;
    size_t count = 0;
    for (size_t i = 0; i < serving->count; i++) {
        count += answers_is_entry(&serving->at[i]);
    }
    assert_true(rows->count > 20);
    assert_int_equal(count, rows->count);
    for (size_t i = 0; i < rows->count; i++) {
        const struct folded *at = find(serving, rows->at[i].key);
        assert_non_null(at);
        assert_int_equal(at->partition, rows->at[i].partition);
        arena_reset(arena);
        assert_int_equal(codec_decode(answers.rows, rows->at[i].value, arena, &row, &error), 0);
        answers_decode(&answers, answers.serving, at->value, &served);
        assert_best(&row, &served);
        assert_true(served.version > 0);
        assert_true(served.version <= memlog_end(rig->log, "pair-deltas", at->partition));
    }
    free(rows);
    free(serving);
    arena_free(arena);
    answers_release(&answers);
}

static void the_best_of_each_row_is_served(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    feed_events(&rig, 1, 0, EVENTS);
    rig_start(&rig, &features_worker, 0, NULL);
    rig_start(&rig, &trainer_worker, 0, few);
    rig_until_idle(&rig);
    assert_served(&rig);
    rig_release(&rig);
}

/* ---- How stale ---- */

static void small_changes_wait_no_longer_than_allowed(void **state)
{
    static const char *const lazy[] = {"serving.change=1", "serving.staleness.ms=1m",
                                       "checkpoint.replay.ms=1h", NULL};
    struct rig rig;
    double stale_ms = 0;
    rig_init(&rig, PARTITIONS);
    rig_start(&rig, &features_worker, 0, NULL);
    struct copy *trainer = rig_start(&rig, &trainer_worker, 0, lazy);
    for (int n = 0; n < EVENTS; n++) {
        feed_events(&rig, 1, n, n + 1);
        pass(&rig, SECOND_MS);
        for (int32_t p = 0; p < PARTITIONS; p++) {
            double is = gauge(trainer, "freshet_serving_row_staleness_seconds", p) * 1000;
            stale_ms = MAX_OF(stale_ms, is);
        }
    }
    struct metrics *metrics = trainer->metrics;
    assert_true(metric_value(metrics_counter(metrics, "freshet_commits_total", "", "Known.")) == 0);
    assert_true(stale_ms > STALE_MS / 2.0); /* rows did wait */
    assert_true(stale_ms <= STALE_MS + SECOND_MS);
    pass(&rig, STALE_MS + SECOND_MS);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        assert_true(gauge(trainer, "freshet_serving_row_staleness_seconds", p) == 0);
    }
    rig_release(&rig);
}

/* ---- Upgrade ---- */

/* An installation as the former release left it: rows, and no serving rows. */
static void begin_upgrade(struct rig *rig, struct copy **ret_trainer)
{
    rig_init(rig, PARTITIONS);
    feed_events(rig, 1, 0, EVENTS);
    struct copy *features = rig_start(rig, &features_worker, 0, NULL);
    *ret_trainer = rig_start(rig, &trainer_worker, 0, few);
    rig_until_idle(rig);
    rig_finish(features);
    rig_finish(*ret_trainer);
    memlog_remake(rig->log, "serving-rows", PARTITIONS);
}

static void an_upgraded_trainer_sends_all_rows(void **state)
{
    for (int emptied = 0; emptied < 2; emptied++) {
        struct rig rig;
        struct copy *trainer;
        begin_upgrade(&rig, &trainer);
        if (emptied) { rig_empty(trainer); }
        assert_true(rig_launch(&rig, trainer));
        pass(&rig, SECOND_MS);
        assert_served(&rig);
        rig_release(&rig);
    }
}

/* Whatever the first one had sent when it died, the next one sends all. */
static void one_that_died_meanwhile_is_followed_by_another(void **state)
{
    static const int at[] = {1, 2, 10, 39};
    for (size_t i = 0; i < ARRAY_COUNT(at); i++) {
        struct rig rig;
        struct copy *trainer;
        begin_upgrade(&rig, &trainer);
        rig.tolerant = true;
        memlog_fail(rig.log, MEMLOG_PRODUCE, at[i], WIRE_FATAL);
        assert_true(rig_launch(&rig, trainer));
        pass(&rig, 2 * SECOND_MS);
        assert_int_equal(memlog_failed(rig.log, MEMLOG_PRODUCE), 1);
        assert_served(&rig);
        rig_release(&rig);
    }
}

/* A row that is lost on its way is sent again, though no input follows that would be committed. */
static void what_is_lost_meanwhile_is_sent_again(void **state)
{
    static const int at[] = {1, 2, 10, 39};
    for (size_t i = 0; i < ARRAY_COUNT(at); i++) {
        struct rig rig;
        struct copy *trainer;
        begin_upgrade(&rig, &trainer);
        memlog_fail(rig.log, MEMLOG_PRODUCE, at[i], WIRE_ABORTED);
        assert_true(rig_launch(&rig, trainer));
        pass(&rig, 5 * SECOND_MS);
        assert_int_equal(memlog_failed(rig.log, MEMLOG_PRODUCE), 1);
        assert_served(&rig);
        rig_release(&rig);
    }
}

static bool at_rest(const struct copy *copy)
{
    return metric_value(metrics_gauge(copy->metrics, "freshet_at_rest", "", "Known.")) > 0;
}

/* A link or a quota that lets only so many messages through in their time. */
enum { MESSAGES_TOO_MANY = 8 };

struct narrow {
    struct rig *rig;
    int messages, lost;
};

static void deliver_or_lose(void *arg)
{
    struct narrow *narrow = arg;
    if (++narrow->messages < MESSAGES_TOO_MANY) { return; }
    narrow->messages = 0;
    narrow->lost++;
    memlog_fail(narrow->rig->log, MEMLOG_PRODUCE, 1, WIRE_ABORTED);
}

/* All rows together are never delivered; in pieces they are, and none is left out. */
static void over_a_slow_link_they_go_in_pieces(void **state)
{
    struct rig rig;
    struct copy *trainer;
    begin_upgrade(&rig, &trainer);
    trainer->pairs[trainer->pairs_count++] = "batch.bytes.max=64k";
    struct narrow narrow = {.rig = &rig};
    memlog_hook(rig.log, MEMLOG_PRODUCE, deliver_or_lose, &narrow);
    assert_true(rig_launch(&rig, trainer));
    for (int i = 0; i < 300; i++) {
        narrow.messages = 0;
        rig_round(&rig, false);
    }
    int lost = narrow.lost;
    for (int i = 0; i < 100; i++) {
        narrow.messages = 0;
        rig_round(&rig, false);
    }
    assert_true(lost > 1);
    assert_int_equal(narrow.lost, lost);
    memlog_hook(rig.log, MEMLOG_PRODUCE, NULL, NULL);
    assert_served(&rig);
    rig_release(&rig);
}

static void it_rests_when_they_have_arrived(void **state)
{
    struct rig rig;
    struct copy *trainer;
    begin_upgrade(&rig, &trainer);
    memlog_ack_delay(rig.log, 100);
    assert_true(rig_launch(&rig, trainer));
    for (int i = 0; !at_rest(trainer); i++) {
        rig_round(&rig, false);
        assert_true(i < 1000);
    }
    assert_served(&rig);
    rig_release(&rig);
}

/* Whichever rows are lost, of a checkpoint or before it, the trainer goes on, and in the end they
 * are as if none had been. */
static void lost_rows_are_sent_again(void **state)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct rig rig;
        rig_init_seeded(&rig, PARTITIONS, seed);
        memlog_ack_delay(rig.log, 3);
        rig_start(&rig, &features_worker, 0, NULL);
        struct copy *trainer = rig_start(&rig, &trainer_worker, 0, few);
        memlog_fail_often(rig.log, MEMLOG_PRODUCE, 20, WIRE_ABORTED);
        feed_events(&rig, 1, 0, EVENTS);
        pass(&rig, 10 * SECOND_MS);
        memlog_fail_often(rig.log, MEMLOG_PRODUCE, 0, 0);
        assert_true(memlog_failed(rig.log, MEMLOG_PRODUCE) > 3);
        for (int i = 0; !at_rest(trainer); i++) {
            rig_round(&rig, false);
            assert_true(i < 1000);
        }
        rig_until_idle(&rig);
        assert_served(&rig);
        rig_release(&rig);
    }
}

/* With its local state, the trainer does not send them again; on a new machine it does. */
static void only_a_new_machine_sends_them_again(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    feed_events(&rig, 1, 0, EVENTS);
    rig_start(&rig, &features_worker, 0, NULL);
    struct copy *trainer = rig_start(&rig, &trainer_worker, 0, few);
    rig_until_idle(&rig);
    rig_finish(trainer);
    int64_t before = memlog_count(rig.log, "serving-rows", MEMLOG_ALL);
    assert_true(rig_launch(&rig, trainer));
    pass(&rig, SECOND_MS);
    assert_int_equal(memlog_count(rig.log, "serving-rows", MEMLOG_ALL), before);
    rig_finish(trainer);
    rig_empty(trainer);
    assert_true(rig_launch(&rig, trainer));
    pass(&rig, SECOND_MS);
    assert_true(memlog_count(rig.log, "serving-rows", MEMLOG_ALL) > before + 20);
    assert_served(&rig);
    rig_release(&rig);
}

/* Early messages arrive once more, as those of a former owner that were long under way. */
static void arrive_late(struct rig *rig)
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct record rec;
        for (int64_t at = 0; at < 40; at = rec.offset + 1) {
            assert_int_equal(memlog_read(rig->log, "serving-rows", p, at, &rec), 0);
            memlog_append(rig->log, "serving-rows", p, rec.key, rec.value, 0);
        }
    }
}

/* Compaction keeps the last message of a row, so the owner sends its own again. `input`: events
 * follow, or none does. */
static void late_rows_do_not_stay(bool input)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    rig_start(&rig, &features_worker, 0, NULL);
    rig_start(&rig, &trainer_worker, 0, few);
    feed_events(&rig, 1, 0, EVENTS);
    rig_until_idle(&rig);
    arrive_late(&rig);
    int64_t before = memlog_count(rig.log, "serving-rows", MEMLOG_ALL);
    if (input) { feed_events(&rig, 1, EVENTS, EVENTS + 2); }
    pass(&rig, input ? 15 * SECOND_MS : 2 * 61 * SECOND_MS);
    rig_until_idle(&rig);
    assert_served(&rig);
    assert_non_null(strstr(rig.warned, "messages of another copy arrived late topic=serving-rows"));
    int64_t after = memlog_count(rig.log, "serving-rows", MEMLOG_ALL);
    assert_true(after > before + 20);
    pass(&rig, 3 * 61 * SECOND_MS); /* once is enough */
    assert_int_equal(memlog_count(rig.log, "serving-rows", MEMLOG_ALL), after);
    rig_release(&rig);
}

static void late_rows_before_input(void **state)
{
    late_rows_do_not_stay(true);
}

static void late_rows_at_the_end(void **state)
{
    late_rows_do_not_stay(false);
}

/* A broker loses the newest rows, and no input comes: all are sent again, once. */
static void rows_that_a_broker_lost(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    rig_start(&rig, &features_worker, 0, NULL);
    rig_start(&rig, &trainer_worker, 0, few);
    feed_events(&rig, 1, 0, EVENTS);
    rig_until_idle(&rig);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        memlog_cut(rig.log, "serving-rows", p, memlog_end(rig.log, "serving-rows", p) / 2);
    }
    pass(&rig, 2 * 61 * SECOND_MS);
    rig_until_idle(&rig);
    assert_served(&rig);
    assert_non_null(strstr(rig.warned, "newest messages are lost"));
    int64_t after = memlog_count(rig.log, "serving-rows", MEMLOG_ALL);
    pass(&rig, 3 * 61 * SECOND_MS);
    assert_int_equal(memlog_count(rig.log, "serving-rows", MEMLOG_ALL), after);
    rig_release(&rig);
}

/* Rows that have changed since the last commit are sent as they are now. */
static void late_rows_in_the_middle(void **state)
{
    static const char *const rare[] = {"serving.neighbours.max=5", "neighbours.max=0",
                                       "checkpoint.replay.ms=1h", "checkpoint.rest.ms=1h", NULL};
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    rig_start(&rig, &features_worker, 0, NULL);
    struct copy *trainer = rig_start(&rig, &trainer_worker, 0, rare);
    feed_events(&rig, 1, 0, EVENTS / 2);
    pass(&rig, 5 * SECOND_MS);
    arrive_late(&rig);
    feed_events(&rig, 1, EVENTS / 2, EVENTS);
    pass(&rig, 5 * SECOND_MS);
    assert_non_null(strstr(rig.warned, "messages of another copy arrived late topic=serving-rows"));
    struct metrics *metrics = trainer->metrics;
    assert_true(metric_value(metrics_counter(metrics, "freshet_commits_total", "", "Known.")) == 0);
    rig_finish(trainer); /* commits */
    assert_served(&rig);
    rig_release(&rig);
}

static void a_scorer_waits_for_all_rows(void **state)
{
    struct rig rig;
    struct copy *trainer;
    begin_upgrade(&rig, &trainer);
    rig_start(&rig, &scorer_worker, 0, NULL);
    pass(&rig, 3 * SECOND_MS);
    assert_int_equal(memlog_count(rig.log, "recommendations", MEMLOG_ALL), 0);
    assert_non_null(strstr(rig.warned, "no lists before all rows are there"));
    assert_true(rig_launch(&rig, trainer));
    pass(&rig, 3 * SECOND_MS);
    assert_true(memlog_count(rig.log, "recommendations", MEMLOG_ALL) > 0);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_of_each_row_is_served),
        cmocka_unit_test(small_changes_wait_no_longer_than_allowed),
        cmocka_unit_test(an_upgraded_trainer_sends_all_rows),
        cmocka_unit_test(one_that_died_meanwhile_is_followed_by_another),
        cmocka_unit_test(what_is_lost_meanwhile_is_sent_again),
        cmocka_unit_test(over_a_slow_link_they_go_in_pieces),
        cmocka_unit_test(it_rests_when_they_have_arrived),
        cmocka_unit_test(lost_rows_are_sent_again),
        cmocka_unit_test(only_a_new_machine_sends_them_again),
        cmocka_unit_test(late_rows_before_input),
        cmocka_unit_test(late_rows_at_the_end),
        cmocka_unit_test(rows_that_a_broker_lost), cmocka_unit_test(late_rows_in_the_middle),
        cmocka_unit_test(a_scorer_waits_for_all_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
