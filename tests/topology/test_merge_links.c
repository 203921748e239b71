/* Merges one after the other: chains and circles, repeats, users nobody knows, users who are
 * forgotten; and what features refuses. */
#include "base/base.h"
#include "base/exit_code.h"
#include "tests/topology/merging.h"

enum { ACTIONS = 240, NAMES = 4 };

static const char *const plain[] = {"pairs.window=8", "transitions.window=5", "history.length=10",
                                    NULL};

static int64_t time_of(int n)
{
    return feed_from_ms + (int64_t)n * FEED_STEP_MS;
}

static const char *name_of(int number)
{
    static const char *const names[NAMES] = {"ann", "bob", "cem", "dot"};
    return names[number];
}

/* Actions from..to-1 of a few names in turn, or of one. */
static void feed_names(struct rig *rig, struct message_writer *writer, int names, const char *one,
                       int from, int to)
{
    for (int n = from; n < to; n++) {
        struct click click = click_of(5, n);
        (void)snprintf(click.id, sizeof(click.id), "e%d", n);
        click.time_ms = time_of(n);
        (void)snprintf(click.user, sizeof(click.user), "%s", one ? one : name_of(n % names));
        send(rig, writer, &click);
    }
}

static void identify(struct rig *rig, struct message_writer *writer, const char *from,
                     const char *to, int n)
{
    char id[32];
    (void)snprintf(id, sizeof(id), "%s-%s", from, to);
    send_identify(rig, writer, id, from, to, time_of(n));
}

static char *tables_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    leave_out_users(text);
    answers_release(&answers);
    return text;
}

/* How many actions a user's newest history says there are; 0: there is none. */
static int64_t actions_of(const struct rig *rig, const char *user)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_history_contract, schemas);
    struct arena *arena = arena_new(1 << 16);
    struct fold *fold = rig_fold(rig, "histories");
    int64_t actions = 0;
    for (size_t i = 0; i < fold->count; i++) {
        struct user_history history;
        if (!slice_equal(fold->at[i].key, slice_str(user)) || !fold->at[i].value.data) { continue; }
        assert_int_equal(codec_decode(codec, fold->at[i].value, arena, &history, NULL), 0);
        actions = history.events_total;
    }
    free(fold);
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
    return actions;
}

struct world {
    struct rig rig;
    struct message_writer writer;
    struct copy *features;
};

static void begin(struct world *world)
{
    rig_init(&world->rig, PARTITIONS);
    message_writer_init(&world->writer);
    world->features = rig_start(&world->rig, &features_worker, 0, plain);
    rig_start(&world->rig, &trainer_worker, 0, unpruned);
}

static void end(struct world *world)
{
    message_writer_release(&world->writer);
    rig_release(&world->rig);
}

/* The tables of a stream of one user; the caller frees. */
static char *tables_of_one(void)
{
    struct world world;
    begin(&world);
    feed_names(&world.rig, &world.writer, 1, "ann", 0, ACTIONS);
    rig_until_idle(&world.rig);
    char *text = tables_of(&world.rig);
    end(&world);
    return text;
}

struct merge {
    const char *from, *to;
};

/* Makes merges one after the other or all at once, between two halves of the actions, and finds all
 * with one user in the end. */
static void join(const struct merge *merges, size_t count, int names, bool at_once,
                 const char *last)
{
    struct world world;
    _cleanup_(xfreep) char *want = tables_of_one();
    begin(&world);
    feed_names(&world.rig, &world.writer, names, NULL, 0, ACTIONS / 2);
    rig_until_idle(&world.rig);
    for (size_t i = 0; i < count; i++) {
        identify(&world.rig, &world.writer, merges[i].from, merges[i].to,
                 ACTIONS / 2 + (int)i);
        if (!at_once) { rig_until_idle(&world.rig); }
    }
    feed_names(&world.rig, &world.writer, names, NULL, ACTIONS / 2, ACTIONS);
    rig_until_idle(&world.rig);
    assert_int_equal(memlog_count(world.rig.log, "dead-letters", MEMLOG_ALL), 0);
    for (int i = 0; i < names; i++) {
        bool is_last = strcmp(name_of(i), last) == 0;
        assert_int_equal(actions_of(&world.rig, name_of(i)), is_last ? ACTIONS : 0);
    }
    _cleanup_(xfreep) char *is = tables_of(&world.rig);
    assert_true(answers_agree(want, is));
    end(&world);
}

static void chains_end_at_their_last(void **state _unused_)
{
    static const struct merge forth[] = {{"ann", "bob"}, {"bob", "cem"}, {"cem", "dot"}};
    static const struct merge back[] = {{"cem", "dot"}, {"bob", "cem"}, {"ann", "bob"}};
    static const struct merge mixed[] = {{"ann", "bob"}, {"cem", "dot"}, {"bob", "cem"}};
    for (int at_once = 0; at_once < 2; at_once++) {
        join(forth, 3, 4, at_once, "dot");
        join(back, 3, 4, at_once, "dot");
        join(mixed, 3, 4, at_once, "dot");
    }
}

/* The newest link wins. */
static void circles_are_cut(void **state _unused_)
{
    static const struct merge two[] = {{"ann", "bob"}, {"bob", "ann"}};
    static const struct merge turned[] = {{"bob", "ann"}, {"ann", "bob"}};
    static const struct merge three[] = {{"ann", "bob"}, {"bob", "cem"}, {"cem", "ann"}};
    for (int at_once = 0; at_once < 2; at_once++) {
        join(two, 2, 2, at_once, "ann");
        join(turned, 2, 2, at_once, "bob");
        join(three, 3, 3, at_once, "ann");
    }
}

static void a_repeat_changes_nothing(void **state _unused_)
{
    static const struct merge same[] = {{"ann", "bob"}, {"ann", "bob"}, {"ann", "bob"}};
    join(same, 3, 2, /* at_once= */ false, "bob");
    join(same, 3, 2, /* at_once= */ true, "bob");
}

static void users_nobody_knows_are_merged(void **state _unused_)
{
    struct world world;
    _cleanup_(xfreep) char *want = tables_of_one();
    begin(&world);
    identify(&world.rig, &world.writer, "nobody", "ann", 0);
    feed_names(&world.rig, &world.writer, 1, "bob", 0, ACTIONS / 2);
    identify(&world.rig, &world.writer, "bob", "new", ACTIONS / 2);
    feed_names(&world.rig, &world.writer, 1, "new", ACTIONS / 2, ACTIONS);
    rig_until_idle(&world.rig);
    assert_int_equal(actions_of(&world.rig, "ann"), 0);
    assert_int_equal(actions_of(&world.rig, "bob"), 0);
    assert_int_equal(actions_of(&world.rig, "new"), ACTIONS);
    _cleanup_(xfreep) char *is = tables_of(&world.rig);
    assert_true(answers_agree(want, is));
    int count;
    struct merge_receipt sum = merge_receipts(&world.rig, "nobody-ann", &count);
    assert_int_equal(count, 1);
    assert_int_equal(sum.actions, 0);
    end(&world);
}

/* A device that two people use: what was done before the second one came stays with the first. */
static void a_later_merge_leads_elsewhere(void **state _unused_)
{
    struct world world;
    begin(&world);
    feed_names(&world.rig, &world.writer, 1, "ann", 0, 10);
    identify(&world.rig, &world.writer, "ann", "bob", 10);
    feed_names(&world.rig, &world.writer, 1, "ann", 10, 15);
    identify(&world.rig, &world.writer, "ann", "cem", 15);
    feed_names(&world.rig, &world.writer, 1, "ann", 15, 22);
    send_identify(&world.rig, &world.writer, "old", "ann", "dot", time_of(12));
    rig_until_idle(&world.rig);
    assert_int_equal(actions_of(&world.rig, "ann"), 0);
    assert_int_equal(actions_of(&world.rig, "bob"), 15);
    assert_int_equal(actions_of(&world.rig, "cem"), 7);
    assert_int_equal(actions_of(&world.rig, "dot"), 0);
    int count;
    struct merge_receipt sum = merge_receipts(&world.rig, "old", &count);
    assert_int_equal(count, 1);
    assert_true(sum.refused.size > 0);
    end(&world);
}

/* ---- Forgetting ---- */

/* The receipts of a request and of those that it made. */
static int receipts_wanted(const struct rig *rig, struct message_writer *writer, const char *id,
                           int *ret_count)
{
    struct fold *fold = rig_fold(rig, "receipts");
    int wanted = rig->partitions;
    *ret_count = 0;
    for (size_t i = 0; i < fold->count; i++) {
        struct forget_receipt one;
        arena_reset(writer->arena);
        if (codec_decode(writer->receipts, fold->at[i].value, writer->arena, &one, NULL) < 0 ||
            !slice_equal(one.request_id, slice_str(id))) {
            continue;
        }
        ++*ret_count;
        wanted += one.follows;
    }
    free(fold);
    return wanted;
}

/* Nothing of the changelog names a user. */
static bool is_named(const struct rig *rig, const char *user)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_whole(&answers, "features-changelog");
    char *text = answers_take(&answers);
    bool named = strstr(text, user) != NULL;
    free(text);
    answers_release(&answers);
    return named;
}

static void forget(struct world *world, const char *user, const char *id)
{
    int count = 0;
    send_request(&world->rig, &world->writer, id, user, time_of(ACTIONS));
    rig_until_idle(&world->rig);
    int wanted = receipts_wanted(&world->rig, &world->writer, id, &count);
    assert_true(wanted > world->rig.partitions);
    assert_int_equal(count, wanted);
}

/* Whichever of the two is forgotten, both are, and all that is left is the third. */
static void either_is_forgotten_with_the_other(void **state _unused_)
{
    struct world world;
    begin(&world);
    feed_names(&world.rig, &world.writer, 1, "cem", 0, 40);
    rig_until_idle(&world.rig);
    _cleanup_(xfreep) char *want = tables_of(&world.rig);
    end(&world);
    for (int i = 0; i < 2; i++) {
        begin(&world);
        feed_names(&world.rig, &world.writer, 1, "cem", 0, 40);
        feed_names(&world.rig, &world.writer, 1, "ann", 40, 60);
        feed_names(&world.rig, &world.writer, 1, "bob", 60, 80);
        identify(&world.rig, &world.writer, "ann", "bob", 80);
        feed_names(&world.rig, &world.writer, 1, "ann", 80, 90);
        rig_until_idle(&world.rig);
        assert_true(is_named(&world.rig, "ann") && is_named(&world.rig, "bob"));
        forget(&world, i ? "ann" : "bob", "request");
        _cleanup_(xfreep) char *is = tables_of(&world.rig);
        assert_true(answers_agree(want, is));
        assert_int_equal(actions_of(&world.rig, "bob"), 0);
        assert_false(is_named(&world.rig, "ann"));
        assert_false(is_named(&world.rig, "bob"));
        feed_names(&world.rig, &world.writer, 1, "ann", 40, 60); /* repeats count no more */
        rig_until_idle(&world.rig);
        _cleanup_(xfreep) char *later = tables_of(&world.rig);
        assert_true(answers_agree(want, later));
        end(&world);
    }
}

/* Another person's login on the same device is not forgotten with the first one's. */
static void forgetting_does_not_reach_the_next_user_of_a_device(void **state _unused_)
{
    struct world world;
    begin(&world);
    feed_names(&world.rig, &world.writer, 1, "ann", 0, 10);
    identify(&world.rig, &world.writer, "ann", "bob", 10);
    identify(&world.rig, &world.writer, "ann", "cem", 11);
    feed_names(&world.rig, &world.writer, 1, "ann", 15, 22);
    rig_until_idle(&world.rig);
    forget(&world, "bob", "request");
    assert_int_equal(actions_of(&world.rig, "bob"), 0);
    assert_int_equal(actions_of(&world.rig, "cem"), 7);
    assert_false(is_named(&world.rig, "bob"));
    assert_true(is_named(&world.rig, "ann"));
    end(&world);
}

/* What the forgotten user did is not brought back by a merge, on whichever side the user stands. */
static void a_forgotten_user_is_merged(void **state _unused_)
{
    struct world world;
    begin(&world);
    feed_names(&world.rig, &world.writer, 2, NULL, 0, 40);
    send_request(&world.rig, &world.writer, "request", "bob", time_of(60));
    rig_until_idle(&world.rig);
    identify(&world.rig, &world.writer, "bob", "cem", 50); /* before the user was forgotten */
    identify(&world.rig, &world.writer, "ann", "bob", 70);
    rig_until_idle(&world.rig);
    int count;
    assert_true(merge_receipts(&world.rig, "bob-cem", &count).refused.size > 0);
    struct merge_receipt sum = merge_receipts(&world.rig, "ann-bob", &count);
    assert_int_equal(sum.actions, 20);
    assert_int_equal(sum.dropped, 20);
    assert_int_equal(actions_of(&world.rig, "bob"), 0);
    feed_names(&world.rig, &world.writer, 1, "ann", 70, 75);
    rig_until_idle(&world.rig);
    assert_int_equal(actions_of(&world.rig, "bob"), 5);
    end(&world);
}

/* A merge that is older than the forgetting is undone. Nobody waits for the request that does it:
 * all receipts are those of the two that were sent. */
static void a_merge_before_the_forgetting_is_undone(void **state _unused_)
{
    struct world world;
    begin(&world);
    feed_names(&world.rig, &world.writer, 2, NULL, 0, 40);
    send_request(&world.rig, &world.writer, "request", "bob", time_of(60));
    rig_until_idle(&world.rig);
    int64_t moves = memlog_count(world.rig.log, "moves", MEMLOG_ALL);
    identify(&world.rig, &world.writer, "ann", "bob", 55);
    rig_until_idle(&world.rig);
    assert_int_equal(memlog_count(world.rig.log, "moves", MEMLOG_ALL), moves + 2);
    int count;
    struct merge_receipt sum = merge_receipts(&world.rig, "ann-bob", &count);
    assert_int_equal(memlog_count(world.rig.log, "receipts", MEMLOG_ALL),
                     world.rig.partitions + count);
    assert_int_equal(sum.dropped, 20);
    assert_int_equal(memlog_count(world.rig.log, "dead-letters", MEMLOG_ALL), 0);
    assert_false(is_named(&world.rig, "merged-before"));
    feed_names(&world.rig, &world.writer, 1, "ann", 70, 75); /* stays with the user */
    rig_until_idle(&world.rig);
    assert_int_equal(actions_of(&world.rig, "ann"), 5);
    assert_int_equal(actions_of(&world.rig, "bob"), 0);
    end(&world);
}

/* ---- What is refused ---- */

static void a_user_with_too_many_actions_stays(void **state _unused_)
{
    static const char *const narrow[] = {"history.actions.max=24", "pairs.window=8",
                                         "transitions.window=5", "history.length=10", NULL};
    struct world world;
    begin(&world);
    rig_finish(world.features);
    world.features = rig_start(&world.rig, &features_worker, 1, narrow);
    feed_names(&world.rig, &world.writer, 1, "ann", 0, 1200);
    rig_until_idle(&world.rig);
    _cleanup_(xfreep) char *want = tables_of(&world.rig);
    identify(&world.rig, &world.writer, "ann", "bob", 1200);
    rig_until_idle(&world.rig);
    _cleanup_(xfreep) char *is = tables_of(&world.rig);
    assert_true(answers_agree(want, is));
    assert_int_equal(memlog_count(world.rig.log, "dead-letters", MEMLOG_ALL), 1);
    int count;
    assert_true(merge_receipts(&world.rig, "ann-bob", &count).refused.size > 0);
    assert_int_equal(count, 1);
    end(&world);
}

static void a_user_is_not_merged_with_itself(void **state _unused_)
{
    struct world world;
    begin(&world);
    feed_names(&world.rig, &world.writer, 1, "ann", 0, 10);
    identify(&world.rig, &world.writer, "ann", "ann", 10);
    send_identify(&world.rig, &world.writer, "none", "ann", "", time_of(10));
    rig_until_idle(&world.rig);
    assert_int_equal(actions_of(&world.rig, "ann"), 10);
    assert_int_equal(memlog_count(world.rig.log, "dead-letters", MEMLOG_ALL), 2);
    end(&world);
}

static void foreign_moves_are_dead_letters(void **state _unused_)
{
    struct world world;
    begin(&world);
    struct codec *codec = codec_new(&user_move_contract, world.writer.schemas);
    struct slice path = slice_str("ann"), item = slice_str("i01");
    int32_t kinds[] = {ACTION_CLICK, 77};
    double weights[] = {1, -1};
    int64_t times[] = {1, 2};
    for (int i = 0; i < 6; i++) {
        struct user_move move = {
            .user_id = slice_str("bob"), .path = {&path, i != 0}, .parts = i != 1,
            .items = {&item, 1}, .actions = {kinds + (i == 2), 1},
            .weights = {weights + (i == 3), 1},
            .event_times_ms = {times, 1}, .sequences = {times, 1}, .event_ids = {times, i != 4}};
        buf_clear(&world.writer.out);
        assert_int_equal(codec_encode(codec, &move, &world.writer.out), 0);
        memlog_append(world.rig.log, "moves", PARTITION_BY_KEY, slice_str(i == 5 ? "x" : "bob"),
                      buf_slice(&world.writer.out), feed_time_ms());
    }
    memlog_append(world.rig.log, "moves", 0, slice_str("bob"), slice_str("junk"), feed_time_ms());
    rig_until_quiet(&world.rig);
    assert_int_equal(memlog_count(world.rig.log, "dead-letters", MEMLOG_ALL), 7);
    assert_int_equal(actions_of(&world.rig, "bob"), 0);
    codec_free(codec);
    end(&world);
}

static void moves_has_the_partitions_of_events(void **state _unused_)
{
    static const char *const other[] = {"topic.moves=other", NULL};
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    memlog_topic(rig.log, "other", PARTITIONS + 1);
    struct copy *copy = rig_add(&rig, &features_worker, 0, other);
    assert_false(rig_launch(&rig, copy));
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    assert_non_null(strstr(copy->why, "topic events has 3 partitions but other"));
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_end_at_their_last),
        cmocka_unit_test(circles_are_cut),
        cmocka_unit_test(a_repeat_changes_nothing),
        cmocka_unit_test(users_nobody_knows_are_merged),
        cmocka_unit_test(a_later_merge_leads_elsewhere),
        cmocka_unit_test(either_is_forgotten_with_the_other),
        cmocka_unit_test(forgetting_does_not_reach_the_next_user_of_a_device),
        cmocka_unit_test(a_forgotten_user_is_merged),
        cmocka_unit_test(a_merge_before_the_forgetting_is_undone),
        cmocka_unit_test(a_user_with_too_many_actions_stays),
        cmocka_unit_test(a_user_is_not_merged_with_itself),
        cmocka_unit_test(foreign_moves_are_dead_letters),
        cmocka_unit_test(moves_has_the_partitions_of_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
