/* A trial of two generations of scorers on one log: whose list a reader of `recommendations` sees,
 * what is counted, and how it ends. */
#include "base/base.h"

#include "schemas/trials.h"
#include "stream/metrics.h"
#include "tests/topology/two_generations.h"

enum { SHARE = 4000, EVENTS = 40 };

struct trial_rig {
    struct two_generations both;
    struct codec *codec;
    struct trials trials;
};

static void begin_with(struct trial_rig *rig, const char *const *base, const char *const *g2)
{
    *rig = (struct trial_rig){0};
    both_init_with(&rig->both, base, g2);
    trials_init(&rig->trials, PARTITIONS);
    rig->codec = codec_new(&trial_record_contract, rig->both.schemas);
}

static void begin(struct trial_rig *rig)
{
    begin_with(rig, NULL, NULL);
}

static void finish(struct trial_rig *rig)
{
    trials_release(&rig->trials);
    codec_free(rig->codec);
    both_release(&rig->both);
}

static void write_record(struct trial_rig *rig, const struct trial_record *rec)
{
    char key[TRIAL_KEY_BYTES_MAX];
    struct buf out;
    buf_init(&out, TRIAL_RECORD_BYTES_MAX);
    assert_int_equal(codec_encode(rig->codec, rec, &out), 0);
    memlog_append(rig->both.rig.log, "trials", 0, slice_str(trial_record_key(rec, key)),
                  buf_slice(&out), 1);
    buf_release(&out);
}

static void start_at(struct trial_rig *rig, int64_t number, int64_t began_ms)
{
    const struct trial_record rec = {.kind = TRIAL_STARTED,
                                     .trial = number,
                                     .generation = slice_str("g2"),
                                     .share = SHARE,
                                     .metric = TRIAL_HIT_AT_10,
                                     .guarded = true,
                                     .time_ms = began_ms,
                                     .partition = -1};
    write_record(rig, &rec);
    trials_apply(&rig->trials, &rec);
}

static void start(struct trial_rig *rig, int64_t number)
{
    start_at(rig, number, /* began_ms= */ 0);
}

static void stop(struct trial_rig *rig)
{
    struct trial_record rec;
    trials_describe(&rig->trials, TRIAL_ENDED, &rec);
    rec.ending = TRIAL_STOPPED;
    write_record(rig, &rec);
}

/* Reads the topic as a scorer would. */
static void read_trials(struct trial_rig *rig)
{
    struct record rec;
    trials_release(&rig->trials);
    for (int64_t at = 0; memlog_read(rig->both.rig.log, "trials", 0, at, &rec) == 0;
         at = rec.offset + 1) {
        struct trial_record record;
        arena_reset(rig->both.arena);
        assert_int_equal(
            codec_decode(rig->codec, rec.value, rig->both.arena, &record, NULL), 0);
        trials_apply(&rig->trials, &record);
    }
}

/* Reads the newest record of a key; borrowed until the next one is read. */
static void read_newest(struct trial_rig *rig, const char *key, struct trial_record *ret_record)
{
    struct record rec;
    bool found = false;
    for (int64_t at = 0; memlog_read(rig->both.rig.log, "trials", 0, at, &rec) == 0;
         at = rec.offset + 1) {
        if (!slice_equal(rec.key, slice_str(key))) { continue; }
        arena_reset(rig->both.arena);
        found = codec_decode(rig->codec, rec.value, rig->both.arena, ret_record, NULL) == 0;
    }
    assert_true(found);
}

/* Steps until all is processed, and lists are copied or given back. */
static void settle(struct trial_rig *rig)
{
    for (int i = 0; i < 3; i++) {
        rig_until_quiet(&rig->both.rig);
        rig_survive(&rig->both.rig, false);
    }
}

static const struct folded *find(const struct fold *fold, struct slice key)
{
    for (size_t i = 0; i < fold->count; i++) {
        if (slice_equal(fold->at[i].key, key)) { return &fold->at[i]; }
    }
    return NULL;
}

/* Every user's list is, to the byte, that of the generation that it should be. */
static void check_lists(struct trial_rig *rig, bool runs)
{
    struct fold *seen = rig_fold(&rig->both.rig, "recommendations");
    struct fold *own = rig_fold(&rig->both.rig, "lists");
    struct fold *other = rig_fold(&rig->both.rig, "lists.g2");
    size_t of_trial = 0;
    assert_true(seen->count == FEED_USERS && own->count == FEED_USERS);
    for (size_t i = 0; i < seen->count; i++) {
        bool tried = runs && trials_user(&rig->trials, seen->at[i].key).in_trial;
        const struct folded *want = find(tried ? other : own, seen->at[i].key);
        assert_non_null(want);
        assert_true(slice_equal(seen->at[i].value, want->value));
        assert_int_equal(seen->at[i].partition, want->partition);
        arena_reset(rig->both.arena);
        struct slice of = decode(&rig->both, want->value).generation;
        assert_true(slice_equal(of, slice_str(tried ? "g2" : "")));
        of_trial += tried;
    }
    assert_true(!runs || (of_trial > FEED_USERS / 5 && of_trial < 3 * FEED_USERS / 5));
    free(seen);
    free(own);
    free(other);
}

static void check_returned(struct trial_rig *rig)
{
    const struct generations generations = {0};
    read_trials(rig);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        assert_false(trials_owe(&rig->trials, &generations, p));
    }
    assert_true(rig->trials.ended);
}

static void there_and_back(struct trial_rig *rig)
{
    start(rig, 1);
    feed(&rig->both, EVENTS);
    settle(rig);
    check_lists(rig, true);
    feed(&rig->both, EVENTS);
    settle(rig);
    check_lists(rig, true);
    stop(rig);
    feed(&rig->both, EVENTS);
    settle(rig);
    check_lists(rig, false);
    check_returned(rig);
}

static void test_lists_are_copied_and_given_back(void **state)
{
    struct trial_rig rig;
    begin(&rig);
    there_and_back(&rig);
    assert_int_equal(rig.both.rig.restarts, 0);
    assert_int_equal(memlog_count(rig.both.rig.log, "dead-letters", MEMLOG_ALL), 0);
    assert_true(metric_value(metrics_counter(rig.both.base->metrics,
                                             "freshet_trial_lists_copied_total", "", "")) > 0.0);
    start(&rig, 2); /* others are in it */
    settle(&rig);
    check_lists(&rig, true);
    finish(&rig);
}

/* The same lists as JSON. */
static void test_json_lists(void **state)
{
    static const char *const settings[] = {"lists.json=true", "poll.records.max=20", NULL};
    struct trial_rig rig;
    begin_with(&rig, settings, NULL);
    start(&rig, 1);
    settle(&rig);
    struct fold *texts = rig_fold(&rig.both.rig, "recommendations-json");
    assert_int_equal(texts->count, FEED_USERS);
    for (size_t i = 0; i < texts->count; i++) {
        struct slice text = texts->at[i].value;
        bool tried = trials_user(&rig.trials, texts->at[i].key).in_trial;
        assert_true(tried == (memmem(text.data, text.size, "\"generation\":\"g2\"", 17) != NULL));
    }
    free(texts);
    finish(&rig);
}

static void test_slow_acknowledgements(void **state)
{
    struct trial_rig rig;
    begin(&rig);
    memlog_ack_delay(rig.both.rig.log, 7);
    there_and_back(&rig);
    finish(&rig);
}

static void test_killed_while_lists_are_copied(void **state)
{
    for (int nth = 1; nth < 200; nth += 33) {
        struct trial_rig rig;
        begin(&rig);
        memlog_fail(rig.both.rig.log, MEMLOG_PRODUCE, nth, MEMLOG_KILL);
        there_and_back(&rig);
        assert_int_equal(rig.both.rig.restarts, 1);
        finish(&rig);
    }
}

static void test_message_lost_while_lists_are_copied(void **state)
{
    for (int nth = 1; nth < 200; nth += 41) {
        struct trial_rig rig;
        begin(&rig);
        memlog_fail(rig.both.rig.log, MEMLOG_PRODUCE, nth, WIRE_ABORTED);
        there_and_back(&rig);
        assert_int_equal(memlog_failed(rig.both.rig.log, MEMLOG_PRODUCE), 1);
        finish(&rig);
    }
}

/* The live scorer is away while the trial ends, and has lost its state. */
static void test_ended_while_the_live_scorer_is_away(void **state)
{
    struct trial_rig rig;
    begin(&rig);
    start(&rig, 1);
    settle(&rig);
    rig_kill(&rig.both.rig, rig.both.base);
    rig_empty(rig.both.base);
    feed(&rig.both, EVENTS);
    assert_true(rig_launch(&rig.both.rig, rig.both.base));
    settle(&rig);
    check_lists(&rig, true);
    rig_kill(&rig.both.rig, rig.both.base);
    stop(&rig);
    assert_true(rig_launch(&rig.both.rig, rig.both.base));
    settle(&rig);
    check_lists(&rig, false);
    check_returned(&rig);
    finish(&rig);
}

/* A user of the trial whom the other generation does not know, or has forgotten, sees the live
 * one's list. */
static void test_a_user_without_a_list_of_the_trial(void **state)
{
    struct trial_rig rig;
    begin(&rig);
    start(&rig, 1);
    settle(&rig);
    struct fold *own = rig_fold(&rig.both.rig, "lists");
    const struct folded *one = NULL;
    for (size_t i = 0; i < own->count && !one; i++) {
        if (trials_user(&rig.trials, own->at[i].key).in_trial) { one = &own->at[i]; }
    }
    assert_non_null(one);
    memlog_append(rig.both.rig.log, "lists.g2", one->partition, one->key, (struct slice){0}, 1);
    settle(&rig);
    struct fold *seen = rig_fold(&rig.both.rig, "recommendations");
    assert_true(slice_equal(find(seen, one->key)->value, one->value));
    free(seen);
    rig_kill(&rig.both.rig, rig.both.base); /* the lists are copied once more */
    assert_true(rig_launch(&rig.both.rig, rig.both.base));
    settle(&rig);
    seen = rig_fold(&rig.both.rig, "recommendations");
    assert_true(slice_equal(find(seen, one->key)->value, one->value));
    free(seen);
    free(own);
    finish(&rig);
}

/* Nobody sees anything of a generation whose lists cannot be read; the log says why. */
static void test_lists_that_cannot_be_read(void **state)
{
    struct trial_rig rig;
    begin(&rig);
    struct trial_record rec = {.kind = TRIAL_STARTED,
                               .trial = 1,
                               .generation = slice_str("g9"),
                               .share = SHARE,
                               .metric = TRIAL_NDCG_AT_10,
                               .partition = -1};
    write_record(&rig, &rec);
    trials_apply(&rig.trials, &rec);
    feed(&rig.both, EVENTS);
    settle(&rig);
    check_lists(&rig, false);
    assert_non_null(strstr(rig.both.rig.warned, "a topic cannot be read"));
    assert_non_null(strstr(rig.both.rig.warned, "lists.g9"));
    stop(&rig);
    settle(&rig);
    check_lists(&rig, false);
    check_returned(&rig);
    finish(&rig);
}

/* A switch ends the trial: all lists are those of the new live generation. */
static void test_promoted(void **state)
{
    struct trial_rig rig;
    begin(&rig);
    start(&rig, 1);
    settle(&rig);
    write_step(&rig.both, STEP_LIVE, 1, "g2", "", -1);
    settle(&rig);
    check_same(&rig.both, "recommendations", "lists.g2", "g2");
    feed(&rig.both, EVENTS);
    settle(&rig);
    check_same(&rig.both, "recommendations", "lists.g2", "g2");
    write_step(&rig.both, STEP_LIVE, 2, "", "g2", -1);
    settle(&rig);
    check_same(&rig.both, "recommendations", "lists", "");
    finish(&rig);
}

/* ---- Counting ---- */

static double judged(const struct trials *trials, enum trial_arm arm)
{
    struct trial_totals totals;
    double sum = 0.0;
    trials_sum(trials, arm, &totals);
    for (size_t b = 0; b < TRIAL_BUCKETS; b++) { sum += totals.judged[b]; }
    return sum;
}

/* What must be counted: the actions of each arm's users, but the first one of each. */
struct expected {
    double lists[TRIAL_ARMS];
    bool acted[100]; /* by the number of the user */
};

/* Feeds events one at a time, so that each is judged with the list before it. */
static void feed_one_by_one(struct trial_rig *rig, int count, struct expected *expected)
{
    for (int i = 0; i < count; i++) {
        const struct click click = feed_click(5, rig->both.fed);
        char id[16];
        (void)snprintf(id, sizeof(id), "e%d", rig->both.fed);
        bool fresh = strcmp(click.id, id) == 0; /* else a duplicate */
        bool tried = trials_user(&rig->trials, slice_str(click.user)).in_trial;
        bool *acted = &expected->acted[(click.user[1] - '0') * 10 + click.user[2] - '0'];
        expected->lists[tried ? TRIAL_ARM_TRIAL : TRIAL_ARM_LIVE] += fresh && *acted;
        *acted |= fresh;
        feed(&rig->both, 1);
        rig_survive(&rig->both.rig, false);
    }
}

static void test_each_arm_counts_its_users(void **state)
{
    struct trial_rig rig;
    struct expected expected = {{0}, {0}};
    begin(&rig);
    start_at(&rig, 1, RIG_WALL_MS + 1);
    settle(&rig);
    rig.both.rig.wall_ms += 1000;
    feed_one_by_one(&rig, 200, &expected);
    settle(&rig);
    read_trials(&rig);
    assert_true(judged(&rig.trials, TRIAL_ARM_LIVE) == expected.lists[TRIAL_ARM_LIVE]);
    assert_true(judged(&rig.trials, TRIAL_ARM_TRIAL) == expected.lists[TRIAL_ARM_TRIAL]);
    assert_true(expected.lists[TRIAL_ARM_LIVE] > 20.0 && expected.lists[TRIAL_ARM_TRIAL] > 20.0);
    rig_kill(&rig.both.rig, rig.both.base); /* counts go on from the topic */
    rig_kill(&rig.both.rig, rig.both.g2);
    assert_true(rig_launch(&rig.both.rig, rig.both.base));
    assert_true(rig_launch(&rig.both.rig, rig.both.g2));
    rig_survive(&rig.both.rig, false);
    feed_one_by_one(&rig, 60, &expected);
    settle(&rig);
    read_trials(&rig);
    assert_true(judged(&rig.trials, TRIAL_ARM_LIVE) == expected.lists[TRIAL_ARM_LIVE]);
    assert_true(judged(&rig.trials, TRIAL_ARM_TRIAL) == expected.lists[TRIAL_ARM_TRIAL]);
    finish(&rig);
}

/* Lists of before the trial say nothing about it. */
static void test_lists_of_before_do_not_count(void **state)
{
    struct trial_rig rig;
    begin(&rig);
    start_at(&rig, 1, RIG_WALL_MS + 1);
    settle(&rig);
    feed(&rig.both, 200);
    settle(&rig);
    check_lists(&rig, true);
    read_trials(&rig);
    assert_true(judged(&rig.trials, TRIAL_ARM_LIVE) == 0.0);
    assert_true(judged(&rig.trials, TRIAL_ARM_TRIAL) == 0.0);
    finish(&rig);
}

static double told_by(const struct copy *copy)
{
    return metric_value(metrics_gauge(copy->metrics, "freshet_trial_runs", "", ""));
}

/* The metric says which copy tells the result: the one that has partition 0, and no other. */
static void test_who_tells_the_result(void **state)
{
    struct trial_rig rig;
    begin(&rig);
    start(&rig, 1);
    settle(&rig);
    struct copy *first = rig.both.base;
    assert_true(told_by(first) == 1.0);
    struct copy *second = rig_start(&rig.both.rig, &scorer_worker, 1, base_settings);
    rig_finish(first);
    settle(&rig);
    assert_true(told_by(second) == 1.0);
    assert_true(rig_launch(&rig.both.rig, first)); /* gets partition 0 back */
    settle(&rig);
    assert_true(told_by(first) == 1.0);
    assert_true(told_by(second) == 0.0);
    finish(&rig);
}

/* A record that nobody of ours wrote changes nothing, and becomes a dead letter. */
static void test_hostile_records(void **state)
{
    struct trial_rig rig;
    int64_t judged[TRIAL_BUCKETS] = {1}, hits[TRIAL_BUCKETS] = {0};
    double ndcg[TRIAL_BUCKETS] = {0.0};
    begin(&rig);
    start(&rig, 1);
    settle(&rig);
    struct trial_record rec = {.kind = TRIAL_STARTED,
                               .trial = INT64_MAX,
                               .generation = slice_str("g9"),
                               .share = SHARE,
                               .metric = TRIAL_HIT_AT_10,
                               .partition = -1};
    write_record(&rig, &rec);
    rec.trial = 2;
    rec.margin = -1.0;
    write_record(&rig, &rec);
    rec = (struct trial_record){.kind = TRIAL_COUNTED,
                                .trial = 1,
                                .partition = TRIAL_PARTITIONS_MAX - 1,
                                .to_offset = 1,
                                .judged = {judged, TRIAL_BUCKETS},
                                .hits = {hits, TRIAL_BUCKETS},
                                .ndcg = {ndcg, TRIAL_BUCKETS}};
    write_record(&rig, &rec);
    feed(&rig.both, EVENTS);
    settle(&rig);
    check_lists(&rig, true);
    assert_int_equal(memlog_count(rig.both.rig.log, "dead-letters", MEMLOG_ALL), 3);
    assert_int_equal(memlog_count(rig.both.rig.log, "dead-letters.g2", MEMLOG_ALL), 3);
    finish(&rig);
}

/* A generation whose lists have one item does far worse. It is taken back by itself. */
static void test_a_worse_one_is_taken_back(void **state)
{
    static const char *const settings[] = {"generation=g2", "poll.records.max=20", "list.length=1",
                                           NULL};
    struct trial_rig rig;
    struct expected expected = {{0}, {0}};
    begin_with(&rig, NULL, settings);
    start(&rig, 1);
    settle(&rig);
    for (int i = 0; i < 40 && !rig.trials.ended; i++) {
        feed_one_by_one(&rig, 50, &expected);
        settle(&rig);
        read_trials(&rig);
    }
    assert_true(rig.trials.ended);
    assert_int_equal(rig.trials.ending, TRIAL_TAKEN_BACK);
    settle(&rig);
    check_lists(&rig, false);
    check_returned(&rig);
    struct trial_record result = {0};
    read_newest(&rig, "1/result", &result);
    assert_int_equal(result.verdict, TRIAL_WORSE);
    assert_true(result.upper < 0.0 && result.lower < result.difference);
    assert_int_equal(result.judged.count, TRIAL_ARMS);
    assert_true(result.judged.at[TRIAL_ARM_TRIAL] > 50);
    finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_are_copied_and_given_back),
        cmocka_unit_test(test_json_lists),
        cmocka_unit_test(test_slow_acknowledgements),
        cmocka_unit_test(test_killed_while_lists_are_copied),
        cmocka_unit_test(test_message_lost_while_lists_are_copied),
        cmocka_unit_test(test_ended_while_the_live_scorer_is_away),
        cmocka_unit_test(test_a_user_without_a_list_of_the_trial),
        cmocka_unit_test(test_lists_that_cannot_be_read),
        cmocka_unit_test(test_promoted),
        cmocka_unit_test(test_each_arm_counts_its_users),
        cmocka_unit_test(test_lists_of_before_do_not_count),
        cmocka_unit_test(test_who_tells_the_result),
        cmocka_unit_test(test_hostile_records),
        cmocka_unit_test(test_a_worse_one_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
