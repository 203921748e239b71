/* The whole way in Confluent frames, by ids of a directory: the same answers as in single objects;
 * and a change of the frame in the middle. */
#include "base/base.h"
#include "features/features.h"
#include "ingest/ingest.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 2, EVENTS = 600, FIRST_ID = 0x10203 };

static const char single[] = "schema.framing=single";
static const char confluent[] = "schema.framing=confluent";

/* Writes each contract's schema to DIR/ids/ID.avsc and tells schemas.path=DIR/ids. */
static char *write_ids(struct rig *rig)
{
    _cleanup_(xfreep) char *dir = xprintf("%s/ids", rig->dir);
    assert(mkdir(dir, 0777) == 0);
    for (size_t i = 0; i < contracts_count; i++) {
        _cleanup_(xfreep) char *path = xprintf("%s/%zu.avsc", dir, FIRST_ID + i);
        FILE *file = fopen(path, "w");
        assert(file);
        fputs(contracts[i]->schema, file);
        assert(fclose(file) == 0);
    }
    return xprintf("schemas.path=%s", dir);
}

/* The framed messages of a topic, counted by their first byte. */
static void count_frames(const struct rig *rig, const char *topic, int *ret_single, int *ret_ids)
{
    struct record rec;
    *ret_single = *ret_ids = 0;
    for (int32_t p = 0; p < rig->partitions; p++) {
        for (int64_t at = 0; memlog_read(rig->log, topic, p, at, &rec) == 0; at = rec.offset + 1) {
            if (!rec.value.size) { continue; }
            *ret_ids += rec.value.data[0] == '\0';
            *ret_single += rec.value.data[0] == '\xc3';
        }
    }
}

static void work(struct rig *rig, const struct worker *worker, const char *framing,
                 const char *path)
{
    const char *pairs[] = {framing, path, NULL, NULL};
    if (worker == &ingest_worker) { pairs[2] = "action.click=CLICK:1"; }
    struct copy *copy = rig_start(rig, worker, 0, pairs);
    rig_until_idle(rig);
    rig_finish(copy);
}

static void work_all(struct rig *rig, const char *framing, const char *path)
{
    work(rig, &ingest_worker, framing, path);
    work(rig, &features_worker, framing, path);
    work(rig, &trainer_worker, framing, path);
    work(rig, &scorer_worker, framing, path);
}

static char *take_answers(struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    for (size_t i = 0; i < contracts_count; i++) {
        assert(schema_cache_bind(answers.schemas, FIRST_ID + (uint32_t)i, contracts[i]->schema,
                                 NULL) == 0);
    }
    answers_states(&answers);
    answers_sums(&answers);
    answers_rows(&answers);
    answers_lists(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

/* Half of the events with one framing, half with the other; state and tables go over. */
static char *whole_way(const char *first, const char *second, bool all_ids)
{
    static const char *const topics[] = {"events",     "histories",       "pair-deltas",
                                         "neighbours", "recommendations", "features-changelog"};
    struct rig rig;
    int singles, ids;
    rig_init(&rig, PARTITIONS);
    _cleanup_(xfreep) char *path = write_ids(&rig);
    feed_clicks(&rig, 1, 0, EVENTS / 2);
    work_all(&rig, first, path);
    feed_clicks(&rig, 1, EVENTS / 2, EVENTS);
    work_all(&rig, second, path);
    char *text = take_answers(&rig);
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++) {
        count_frames(&rig, topics[i], &singles, &ids);
        assert_true((singles == 0) == all_ids);
        assert_true((ids > 0) == (first == confluent || second == confluent));
    }
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 0);
    rig_release(&rig);
    return text;
}

static void test_same_answers(void **state)
{
    _cleanup_(xfreep) char *want = whole_way(single, single, false);
    _cleanup_(xfreep) char *is = whole_way(confluent, confluent, true);
    _cleanup_(xfreep) char *there = whole_way(single, confluent, false);
    _cleanup_(xfreep) char *back = whole_way(confluent, single, false);
    assert_non_null(strstr(want, "\nlist u00 "));
    assert_true(answers_agree(want, is));
    assert_true(answers_agree(want, there));
    assert_true(answers_agree(want, back));
}

static void test_an_id_is_missing(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    const char *pairs[] = {confluent, NULL};
    struct copy *copy = rig_add(&rig, &trainer_worker, 0, pairs);
    assert_false(rig_launch(&rig, copy));
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    assert_non_null(strstr(copy->why, "freshet.ItemNeighbours, written to neighbours, has no id"));
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_answers),
        cmocka_unit_test(test_an_id_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
