/* A user with a long archive is erased in pieces, while others are served, through kills and
 * faults: the counts become those of a run without the user. */
#include "base/base.h"
#include "tests/topology/forgetting.h"

enum { BOT_ACTIONS = 5000, BOT_LATER = 200 };

static void feed_others(struct rig *rig, struct message_writer *writer, int from, int to)
{
    for (int n = from; n < to; n++) {
        const struct click click = click_of(1, n);
        send(rig, writer, &click);
    }
}


/* Each poll is committed, with one piece. */
static const char *const small_batches[] = {
    "history.actions.max=24", "pairs.window=8",       "transitions.window=5",
    "history.length=10",      "batch.records.max=30", NULL};
/* A piece brings more ids than memory may hold. */
static const char *const few_ids[] = {
    "history.actions.max=24", "pairs.window=8",       "transitions.window=5", "history.length=10",
    "batch.records.max=30",   "items.max=5",          NULL};

/* Actions of one user that fill many segments; item and time of each follow from its number. */
static void feed_bot(struct rig *rig, struct message_writer *writer, int from, int to)
{
    for (int n = from; n < to; n++) {
        struct click click = {.user = "bot", .time_ms = feed_from_ms + (int64_t)n * 60000};
        (void)snprintf(click.id, sizeof(click.id), "b%d", n);
        (void)snprintf(click.item, sizeof(click.item), "i%02d", n * 7 % FEED_ITEMS);
        send(rig, writer, &click);
    }
}

static char *counts_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_sums(&answers);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

/* The counts without the bot's first actions: what it did later, and all others. */
static char *counts_without_bot(void)
{
    struct rig rig;
    struct message_writer writer;
    rig_init(&rig, 1);
    message_writer_init(&writer);
    feed_others(&rig, &writer, 0, EVENTS);
    feed_bot(&rig, &writer, BOT_ACTIONS, BOT_ACTIONS + BOT_LATER);
    struct copy *features = rig_start(&rig, &features_worker, 0, short_timelines);
    struct copy *trainer = rig_start(&rig, &trainer_worker, 0, unpruned);
    rig_until_idle(&rig);
    rig_finish(features);
    rig_finish(trainer);
    char *text = counts_of(&rig);
    message_writer_release(&writer);
    rig_release(&rig);
    return text;
}

/* Says whether the changelog has an erasure that is under way. */
static bool is_under_way(const struct rig *rig)
{
    struct fold *fold = rig_fold(rig, "features-changelog");
    bool found = false;
    for (size_t i = 0; i < fold->count; i++) {
        found |= fold->at[i].key.data[0] == '\xfd' && fold->at[i].value.data;
    }
    free(fold);
    return found;
}

/* The request is read, the receipt is not there yet; returns how many histories came meanwhile. */
static int64_t step_to_the_middle(struct rig *rig)
{
    int64_t histories = memlog_count(rig->log, "histories", MEMLOG_ALL);
    for (int i = 0; !is_under_way(rig); i++) {
        rig_round(rig, /* empty= */ false);
        assert_true(i < 1000);
    }
    assert_int_equal(memlog_count(rig->log, "receipts", MEMLOG_ALL), 0);
    return memlog_count(rig->log, "histories", MEMLOG_ALL) - histories;
}

/* Kills the worker in the middle as often as it gets there, with its state or without. */
static void check_bot(const char *want, const char *const *pairs, int kills, bool empty,
                      int nth_fault)
{
    struct rig rig;
    struct message_writer writer;
    int count;
    rig_init(&rig, 1);
    message_writer_init(&writer);
    feed_others(&rig, &writer, 0, REQUEST_AT);
    feed_bot(&rig, &writer, 0, BOT_ACTIONS);
    struct copy *features = rig_start(&rig, &features_worker, 0, pairs);
    struct copy *trainer = rig_start(&rig, &trainer_worker, 0, unpruned);
    rig_until_idle(&rig);
    memlog_batch(rig.log, 30);
    send_request(&rig, &writer, "first", "bot", 0);
    feed_others(&rig, &writer, REQUEST_AT, EVENTS);
    feed_bot(&rig, &writer, BOT_ACTIONS, BOT_ACTIONS + BOT_LATER);
    int64_t served = step_to_the_middle(&rig);
    assert_true(served > 5 || pairs == few_ids);
    rig.tolerant = true;
    if (nth_fault) { memlog_fail(rig.log, MEMLOG_TXN_COMMIT, nth_fault, WIRE_FATAL); }
    for (int i = 0; i < kills; i++) {
        for (int n = 0; n < i; n++) { rig_round(&rig, /* empty= */ false); }
        assert_true(i > 0 || is_under_way(&rig));
        rig_kill(&rig, features);
        if (empty) { rig_empty(features); }
        while (!rig_launch(&rig, features)) { assert_true(++rig.restarts < RESTARTS_MAX); }
    }
    rig_survive(&rig, empty);
    rig_finish(features);
    rig_finish(trainer);
    struct forget_receipt receipt = receipts(&rig, &writer, "first", &count);
    assert_int_equal(count, 1);
    assert_int_equal(receipt.actions, BOT_ACTIONS);
    assert_int_equal(receipt.archived, (BOT_ACTIONS - 24) / 64 * 64);
    assert_int_equal(receipt.left_in, 0);
    _cleanup_(xfreep) char *is = counts_of(&rig);
    assert_true(answers_agree(want, is));
    message_writer_release(&writer);
    rig_release(&rig);
}

static void a_long_archive_is_subtracted_in_pieces(void **state)
{
    _cleanup_(xfreep) char *want = counts_without_bot();
    check_bot(want, small_batches, /* kills= */ 0, false, 0);
    check_bot(want, few_ids, /* kills= */ 1, false, 0);
    check_bot(want, small_batches, /* kills= */ 3, false, 0);
    check_bot(want, small_batches, /* kills= */ 2, /* empty= */ true, 0);
    for (int nth = 1; nth <= 3; nth++) { check_bot(want, small_batches, 0, false, nth); }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_archive_is_subtracted_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
