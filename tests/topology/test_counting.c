/* features and trainer: cache sizes change no result, and invalid records are refused. */
#include "base/base.h"
#include "features/features.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 3 };

static void run_worker(struct rig *rig, const struct worker *worker, const char *const *pairs)
{
    struct copy *copy = rig_start(rig, worker, 0, pairs);
    rig_until_idle(rig);
    rig_finish(copy);
}

static char *count_all(const char *const *features_pairs, const char *const *trainer_pairs)
{
    struct rig rig;
    struct answers answers;
    rig_init(&rig, PARTITIONS);
    memlog_batch(rig.log, 50);
    feed_events(&rig, 3, 0, FEED_EVENTS);
    run_worker(&rig, &features_worker, features_pairs);
    run_worker(&rig, &trainer_worker, trainer_pairs);
    answers_init(&answers, &rig);
    answers_states(&answers);
    answers_sums(&answers);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 0);
    rig_release(&rig);
    return text;
}

static void cache_sizes_change_no_result(void **state)
{
    static const char *const large_caches[] = {"batch.records.max=200", NULL};
    static const char *const no_users[] = {"batch.records.max=200", "users.cache.bytes=0", NULL};
    static const char *const no_rows[] = {"batch.records.max=3", "rows.cache.bytes=0", NULL};
    char *one = count_all(large_caches, large_caches), *other = count_all(no_users, no_rows);
    assert_true(strlen(one) > 10000);
    assert_true(answers_agree(one, other));
    free(one);
    free(other);
}

/* Beyond items.max, ids and what is numbered by them leave memory after each commit. */
static void few_ids_in_memory_change_no_result(void **state)
{
    static const char *const many[] = {"batch.records.max=200", NULL};
    static const char *const few[] = {"batch.records.max=200", "items.max=7", NULL};
    static const char *const one[] = {"items.max=1", NULL};
    char *all = count_all(many, many), *some = count_all(few, few), *none = count_all(one, one);
    assert_true(answers_agree(all, some));
    assert_true(answers_agree(all, none));
    free(all);
    free(some);
    free(none);
}

/* ---- Refusals ---- */

struct event_writer {
    struct schema_cache *schemas;
    struct codec *events;
    struct buf out;
};

static void event_writer_init(struct event_writer *writer)
{
    writer->schemas = schema_cache_new();
    writer->events = codec_new(&user_event_contract, writer->schemas);
    buf_init(&writer->out, 4096);
}

static void event_writer_release(struct event_writer *writer)
{
    buf_release(&writer->out);
    codec_free(writer->events);
    schema_cache_free(writer->schemas);
}

static void send(struct rig *rig, struct event_writer *writer, const char *key, int n,
                 int64_t time_ms, double weight)
{
    char id[16];
    (void)snprintf(id, sizeof(id), "e%d", n);
    const struct user_event ev = {.event_id = slice_str(id),
                                  .user_id = slice_str("u"),
                                  .item_id = slice_str(n % 2 ? "odd" : "even"),
                                  .action = ACTION_VIEW,
                                  .weight = weight,
                                  .event_time_ms = time_ms};
    buf_clear(&writer->out);
    assert_int_equal(codec_encode(writer->events, &ev, &writer->out), 0);
    memlog_append(rig->log, "events", 0, slice_str(key), buf_slice(&writer->out), 2000000000000);
}

/* The reasons in `dead-letters`, in order, "a b c ". */
static void assert_reasons(const struct rig *rig, const char *expect)
{
    struct buf text;
    buf_init(&text, 4096);
    struct record rec;
    struct slice reason;
    for (int32_t p = 0; p < rig->partitions; p++) {
        for (int64_t at = 0; memlog_read(rig->log, "dead-letters", p, at, &rec) == 0;
             at = rec.offset + 1) {
            assert_int_equal(
                memlog_header(rig->log, "dead-letters", p, rec.offset, "reason", &reason), 0);
            buf_printf(&text, "%.*s ", SLICE_ARGS(reason));
        }
    }
    struct slice got = buf_slice(&text);
    if (!slice_equal(got, slice_str(expect))) {
        fail_msg("\"%.*s\", expected \"%s\"", SLICE_ARGS(got), expect);
    }
    buf_release(&text);
}

enum stamp { NO_BAD_EVENT, STAMP_TRUE, STAMP_OF_2099 };

/* Counts with decay and trend; the last event of a user in the middle of all is of 2099. */
static char *count_with_one_of_2099(enum stamp stamp, const char *latest)
{
    const char *const pairs[] = {"decay.half.life=1h", "trend.half.life=1h", latest, NULL};
    const int64_t far_ms = 4070908800000;
    struct rig rig;
    struct answers answers;
    struct event_writer writer;
    rig_init(&rig, 1);
    event_writer_init(&writer);
    feed_events(&rig, 3, 0, FEED_EVENTS);
    const struct user_event ev = {.event_id = slice_str("far"),
                                  .user_id = slice_str("u01"),
                                  .item_id = slice_str("i01"),
                                  .action = ACTION_VIEW,
                                  .weight = 1,
                                  .received_ms = far_ms,
                                  .event_time_ms = far_ms};
    assert_int_equal(codec_encode(writer.events, &ev, &writer.out), 0);
    if (stamp) {
        memlog_append(rig.log, "events", 0, ev.user_id, buf_slice(&writer.out),
                      stamp == STAMP_TRUE ? feed_time_ms() : far_ms);
    }
    run_worker(&rig, &features_worker, pairs);
    run_worker(&rig, &trainer_worker, pairs + 3);
    answers_init(&answers, &rig);
    answers_states(&answers);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    if (stamp) { assert_reasons(&rig, "event_in_future "); }
    answers_release(&answers);
    event_writer_release(&writer);
    rig_release(&rig);
    return text;
}

/* A log that holds an event of 2099 is replayed past it. The timestamp in `events` tells, unless it
 * is wrong, too: then the operator names the latest time. */
static void one_event_of_2099_ruins_nothing(void **state)
{
    static const char no_latest[] = "event.latest=0", latest[] = "event.latest=2000000000000";
    _cleanup_(xfreep) char *want = count_with_one_of_2099(NO_BAD_EVENT, no_latest);
    _cleanup_(xfreep) char *one = count_with_one_of_2099(STAMP_TRUE, no_latest);
    _cleanup_(xfreep) char *other = count_with_one_of_2099(STAMP_OF_2099, latest);
    assert_true(answers_agree(want, one));
    assert_true(answers_agree(want, other));
}

static void features_refuses(void **state)
{
    static const char *const pairs[] = {"history.actions.max=4", "pairs.window=2",
                                        "transitions.window=2",  "history.length=2",
                                        "history.seen.max=3",    NULL};
    struct rig rig;
    struct event_writer writer;
    rig_init(&rig, 1);
    event_writer_init(&writer);
    for (int n = 0; n < 6; n++) { send(&rig, &writer, "u", n, 1000000 + n * 1000, 1); }
    send(&rig, &writer, NULL, 5, 1005000, 1);       /* a repeat, no key: dropped, not refused */
    send(&rig, &writer, NULL, 6, 1004500, 1);       /* late, exact */
    send(&rig, &writer, "u", 7, 1000500, 1);        /* too late */
    send(&rig, &writer, "other", 8, 1009000, 1);    /* key_mismatch */
    send(&rig, &writer, "u", 9, 1009000, -1);       /* bad_weight */
    send(&rig, &writer, "u", 10, 2000090000000, 1); /* event_in_future */
    memlog_append(rig.log, "events", 0, slice_str("u"), slice_str("no avro"), 0);
    memlog_append(rig.log, "events", 0, slice_str("u"), slice_of(NULL, 0), 0);
    run_worker(&rig, &features_worker, pairs);
    assert_reasons(&rig, "too_late key_mismatch bad_weight event_in_future bad_magic empty ");
    struct answers answers;
    answers_init(&answers, &rig);
    answers_states(&answers);
    char *text = answers_take(&answers);
    assert_non_null(strstr(text, "state u total=7 "));
    free(text);
    answers_release(&answers);
    event_writer_release(&writer);
    rig_release(&rig);
}

static void trainer_refuses_a_message_whole(void **state)
{
    struct rig rig;
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&pair_deltas_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    rig_init(&rig, 1);
    struct slice items[] = {slice_str("a"), slice_str("b")};
    double ones[] = {1, 1};
    int32_t zeros[] = {0, 0}, one = 1;
    struct pair_deltas message = {
        .items = {items, 2},       .masses = {ones, 2},    .action_counts = {ones, 2},
        .trends = {ones, 2},       .new_users = {zeros, 2}, .rows = {zeros, 1},
        .row_pairs = {&one, 1},    .columns = {&one, 1},   .co_ratings = {ones, 1},
        .forwards = {ones, 1},     .backwards = {ones, 1},
    };
    for (int i = 0; i < 3; i++) {
        message.columns.at = i == 1 ? zeros : &one;
        buf_clear(&out);
        assert_int_equal(codec_encode(codec, &message, &out), 0);
        memlog_append(rig.log, "pair-deltas", 0, slice_of(NULL, 0), buf_slice(&out), 0);
    }
    run_worker(&rig, &trainer_worker, NULL);
    assert_reasons(&rig, "bad_item ");
    struct answers answers;
    answers_init(&answers, &rig);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    assert_non_null(strstr(text, "row a users=0 mass=0x1p+1 actions=0x1p+1"));
    assert_non_null(strstr(text, " b:0x1p+1/0x1p+1/0x1p+1\n"));
    free(text);
    answers_release(&answers);
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
    rig_release(&rig);
}

/* The number of users is the same after a restart, with local state and without. */
static void users_are_counted_over_restarts(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    feed_events(&rig, 5, 0, FEED_EVENTS / 2);
    struct copy *features = rig_start(&rig, &features_worker, 0, NULL);
    struct copy *trainer = rig_start(&rig, &trainer_worker, 0, NULL);
    rig_until_idle(&rig);
    rig_finish(features);
    rig_finish(trainer);
    rig_empty(trainer);
    feed_events(&rig, 5, FEED_EVENTS / 2, FEED_EVENTS);
    assert_true(rig_launch(&rig, features) && rig_launch(&rig, trainer));
    rig_until_idle(&rig);
    struct fold *states = rig_fold(&rig, "features-changelog");
    struct fold *rows = rig_fold(&rig, "neighbours");
    struct answers answers;
    answers_init(&answers, &rig);
    int64_t users = 0;
    for (size_t i = 0; i < rows->count; i++) {
        struct item_neighbours row;
        answers_decode(&answers, answers.rows, rows->at[i].value, &row);
        users += row.first_users;
    }
    assert_true(states->count > 40);
    assert_int_equal(users, states->count);
    free(states);
    free(rows);
    answers_release(&answers);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cache_sizes_change_no_result),
        cmocka_unit_test(few_ids_in_memory_change_no_result),
        cmocka_unit_test(one_event_of_2099_ruins_nothing),
        cmocka_unit_test(features_refuses),
        cmocka_unit_test(trainer_refuses_a_message_whole),
        cmocka_unit_test(users_are_counted_over_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
