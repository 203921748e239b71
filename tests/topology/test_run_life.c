/* A start while topics are made, or while brokers do not know them yet: it waits for them. One
 * that stays missing ends the start with what helps, and so do settings that cannot work together.
 */
#include "base/base.h"
#include "base/exit_code.h"
#include "features/features.h"
#include "ingest/ingest.h"
#include "scorer/scorer.h"
#include "tests/topology/rig.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MADE_AT = 12 }; /* questions for partitions before somebody makes the topic */

/* ---- Topics ---- */

struct making {
    struct rig *rig;
    const char *topic;
    int questions;
};

static void make_later(void *arg)
{
    struct making *making = arg;
    if (++making->questions != MADE_AT) { return; }
    memlog_topic(making->rig->log, making->topic, 2);
}

/* Each kind of topic: source, output, changelog, table, dead letters. */
static void a_topic_that_is_made_meanwhile_is_waited_for(void **state)
{
    static const struct {
        const struct worker *worker;
        const char *topic;
    } cases[] = {
        {&features_worker, "events"},      {&features_worker, "histories"},
        {&features_worker, "dead-letters"}, {&features_worker, "features-changelog"},
        {&ingest_worker, "clicks"},        {&trainer_worker, "serving-rows"},
        {&scorer_worker, "items"},         {&scorer_worker, "serving-rows"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct rig rig;
        struct making making = {&rig, cases[i].topic, 0};
        rig_init(&rig, 2);
        memlog_delete(rig.log, cases[i].topic);
        memlog_hook(rig.log, MEMLOG_PARTITIONS, make_later, &making);
        struct copy *copy = rig_start(&rig, cases[i].worker, 0, NULL);
        assert_non_null(strstr(rig.warned, "a topic is missing, asking again"));
        assert_non_null(strstr(rig.warned, cases[i].topic));
        memlog_hook(rig.log, MEMLOG_PARTITIONS, NULL, NULL);
        rig_until_idle(&rig);
        rig_finish(copy);
        rig_release(&rig);
    }
}

/* A broker that has just started says that it knows none of them, or does not answer. */
static void a_broker_that_knows_no_topics_yet_is_waited_for(void **state)
{
    static const int errors[] = {WIRE_REFUSED, WIRE_RETRY};
    for (int nth = 1; nth <= 12; nth++) {
        struct rig rig;
        rig_init(&rig, 2);
        for (int n = nth; n < nth + 6; n++) {
            memlog_fail(rig.log, MEMLOG_PARTITIONS, n, errors[n % 2]);
        }
        struct copy *copy = rig_start(&rig, &scorer_worker, 0, NULL);
        rig_until_idle(&rig);
        rig_finish(copy);
        rig_release(&rig);
    }
}

static void a_topic_that_stays_missing_ends_the_start(void **state)
{
    struct rig rig;
    rig_init(&rig, 2);
    memlog_delete(rig.log, "histories");
    memlog_topic(rig.log, "histories2", 2);
    struct copy *copy = rig_add(&rig, &features_worker, 0, NULL);
    int64_t from_ms = rig.now_ms;
    assert_false(rig_launch(&rig, copy));
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    assert_non_null(strstr(copy->why, "topic histories (of topic.prefix) does not exist"));
    assert_non_null(strstr(copy->why, "histories2"));
    assert_in_range(rig.now_ms - from_ms, 5000, 6000);
    rig_release(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_that_is_made_meanwhile_is_waited_for),
        cmocka_unit_test(a_broker_that_knows_no_topics_yet_is_waited_for),
        cmocka_unit_test(a_topic_that_stays_missing_ends_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
