/* Dead letters of tables: each record that is refused has one, whatever becomes of messages. What
 * is read as a table is read once, so nothing but the letter's own way brings it a second time. */
#include "base/base.h"
#include "scorer/scorer.h"
#include "schemas/user_history.h"
#include "stream/kafka/origin.h"
#include "tests/topology/rig.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 2, REFUSED = 60, USERS = 90, QUIET_ROUNDS = 100 };

static const char *const pairs[] = {"batch.records.max=20", "poll.records.max=5", NULL};

static void feed_garbage(struct rig *rig, int from, int to)
{
    for (int n = from; n < to; n++) {
        memlog_append(rig->log, "items", n % PARTITIONS, slice_str("i"), slice_str("nonsense"),
                      1000);
    }
}

static void feed_histories(struct rig *rig, int from, int to)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_history_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    for (int n = from; n < to; n++) {
        char user[16];
        struct slice items[] = {slice_str("a"), slice_str("b")};
        float weights[] = {1.0F, 1.0F};
        int64_t zeros[] = {0, 0};
        int32_t actions[] = {0, 0};
        (void)snprintf(user, sizeof(user), "u%d", n);
        const struct user_history hist = {.user_id = slice_str(user),
                                          .items = {items, 2},
                                          .actions = {actions, 2},
                                          .weights = {weights, 2},
                                          .event_times_ms = {zeros, 2},
                                          .offsets = {zeros, 2},
                                          .events_total = 2,
                                          .input_offset = n};
        buf_clear(&out);
        assert_int_equal(codec_encode(codec, &hist, &out), 0);
        memlog_append(rig->log, "histories", PARTITION_BY_KEY, hist.user_id, buf_slice(&out), 1000);
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

/* Counts the refused records that have a letter. */
static int dead_letters(struct rig *rig)
{
    bool seen[PARTITIONS][REFUSED] = {{false}};
    struct record rec;
    struct slice partition, offset;
    int count = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int64_t at = 0; memlog_read(rig->log, "dead-letters", p, at, &rec) == 0;
             at = rec.offset + 1) {
            assert_int_equal(memlog_header(rig->log, "dead-letters", p, rec.offset,
                                           ORIGIN_PARTITION, &partition), 0);
            assert_int_equal(memlog_header(rig->log, "dead-letters", p, rec.offset, ORIGIN_OFFSET,
                                           &offset), 0);
            bool *one = &seen[partition.data[0] - '0'][strtol(offset.data, NULL, 10)];
            count += !*one;
            *one = true;
        }
    }
    return count;
}

/* The letter is taken by the client, and lost: nothing else is sent that would tell. */
static void test_lost_while_nothing_happens(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    struct copy *copy = rig_start(&rig, &scorer_worker, 0, pairs);
    rig_until_idle(&rig);
    memlog_fail(rig.log, MEMLOG_PRODUCE, 2, WIRE_ABORTED);
    feed_garbage(&rig, 0, 5);
    for (int i = 0; i < QUIET_ROUNDS; i++) { rig_round(&rig, false); }
    assert_int_equal(dead_letters(&rig), 5);
    assert_non_null(copy->run);
    assert_int_equal(rig.restarts, 0);
    rig_release(&rig);
}

/* The client does not take it for the moment: the worker waits, and goes on. */
static void test_not_taken(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    (void)rig_start(&rig, &scorer_worker, 0, pairs);
    rig_until_idle(&rig);
    memlog_fail(rig.log, MEMLOG_PRODUCE, 3, WIRE_RETRY);
    feed_garbage(&rig, 0, 5);
    for (int i = 0; i < QUIET_ROUNDS; i++) { rig_round(&rig, false); }
    assert_int_equal(dead_letters(&rig), 5);
    assert_int_equal(rig.restarts, 0);
    rig_release(&rig);
}

/* Letters, lists and commits on their way together, one message in eight lost: the failure of
 * the one is not taken for that of the other. */
static void test_lost_among_lists(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    memlog_batch(rig.log, 3);
    memlog_ack_delay(rig.log, 2);
    (void)rig_start(&rig, &scorer_worker, 0, pairs);
    memlog_fail_often(rig.log, MEMLOG_PRODUCE, 8, WIRE_ABORTED);
    for (int part = 0; part < 6; part++) {
        feed_histories(&rig, part * USERS / 6, (part + 1) * USERS / 6);
        feed_garbage(&rig, part * REFUSED / 6, (part + 1) * REFUSED / 6);
        for (int i = 0; i < 5; i++) { rig_round(&rig, false); }
    }
    rig_until_idle(&rig);
    for (int i = 0; i < QUIET_ROUNDS; i++) { rig_round(&rig, false); }
    assert_int_equal(dead_letters(&rig), REFUSED);
    struct fold *lists = rig_fold(&rig, "recommendations");
    assert_int_equal(lists->count, USERS);
    free(lists);
    assert_true(memlog_failed(rig.log, MEMLOG_PRODUCE) > 5);
    assert_int_equal(rig.restarts, 0);
    rig_release(&rig);
}

/* A letter that is lost while the tables are being loaded holds the start up. */
static void test_lost_while_loading(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    feed_garbage(&rig, 0, 20);
    memlog_ack_delay(rig.log, 1);
    memlog_fail(rig.log, MEMLOG_PRODUCE, 7, WIRE_ABORTED);
    (void)rig_start(&rig, &scorer_worker, 0, pairs);
    rig_until_idle(&rig);
    assert_int_equal(dead_letters(&rig), 20);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost_while_nothing_happens),
        cmocka_unit_test(test_not_taken),
        cmocka_unit_test(test_lost_among_lists),
        cmocka_unit_test(test_lost_while_loading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
