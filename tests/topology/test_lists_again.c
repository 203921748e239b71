/* The scorer's lists have no positions: to make a list again is harmless. Whatever the group's
 * offset says and however old the disk is, each user has the list of the newest history, and the
 * figures of quality count each list once. */
#include "base/base.h"
#include "schemas/list_quality.h"
#include "schemas/user_history.h"
#include "scorer/scorer.h"
#include "tests/topology/halfway.h"

enum { PARTITIONS = 2 };

static const char *const lists[] = {"poll.records.max=10", "batch.records.max=30", NULL};

struct story {
    struct scene scene; /* features and trainer */
    struct copy *scorer;
};

static struct rig *rig_of(struct story *story)
{
    return &story->scene.rig;
}

/* Lets features and trainer do some events, the scorer with them or not. */
static void go_to(struct story *story, int from, int to)
{
    feed_events(rig_of(story), 1, from, to);
    rig_until_idle(rig_of(story));
}

/* All of the first half is done, and the scorer has stopped. */
static void begin(struct story *story, const char *const *settings)
{
    struct rig *rig = rig_of(story);
    rig_init(rig, PARTITIONS);
    story->scene.features = rig_start(rig, &features_worker, 0, pairs);
    story->scene.trainer = rig_start(rig, &trainer_worker, 0, pairs);
    story->scorer = rig_start(rig, &scorer_worker, 0, settings);
    go_to(story, 0, HALF / 2);
    go_to(story, HALF / 2, HALF);
    rig_finish(story->scorer);
}

static void set_offsets(struct story *story, int64_t offset)
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        int64_t end = memlog_end(rig_of(story)->log, "histories", p);
        memlog_set_committed(rig_of(story)->log, "freshet-scorer", "histories", p,
                             offset < 0 ? end + offset + 1 : offset);
    }
}

static void run_scorer(struct story *story)
{
    assert_true(rig_launch(rig_of(story), story->scorer));
    rig_until_idle(rig_of(story));
}

static const struct folded *find(const struct fold *fold, struct slice key)
{
    for (size_t i = 0; i < fold->count; i++) {
        if (slice_equal(fold->at[i].key, key)) { return &fold->at[i]; }
    }
    return NULL;
}

/* Counts the users whose newest list was not made from their newest history. */
static int users_behind(struct story *story)
{
    struct answers answers;
    int behind = 0;
    answers_init(&answers, rig_of(story));
    struct codec *codec = codec_new(&user_history_contract, answers.schemas);
    struct fold *histories = rig_fold(rig_of(story), "histories");
    struct fold *made = rig_fold(rig_of(story), "recommendations");
    assert_true(histories->count > 5);
    for (size_t i = 0; i < histories->count; i++) {
        struct user_history hist;
        struct recommendation_list list;
        const struct folded *at = find(made, histories->at[i].key);
        answers_decode(&answers, codec, histories->at[i].value, &hist);
        int64_t want = hist.input_offset;
        if (at) { answers_decode(&answers, answers.lists, at->value, &list); }
        behind += !at || list.input_offset != want;
    }
    free(histories);
    free(made);
    codec_free(codec);
    answers_release(&answers);
    return behind;
}

static char *lists_of(struct story *story)
{
    struct answers answers;
    answers_init(&answers, rig_of(story));
    answers_lists(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

/* The sums over the newest records of all ranges, as readers of `quality` make them. */
static char *quality_of(struct story *story)
{
    struct answers answers;
    struct list_quality sum = {0};
    answers_init(&answers, rig_of(story));
    struct codec *codec = codec_new(&list_quality_contract, answers.schemas);
    struct fold *ranges = rig_fold(rig_of(story), "quality");
    for (size_t i = 0; i < ranges->count; i++) {
        struct list_quality range;
        answers_decode(&answers, codec, ranges->at[i].value, &range);
        sum.judged += range.judged;
        sum.hits_at_10 += range.hits_at_10;
        sum.unlisted += range.unlisted;
        sum.lists += range.lists;
    }
    assert_true(sum.judged > 0 && sum.lists > 0);
    free(ranges);
    codec_free(codec);
    answers_release(&answers);
    return xprintf("judged %" PRId64 " hits %" PRId64 " unlisted %" PRId64 " lists %" PRId64,
                   sum.judged, sum.hits_at_10, sum.unlisted, sum.lists);
}

/* ---- Repeats and kinds ---- */

static void act(struct rig *rig, int number, const char *item, enum action_kind action)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_event_contract, schemas);
    struct buf out;
    char id[16];
    buf_init(&out, 4096);
    (void)snprintf(id, sizeof(id), "e%d", number);
    const struct user_event ev = {.event_id = slice_str(id),
                                  .user_id = slice_str("u"),
                                  .item_id = slice_str(item),
                                  .action = (int32_t)action,
                                  .weight = 1.0,
                                  .event_time_ms = feed_from_ms + number * 1000};
    assert_int_equal(codec_encode(codec, &ev, &out), 0);
    memlog_append(rig->log, "events", PARTITION_BY_KEY, ev.user_id, buf_slice(&out),
                  ev.event_time_ms);
    rig_until_idle(rig);
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

struct kind_sums {
    int64_t judged, hits, repeats, judged_of[ACTIONS_COUNT], repeats_of[ACTIONS_COUNT];
};

static struct kind_sums kinds_of(const struct rig *rig)
{
    struct answers answers;
    struct kind_sums sums = {0};
    answers_init(&answers, rig);
    struct codec *codec = codec_new(&list_quality_contract, answers.schemas);
    struct fold *ranges = rig_fold(rig, "quality");
    for (size_t i = 0; i < ranges->count; i++) {
        struct list_quality range;
        answers_decode(&answers, codec, ranges->at[i].value, &range);
        sums.judged += range.judged;
        sums.hits += range.hits_at_10;
        sums.repeats += range.repeats;
        assert_int_equal(range.judged_by_kind.count, range.kinds.count);
        assert_int_equal(range.hits_by_kind.count, range.kinds.count);
        assert_int_equal(range.repeats_by_kind.count, range.kinds.count);
        for (size_t k = 0; k < range.kinds.count; k++) {
            sums.judged_of[range.kinds.at[k]] += range.judged_by_kind.at[k];
            sums.repeats_of[range.kinds.at[k]] += range.repeats_by_kind.at[k];
        }
    }
    free(ranges);
    codec_free(codec);
    answers_release(&answers);
    return sums;
}

/* An action on what the user had before is no miss, however long ago that was. */
static void test_repeats_and_kinds(void **state)
{
    static const char *const two_actions[] = {"history.length=2", NULL};
    const struct {
        const char *item;
        enum action_kind action;
    } acts[] = {{"a", ACTION_VIEW}, {"b", ACTION_VIEW},     {"c", ACTION_VIEW},
                {"d", ACTION_VIEW}, {"a", ACTION_PURCHASE}, {"d", ACTION_PURCHASE},
                {"e", ACTION_CART}, {"e", ACTION_VIEW},     {"f", ACTION_PURCHASE}};
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    rig_start(&rig, &features_worker, 0, two_actions);
    rig_start(&rig, &trainer_worker, 0, NULL);
    struct copy *scorer = rig_start(&rig, &scorer_worker, 0, lists);
    for (size_t i = 0; i < ARRAY_COUNT(acts); i++) {
        act(&rig, (int)i, acts[i].item, acts[i].action);
    }
    struct kind_sums sums = kinds_of(&rig);
    assert_int_equal(sums.judged, 8);
    assert_int_equal(sums.repeats, 3);
    assert_true(sums.hits <= 5);
    assert_int_equal(sums.judged_of[ACTION_VIEW], 4);
    assert_int_equal(sums.repeats_of[ACTION_VIEW], 1);
    assert_int_equal(sums.judged_of[ACTION_PURCHASE], 3);
    assert_int_equal(sums.repeats_of[ACTION_PURCHASE], 2);
    assert_int_equal(sums.judged_of[ACTION_CART], 1);
    assert_true(metric_value(metrics_counter(scorer->metrics, "freshet_list_repeats_total", "",
                                             "")) == 3);
    rig_release(&rig);
}

/* ---- The group's offsets ---- */

/* Set back, or expired: all lists are made again, and nothing is counted again. */
static void check_set_back(int64_t offset, bool empty)
{
    struct story story;
    begin(&story, lists);
    _cleanup_(xfreep) char *quality = quality_of(&story);
    _cleanup_(xfreep) char *made = NULL;
    for (int turn = 0; turn < 2; turn++) {
        if (empty) { rig_empty(story.scorer); }
        set_offsets(&story, offset);
        run_scorer(&story);
        assert_int_equal(users_behind(&story), 0);
        _cleanup_(xfreep) char *is = lists_of(&story), *now = quality_of(&story);
        assert_string_equal(now, quality);
        if (made) { assert_true(answers_agree(made, is)); }
        if (!made) { made = xstrdup(is); } /* the rows are those of today from here on */
        rig_finish(story.scorer);
    }
    run_scorer(&story);
    go_to(&story, HALF, EVENTS);
    assert_int_equal(users_behind(&story), 0);
    _cleanup_(xfreep) char *later = quality_of(&story);
    assert_string_not_equal(later, quality);
    rig_release(rig_of(&story));
}

static bool lists_item(const struct recommendation_list *list, struct slice item)
{
    for (size_t k = 0; k < list->items.count; k++) {
        if (slice_equal(list->items.at[k], item)) { return true; }
    }
    return false;
}

/* Finds an item on a list made in hindsight that was not on the user's own. */
static void find_other(struct rig *rig, int64_t own, char *ret_item)
{
    struct answers answers;
    struct recommendation_list first, again;
    struct record rec;
    answers_init(&answers, rig);
    int32_t partition = -1;
    assert_int_equal(memlog_newest(rig->log, "recommendations", slice_str("u"), &rec), 0);
    partition = rec.partition;
    struct arena *arena = arena_new(1 << 16);
    assert_int_equal(codec_decode(answers.lists, rec.value, arena, &again, NULL), 0);
    assert_int_equal(memlog_read(rig->log, "recommendations", partition, own, &rec), 0);
    answers_decode(&answers, answers.lists, rec.value, &first);
    assert_int_equal(first.cause, CAUSE_ACTION);
    assert_int_not_equal(again.cause, CAUSE_ACTION);
    assert_int_equal(again.received_ms, 0);
    size_t at = 0;
    while (at < again.items.count && lists_item(&first, again.items.at[at])) { at++; }
    assert_true(at < again.items.count);
    (void)snprintf(ret_item, 16, "%.*s", SLICE_ARGS(again.items.at[at]));
    arena_free(arena);
    answers_release(&answers);
}

/* A list that is made again from the history that it was made of knows what came later: the user's
 * next action is judged by the list that the user had. */
static void test_hindsight_is_not_judged(void **state)
{
    static const char *const still[] = {"list.length=5", "lists.remake.share=0", NULL};
    struct story story;
    struct rig *rig = rig_of(&story);
    struct record rec;
    char item[16];
    rig_init(rig, PARTITIONS);
    story.scene.features = rig_start(rig, &features_worker, 0, pairs);
    story.scene.trainer = rig_start(rig, &trainer_worker, 0, pairs);
    story.scorer = rig_start(rig, &scorer_worker, 0, still);
    go_to(&story, 0, 60);
    act(rig, 0, "i05", ACTION_VIEW);
    assert_int_equal(memlog_newest(rig->log, "recommendations", slice_str("u"), &rec), 0);
    int64_t own = rec.offset;
    rig_finish(story.scorer);
    go_to(&story, 60, EVENTS);
    set_offsets(&story, 0);
    run_scorer(&story);
    find_other(rig, own, item);
    struct kind_sums before = kinds_of(rig);
    act(rig, EVENTS, item, ACTION_VIEW);
    struct kind_sums after = kinds_of(rig);
    assert_int_equal(after.judged, before.judged + 1);
    assert_int_equal(after.hits, before.hits);
    rig_release(rig);
}

static void test_offsets_set_back(void **state)
{
    check_set_back(0, false);
    check_set_back(0, true);
    check_set_back(3, false);
}

static void test_offsets_expired(void **state)
{
    struct story story;
    begin(&story, lists);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        memlog_set_committed(rig_of(&story)->log, "freshet-scorer", "histories", p, OFFSET_NONE);
    }
    _cleanup_(xfreep) char *quality = quality_of(&story);
    run_scorer(&story);
    assert_int_equal(users_behind(&story), 0);
    _cleanup_(xfreep) char *now = quality_of(&story);
    assert_string_equal(now, quality);
    rig_release(rig_of(&story));
}

/* Set ahead: the local state knows where it ends, and no list is left out. */
static void test_offsets_ahead(void **state)
{
    struct story story;
    begin(&story, lists);
    go_to(&story, HALF, EVENTS);
    assert_true(users_behind(&story) > 0);
    set_offsets(&story, -1);
    run_scorer(&story);
    assert_non_null(strstr(rig_of(&story)->warned, "input goes on where the local state ends"));
    assert_int_equal(users_behind(&story), 0);
    rig_release(rig_of(&story));
}

/* Without local state nothing tells it: a user has the list of before until the user acts. */
static void test_offsets_ahead_without_state(void **state)
{
    struct story story;
    begin(&story, lists);
    go_to(&story, HALF, HALF + 20);
    int behind = users_behind(&story);
    assert_true(behind > 0);
    rig_empty(story.scorer);
    set_offsets(&story, -1);
    run_scorer(&story);
    assert_int_equal(users_behind(&story), behind);
    go_to(&story, HALF + 20, EVENTS);
    assert_true(users_behind(&story) < behind);
    rig_release(rig_of(&story));
}

/* A copy whose partition another one served meanwhile does not take that for offsets set ahead. */
static void test_takeover_reads_nothing_again(void **state)
{
    static const char *const standing[] = {"poll.records.max=10", "standby.copies=1", NULL};
    struct story story;
    begin(&story, standing);
    struct rig *rig = rig_of(&story);
    run_scorer(&story);
    struct copy *second = rig_start(rig, &scorer_worker, 1, standing);
    rig_until_idle(rig);
    go_to(&story, HALF, EVENTS);
    for (int i = 0; i < 400; i++) { rig_round(rig, false); }
    double made = count(story.scorer, "freshet_lists_published_total");
    rig_finish(second);
    memlog_expire_member(rig->log, "freshet-scorer", "freshet-scorer-1");
    for (int i = 0; i < 50; i++) { rig_round(rig, false); }
    assert_int_equal(story.scorer->run->tasks.count, PARTITIONS);
    assert_true(count(story.scorer, "freshet_lists_published_total") == made);
    assert_int_equal(users_behind(&story), 0);
    rig_release(rig);
}

/* ---- Disks ---- */

/* The disk was away while a user was forgotten, and the tombstone has gone since. */
static bool comes_back(int64_t after_ms)
{
    struct story story;
    struct record rec;
    begin(&story, lists);
    struct memlog *log = rig_of(&story)->log;
    const struct slice user = slice_str("u00");
    assert_int_equal(memlog_newest(log, "recommendations", user, &rec), 0);
    int32_t partition = rec.partition;
    memlog_append(log, "recommendations", partition, user, slice_of(NULL, 0), 1);
    memlog_append(log, "recommendations", partition, slice_str("nobody"), slice_of(NULL, 0), 1);
    memlog_compact(log, "recommendations");
    memlog_expire_tombstones(log, "recommendations");
    rig_of(&story)->wall_ms += after_ms;
    run_scorer(&story);
    struct slice value;
    struct task *task = task_list_find(&story.scorer->run->tasks, NULL, partition);
    bool is_back = store_get(task->local.store, user, &value) == 0;
    bool wiped = count(story.scorer, "freshet_store_wipes_total") > 0;
    assert_true(wiped == !is_back);
    if (wiped) { assert_non_null(strstr(rig_of(&story)->warned, "tombstones are kept")); }
    rig_release(rig_of(&story));
    return is_back;
}

static void test_disk_older_than_tombstones(void **state)
{
    assert_false(comes_back(DELETE_RETENTION_DEFAULT_MS));
    assert_true(comes_back(DELETE_RETENTION_DEFAULT_MS / 2));
}

/* ---- Topics that a broker has lost records of ---- */

static void cut(struct story *story, const char *topic, int64_t lost)
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        memlog_cut(rig_of(story)->log, topic, p, memlog_end(rig_of(story)->log, topic, p) - lost);
    }
}

/* All lists are made again from histories, by this copy or, when it dies in any step of that, by
 * one that has no state. */
static void check_lost_lists(int rounds, bool remade)
{
    struct story story;
    begin(&story, lists);
    struct rig *rig = rig_of(&story);
    if (remade) {
        memlog_remake(rig->log, "recommendations", PARTITIONS);
    } else {
        cut(&story, "recommendations", 7);
    }
    assert_true(users_behind(&story) > 0);
    if (rounds) {
        assert_true(rig_launch(rig, story.scorer));
        for (int i = 0; i < rounds; i++) { rig_round(rig, false); }
        rig_kill(rig, story.scorer);
        memlog_expire_member(rig->log, "freshet-scorer", "freshet-scorer-0");
        rig_empty(story.scorer);
    }
    run_scorer(&story);
    assert_int_equal(users_behind(&story), 0);
    if (!rounds) { assert_non_null(strstr(rig->warned, "the changelog has lost its end")); }
    rig_finish(story.scorer);
    run_scorer(&story); /* once is enough */
    assert_true(count(story.scorer, "freshet_store_wipes_total") == 0);
    go_to(&story, HALF, EVENTS);
    assert_int_equal(users_behind(&story), 0);
    rig_release(rig);
}

static void test_lists_that_a_broker_lost(void **state)
{
    for (int rounds = 0; rounds < 8; rounds++) { check_lost_lists(rounds, rounds % 2); }
}

/* Lost while the scorer runs: seen by its next message, or else by a question once a minute. It
 * sends all that it has. */
static void check_lost_while_running(const char *const *settings, bool quiet)
{
    struct story story;
    begin(&story, settings);
    struct rig *rig = rig_of(&story);
    run_scorer(&story);
    go_to(&story, HALF, EVENTS);
    for (int i = 0; i < 400; i++) { rig_round(rig, false); }
    cut(&story, "recommendations", 40);
    assert_true(users_behind(&story) > 0);
    if (!quiet) { act(rig, EVENTS, "i00", ACTION_VIEW); }
    for (int64_t until_ms = rig->now_ms + 130000; rig->now_ms < until_ms;) {
        rig_round(rig, false);
    }
    if (quiet) { assert_non_null(strstr(rig->warned, "newest messages are lost")); }
    assert_int_equal(users_behind(&story), 0);
    rig_release(rig);
}

static void test_lists_lost_while_running(void **state)
{
    static const char *const idle[] = {"poll.records.max=10", "lists.remake.share=0", NULL};
    check_lost_while_running(idle, true);
    check_lost_while_running(idle, false);
    check_lost_while_running(lists, false);
}

/* The standby copy's state reaches beyond the topic, too. */
static void test_standby_of_lost_lists(void **state)
{
    static const char *const standing[] = {"poll.records.max=10", "standby.copies=1", NULL};
    struct story story;
    begin(&story, standing);
    struct rig *rig = rig_of(&story);
    struct copy *second = rig_start(rig, &scorer_worker, 1, standing);
    run_scorer(&story);
    for (int i = 0; i < 400; i++) { rig_round(rig, false); }
    rig_finish(second);
    rig_finish(story.scorer);
    cut(&story, "recommendations", 7);
    assert_true(rig_launch(rig, second));
    run_scorer(&story);
    for (int i = 0; i < 400; i++) { rig_round(rig, false); }
    assert_int_equal(users_behind(&story), 0);
    assert_true(count(story.scorer, "freshet_store_wipes_total") +
                    count(second, "freshet_store_wipes_total") >= PARTITIONS * 2);
    rig_kill(rig, story.scorer);
    memlog_expire_member(rig->log, "freshet-scorer", "freshet-scorer-0");
    for (int i = 0; i < 50; i++) { rig_round(rig, false); }
    assert_int_equal(second->run->tasks.count, PARTITIONS);
    go_to(&story, HALF, EVENTS);
    assert_int_equal(users_behind(&story), 0);
    rig_release(rig);
}

/* The group's offset is behind the end of `histories`: what there is is read again. */
static void test_histories_that_a_broker_lost(void **state)
{
    struct story story;
    begin(&story, lists);
    cut(&story, "histories", 5);
    run_scorer(&story);
    assert_non_null(strstr(rig_of(&story)->warned, "input lacks the group's offset"));
    go_to(&story, HALF, EVENTS);
    assert_int_equal(users_behind(&story), 0);
    rig_release(rig_of(&story));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeats_and_kinds),
        cmocka_unit_test(test_hindsight_is_not_judged),
        cmocka_unit_test(test_offsets_set_back),
        cmocka_unit_test(test_offsets_expired),
        cmocka_unit_test(test_offsets_ahead),
        cmocka_unit_test(test_offsets_ahead_without_state),
        cmocka_unit_test(test_takeover_reads_nothing_again),
        cmocka_unit_test(test_disk_older_than_tombstones),
        cmocka_unit_test(test_lists_that_a_broker_lost),
        cmocka_unit_test(test_lists_lost_while_running),
        cmocka_unit_test(test_standby_of_lost_lists),
        cmocka_unit_test(test_histories_that_a_broker_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
