/* What a member has touched, against plain loops. */
#include "base/base.h"
#include "model/rng.h"
#include "scorer/lists/touched_items.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 1500, EACH = 20 };

static bool before(const void *arg, int32_t a, int32_t b)
{
    return a < b;
}

static bool score(const void *arg, int32_t item, float *ret_score)
{
    return false;
}

/* Some items are barred, so they count for nothing. */
static void check(uint64_t *rng, struct ranking *ranking, size_t count, struct topk *top)
{
    static int32_t items[ITEMS];
    static float scores[ITEMS];
    static uint8_t flags[ITEMS];
    const struct item_flags of = {.at = flags, .count = ITEMS};
    const struct touched_items touched = {items, scores, count};
    double sum = 0.0, squares = 0.0, best = -1.0;
    size_t allowed = 0;
    for (size_t k = 0; k < count; k++) {
        items[k] = (int32_t)k;
        scores[k] = (float)rng_unit(rng);
        flags[k] = rng_below(rng, 4) ? ITEM_LISTED : ITEM_BARRED;
        if (flags[k] == ITEM_BARRED) { continue; }
        sum += (double)scores[k];
        squares += (double)scores[k] * (double)scores[k];
        best = MAX_OF(best, (double)scores[k]);
        allowed++;
    }
    topk_clear(top, EACH);
    const struct member_scores got = touched_items_rate(
        &touched, ranking, &of, ITEMS, (struct member_scores){.score = score}, top);
    const struct member_moments want = member_moments(sum, squares, ITEMS);
    assert_true((got.score != NULL) == (allowed > 0));
    if (!allowed) { return; }
    assert_int_equal(got.best_count, MIN_OF(allowed, (size_t)EACH));
    assert_true(got.best[0].score == best);
    for (size_t k = 0; k < got.best_count; k++) {
        assert_true(flags[got.best[k].item] != ITEM_BARRED);
        assert_true(!k || got.best[k].score <= got.best[k - 1].score);
    }
    assert_true(fabs(got.moments.mean - want.mean) <= 1e-12);
    assert_true(fabs(got.moments.scale - want.scale) <= 1e-9 * want.scale);
}

static void test_against_loops(void **state)
{
    const struct item_table_settings table_settings = {.neighbours_used = 1};
    const struct ranking_settings settings = {.recent_items = 1};
    struct item_table *table = item_table_new(&table_settings);
    struct ids *ids = ids_new(ITEMS);
    struct topk top;
    const struct ranked *ranked;
    uint64_t rng = 1;
    for (int i = 0; i < ITEMS; i++) {
        char text[8];
        (void)ids_put(ids, slice_of(text, (size_t)snprintf(text, sizeof(text), "%d", i)));
    }
    struct ranking *ranking = ranking_new(&settings, ids, table);
    const struct ranking_request nothing = {.length = 1};
    (void)ranking_list(ranking, &nothing, &ranked);
    topk_init(&top, before, NULL);
    static const size_t counts[] = {0, 1, 7, 255, 256, 257, 1000, ITEMS};
    for (size_t k = 0; k < ARRAY_COUNT(counts); k++) { check(&rng, ranking, counts[k], &top); }
    topk_release(&top);
    ranking_free(ranking);
    item_table_free(table);
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_loops)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
