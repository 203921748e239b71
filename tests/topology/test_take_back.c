/* Actions that are taken back, before and after they come, in the timeline and in the archive: what
 * is left is as if they had never been. */
#include "base/base.h"
#include "scorer/scorer.h"
#include "tests/topology/forgetting.h"

enum { ACTIONS = 1200, FIRST = 800, KILLS = 6 };

/* Half of each user's actions have left the timeline, and what is late is never too late. */
static const char *const timelines[] = {
    "history.actions.max=64", "pairs.window=8",        "transitions.window=5",
    "history.length=10",      "batch.records.max=100", NULL};
static const char *const decaying[] = {
    "history.actions.max=64", "pairs.window=8",        "transitions.window=5",
    "history.length=10",      "batch.records.max=100", "decay.half.life=2d", NULL};
static const char *const listing[] = {"list.length=8", "content.used=false", "vectors.used=false",
                                      "blend.leader=counting", NULL};

static bool is_taken(const struct click *click)
{
    return strtol(click->id + 1, NULL, 10) % 2 == 0;
}

/* The actions that stay, in their order; with `all`, also those that are taken back: the first
 * ones after they came, in a scrambled order, the others before, and some are sent again. */
static void feed(struct rig *rig, struct message_writer *writer, bool all)
{
    for (int n = 0; n < ACTIONS; n++) {
        const struct click click = click_of(3, n);
        if (all && n >= FIRST && is_taken(&click)) { send_take_back(rig, writer, &click); }
        if (all || !is_taken(&click)) { send(rig, writer, &click); }
        if (n != FIRST - 1 || !all) { continue; }
        for (int k = 0; k < FIRST; k++) {
            const struct click other = click_of(3, k * 317 % FIRST);
            if (is_taken(&other)) { send_take_back(rig, writer, &other); }
            if (k % 10 == 0) { send(rig, writer, &other); }
        }
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

static char *run_all(bool all, const char *const *settings, int kills, bool empty)
{
    struct rig rig;
    struct message_writer writer;
    rig_init(&rig, PARTITIONS);
    message_writer_init(&writer);
    feed(&rig, &writer, all);
    rig.tolerant = true;
    struct copy *features = rig_start(&rig, &features_worker, 0, settings);
    rig_start(&rig, &trainer_worker, 0, unpruned);
    for (int i = 0; i < kills; i++) {
        for (int n = 0; n < 7; n++) { rig_round(&rig, /* empty= */ false); }
        rig_kill(&rig, features);
        if (empty) { rig_empty(features); }
        while (!rig_launch(&rig, features)) { assert_true(++rig.restarts < RESTARTS_MAX); }
    }
    rig_survive(&rig, empty);
    rig_start(&rig, &scorer_worker, 0, listing);
    rig_survive(&rig, empty);
    if (all) { assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 0); }
    char *text = tables_of(&rig, settings == decaying);
    message_writer_release(&writer);
    rig_release(&rig);
    return text;
}

static void the_other_half_is_left(void **state _unused_)
{
    _cleanup_(xfreep) char *want = run_all(false, timelines, 0, false);
    _cleanup_(xfreep) char *is = run_all(true, timelines, 0, false);
    assert_true(answers_agree(want, is));
}

static void the_other_half_is_left_through_kills(void **state _unused_)
{
    _cleanup_(xfreep) char *want = run_all(false, timelines, 0, false);
    _cleanup_(xfreep) char *killed = run_all(true, timelines, KILLS, false);
    _cleanup_(xfreep) char *emptied = run_all(true, timelines, KILLS, true);
    assert_true(answers_agree(want, killed));
    assert_true(answers_agree(want, emptied));
}

static void the_other_half_is_left_with_decay(void **state _unused_)
{
    _cleanup_(xfreep) char *want = run_all(false, decaying, 0, false);
    _cleanup_(xfreep) char *is = run_all(true, decaying, 0, false);
    assert_true(answers_compare(want, is, 1e-6) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_other_half_is_left),
        cmocka_unit_test(the_other_half_is_left_through_kills),
        cmocka_unit_test(the_other_half_is_left_with_decay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
