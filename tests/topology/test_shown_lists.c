/* What users were shown, from events to lists: it goes down the list, and rests where a rule says
 * so; in whatever order and how often exposures come. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/applied_rules.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "tests/topology/records.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

#define DAY_MS INT64_C(86400000)

enum { PARTITIONS = 2, EVENTS = 800, SHOWN = 5, TIMES = 3 };

static const char *const scoring[] = {"list.length=20", "lists.remake.share=0", NULL};
static const char user[] = "u07";

static void append(struct rig *rig, const char *topic, int32_t partition,
                   const struct contract *contract, const char *key, const void *object)
{
    append_record(rig, topic, partition, contract, slice_str(key), object, feed_time_ms());
}

struct ranks {
    size_t count;
    char items[LIST_ITEMS_MAX][16];
};

static struct ranks ranks_of(const struct rig *rig)
{
    struct ranks ranks = {0};
    struct recommendation_list list;
    struct answers answers;
    answers_init(&answers, rig);
    struct fold *fold = rig_fold(rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str(user))) { continue; }
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        ranks.count = list.items.count;
        for (size_t k = 0; k < list.items.count; k++) {
            (void)snprintf(ranks.items[k], sizeof(ranks.items[k]), "%.*s",
                           SLICE_ARGS(list.items.at[k]));
        }
    }
    free(fold);
    answers_release(&answers);
    assert_true(ranks.count >= 2 * SHOWN);
    return ranks;
}

static size_t place_of(const struct ranks *ranks, const char *item)
{
    size_t k = 0;
    while (k < ranks->count && strcmp(ranks->items[k], item) != 0) { k++; }
    return k;
}

/* The first items of a list, all in one event, on one day of three. */
static void show(struct rig *rig, const struct ranks *ranks, int day)
{
    struct slice items[SHOWN];
    char id[16];
    for (size_t k = 0; k < SHOWN; k++) { items[k] = slice_str(ranks->items[k]); }
    (void)snprintf(id, sizeof(id), "shown-%d", day);
    const struct user_event ev = {.event_id = slice_str(id),
                                  .user_id = slice_str(user),
                                  .action = ACTION_EXPOSURE,
                                  .event_time_ms = feed_time_ms() - (TIMES - day) * DAY_MS,
                                  .list_id = slice_str("main::0123456789abcdef"),
                                  .items = {items, SHOWN}};
    append(rig, "events", PARTITION_BY_KEY, &user_event_contract, user, &ev);
}

static char *tables_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_sums(&answers);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

static void begin(struct rig *rig)
{
    rig_init(rig, PARTITIONS);
    rig_start(rig, &features_worker, 0, NULL);
    rig_start(rig, &trainer_worker, 0, NULL);
    feed_events(rig, 1, 0, EVENTS);
    rig_until_idle(rig);
    rig_start(rig, &scorer_worker, 0, scoring);
    rig_until_idle(rig);
}

static void what_was_shown_goes_down(void **state _unused_)
{
    static const int orders[][2 * TIMES] = {{0, 1, 2, 2, 0, 1}, {2, 0, 1, 1, 0, 2}};
    struct ranks after[2];
    for (size_t o = 0; o < ARRAY_COUNT(orders); o++) {
        struct rig rig;
        begin(&rig);
        struct ranks before = ranks_of(&rig);
        _cleanup_(xfreep) char *tables = tables_of(&rig);
        for (size_t i = 0; i < 2 * TIMES; i++) { show(&rig, &before, orders[o][i]); }
        rig_until_idle(&rig);
        after[o] = ranks_of(&rig);
        size_t low = 0;
        for (size_t k = 0; k < SHOWN; k++) { low += place_of(&after[o], before.items[k]) >= SHOWN; }
        assert_true(low >= 2);
        _cleanup_(xfreep) char *then = tables_of(&rig);
        assert_true(answers_agree(tables, then));
        rig_release(&rig);
    }
    assert_memory_equal(&after[0], &after[1], sizeof(after[0]));
}

static void what_was_shown_too_often_rests(void **state _unused_)
{
    static const char rules[] = "main.length=20\nmain.exclude.tired=exposure 3 times for 7000d\n";
    struct rig rig;
    const struct applied_rules applied = {.text = slice_str(rules)};
    begin(&rig);
    struct ranks before = ranks_of(&rig);
    append(&rig, "rules", 0, &applied_rules_contract, "rules", &applied);
    rig.wall_ms = feed_time_ms();
    rig_until_idle(&rig);
    for (int day = 0; day < TIMES - 1; day++) { show(&rig, &before, day); }
    rig_until_idle(&rig);
    struct ranks twice = ranks_of(&rig);
    show(&rig, &before, TIMES - 1);
    rig_until_idle(&rig);
    struct ranks thrice = ranks_of(&rig);
    for (size_t k = 0; k < SHOWN; k++) {
        assert_true(place_of(&twice, before.items[k]) < twice.count);
        assert_int_equal(place_of(&thrice, before.items[k]), thrice.count);
    }
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_shown_goes_down),
        cmocka_unit_test(what_was_shown_too_often_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
