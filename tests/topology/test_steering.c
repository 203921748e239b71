/* Rules of placements, from the topic to the lists: they come and go without an action of any user,
 * by records and by their dates, and leave lists as they were. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/applied_rules.h"
#include "schemas/item.h"
#include "schemas/list_id.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "tests/topology/records.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 2, EVENTS = 800, REST_ROUNDS_MAX = 8000 };

static const char *const scoring[] = {"list.length=5", "lists.remake.share=50", NULL};

static void rest(struct rig *rig)
{
    rig_until_rest(rig, 40, REST_ROUNDS_MAX);
}

static void append(struct rig *rig, const char *topic, const struct contract *contract,
                   const char *key, const void *object)
{
    append_record(rig, topic, PARTITION_BY_KEY, contract, slice_str(key), object, feed_from_ms);
}

static void apply(struct rig *rig, const char *text)
{
    const struct applied_rules rules = {.text = slice_str(text)};
    append(rig, "rules", &applied_rules_contract, APPLIED_RULES_KEY, text ? &rules : NULL);
    rest(rig);
}

/* Prices are the numbers of items; brands are a and b in turn. */
static void put_created(struct rig *rig, int number, bool available, int64_t created_ms)
{
    char id[16];
    (void)snprintf(id, sizeof(id), "i%02d", number);
    const struct item item = {.item_id = slice_str(id), .available = available, .price = number,
                              .stock = 1, .brand = slice_str(number % 2 ? "a" : "b"),
                              .created_ms = created_ms};
    append(rig, "items", &item_contract, id, &item);
}

static void put_item(struct rig *rig, int number, bool available)
{
    put_created(rig, number, available, /* created_ms= */ 0);
}

static struct copy *begin(struct rig *rig)
{
    rig_init(rig, PARTITIONS);
    for (int item = 0; item < FEED_ITEMS; item++) { put_item(rig, item, true); }
    rig_start(rig, &features_worker, 0, NULL);
    rig_start(rig, &trainer_worker, 0, NULL);
    struct copy *scorer = rig_start(rig, &scorer_worker, 0, scoring);
    feed_events(rig, 1, 0, EVENTS);
    rest(rig);
    return scorer;
}

static int number_of(struct slice id)
{
    assert_true(id.size == 3 && id.data[0] == 'i');
    return (id.data[1] - '0') * 10 + id.data[2] - '0';
}

/* What is counted over all lists. */
struct counts {
    size_t lists, items, placed, moved, removed;
    size_t placements;         /* of the last list */
    int price_least, price_most; /* of the items of lists */
    int brands_most;           /* items of one brand on a placement */
    size_t item_at[FEED_ITEMS]; /* on lists and placements */
    int64_t offset;            /* of the rules */
};

static void count_placements(const struct recommendation_list *list, struct counts *counts)
{
    size_t at = 0;
    counts->placements = list->placements.count;
    for (size_t p = 0; p < list->placements.count; p++) {
        int brands[2] = {0};
        for (int32_t k = 0; k < list->placement_counts.at[p]; k++, at++) {
            int number = number_of(list->placement_items.at[at]);
            int same = ++brands[number % 2];
            counts->item_at[number]++;
            counts->moved += list->placement_rules.at[at].size > 0;
            if (!slice_equal(list->placements.at[p], slice_str("main"))) {
                counts->brands_most = MAX_OF(counts->brands_most, same);
            }
        }
    }
    assert_int_equal(at, list->placement_items.count);
    counts->placed += at;
    counts->removed += list->removal_items.count;
}

/* Each list and each placement has an id of its own. */
static void check_ids(const struct recommendation_list *list)
{
    struct recommendation_list copy = *list;
    struct list_ids ids;
    list_ids_set(&ids, &copy);
    assert_true(slice_equal(copy.list_id, list->list_id));
    assert_int_equal(list->placements.count, list->placement_list_ids.count);
    assert_true(slices_equal(&copy.placement_list_ids, &list->placement_list_ids));
}

static struct counts count_all(const struct rig *rig)
{
    struct counts counts = {.price_least = FEED_ITEMS, .offset = -2};
    struct recommendation_list list;
    struct answers answers;
    answers_init(&answers, rig);
    struct fold *fold = rig_fold(rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        counts.lists++;
        counts.items += list.items.count;
        for (size_t k = 0; k < list.items.count; k++) {
            int number = number_of(list.items.at[k]);
            counts.item_at[number]++;
            counts.price_least = MIN_OF(counts.price_least, number);
            counts.price_most = MAX_OF(counts.price_most, number);
        }
        count_placements(&list, &counts);
        check_ids(&list);
        assert_true(counts.offset == -2 || counts.offset == list.rules_offset);
        counts.offset = list.rules_offset;
    }
    free(fold);
    answers_release(&answers);
    return counts;
}

static char *lists_of(const struct rig *rig)
{
    struct answers answers;
    struct recommendation_list list;
    answers_init(&answers, rig);
    struct fold *fold = rig_fold(rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        buf_printf(&answers.text, "%.*s:", SLICE_ARGS(list.user_id));
        for (size_t k = 0; k < list.items.count; k++) {
            buf_printf(&answers.text, " %.*s %a", SLICE_ARGS(list.items.at[k]),
                       (double)list.scores.at[k]);
        }
        buf_printf(&answers.text, "\n");
    }
    char *text = xmemdup(answers.text.data, answers.text.size + 1);
    text[answers.text.size] = '\0';
    free(fold);
    answers_release(&answers);
    return text;
}

static double counter(struct copy *scorer, const char *name, const char *labels)
{
    return metric_value(metrics_counter(scorer->metrics, name, labels, "Known."));
}

static void rules_come_and_go(void **state _unused_)
{
    struct rig rig;
    struct copy *scorer = begin(&rig);
    _cleanup_(xfreep) char *before = lists_of(&rig);
    struct counts none = count_all(&rig);
    assert_int_equal(none.offset, -1);
    assert_int_equal(none.placed, 0);
    assert_true(none.lists > 40 && none.price_least < 10 && none.price_most > 20);
    apply(&rig, "main.length=5\n"
                "main.filter.dear=price >= 10\n"
                "home.length=4\n"
                "home.cap.brand=2 per brand\n"
                "mail.length=2\n"
                "mail.boost.cheap=100 if price < 30\n");
    struct counts ruled = count_all(&rig);
    assert_int_equal(ruled.lists, none.lists);
    assert_int_equal(ruled.offset, 0);
    assert_int_equal(ruled.placements, 3);
    assert_int_equal(ruled.brands_most, 2);
    assert_true(ruled.price_least >= 10);
    assert_true(ruled.removed > 0 && ruled.moved > 0);
    assert_true(counter(scorer, "freshet_lists_remade_total", "cause=\"rules\"") > 0);
    assert_true(counter(scorer, "freshet_rule_removals_total",
                        "placement=\"main\",rule=\"filter.dear\"") > 0);
    assert_true(counter(scorer, "freshet_rule_moves_total",
                        "placement=\"mail\",rule=\"boost.cheap\"") > 0);
    apply(&rig, NULL);
    assert_int_equal(count_all(&rig).offset, -1);
    _cleanup_(xfreep) char *after = lists_of(&rig);
    assert_string_equal(before, after);
    rig_release(&rig);
}

/* A counter of a name that is gone is dropped; one of a name that stays goes on. */
static void counters_go_with_their_rules(void **state _unused_)
{
    struct rig rig;
    struct copy *scorer = begin(&rig);
    const char *name = "freshet_rule_removals_total";
    apply(&rig, "home.length=5\nhome.cap.group=3 per group\n"
                "home.filter.stays=price >= 10\nhome.filter.goes=price >= 20\n");
    double before = counter(scorer, name, "placement=\"home\",rule=\"filter.stays\"");
    assert_true(before > 0);
    assert_true(counter(scorer, name, "placement=\"home\",rule=\"filter.goes\"") > 0);
    apply(&rig, "home.length=5\nhome.filter.stays=price >= 15\n");
    assert_true(counter(scorer, name, "placement=\"home\",rule=\"filter.stays\"") > before);
    assert_true(counter(scorer, name, "placement=\"home\",rule=\"filter.goes\"") == 0);
    apply(&rig, NULL);
    assert_true(counter(scorer, name, "placement=\"home\",rule=\"filter.stays\"") == 0);
    rig_release(&rig);
}

/* Items that may not be recommended leave placements as they leave lists; others come in. */
static void placements_follow_the_catalogue(void **state _unused_)
{
    struct rig rig;
    (void)begin(&rig);
    apply(&rig, "home.length=5\n"
                "home.filter.price=price < 39.5\n");
    struct counts counts = count_all(&rig);
    int most = 0;
    for (int item = 0; item < FEED_ITEMS; item++) {
        if (counts.item_at[item] > counts.item_at[most]) { most = item; }
    }
    assert_true(counts.item_at[most] > 5);
    put_item(&rig, most, false);
    rest(&rig);
    assert_int_equal(count_all(&rig).item_at[most], 0);
    put_item(&rig, most, true);
    rest(&rig);
    assert_int_equal(count_all(&rig).item_at[most], counts.item_at[most]);
    rig_release(&rig);
}

/* An item of 2099 is as old as the record that says so. */
static void no_item_is_newer_than_its_record(void **state _unused_)
{
    struct rig rig;
    (void)begin(&rig);
    const int64_t day_ms = 86400000, to_come_ms = INT64_C(4070908800000); /* 2099-01-01 */
    put_created(&rig, 3, true, to_come_ms);
    put_created(&rig, 4, true, INT64_MAX);
    rig.wall_ms = feed_from_ms + 10 * day_ms;
    apply(&rig, "main.length=5\nmain.filter.new=age < 1d\n");
    struct counts counts = count_all(&rig);
    assert_int_equal(counts.item_at[3] + counts.item_at[4], 0);
    apply(&rig, "main.length=5\nmain.filter.new=age < 20d\n");
    counts = count_all(&rig);
    assert_true(counts.item_at[3] > 0 && counts.item_at[4] > 0);
    rig_release(&rig);
}

/* A rule holds from its date on, until its date: nobody acts, and no record comes. */
static void dates_of_rules_are_kept(void **state _unused_)
{
    struct rig rig;
    (void)begin(&rig);
    const int64_t day_ms = 86400000, from_ms = INT64_C(1893456000000); /* 2030-01-01 */
    rig.wall_ms = from_ms - day_ms;
    apply(&rig, "main.length=5\n"
                "main.filter.dear=price >= 10 from 2030-01-01 until 2030-01-02\n");
    assert_true(count_all(&rig).price_least < 10);
    rig.wall_ms = from_ms;
    rest(&rig);
    assert_true(count_all(&rig).price_least >= 10);
    rig.wall_ms = from_ms + day_ms;
    rest(&rig);
    assert_true(count_all(&rig).price_least < 10);
    rig.wall_ms = from_ms; /* the clock is set back */
    rest(&rig);
    assert_true(count_all(&rig).price_least >= 10);
    rig_release(&rig);
}

/* Rules that nobody could have applied with `freshet rules` leave the former ones in force. */
static void rules_that_cannot_be_read_change_nothing(void **state _unused_)
{
    struct rig rig;
    (void)begin(&rig);
    apply(&rig, "main.filter.dear=price >= 10\n");
    apply(&rig, "main.filter.dear=prize >= 10\n");
    struct counts counts = count_all(&rig);
    assert_int_equal(counts.offset, 0);
    assert_true(counts.price_least >= 10);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 1);
    rig_release(&rig);
}

/* A list that others wrote, larger than any of ours: it is not touched when an item of it is
 * barred, and the scorer goes on. */
static void a_foreign_list_is_too_large(void **state _unused_)
{
    enum { TEXT = 40000, TEXTS = 20 };
    static char text[TEXT];
    struct slice items[TEXTS + 1];
    float numbers[TEXTS + 1] = {0};
    int32_t reasons[TEXTS + 1] = {0};
    struct rig rig;
    memset(text, 'x', TEXT);
    for (size_t k = 0; k < TEXTS; k++) { items[k] = slice_of(text, TEXT); }
    items[TEXTS] = slice_str("i07");
    const struct recommendation_list list = {
        .user_id = slice_str("large"), .items = {items, TEXTS + 1}, .because = {items, TEXTS + 1},
        .scores = {numbers, TEXTS + 1}, .evidence = {numbers, TEXTS + 1},
        .reasons = {reasons, TEXTS + 1}};
    rig_init(&rig, PARTITIONS);
    put_item(&rig, 7, true);
    append(&rig, "recommendations", &recommendation_list_contract, "large", &list);
    (void)rig_start(&rig, &scorer_worker, 0, scoring);
    rest(&rig);
    put_item(&rig, 7, false);
    rest(&rig);
    rig_release(&rig);
}

/* The items that a user has had come back where a placement takes repeats. */
static void repeats_are_listed_where_they_may(void **state _unused_)
{
    struct rig rig;
    (void)begin(&rig);
    apply(&rig, "again.length=40\nagain.repeats=yes\nonce.length=40\n"
                "other.length=40\nother.repeats=yes\nother.exclude.had=view, click, like, cart, "
                "purchase, rating, dislike, other\n");
    struct answers answers;
    struct recommendation_list list;
    size_t more = 0;
    answers_init(&answers, &rig);
    struct fold *fold = rig_fold(&rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        const int32_t *counts = list.placement_counts.at;
        assert_int_equal(counts[1], counts[2]);
        assert_true(counts[0] >= counts[1]);
        more += counts[0] > counts[1];
    }
    assert_true(more > 40);
    free(fold);
    answers_release(&answers);
    rig_release(&rig);
}

/* What a user has had of an item that is due: how often (0: it is not due), and when last. */
struct due {
    int32_t count;
    int64_t last_ms;
};

/* Clicks within three days of each other are one; 30 days are expected. */
static struct due due_of(const struct user_history *history, struct slice item, int64_t as_of_ms)
{
    const int64_t day_ms = 86400000;
    int64_t first_ms = 0;
    struct due due = {0};
    for (size_t k = 0; k < history->items.count; k++) {
        int64_t time_ms = history->event_times_ms.at[k];
        if (!slice_equal(history->items.at[k], item)) { continue; }
        if (!due.count) { first_ms = time_ms; }
        due.count += !due.count || time_ms - due.last_ms >= 3 * day_ms;
        due.last_ms = time_ms;
    }
    assert_true(due.count > 0);
    int64_t from_ms = due.last_ms + (30 * day_ms + due.last_ms - first_ms) / due.count;
    return as_of_ms >= from_ms ? due : (struct due){0};
}

static void check_due(const struct recommendation_list *list, const struct user_history *history,
                      int64_t as_of_ms, size_t *due_count)
{
    size_t had = 0, listed = (size_t)list->placement_counts.at[0];
    assert_true(slice_equal(list->placements.at[0], slice_str("shelf")));
    for (size_t k = 0; k < history->items.count; k++) {
        struct slice item = history->items.at[k];
        bool again = false;
        for (size_t i = k + 1; i < history->items.count && !again; i++) {
            again = slice_equal(history->items.at[i], item);
        }
        had += !again && due_of(history, item, as_of_ms).count > 0;
    }
    assert_int_equal(listed, had);
    for (size_t k = 0; k < listed; k++) {
        struct slice item = list->placement_items.at[k];
        struct due due = due_of(history, item, as_of_ms);
        assert_int_equal(list->placement_reasons.at[k], REASON_AGAIN);
        assert_true(slice_equal(list->placement_because.at[k], item));
        assert_true(slice_equal(list->placement_rules.at[k], slice_str("again.all")));
        assert_true(list->placement_evidence.at[k] == (float)due.count);
        assert_int_equal(list->placement_last_ms.at[k], due.last_ms);
        assert_true(k == 0 || list->placement_scores.at[k] <= list->placement_scores.at[k - 1]);
    }
    for (size_t k = 0; k < list->items.count; k++) { /* elsewhere, nothing comes again */
        assert_int_not_equal(list->reasons.at[k], REASON_AGAIN);
    }
    *due_count += had;
}

/* Returns how many items are due of all users, whose shelves have just these. */
static size_t count_due(const struct rig *rig, size_t *ret_of_cause)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_history_contract, schemas);
    struct recommendation_list list;
    struct user_history history;
    struct answers answers, histories; /* each has an arena of its own */
    size_t count = 0;
    answers_init(&answers, rig);
    answers_init(&histories, rig);
    struct fold *lists = rig_fold(rig, "recommendations"), *fold = rig_fold(rig, "histories");
    assert_int_equal(lists->count, fold->count);
    *ret_of_cause = 0;
    for (size_t i = 0; i < fold->count; i++) {
        answers_decode(&histories, codec, fold->at[i].value, &history);
        for (size_t l = 0; l < lists->count; l++) {
            if (!slice_equal(lists->at[l].key, fold->at[i].key)) { continue; }
            answers_decode(&answers, answers.lists, lists->at[l].value, &list);
            check_due(&list, &history, rig->wall_ms, &count);
            *ret_of_cause += list.cause == CAUSE_RULES;
        }
    }
    free(lists);
    free(fold);
    answers_release(&answers);
    answers_release(&histories);
    codec_free(codec);
    schema_cache_free(schemas);
    return count;
}

/* Nobody acts and no record comes: time alone brings the items that are due. */
static void items_come_again_when_they_are_due(void **state _unused_)
{
    const int64_t day_ms = 86400000;
    size_t of_cause, before = 0, dues[5];
    struct rig rig;
    (void)begin(&rig);
    rig.wall_ms = feed_time_ms();
    apply(&rig, "shelf.only=again\nshelf.length=40\nshelf.again.all=click every 30d\n");
    for (size_t k = 0; k < ARRAY_COUNT(dues); k++) {
        dues[k] = count_due(&rig, &of_cause);
        assert_true(dues[k] >= before);
        if (k > 0 && dues[k] > before) { assert_true(of_cause > 0); }
        before = dues[k];
        rig.wall_ms += 9 * day_ms;
        rest(&rig);
    }
    assert_true(dues[0] < dues[2] && dues[2] < dues[4]);
    apply(&rig, NULL);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_come_and_go),
        cmocka_unit_test(counters_go_with_their_rules),
        cmocka_unit_test(placements_follow_the_catalogue),
        cmocka_unit_test(no_item_is_newer_than_its_record),
        cmocka_unit_test(dates_of_rules_are_kept),
        cmocka_unit_test(rules_that_cannot_be_read_change_nothing),
        cmocka_unit_test(a_foreign_list_is_too_large),
        cmocka_unit_test(repeats_are_listed_where_they_may),
        cmocka_unit_test(items_come_again_when_they_are_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
