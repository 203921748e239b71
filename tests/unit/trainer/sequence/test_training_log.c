#include "base/base.h"
#include "trainer/sequence/training_log.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_lines(void **state)
{
    static const struct {
        int64_t at_ms, epochs, epoch, published;
        enum learner_phase phase;
        const char *msg, *pairs; /* NULL: no line */
    } cases[] = {
        {0, 0, 0, 0, PHASE_WAITING, NULL, NULL},
        {100, 0, 0, 0, PHASE_TRAINING, "training", "run=1 epoch=1 of=20 "},
        {200, 1, 1, 0, PHASE_TRAINING, NULL, NULL}, /* too soon */
        {10200, 7, 7, 0, PHASE_VALIDATING, "training", "run=1 epoch=8 of=20 "},
        {30000, 7, 7, 0, PHASE_TRAINING, NULL, NULL}, /* the same epoch */
        {70200, 7, 7, 0, PHASE_TRAINING, "training", "run=1 epoch=8 of=20 "},
        {70300, 8, 8, 1, PHASE_TRAINING, "model version published", "versions=1 "},
        {80400, 9, 9, 1, PHASE_IDLE, NULL, NULL},
        {180400, 9, 9, 1, PHASE_IDLE, NULL, NULL},
        {180500, 9, 9, 2, PHASE_FINE_TUNING, "model version published", "versions=2 "},
    };
    struct buf pairs;
    struct training_log log = {0};
    buf_init(&pairs, 1 << 12);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct learner_report report = {.phase = cases[i].phase, .training_runs = 1,
                                              .epochs = cases[i].epochs, .epoch = cases[i].epoch,
                                              .ends = 20};
        const char *msg = training_log_next(&log, &report, cases[i].published, cases[i].at_ms,
                                            &pairs);
        if (!cases[i].msg) {
            assert_null(msg);
            continue;
        }
        assert_string_equal(msg, cases[i].msg);
        buf_append(&pairs, "", 1);
        assert_int_equal(strncmp(pairs.data, cases[i].pairs, strlen(cases[i].pairs)), 0);
    }
    buf_release(&pairs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
