/* Records without a key, without a value, or without both, on every input of every worker: each is
 * taken or a dead letter, and the worker goes on. */
#include "base/base.h"
#include "features/features.h"
#include "ingest/ingest.h"
#include "scorer/scorer.h"
#include "tests/topology/rig.h"
#include "trainer/sequence/sequence.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ROUNDS = 30 };

static const char *const defaults[] = {NULL};
static const char *const no_threads[] = {"train.threads=0", NULL};

static void feed(struct rig *rig, const struct worker *worker)
{
    const struct slice none = slice_of(NULL, 0), empty = slice_str(""), some = slice_str("x");
    const struct slice of[] = {none, empty, some};
    for (size_t i = 0; i < worker->inputs_count; i++) {
        for (size_t k = 0; k < ARRAY_COUNT(of); k++) {
            for (size_t v = 0; v < ARRAY_COUNT(of); v++) {
                memlog_append(rig->log, worker->inputs[i].name, 0, of[k], of[v], 1000);
            }
        }
    }
}

/* Before the start, and once more while it serves. */
static void check(const struct worker *worker, const char *const *pairs)
{
    struct rig rig;
    rig_init(&rig, 1);
    feed(&rig, worker);
    struct copy *copy = rig_start(&rig, worker, 0, pairs);
    for (int part = 0; part < 2; part++) {
        for (int i = 0; i < ROUNDS; i++) { assert_true(rig_step(&rig, copy)); }
        rig_until_idle(&rig);
        assert_true(run_healthy(copy->run));
        assert_true(memlog_count(rig.log, "dead-letters", MEMLOG_ALL) > 0);
        feed(&rig, worker);
    }
    rig_release(&rig);
}

static void test_ingest(void **state)
{
    check(&ingest_worker, defaults);
}

static void test_features(void **state)
{
    check(&features_worker, defaults);
}

static void test_similarity(void **state)
{
    check(&trainer_worker, defaults);
}

static void test_sequence(void **state)
{
    check(&sequence_worker, no_threads);
}

static void test_scorer(void **state)
{
    check(&scorer_worker, defaults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ingest),     cmocka_unit_test(test_features),
        cmocka_unit_test(test_similarity), cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_scorer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
