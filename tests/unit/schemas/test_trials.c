#include "base/base.h"
#include "schemas/trials.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 40000, PARTITIONS = 12 };

static struct trial_record started(int64_t number, const char *generation, const char *live,
                                   int32_t share)
{
    return (struct trial_record){.kind = TRIAL_STARTED,
                                 .trial = number,
                                 .generation = slice_str(generation),
                                 .live = slice_str(live),
                                 .share = share,
                                 .metric = TRIAL_HIT_AT_10,
                                 .guarded = true,
                                 .margin = 0.05,
                                 .time_ms = 1000,
                                 .partition = -1};
}

static void apply(struct trials *trials, struct trial_record rec)
{
    assert_true(trials_apply(trials, &rec));
}

static void refuse(struct trials *trials, struct trial_record rec)
{
    const struct trials before = *trials;
    assert_false(trials_apply(trials, &rec));
    assert_memory_equal(trials, &before, sizeof(before));
}

static void test_begin_and_end(void **state)
{
    struct trials trials;
    struct generations generations;
    trials_init(&trials, PARTITIONS);
    generations_init(&generations);
    assert_false(trials_run(&trials, &generations));
    assert_false(trials_owe(&trials, &generations, 0));
    assert_int_equal(trials_arm(&trials, ""), TRIAL_ARMS);
    apply(&trials, started(1, "g2", "", 1000));
    assert_true(trials_run(&trials, &generations));
    assert_int_equal(trials_arm(&trials, ""), TRIAL_ARM_LIVE);
    assert_int_equal(trials_arm(&trials, "g2"), TRIAL_ARM_TRIAL);
    assert_int_equal(trials_arm(&trials, "g3"), TRIAL_ARMS);
    assert_false(trials_owe(&trials, &generations, 0));
    generations.epoch = 1; /* another generation was promoted */
    assert_false(trials_run(&trials, &generations));
    generations.epoch = 0;
    struct trial_record ended;
    trials_describe(&trials, TRIAL_ENDED, &ended);
    assert_true(slice_equal(ended.generation, slice_str("g2")));
    assert_int_equal(ended.share, 1000);
    ended.ending = TRIAL_TAKEN_BACK;
    ended.time_ms = 2000;
    trials_apply(&trials, &ended);
    assert_false(trials_run(&trials, &generations));
    assert_int_equal(trials.ending, TRIAL_TAKEN_BACK);
    assert_int_equal(trials.ended_ms, 2000);
    assert_true(trials_owe(&trials, &generations, 3));
    apply(&trials, (struct trial_record){.kind = TRIAL_RETURNED, .trial = 1, .partition = 3});
    assert_false(trials_owe(&trials, &generations, 3));
    assert_true(trials_owe(&trials, &generations, 2));
    assert_true(trials_owe(&trials, &generations, 4));
    generations.epoch = 1;
    assert_false(trials_owe(&trials, &generations, 4));
    apply(&trials, started(1, "g2", "", 1000)); /* again: it is over */
    assert_true(trials.ended);
    apply(&trials, started(2, "g3", "", 1000));
    assert_false(trials.ended);
    assert_true(trials_owe(&trials, &generations, 3) == false && trials.number == 2);
    trials_release(&trials);
}

static void test_records_that_make_no_sense(void **state)
{
    struct trials trials;
    static const char name[] = "a-name-of-more-than-thirty-two-bytes";
    trials_init(&trials, PARTITIONS);
    refuse(&trials, started(0, "g2", "", 1000));
    refuse(&trials, started(-1, "g2", "", 1000));
    refuse(&trials, started(INT64_MAX, "g2", "", 1000)); /* none could follow it */
    refuse(&trials, started(TRIAL_NUMBER_MAX + 1, "g2", "", 1000));
    refuse(&trials, started(1, "g2", "g2", 1000));
    refuse(&trials, started(1, "g2", "", 0));
    refuse(&trials, started(1, "g2", "", TRIAL_SHARES));
    refuse(&trials, started(1, name, "", 1000));
    refuse(&trials, started(1, "g\"2", "", 1000));
    refuse(&trials, started(1, "g2", "Base", 1000));
    struct trial_record other = started(1, "g2", "", 1000);
    other.metric = TRIAL_METRIC_OTHER;
    refuse(&trials, other);
    static const double margins[] = {NAN, -0.01, 1.01, INFINITY};
    for (size_t i = 0; i < ARRAY_COUNT(margins); i++) {
        other = started(1, "g2", "", 1000);
        other.margin = margins[i];
        refuse(&trials, other);
    }
    refuse(&trials, (struct trial_record){.kind = TRIAL_ENDED, .trial = 0});
    assert_int_equal(trials.number, 0);
    assert_false(trials.ended);
    apply(&trials, started(7, "g2", "", 1000));
    apply(&trials, (struct trial_record){.kind = TRIAL_ENDED, .trial = 6});
    refuse(&trials, (struct trial_record){.kind = TRIAL_RETURNED, .trial = 7, .partition = -1});
    refuse(&trials, (struct trial_record){
                        .kind = TRIAL_RETURNED, .trial = 7, .partition = PARTITIONS});
    apply(&trials, (struct trial_record){.kind = TRIAL_OTHER, .trial = 7}); /* a newer program's */
    assert_false(trials.ended);
    assert_int_equal(trials.partitions_count, 0);
    assert_int_equal(trials_next(&trials), 8);
    apply(&trials, started(TRIAL_NUMBER_MAX, "g2", "", 1000)); /* somebody's: none is the last */
    assert_true(trials.number == TRIAL_NUMBER_MAX);
    for (int64_t number = 1; number < 4; number++) {
        assert_int_equal(trials_next(&trials), number);
        apply(&trials, started(number, "g3", "", 1000));
        assert_int_equal(trials.number, number);
        apply(&trials, (struct trial_record){.kind = TRIAL_ENDED, .trial = number});
        assert_true(trials.ended);
    }
    trials_release(&trials);
    assert_int_equal(trials.partitions_max, PARTITIONS);
}

struct cells {
    int64_t judged[TRIAL_BUCKETS], hits[TRIAL_BUCKETS];
    double ndcg[TRIAL_BUCKETS];
};

static struct trial_record counted(struct cells *cells, const char *generation, int32_t partition,
                                   int64_t to_offset)
{
    return (struct trial_record){.kind = TRIAL_COUNTED,
                                 .trial = 1,
                                 .generation = slice_str(generation),
                                 .partition = partition,
                                 .to_offset = to_offset,
                                 .judged = {cells->judged, TRIAL_BUCKETS},
                                 .hits = {cells->hits, TRIAL_BUCKETS},
                                 .ndcg = {cells->ndcg, TRIAL_BUCKETS}};
}

/* Counts replace those of their arm and partition; arms add up over partitions. */
static void test_counts(void **state)
{
    struct trials trials;
    struct trial_totals totals;
    struct cells cells = {{0}, {0}, {0}};
    int64_t to_offset = 0;
    trials_init(&trials, PARTITIONS);
    apply(&trials, started(1, "g2", "", 1000));
    assert_null(trials_counts(&trials, TRIAL_ARM_LIVE, 0, &to_offset));
    cells.judged[5] = 10;
    cells.hits[5] = 4;
    cells.ndcg[5] = 2.5;
    apply(&trials, counted(&cells, "", 0, 100));
    apply(&trials, counted(&cells, "", 2, 100));
    cells.judged[5] = 11;
    apply(&trials, counted(&cells, "", 0, 120));
    apply(&trials, counted(&cells, "g2", 1, 70));
    refuse(&trials, counted(&cells, "g3", 1, 70)); /* no arm */
    refuse(&trials, counted(&cells, "g2", PARTITIONS, 70));
    refuse(&trials, counted(&cells, "g2", TRIAL_PARTITIONS_MAX - 1, 70));
    trials_sum(&trials, TRIAL_ARM_LIVE, &totals);
    assert_true(totals.judged[5] == 21.0 && totals.hits[5] == 8.0 && totals.ndcg[5] == 5.0);
    assert_true(totals.judged[4] == 0.0);
    assert_true(totals.all_judged == 21.0 && totals.all_hits == 8.0 && totals.all_ndcg == 5.0);
    assert_ptr_equal(trials_gains(&trials, &totals), totals.hits);
    trials_sum(&trials, TRIAL_ARM_TRIAL, &totals);
    assert_true(totals.judged[5] == 11.0);
    const struct trial_counts *counts = trials_counts(&trials, TRIAL_ARM_LIVE, 0, &to_offset);
    assert_non_null(counts);
    assert_int_equal(counts->judged[5], 11);
    assert_int_equal(to_offset, 120);
    assert_null(trials_counts(&trials, TRIAL_ARM_LIVE, 1, &to_offset));
    assert_null(trials_counts(&trials, TRIAL_ARM_LIVE, 9, &to_offset));
    cells.hits[5] = 12; /* more hits than lists */
    refuse(&trials, counted(&cells, "", 0, 130));
    cells.hits[5] = 4;
    cells.ndcg[5] = 4.5; /* a hit gains at most 1 */
    refuse(&trials, counted(&cells, "", 0, 130));
    cells.ndcg[5] = NAN;
    refuse(&trials, counted(&cells, "", 0, 130));
    cells.ndcg[5] = 2.5;
    refuse(&trials, counted(&cells, "", 0, 0));
    struct trial_record narrow = counted(&cells, "", 0, 130);
    narrow.ndcg.count--;
    refuse(&trials, narrow);
    (void)trials_counts(&trials, TRIAL_ARM_LIVE, 0, &to_offset);
    assert_int_equal(to_offset, 120);
    apply(&trials, started(2, "g2", "", 1000)); /* a new trial begins with nothing */
    assert_null(trials_counts(&trials, TRIAL_ARM_LIVE, 0, &to_offset));
    trials_release(&trials);
}

/* The share is met, buckets are even in both arms, and another trial has other users. */
static void test_users(void **state)
{
    struct trials trials, next;
    int in_trial = 0, in_both = 0;
    int buckets[2][TRIAL_BUCKETS] = {{0}, {0}};
    trials_init(&trials, PARTITIONS);
    trials_init(&next, PARTITIONS);
    apply(&trials, started(1, "g2", "", 1000));
    apply(&next, started(2, "g2", "", 1000));
    for (int u = 0; u < USERS; u++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "user-%d", u);
        const struct trial_user user = trials_user(&trials, slice_str(id));
        assert_true(user.bucket < TRIAL_BUCKETS);
        assert_true(trials_user(&trials, slice_str(id)).in_trial == user.in_trial);
        in_trial += user.in_trial;
        in_both += user.in_trial && trials_user(&next, slice_str(id)).in_trial;
        buckets[user.in_trial][user.bucket]++;
    }
    assert_true(abs(in_trial - USERS / 10) < 240); /* four deviations */
    assert_true(abs(in_both - USERS / 100) < 80);
    for (int b = 0; b < TRIAL_BUCKETS; b++) {
        assert_true(buckets[0][b] > 200 && buckets[0][b] < 370);
        assert_true(buckets[1][b] > 7 && buckets[1][b] < 60);
    }
    trials_release(&trials);
    trials_release(&next);
}

/* Whoever reads the topic must find the same users: the hash is part of the contract. Computed with
 * another implementation of XXH3-64 (the Python package xxhash). */
static void test_the_hash_stays(void **state)
{
    static const struct {
        const char *user;
        bool in_trial;
        size_t bucket;
    } known[] = {{"u00", false, 70}, {"u01", true, 33}, {"u02", false, 50}, {"u03", false, 85},
                 {"", false, 106}};
    struct trials trials;
    trials_init(&trials, PARTITIONS);
    apply(&trials, started(1, "g2", "", 5000));
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        const struct trial_user user = trials_user(&trials, slice_str(known[i].user));
        assert_int_equal(user.in_trial, known[i].in_trial);
        assert_int_equal(user.bucket, known[i].bucket);
    }
    trials_release(&trials);
}

static void test_keys(void **state)
{
    char key[TRIAL_KEY_BYTES_MAX];
    struct cells cells = {{0}, {0}, {0}};
    struct trial_record rec = started(12, "g2", "", 5000);
    assert_string_equal(trial_record_key(&rec, key), "12/started");
    rec = counted(&cells, "g2", 3, 1);
    assert_string_equal(trial_record_key(&rec, key), "1/counted/g2/3");
    rec = counted(&cells, "", 0, 1);
    assert_string_equal(trial_record_key(&rec, key), "1/counted//0");
    rec.kind = TRIAL_RETURNED;
    assert_string_equal(trial_record_key(&rec, key), "1/returned/0");
    rec.kind = TRIAL_RESULT;
    assert_string_equal(trial_record_key(&rec, key), "1/result");
    rec.kind = TRIAL_ENDED;
    assert_string_equal(trial_record_key(&rec, key), "1/ended");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begin_and_end),
        cmocka_unit_test(test_records_that_make_no_sense),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_the_hash_stays),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
