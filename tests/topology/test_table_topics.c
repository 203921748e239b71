/* What becomes of a table's topic while a worker reads it: partitions are added, it is recreated,
 * cut or deleted. */
#include "base/base.h"
#include "base/exit_code.h"
#include "ingest/ingest.h"
#include "schemas/item.h"
#include "scorer/scorer.h"
#include "trainer/sequence/sequence.h"
#include "tests/topology/slots.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 2, ADDED = 6, SECOND_MS = 1000, CHECK_MS = 12 * SECOND_MS };

static const char *const plain[] = {NULL};
static const char *const idle_training[] = {"train.threads=0", "train.d=16", "train.blocks=1",
                                            "train.length=8", "train.actions.min=100000", NULL};

static bool goes_on(struct rig *rig, struct copy *copy, int64_t ms)
{
    bool going = true;
    for (int64_t until_ms = rig->now_ms + ms; going && rig->now_ms < until_ms;) {
        going = rig_step(rig, copy);
        rig->now_ms += ROUND_MS;
    }
    return going;
}

static void check_end(struct rig *rig, struct copy *copy, int64_t ms, int exit_code,
                      const char *what)
{
    assert_false(goes_on(rig, copy, ms));
    if (!strstr(copy->why, what)) { fail_msg("no \"%s\" in: %s", what, copy->why); }
    assert_non_null(strstr(copy->why, "hint: "));
    assert_int_equal(copy->exit_code, exit_code);
}

static double known_items(struct copy *copy)
{
    return metric_value(metrics_gauge(copy->metrics, "freshet_items_known", "", "Known."));
}

/* Lists items in a partition of `items`. */
static void list_items(struct rig *rig, int32_t partition, const char *prefix, int count)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&item_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    for (int n = 0; n < count; n++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "%s%d", prefix, n);
        const struct item item = {.item_id = slice_str(id), .available = true};
        buf_clear(&out);
        assert_int_equal(codec_encode(codec, &item, &out), 0);
        memlog_append(rig->log, "items", partition, item.item_id, buf_slice(&out), 0);
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

static void begin(struct rig *rig, struct copy **ret_scorer)
{
    rig_init(rig, PARTITIONS);
    list_items(rig, 0, "a", 5);
    list_items(rig, 1, "b", 5);
    *ret_scorer = rig_start(rig, &scorer_worker, 0, plain);
    assert_true(goes_on(rig, *ret_scorer, SECOND_MS));
    assert_true(known_items(*ret_scorer) == 10);
}

static void added_partitions_are_read(void **state)
{
    struct rig rig;
    struct copy *scorer;
    begin(&rig, &scorer);
    memlog_add_partitions(rig.log, "items", ADDED);
    list_items(&rig, PARTITIONS + ADDED - 1, "c", 7);
    list_items(&rig, 0, "d", 2);
    assert_true(goes_on(&rig, scorer, CHECK_MS));
    assert_true(known_items(scorer) == 19);
    list_items(&rig, PARTITIONS, "e", 1);
    list_items(&rig, 1, "f", 1);
    assert_true(goes_on(&rig, scorer, SECOND_MS));
    assert_true(known_items(scorer) == 21);
    rig_release(&rig);
}

/* What the former topic listed is not known any more after the restart. */
static void a_recreated_topic_is_read_from_its_start(void **state)
{
    static const int counts[] = {0, 3, 5, 40}; /* shorter, as long, longer */
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct rig rig;
        struct copy *scorer;
        begin(&rig, &scorer);
        memlog_clock(rig.log, RIG_WALL_MS + SECOND_MS);
        memlog_remake(rig.log, "items", PARTITIONS);
        list_items(&rig, 0, "n", counts[i]);
        check_end(&rig, scorer, CHECK_MS, EXIT_BROKEN, "table topic items was recreated");
        assert_true(rig_launch(&rig, scorer));
        assert_true(goes_on(&rig, scorer, SECOND_MS));
        assert_true(known_items(scorer) == counts[i]);
        rig_release(&rig);
    }
}

/* The new topic is there, and longer, at the next fetch: no broker told that it did not know it. */
static void a_topic_recreated_between_two_fetches(void **state)
{
    struct rig rig;
    struct copy *scorer;
    begin(&rig, &scorer);
    memlog_clock(rig.log, RIG_WALL_MS + SECOND_MS);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        memlog_cut(rig.log, "items", p, 0);
        list_items(&rig, p, p ? "o" : "n", 40);
    }
    check_end(&rig, scorer, CHECK_MS, EXIT_BROKEN, "has another record at offset");
    assert_true(rig_launch(&rig, scorer));
    assert_true(goes_on(&rig, scorer, SECOND_MS));
    assert_true(known_items(scorer) == 80);
    rig_release(&rig);
}

/* Timestamps that go back are no sign of another topic. */
static void timestamps_that_go_back(void **state)
{
    struct rig rig;
    struct copy *scorer;
    begin(&rig, &scorer);
    memlog_clock(rig.log, RIG_WALL_MS + SECOND_MS);
    list_items(&rig, 0, "l", 1);
    memlog_clock(rig.log, RIG_WALL_MS);
    list_items(&rig, 0, "e", 3);
    assert_true(goes_on(&rig, scorer, 3 * CHECK_MS));
    const struct slice key = slice_str("a1"), none = slice_of(NULL, 0);
    memlog_append(rig.log, "items", 1, key, none, INT64_MAX); /* a producer may send any */
    assert_true(goes_on(&rig, scorer, 3 * CHECK_MS));
    rig_release(&rig);
}

static void fewer_partitions(void **state)
{
    struct rig rig;
    struct copy *scorer;
    begin(&rig, &scorer);
    memlog_remake(rig.log, "items", 1);
    check_end(&rig, scorer, CHECK_MS, EXIT_BROKEN, "fewer partitions");
    rig_release(&rig);
}

static void a_log_that_was_cut(void **state)
{
    struct rig rig;
    struct copy *scorer;
    begin(&rig, &scorer);
    memlog_cut(rig.log, "items", 1, 2);
    check_end(&rig, scorer, CHECK_MS, EXIT_BROKEN, "partition 1 has offsets 0 to 2");
    rig_release(&rig);
}

/* A pause of the brokers looks so for a moment; an operator who recreates a topic needs longer. */
static void a_missing_topic_is_waited_for(void **state)
{
    struct rig rig;
    struct copy *scorer;
    begin(&rig, &scorer);
    memlog_delete(rig.log, "items");
    assert_true(goes_on(&rig, scorer, 30 * SECOND_MS));
    assert_non_null(strstr(rig.warned, "the topic of a table is missing"));
    assert_non_null(strstr(rig.warned, "topic=items"));
    memlog_topic(rig.log, "items", PARTITIONS);
    check_end(&rig, scorer, CHECK_MS, EXIT_BROKEN, "table topic items was recreated");
    assert_true(rig_launch(&rig, scorer));
    memlog_delete(rig.log, "items");
    assert_true(goes_on(&rig, scorer, 30 * SECOND_MS));
    check_end(&rig, scorer, 60 * SECOND_MS, EXIT_CONFIG, "items does not exist any more");
    rig_release(&rig);
}

/* ---- The other workers with tables ---- */

static void put_history(struct rig *rig, int32_t partition, const char *user)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_history_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    struct slice items[] = {slice_str("i1"), slice_str("i2")};
    float weights[] = {1.0F, 1.0F};
    int64_t zeros[2] = {0};
    int32_t actions[2] = {0};
    const struct user_history hist = {.user_id = slice_str(user),
                                      .items = {items, 2},
                                      .actions = {actions, 2},
                                      .weights = {weights, 2},
                                      .event_times_ms = {zeros, 2},
                                      .offsets = {zeros, 2},
                                      .events_total = 2};
    assert_int_equal(codec_encode(codec, &hist, &out), 0);
    memlog_append(rig->log, "histories", partition, hist.user_id, buf_slice(&out), 0);
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

static double users(struct copy *copy)
{
    return trainer_metric(copy, "freshet_training_users");
}

/* Its histories are on disk: those of the former topic are deleted. */
static void the_sequence_trainer(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    put_history(&rig, 0, "u1");
    put_history(&rig, 1, "u2");
    struct copy *copy = rig_start(&rig, &sequence_worker, 0, idle_training);
    memlog_add_partitions(rig.log, "histories", ADDED);
    put_history(&rig, PARTITIONS + 3, "u3");
    assert_true(goes_on(&rig, copy, CHECK_MS));
    assert_true(users(copy) == 3);
    rig_finish(copy);
    assert_true(rig_launch(&rig, copy));
    assert_true(goes_on(&rig, copy, SECOND_MS));
    assert_true(users(copy) == 3);
    memlog_clock(rig.log, RIG_WALL_MS + SECOND_MS);
    memlog_remake(rig.log, "histories", PARTITIONS + ADDED);
    put_history(&rig, 1, "u4");
    check_end(&rig, copy, CHECK_MS, EXIT_BROKEN, "table topic histories was recreated");
    assert_true(rig_launch(&rig, copy));
    assert_true(goes_on(&rig, copy, SECOND_MS));
    assert_true(users(copy) == 1);
    rig_release(&rig);
}

static void a_table_that_was_missing_at_the_start(void **state)
{
    static const char *const sources[] = {NULL};
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    memlog_delete(rig.log, "redrives");
    struct copy *ingest = rig_start(&rig, &ingest_worker, 0, sources);
    assert_true(goes_on(&rig, ingest, CHECK_MS));
    memlog_topic(rig.log, "redrives", 1);
    memlog_append(rig.log, "redrives", 0, slice_str("0"), slice_str("no mark"), 0);
    assert_true(goes_on(&rig, ingest, CHECK_MS));
    assert_true(metric_value(metrics_counter(ingest->metrics, "freshet_broadcast_records_total", "",
                                             "Known.")) == 1);
    memlog_remake(rig.log, "redrives", 1);
    check_end(&rig, ingest, CHECK_MS, EXIT_BROKEN, "table topic redrives was recreated");
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_partitions_are_read),
        cmocka_unit_test(a_recreated_topic_is_read_from_its_start),
        cmocka_unit_test(a_topic_recreated_between_two_fetches),
        cmocka_unit_test(timestamps_that_go_back),
        cmocka_unit_test(fewer_partitions),
        cmocka_unit_test(a_log_that_was_cut),
        cmocka_unit_test(a_missing_topic_is_waited_for),
        cmocka_unit_test(the_sequence_trainer),
        cmocka_unit_test(a_table_that_was_missing_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
