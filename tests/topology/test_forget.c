/* Erasure: whatever happens, the tables become those of a run without the user. */
#include "base/base.h"
#include "features/features.h"
#include "features/forgotten.h"
#include "schemas/forget_receipt.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "tests/topology/forgetting.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

static const char *const no_archive[] = {
    "history.actions.max=24", "pairs.window=8",        "transitions.window=5",
    "history.length=10",      "batch.records.max=150", "history.archive=false", NULL};

/* ---- The runs ---- */

struct scenario {
    uint64_t seed;
    const char *user;      /* who is erased */
    bool without;          /* a run without the erased events */
    bool again;            /* two requests, and all old events are sent again */
    bool restored;         /* workers lose their local state before the request */
    bool one_batch;        /* request and events in one batch */
    int point, nth, error; /* an injected fault, if error is not 0 */
    const char *const *features;
};

static const struct scenario plain = {.seed = 1, .user = "user-3", .features = short_timelines};

/* The event time up to which the user's events must not be counted. Late events from before the
 * request, which would be refused as too late, are not newer. */
static int64_t bound_of(const struct scenario *scenario)
{
    int64_t bound_ms = feed_from_ms + 100 * FEED_STEP_MS;
    for (int n = 0; n < REQUEST_AT; n++) {
        const struct click click = click_of(scenario->seed, n);
        if (strcmp(click.user, scenario->user) == 0) { bound_ms = MAX_OF(bound_ms, click.time_ms); }
    }
    return bound_ms;
}

static void feed_part(struct rig *rig, struct message_writer *writer,
                      const struct scenario *scenario, int from, int to)
{
    int64_t bound_ms = bound_of(scenario);
    for (int n = from; n < to; n++) {
        const struct click click = click_of(scenario->seed, n);
        bool of_user = strcmp(click.user, scenario->user) == 0;
        bool gone = of_user && (n < REQUEST_AT || click.time_ms <= bound_ms);
        if (!scenario->without || !gone) { send(rig, writer, &click); }
    }
}

static void repeat_user_events(struct rig *rig, struct message_writer *writer,
                               const struct scenario *scenario)
{
    for (int n = 0; n < REQUEST_AT; n++) {
        const struct click click = click_of(scenario->seed, n);
        if (strcmp(click.user, scenario->user) == 0) { send(rig, writer, &click); }
    }
}

static void feed_request_and_rest(struct rig *rig, struct message_writer *writer,
                                  const struct scenario *scenario)
{
    if (!scenario->without) {
        send_request(rig, writer, "first", scenario->user, feed_from_ms + 100 * FEED_STEP_MS);
        if (scenario->again) { send_request(rig, writer, "second", scenario->user, 0); }
        if (scenario->again) { repeat_user_events(rig, writer, scenario); }
    }
    feed_part(rig, writer, scenario, REQUEST_AT, EVENTS);
}

static void begin(struct rig *rig, struct message_writer *writer, const struct scenario *scenario)
{
    rig_init(rig, PARTITIONS);
    message_writer_init(writer);
    memlog_batch(rig->log, 50);
    feed_part(rig, writer, scenario, 0, REQUEST_AT);
    if (scenario->one_batch) { feed_request_and_rest(rig, writer, scenario); }
}

static void run(struct rig *rig, struct message_writer *writer, const struct scenario *scenario)
{
    struct copy *features = rig_start(rig, &features_worker, 0, scenario->features);
    struct copy *trainer = rig_start(rig, &trainer_worker, 0, unpruned);
    rig_until_idle(rig);
    if (scenario->restored) {
        rig_finish(features);
        rig_finish(trainer);
        rig_empty(features);
        rig_empty(trainer);
        assert_true(rig_launch(rig, features) && rig_launch(rig, trainer));
    }
    if (!scenario->one_batch) { feed_request_and_rest(rig, writer, scenario); }
    if (scenario->error) {
        rig->tolerant = true;
        memlog_fail(rig->log, (enum memlog_point)scenario->point, scenario->nth, scenario->error);
    }
    rig_survive(rig, scenario->restored);
    rig_finish(features);
    rig_finish(trainer);
    struct copy *scorer = rig_start(rig, &scorer_worker, 0, NULL);
    rig_until_idle(rig);
    rig_finish(scorer);
}

static char *answers_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_states(&answers);
    answers_sums(&answers);
    answers_rows(&answers);
    answers_lists(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

static char *run_scenario(const struct scenario *scenario)
{
    struct rig rig;
    struct message_writer writer;
    begin(&rig, &writer, scenario);
    run(&rig, &writer, scenario);
    char *text = answers_of(&rig);
    message_writer_release(&writer);
    rig_release(&rig);
    return text;
}

static void check(const struct scenario *scenario)
{
    struct scenario without = plain;
    without.seed = scenario->seed;
    without.user = scenario->user;
    without.without = true;
    _cleanup_(xfreep) char *want = run_scenario(&without);
    _cleanup_(xfreep) char *is = run_scenario(scenario);
    assert_true(strlen(want) > 20000);
    assert_true(answers_agree(want, is));
}

/* ---- The tests ---- */

static void erased_between_events(void **state)
{
    static const char *const users[] = {"user-3", "user-0", "user-4", "user-2"};
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct scenario scenario = plain;
        scenario.seed = seed;
        scenario.user = users[seed - 1];
        check(&scenario);
    }
}

static void request_and_events_in_one_batch(void **state)
{
    static const char *const large[] = {
        "history.actions.max=24", "pairs.window=8", "transitions.window=5",
        "history.length=10",      "batch.records.max=100000", "commit.interval.ms=5s", NULL};
    struct scenario scenario = plain;
    scenario.one_batch = true;
    check(&scenario);
    scenario.features = large;
    check(&scenario);
}

/* ---- Under decay ---- */

enum { HALF_LIFE_MS = 6 * 3600 * 1000 };

static const char *const decayed[] = {
    "history.actions.max=24", "pairs.window=8",        "transitions.window=5",
    "history.length=10",      "batch.records.max=150", "decay.half.life=6h", NULL};

/* The tables at the newest event's epoch, and how many neighbours each row has. */
static char *tables_of(const struct scenario *scenario)
{
    struct rig rig;
    struct message_writer writer;
    struct answers answers;
    begin(&rig, &writer, scenario);
    run(&rig, &writer, scenario);
    answers_init(&answers, &rig);
    answers_states(&answers);
    answers_tables(&answers, feed_from_ms / HALF_LIFE_MS + EVENTS * FEED_STEP_MS / HALF_LIFE_MS,
                   /* grows= */ false);
    struct fold *fold = rig_fold(&rig, "neighbours");
    struct item_neighbours row;
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        answers_decode(&answers, answers.rows, fold->at[i].value, &row);
        buf_printf(&answers.text, "neighbours of %.*s: %zu\n", SLICE_ARGS(row.item_id),
                   row.items.count);
    }
    free(fold);
    char *text = answers_take(&answers);
    answers_release(&answers);
    message_writer_release(&writer);
    rig_release(&rig);
    return text;
}

/* Over 33 half-lives sums of doubles are not exact any more. Adding and subtracting leaves rounding
 * errors below 1e-9, and no neighbour that consists of rounding. */
static void under_decay_over_many_half_lives(void **state)
{
    _Static_assert(EVENTS * FEED_STEP_MS > 30 * HALF_LIFE_MS, "beyond what is exact");
    static const char *const users[] = {"user-3", "user-0", "user-4"};
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct scenario scenario = plain;
        scenario.features = decayed;
        scenario.seed = seed;
        scenario.user = users[seed - 1];
        scenario.restored = seed == 2;
        struct scenario without = scenario;
        without.without = true;
        _cleanup_(xfreep) char *want = tables_of(&without);
        _cleanup_(xfreep) char *is = tables_of(&scenario);
        assert_true(strlen(want) > 20000);
        assert_int_equal(answers_compare(want, is, /* tolerance= */ 1e-9), 0);
        _cleanup_(xfreep) char *before =
            tables_of(&(struct scenario){.seed = seed, .user = "nobody", .features = decayed});
        assert_int_not_equal(answers_compare(want, before, /* tolerance= */ 1e-9), 0);
    }
}

static void repeated_request_and_duplicate_events(void **state)
{
    struct scenario scenario = plain;
    scenario.again = true;
    check(&scenario);
    scenario.one_batch = true;
    check(&scenario);
}

static void from_restored_state(void **state)
{
    struct scenario scenario = plain;
    scenario.restored = true;
    check(&scenario);
}

/* The process dies at each step while the request is processed. */
static void crashes_during_the_request(void **state)
{
    static const int points[] = {MEMLOG_PRODUCE,     MEMLOG_TXN_BEGIN,  MEMLOG_TXN_PRODUCE,
                                 MEMLOG_TXN_OFFSETS, MEMLOG_TXN_COMMIT, MEMLOG_TXN_DONE};
    for (size_t i = 0; i < ARRAY_COUNT(points); i++) {
        for (int nth = 1; nth <= 3; nth += 2) {
            struct scenario scenario = plain;
            scenario.seed = 1 + i;
            scenario.point = points[i];
            scenario.nth = nth;
            scenario.error = WIRE_FATAL;
            scenario.restored = nth == 3;
            scenario.again = true;
            check(&scenario);
        }
    }
}

/* Says whether the newest keys or values of a topic contain the user's id. */
static bool names(const struct rig *rig, const char *topic, const char *user)
{
    struct fold *fold = rig_fold(rig, topic);
    bool found = false;
    size_t size = strlen(user);
    for (size_t i = 0; i < fold->count; i++) {
        const struct folded *at = &fold->at[i];
        if (!at->value.data) { continue; }
        found |= memmem(at->key.data, at->key.size, user, size) != NULL;
        found |= memmem(at->value.data, at->value.size, user, size) != NULL;
    }
    free(fold);
    return found;
}

static void nothing_of_the_user_is_left(void **state)
{
    static const char *const topics[] = {"features-changelog", "histories", "recommendations",
                                         "receipts"};
    struct rig rig;
    struct message_writer writer;
    struct scenario scenario = plain;
    int count;
    rig_init(&rig, PARTITIONS);
    message_writer_init(&writer);
    feed_part(&rig, &writer, &scenario, 0, REQUEST_AT);
    struct copy *features = rig_start(&rig, &features_worker, 0, short_timelines);
    struct copy *scorer = rig_start(&rig, &scorer_worker, 0, NULL);
    rig_until_idle(&rig);
    for (size_t i = 0; i < 3; i++) { assert_true(names(&rig, topics[i], scenario.user)); }
    send_request(&rig, &writer, "first", scenario.user, 0);
    send_request(&rig, &writer, "second", scenario.user, feed_time_ms());
    send_request(&rig, &writer, "third", "nobody", 0);
    rig_until_idle(&rig);
    rig_finish(features);
    rig_finish(scorer);
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++) {
        assert_false(names(&rig, topics[i], scenario.user));
    }
    struct forget_receipt first = receipts(&rig, &writer, "first", &count);
    assert_int_equal(count, PARTITIONS);
    assert_true(first.actions > 100 && first.archived % 64 == 0 && first.archived >= 64);
    assert_true(first.contributions > first.actions * 3);
    assert_int_equal(first.left_in, 0);
    assert_int_equal(first.until_ms, bound_of(&scenario));
    struct forget_receipt second = receipts(&rig, &writer, "second", &count);
    assert_int_equal(count, PARTITIONS);
    assert_int_equal(second.actions + second.contributions + second.left_in, 0);
    (void)receipts(&rig, &writer, "third", &count);
    assert_int_equal(count, PARTITIONS);
    message_writer_release(&writer);
    rig_release(&rig);
}

/* Without an archive, the receipt reports what stays in. An archive with a gap is deleted. */
/* A marker of an earlier release, under an unkeyed hash of the id, still counts; the user's next
 * request replaces it. No marker can be found by such a hash. */
static void markers_are_under_a_salt(void **state)
{
    struct rig rig;
    struct message_writer writer;
    struct record rec;
    const struct forgotten_key former = forgotten_former_key(slice_str("user-3"));
    const struct user_state marker = {.input_offset = -1, .forgotten_ms = feed_time_ms()};
    rig_init(&rig, 1);
    message_writer_init(&writer);
    struct codec *states = codec_new(&user_state_contract, writer.schemas);
    send_request(&rig, &writer, "zeroth", "nobody", 0);
    struct copy *features = rig_start(&rig, &features_worker, 0, short_timelines);
    rig_until_idle(&rig);
    rig_finish(features);
    buf_clear(&writer.out);
    assert_int_equal(codec_encode(states, &marker, &writer.out), 0);
    memlog_append(rig.log, "features-changelog", 0, forgotten_key_bytes(&former),
                  buf_slice(&writer.out), feed_time_ms());
    rig_empty(features);
    assert_true(rig_launch(&rig, features));
    feed_part(&rig, &writer, &plain, 0, 100);
    rig_until_idle(&rig);
    assert_false(names(&rig, "features-changelog", "user-3"));
    assert_true(names(&rig, "features-changelog", "user-4"));
    send_request(&rig, &writer, "first", "user-3", feed_time_ms());
    send_request(&rig, &writer, "second", "user-4", feed_time_ms());
    rig_until_idle(&rig);
    rig_finish(features);
    for (size_t i = 3; i <= 4; i++) {
        char user[8];
        (void)snprintf(user, sizeof(user), "user-%zu", i);
        const struct forgotten_key key = forgotten_former_key(slice_str(user));
        int found = memlog_newest(rig.log, "features-changelog", forgotten_key_bytes(&key), &rec);
        assert_true(found < 0 || !rec.value.data);
    }
    /* A copy without local state finds the salt and the markers. */
    rig_empty(features);
    assert_true(rig_launch(&rig, features));
    feed_part(&rig, &writer, &plain, 0, 100);
    rig_until_idle(&rig);
    assert_false(names(&rig, "features-changelog", "user-3"));
    assert_false(names(&rig, "features-changelog", "user-4"));
    codec_free(states);
    message_writer_release(&writer);
    rig_release(&rig);
}

static void actions_without_archive_are_reported(void **state)
{
    static const char *const *const settings[][2] = {
        {no_archive, no_archive}, {short_timelines, no_archive}, {no_archive, short_timelines}};
    for (size_t i = 0; i < ARRAY_COUNT(settings); i++) {
        struct rig rig;
        struct message_writer writer;
        int count;
        rig_init(&rig, PARTITIONS);
        message_writer_init(&writer);
        feed_part(&rig, &writer, &plain, 0, REQUEST_AT * 3 / 4);
        struct copy *features = rig_start(&rig, &features_worker, 0, settings[i][0]);
        rig_until_idle(&rig);
        rig_finish(features);
        feed_part(&rig, &writer, &plain, REQUEST_AT * 3 / 4, REQUEST_AT);
        send_request(&rig, &writer, "first", plain.user, 0);
        features = rig_start(&rig, &features_worker, 0, settings[i][1]);
        rig_until_idle(&rig);
        struct forget_receipt receipt = receipts(&rig, &writer, "first", &count);
        assert_int_equal(receipt.archived, 0);
        int64_t known = receipt.actions - receipt.left_in;
        assert_true(receipt.left_in > 8);
        if (i < 2) { assert_int_equal(known, 24 - 8); }
        if (i == 2) { assert_true(known > 24 - 8); }
        assert_false(names(&rig, "features-changelog", plain.user));
        message_writer_release(&writer);
        rig_release(&rig);
    }
}

static void bad_requests_are_refused(void **state)
{
    struct rig rig;
    struct message_writer writer;
    rig_init(&rig, 1);
    message_writer_init(&writer);
    send_request(&rig, &writer, "", "user-1", 0);
    send_request(&rig, &writer, "first", "", 0);
    send_request(&rig, &writer, "first", "user-1", feed_time_ms() + 2 * INT64_C(86400000));
    rig_start(&rig, &features_worker, 0, NULL);
    rig_until_idle(&rig);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 3);
    assert_int_equal(memlog_count(rig.log, "receipts", MEMLOG_ALL), 0);
    message_writer_release(&writer);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(erased_between_events),
        cmocka_unit_test(request_and_events_in_one_batch),
        cmocka_unit_test(under_decay_over_many_half_lives),
        cmocka_unit_test(repeated_request_and_duplicate_events),
        cmocka_unit_test(from_restored_state),
        cmocka_unit_test(crashes_during_the_request),
        cmocka_unit_test(nothing_of_the_user_is_left),
        cmocka_unit_test(markers_are_under_a_salt),
        cmocka_unit_test(actions_without_archive_are_reported),
        cmocka_unit_test(bad_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
