/* What the console says is wrong, and nothing when nothing is. */
#include "base/base.h"
#include "serve/console/flow_faults.h"

#include <setjmp.h>
#include <cmocka.h>

enum { INGEST, FEATURES, TRAINER, SCORER, SEQUENCE, SERVE, EMBED };

static struct flow_view view;
static struct refusal_sums letters;
static struct flow_faults faults;

static void all_well(void)
{
    view = (struct flow_view){.known = true, .lists = 10, .p50_s = 0.01, .p99_s = 0.03};
    letters = (struct refusal_sums){0};
    for (int at = 0; at < STAGES_COUNT; at++) {
        view.stages[at] = (struct flow_stage){.told = true, .members = 1, .committed = true,
                                              .partitions = 4};
    }
}

static const struct flow_fault *only(void)
{
    flow_faults_find(&view, &letters, 100, &faults);
    assert_int_equal(faults.count, 1);
    return &faults.at[0];
}

static void test_each_fault(void **state)
{
    all_well();
    flow_faults_find(&view, &letters, 100, &faults);
    assert_int_equal(faults.count, 0);

    view.stages[FEATURES].members = 0;
    assert_int_equal(only()->text, TEXT_FAULT_NO_COPY);
    assert_string_equal(only()->command, "systemctl start freshet-features@0");

    all_well();
    view.stages[EMBED].members = 0; /* nobody needs it */
    flow_faults_find(&view, &letters, 100, &faults);
    assert_int_equal(faults.count, 0);

    view.stages[SCORER].lag = 7;
    view.stages[SCORER].behind_s = INFINITY;
    assert_int_equal(only()->text, TEXT_FAULT_STILL);
    assert_int_equal(only()->number, 7);
    assert_int_equal(only()->stage, SCORER);
    assert_string_equal(only()->command, "journalctl -u 'freshet-scorer@*' -n 50");

    view.stages[SCORER].behind_s = 90.0;
    assert_int_equal(only()->text, TEXT_FAULT_BEHIND);
    assert_string_equal(only()->command, "systemctl start freshet-scorer@1");
    view.stages[SCORER].members = 4;
    assert_int_equal(only()->text, TEXT_FAULT_FULL);

    all_well();
    view.stages[TRAINER].told = false;
    (void)snprintf(view.stages[TRAINER].why, FLOW_WHY_BYTES, "no right");
    assert_int_equal(only()->text, TEXT_FAULT_UNTOLD);
    assert_string_equal(only()->why, "no right");

    all_well();
    view.p99_s = 1.5;
    assert_int_equal(only()->text, TEXT_FAULT_LATE);

    all_well();
    letters.last_hour = 3;
    assert_int_equal(only()->number, 3);

    all_well();
    flow_faults_find(&view, &letters, 11000, &faults);
    assert_int_equal(faults.at[0].text, TEXT_FAULT_OLD);

    all_well();
    view.known = false;
    assert_int_equal(only()->text, TEXT_FAULT_UNKNOWN);
    view.asking = true; /* nobody looked before */
    flow_faults_find(&view, &letters, 100, &faults);
    assert_int_equal(faults.count, 0);
}

/* It commits at its checkpoints alone: a standing offset is no fault, no copy is one. */
static void test_trainer(void **state)
{
    all_well();
    view.stages[TRAINER].lag = 7;
    view.stages[TRAINER].behind_s = INFINITY;
    flow_faults_find(&view, &letters, 100, &faults);
    assert_int_equal(faults.count, 0);
    view.stages[TRAINER].behind_s = 90.0;
    flow_faults_find(&view, &letters, 100, &faults);
    assert_int_equal(faults.count, 0);
    view.stages[TRAINER].members = 0;
    assert_int_equal(only()->text, TEXT_FAULT_NO_COPY);
}

static void test_many_faults_fit(void **state)
{
    all_well();
    for (int at = 0; at < STAGES_COUNT; at++) {
        view.stages[at].members = 0;
        view.stages[at].lag = 1;
    }
    letters.last_hour = 1;
    view.p99_s = 9.0;
    (void)snprintf(view.why, FLOW_WHY_BYTES, "away");
    flow_faults_find(&view, &letters, 20000, &faults);
    assert_int_equal(faults.count, STAGES_COUNT + 4);
}

static void test_rates(void **state)
{
    struct flow_stage before = {.committed = true, .read = 100, .lag = 50};
    struct flow_stage now = {.committed = true, .read = 200, .lag = 30};
    flow_stage_compare(&now, &before, 10.0);
    assert_true(now.rate == 10.0 && now.behind_s == 3.0);
    now.read = 100;
    flow_stage_compare(&now, &before, 10.0);
    assert_true(now.rate == 0.0 && isinf(now.behind_s));
    now.read = 50; /* the offsets were reset */
    flow_stage_compare(&now, &before, 10.0);
    assert_true(now.rate == 0.0);
    now.lag = 0;
    flow_stage_compare(&now, &before, 10.0);
    assert_true(now.behind_s == 0.0);
    before.committed = false;
    now.lag = 5;
    flow_stage_compare(&now, &before, 10.0);
    assert_true(isnan(now.behind_s));
}

static void test_letters(void **state)
{
    struct refused_records *kept = refused_records_new();
    for (int i = 0; i < 40; i++) {
        char reason[16]; /* the most frequent one is that of the oldest letters */
        (void)snprintf(reason, sizeof(reason), "bad_%d", i < 8 ? 99 : i % 12);
        struct header header = {"reason", slice_str(reason)};
        const struct header_list list = {&header, 1};
        const struct record rec = {.time_ms = i < 30 ? 1000 : 9000000, .headers = &listed_headers,
                                   .message = &list};
        refused_records_put(kept, &rec);
    }
    refusal_sums_find(kept, 9000000, &letters);
    assert_int_equal(letters.count, FLOW_REASONS);
    assert_int_equal(letters.last_hour, 10);
    assert_string_equal(letters.at[0].reason, "bad_99");
    assert_int_equal(letters.at[0].number, 8);
    for (size_t i = 1; i < letters.count; i++) {
        assert_true(letters.at[i].number <= letters.at[i - 1].number);
    }
    refused_records_free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_fault),
        cmocka_unit_test(test_trainer),
        cmocka_unit_test(test_many_faults_fit),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
