#include "base/base.h"
#include "model/counting/timeline.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 5, ACTIONS = 30 };

/* What an accumulator holds, as a table. */
struct sums {
    double pairs[ITEMS][ITEMS][2], items[ITEMS][3];
};

static struct sums drain(struct pairs *pairs)
{
    struct sums sums;
    struct pairs_view view;
    memset(&sums, 0, sizeof(sums));
    pairs_drain(pairs, &view);
    for (size_t i = 0; i < view.pairs_count; i++) {
        const struct pair *pair = &view.pairs[i];
        int32_t a = view.items[pair->first].item, b = view.items[pair->second].item;
        sums.pairs[a][b][0] += pair->co;
        sums.pairs[b][a][0] += pair->co;
        sums.pairs[a][b][1] += pair->forward;
        sums.pairs[b][a][1] += pair->backward;
    }
    for (size_t i = 0; i < view.items_count; i++) {
        const struct pairs_item *item = &view.items[i];
        sums.items[item->item][0] = item->mass;
        sums.items[item->item][1] = item->actions;
        sums.items[item->item][2] = item->trend;
    }
    pairs_reset(pairs);
    return sums;
}

static struct action act(int n)
{
    return (struct action){.time_ms = 1000 + n,
                           .id_hash = (uint64_t)n + 1,
                           .weight = 0.5 * (n * 7 % 6),
                           .item = n * n % 7 % ITEMS};
}

/* The sums of all actions but one (-1: of all), and the timeline with them. */
static struct sums sums_without(struct window *window, struct timeline *timeline, int without)
{
    struct pairs *pairs = pairs_new();
    timeline_init(timeline);
    for (int n = 0; n < ACTIONS; n++) {
        const struct action action = act(n);
        if (n != without) { (void)timeline_add(timeline, window, &action, pairs); }
    }
    struct sums sums = drain(pairs);
    pairs_free(pairs);
    return sums;
}

static void test_one_is_taken_out(void **state _unused_)
{
    struct ids *ids = ids_new(ITEMS);
    struct timeline_rules rules = {.actions_max = 2 * ACTIONS, .pairs_window = 6,
                                   .transitions_window = 4, .transitions_exponent = 0.75};
    for (char id = 'a'; id < 'a' + ITEMS; id++) { (void)ids_put(ids, slice_of(&id, 1)); }
    struct window *window = window_new(&rules, ids);
    for (int n = 0; n < ACTIONS; n++) {
        struct timeline whole, other;
        struct departed all[ACTIONS];
        struct pairs *pairs = pairs_new();
        struct sums all_sums = sums_without(window, &whole, -1);
        struct sums want = sums_without(window, &other, n);
        for (int k = 0; k < ACTIONS; k++) { all[k] = timeline_departed(&whole, k); }
        timeline_take_out(window, all, ACTIONS, (size_t)n, pairs);
        struct sums less = drain(pairs);
        for (size_t k = 0; k < sizeof(want) / sizeof(double); k++) {
            double left = ((double *)&all_sums)[k] + ((double *)&less)[k];
            assert_true(left == ((double *)&want)[k]);
        }
        timeline_remove(&whole, n);
        assert_int_equal(whole.count, other.count);
        assert_int_equal(whole.total, other.total);
        assert_memory_equal(whole.id_hashes + whole.first, other.id_hashes + other.first,
                            (size_t)other.count * sizeof(uint64_t));
        pairs_free(pairs);
        timeline_release(&whole);
        timeline_release(&other);
    }
    window_free(window);
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_is_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
