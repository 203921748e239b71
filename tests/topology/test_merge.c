/* Two users who are one: the tables become those of a stream in which they were one. */
#include "base/base.h"
#include "tests/topology/merging.h"

enum { ACTIONS = 1200, OWN = 60, MERGE = 800, LIVE = 20, KILLS = 6 };

/* Nothing leaves a timeline: what moves is never too late. */
static const char *const roomy[] = {
    "history.actions.max=600", "pairs.window=8",        "transitions.window=5",
    "history.length=10",       "batch.records.max=100", NULL};
static const char *const one_by_one[] = {
    "history.actions.max=600", "pairs.window=8",      "transitions.window=5",
    "history.length=10",       "batch.records.max=3", NULL};
static const char *const decaying[] = {
    "history.actions.max=600", "pairs.window=8",        "transitions.window=5",
    "history.length=10",       "batch.records.max=100", "decay.half.life=2d", NULL};
/* Both users have actions in the archive; those that move are recent, and come before much else. */
static const char *const trimmed[] = {
    "history.actions.max=64", "pairs.window=8",        "transitions.window=5",
    "history.length=10",      "batch.records.max=100", NULL};
static const char *const listing[] = {"list.length=8", "content.used=false", "vectors.used=false",
                                      "blend.leader=counting", NULL};

struct plan {
    uint64_t seed;
    const char *const *settings;
    int anonymous_from; /* from this event on, before the merge, every third is anonymous */
    int copies;
    int kills;
    bool empty;
    bool split; /* two names; false: the stream of one user */
};

static bool is_taken(int n)
{
    return n % 11 == 4;
}

/* The name under which a user does something: two of five have another one at times, and go on
 * using it after they have been merged. */
static void name_user(const struct plan *plan, int n, struct click *click)
{
    int user = click->user[5] - '0';
    if (!plan->split || user > 1 || n < plan->anonymous_from) { return; }
    if (n % 3 == 0 || (n > MERGE && n % 7 == 0)) {
        (void)snprintf(click->user, sizeof(click->user), "anon-%d", user);
    }
}

/* The number of an event is that of its first sending: a repeat comes under the same name. */
static int number_of(const struct click *click)
{
    return (int)strtol(click->id + 1, NULL, 10);
}

/* What is taken back is so under either name, before it comes or after. */
static void feed_back(const struct plan *plan, struct rig *rig, struct message_writer *writer,
                      int n)
{
    struct click click = click_of(plan->seed, n);
    bool other = plan->split && (click.user[5] - '0') <= 1 && n % 2 && n > OWN;
    if (!is_taken(number_of(&click))) { return; }
    name_user(plan, number_of(&click), &click);
    if (other) { memcpy(click.user, click.user[0] == 'a' ? "user" : "anon", 4); }
    send_take_back(rig, writer, &click);
}

static void send_merges(struct rig *rig, struct message_writer *writer, int n)
{
    int64_t time_ms = feed_from_ms + (int64_t)n * FEED_STEP_MS;
    send_identify(rig, writer, "merge-0", "anon-0", "user-0", time_ms);
    send_identify(rig, writer, "merge-1", "anon-1", "user-1", time_ms);
}

static void feed(const struct plan *plan, struct rig *rig, struct message_writer *writer, int from,
                 int to)
{
    for (int n = from; n < to; n++) {
        struct click click = click_of(plan->seed, n);
        name_user(plan, number_of(&click), &click);
        if (n + 20 < ACTIONS && n % 2) { feed_back(plan, rig, writer, n + 20); }
        send(rig, writer, &click);
        if (n >= 20 && n % 2 == 0) { feed_back(plan, rig, writer, n - 20); }
        if (plan->split && n == MERGE) { send_merges(rig, writer, n); }
    }
}

static char *tables_of(const struct rig *rig, bool decays)
{
    struct answers answers;
    answers_init(&answers, rig);
    if (decays) { answers_tables(&answers, /* epoch= */ 10000, /* grows= */ false); }
    if (!decays) { answers_sums(&answers); }
    if (!decays) { answers_rows(&answers); }
    answers_lists(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

static void kill_copies(const struct plan *plan, struct rig *rig, struct copy **features)
{
    for (int i = 0; i < plan->kills; i++) {
        struct copy *copy = features[i % plan->copies];
        for (int n = 0; n < 9; n++) { rig_round(rig, /* empty= */ false); }
        if (copy->run) { rig_kill(rig, copy); }
        if (plan->empty) { rig_empty(copy); }
        while (!rig_launch(rig, copy)) { assert_true(++rig->restarts < RESTARTS_MAX); }
    }
}

static void check_receipts(const struct rig *rig)
{
    static const char *const ids[] = {"merge-0", "merge-1"};
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        int count;
        struct merge_receipt sum = merge_receipts(rig, ids[i], &count);
        assert_int_equal(count, sum.parts);
        assert_true(sum.actions > 2 && sum.contributions > 0);
        assert_int_equal(sum.too_late, 0);
        assert_int_equal(sum.refused.size, 0);
        assert_int_equal(sum.added + sum.dropped + sum.repeated, sum.actions);
    }
}

/* Users who have gone have no history any more, and no list. */
static void check_gone(const struct rig *rig)
{
    static const char *const topics[] = {"histories", "recommendations"};
    for (size_t t = 0; t < ARRAY_COUNT(topics); t++) {
        struct fold *fold = rig_fold(rig, topics[t]);
        bool found = false;
        for (size_t i = 0; i < fold->count; i++) {
            if (!slice_equal(fold->at[i].key, slice_str("anon-0"))) { continue; }
            assert_null(fold->at[i].value.data);
            found = true;
        }
        assert_true(found || t == 1);
        free(fold);
    }
}

static char *run_plan(const struct plan *plan)
{
    struct rig rig;
    struct message_writer writer;
    struct copy *features[2];
    rig_init(&rig, PARTITIONS);
    message_writer_init(&writer);
    int fed = plan->settings == trimmed ? MERGE + 1 : ACTIONS;
    feed(plan, &rig, &writer, 0, fed);
    rig.tolerant = true;
    for (int i = 0; i < plan->copies; i++) {
        features[i] = rig_start(&rig, &features_worker, i, plan->settings);
    }
    rig_start(&rig, &trainer_worker, 0, unpruned);
    kill_copies(plan, &rig, features);
    rig_survive(&rig, plan->empty);
    for (; fed < ACTIONS; fed = MIN_OF(fed + LIVE, (int)ACTIONS)) {
        feed(plan, &rig, &writer, fed, MIN_OF(fed + LIVE, (int)ACTIONS));
        rig_survive(&rig, plan->empty);
    }
    rig_start(&rig, &scorer_worker, 0, listing);
    rig_survive(&rig, /* empty= */ false);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 0);
    if (plan->split) {
        check_receipts(&rig);
        check_gone(&rig);
    }
    char *text = tables_of(&rig, plan->settings == decaying);
    message_writer_release(&writer);
    rig_release(&rig);
    return text;
}

static void compare(struct plan plan, double tolerance)
{
    plan.split = true;
    _cleanup_(xfreep) char *is = run_plan(&plan);
    plan.split = false;
    plan.kills = 0;
    plan.copies = 1;
    plan.empty = false;
    _cleanup_(xfreep) char *want = run_plan(&plan);
    if (tolerance > 0) {
        assert_int_equal(answers_compare(want, is, tolerance), 0);
    } else {
        assert_true(answers_agree(want, is));
    }
}

static void the_tables_are_those_of_one(void **state _unused_)
{
    for (uint64_t seed = 3; seed < 7; seed++) {
        compare((struct plan){.seed = seed, .settings = roomy, .anonymous_from = OWN, .copies = 1},
                0);
    }
}

static void so_they_are_however_it_is_batched(void **state _unused_)
{
    compare((struct plan){.seed = 8, .settings = one_by_one, .anonymous_from = OWN, .copies = 1},
            0);
    compare((struct plan){.seed = 8, .settings = roomy, .anonymous_from = OWN, .copies = 2}, 0);
}

static void so_they_are_through_kills(void **state _unused_)
{
    const struct plan plan = {.settings = roomy, .anonymous_from = OWN, .kills = KILLS};
    struct plan one = plan;
    for (uint64_t seed = 11; seed < 14; seed++) {
        one.seed = seed;
        one.copies = 1 + (int)(seed % 2);
        one.empty = seed % 3 == 0;
        compare(one, 0);
    }
}

static void so_they_are_with_an_archive(void **state _unused_)
{
    compare((struct plan){.seed = 3, .settings = trimmed, .anonymous_from = 600, .copies = 1}, 0);
    compare((struct plan){.seed = 4, .settings = trimmed, .anonymous_from = 600, .copies = 1}, 0);
}

static void so_they_are_with_decay(void **state _unused_)
{
    compare((struct plan){.seed = 3, .settings = decaying, .anonymous_from = OWN, .copies = 1},
            1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_those_of_one),
        cmocka_unit_test(so_they_are_however_it_is_batched),
        cmocka_unit_test(so_they_are_through_kills),
        cmocka_unit_test(so_they_are_with_an_archive),
        cmocka_unit_test(so_they_are_with_decay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
