#include "base/base.h"
#include "base/xalloc.h"
#include "model/counting/heads.h"
#include "model/rng.h"

#include <setjmp.h>

#include <cmocka.h>

enum { ITEMS = 6000 };

static const struct item_table_settings settings = {.kernel_power = 1.0, .neighbours_used = 1};

/* A table and a catalogue of which the test knows everything. */
struct rig {
    uint64_t rng;
    struct ids *ids;
    struct item_table *table;
    struct heads heads;
    uint8_t flags[ITEMS];
    int32_t flags_count;
    struct change_log changes;
};

static void rig_init(struct rig *rig, uint64_t seed, int32_t items)
{
    *rig = (struct rig){.rng = seed, .ids = ids_new(ITEMS), .table = item_table_new(&settings)};
    for (int32_t k = 0; k < items; k++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "%" PRIx64, rng_next(&rig->rng));
        assert_int_equal(ids_put(rig->ids, slice_str(id)), k);
    }
    heads_init(&rig->heads, rig->ids);
}

static void rig_release(struct rig *rig)
{
    heads_release(&rig->heads);
    item_table_free(rig->table);
    ids_free(rig->ids);
}

/* Few distinct counts: many equal scores. */
static void change_row(struct rig *rig, int32_t item)
{
    if (rng_below(&rig->rng, 8) == 0) {
        item_table_remove(rig->table, item);
        return;
    }
    const struct item_row row = {
        .actions = (double)rng_below(&rig->rng, 40), .trend = (double)rng_below(&rig->rng, 3)};
    item_table_put(rig->table, item, &row);
}

static void change_flag(struct rig *rig, int32_t item)
{
    rig->flags_count = MAX_OF(rig->flags_count, item + 1);
    rig->flags[item] = (uint8_t)rng_below(&rig->rng, 4);
    change_log_add(&rig->changes, item);
}

static double popular(const struct rig *rig, int32_t item)
{
    bool listed = rig->flags[item] & ITEM_LISTED, has = item_table_has(rig->table, item);
    bool out = (rig->flags[item] & ITEM_BARRED) || (!listed && !has);
    return out ? -1.0 : item_table_actions(rig->table, item);
}

static double trending(const struct rig *rig, int32_t item)
{
    double trend = item_table_trend(rig->table, item);
    return (rig->flags[item] & ITEM_BARRED) || !(trend > 0.0) ? -1.0 : trend;
}

struct oracle_entry {
    double score;
    struct slice id;
    int32_t item;
};

static int oracle_order(const void *a, const void *b)
{
    const struct oracle_entry *x = a, *y = b;
    if (x->score != y->score) { return x->score > y->score ? -1 : 1; }
    return slice_compare(x->id, y->id);
}

/* The naive way: all items that belong to the order, sorted. */
static void check(const struct rig *rig, const struct head *head,
                  double (*score)(const struct rig *rig, int32_t item))
{
    struct oracle_entry *all = xcalloc(ITEMS, sizeof(*all));
    size_t count = 0;
    for (int32_t item = 0; item < ids_count(rig->ids); item++) {
        double value = score(rig, item);
        if (value < 0.0) { continue; }
        all[count++] =
            (struct oracle_entry){.score = value, .id = ids_text(rig->ids, item), .item = item};
    }
    qsort(all, count, sizeof(*all), oracle_order);
    assert_true(head->count <= count && head->count <= head->length);
    assert_true(head->whole ? head->count == count : head->count >= head->length / 2);
    for (size_t k = 0; k < head->count; k++) {
        assert_int_equal(head->entries[k].item, all[k].item);
        assert_true(head->entries[k].score == all[k].score);
    }
    free(all);
}

static void update(struct rig *rig)
{
    const struct item_flags flags = {
        .at = rig->flags, .count = rig->flags_count, .changes = &rig->changes};
    heads_update(&rig->heads, rig->table, &flags);
    check(rig, &rig->heads.popular, popular);
    check(rig, &rig->heads.trending, trending);
}

/* Rows and flags change in small and large steps, some longer than the logs. */
static void walk(uint64_t seed, int32_t items)
{
    static struct rig rig;
    rig_init(&rig, seed, items);
    update(&rig);
    for (int step = 0; step < 120; step++) {
        uint64_t most = step % 40 == 39 ? 2 * CHANGE_LOG_ITEMS : step % 5 == 4 ? 2000 : 20;
        for (uint64_t k = rng_below(&rig.rng, most); k > 0; k--) {
            int32_t item = (int32_t)rng_below(&rig.rng, (uint64_t)items);
            if (rng_below(&rig.rng, 2)) {
                change_row(&rig, item);
            } else {
                change_flag(&rig, item);
            }
        }
        update(&rig);
    }
    rig_release(&rig);
}

static void test_against_naive(void **state)
{
    walk(1, ITEMS);
    walk(2, ITEMS);
    walk(3, 700);
    walk(4, 1);
}

/* The best items leave one after the other: the head is filled from behind in time. */
static void test_best_leave(void **state)
{
    static struct rig rig;
    rig_init(&rig, 5, ITEMS);
    for (int32_t item = 0; item < ITEMS; item++) {
        const struct item_row row = {.actions = 1.0 + item, .trend = 1.0 + item};
        item_table_put(rig.table, item, &row);
    }
    update(&rig);
    for (int32_t item = ITEMS - 1; item >= 0; item--) {
        item_table_remove(rig.table, item);
        if (item % 37 == 0) { update(&rig); }
    }
    assert_int_equal(rig.heads.popular.count, 0);
    rig_release(&rig);
}

/* A catalogue and rows come item by item, and a list is made after each: the work does not grow
 * with the items that are known. */
static void test_one_item_after_the_other(void **state)
{
    static struct rig rig;
    rig_init(&rig, 7, ITEMS);
    for (int32_t item = 0; item < ITEMS; item++) {
        const struct item_flags flags = {
            .at = rig.flags, .count = rig.flags_count, .changes = &rig.changes};
        rig.flags_count = item + 1;
        rig.flags[item] = ITEM_LISTED;
        change_log_add(&rig.changes, item);
        heads_update(&rig.heads, rig.table, &flags);
        const struct item_row row = {.actions = 1.0 + item % 50, .trend = 1.0 + item % 7};
        item_table_put(rig.table, item, &row);
        heads_update(&rig.heads, rig.table, &flags);
    }
    assert_true(rig.heads.scans <= 8); /* of 2 * ITEMS */
    update(&rig);
    rig_release(&rig);
}

/* A newer epoch rescales all counts. */
static void test_epoch(void **state)
{
    static struct rig rig;
    rig_init(&rig, 6, 100);
    for (int32_t item = 0; item < 100; item++) { change_row(&rig, item); }
    update(&rig);
    const struct item_row row = {.epoch = 3, .trend_epoch = 2, .actions = 1, .trend = 1};
    item_table_put(rig.table, 7, &row);
    update(&rig);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_naive),
        cmocka_unit_test(test_best_leave),
        cmocka_unit_test(test_one_item_after_the_other),
        cmocka_unit_test(test_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
