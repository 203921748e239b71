#include "base/base.h"
#include "base/xalloc.h"
#include "model/topk.h"
#include "tests/unit/ranking_oracle.h"

#include <setjmp.h>

#include <cmocka.h>

static bool smaller(const void *arg, int32_t a, int32_t b)
{
    return a < b;
}

/* Orders items by a table of ranks: the caller's order need not be the numbers'. */
static bool by_rank(const void *arg, int32_t a, int32_t b)
{
    const int32_t *ranks = arg;
    return ranks[a] < ranks[b];
}

static int compare_naive(const void *a, const void *b)
{
    const struct topk_entry *x = a, *y = b;
    if (x->score != y->score) { return x->score > y->score ? -1 : 1; }
    return x->item < y->item ? -1 : x->item > y->item;
}

/* Random pushes with many ties against sorting everything. */
static void test_sorting(void **state)
{
    uint64_t rng = 7;
    struct topk top;
    topk_init(&top, smaller, NULL);
    for (int round = 0; round < 300; round++) {
        struct topk_entry all[200];
        int32_t order[200];
        size_t count = rng_below(&rng, 200), length = rng_below(&rng, 60);
        shuffle(&rng, order, count);
        topk_clear(&top, length);
        for (size_t k = 0; k < count; k++) {
            all[k] = (struct topk_entry){
                .score = (double)rng_below(&rng, 12) - 6.0,
                .item = order[k],
            };
            topk_push(&top, all[k].score, all[k].item);
        }
        topk_sort(&top);
        qsort(all, count, sizeof(all[0]), compare_naive);
        assert_int_equal(top.count, MIN_OF(count, length));
        for (size_t k = 0; k < top.count; k++) {
            assert_true(top.entries[k].score == all[k].score);
            assert_int_equal(top.entries[k].item, all[k].item);
        }
    }
    topk_release(&top);
}

enum { MANY = 3000 };

/* Fills scores in an order that is hard for one who divides by a pivot. */
static void fill_scores(uint64_t *rng, int order, float *scores)
{
    for (int k = 0; k < MANY; k++) {
        switch (order) {
        case 0: scores[k] = (float)k; break;
        case 1: scores[k] = (float)-k; break;
        case 2: scores[k] = 1.0F; break;
        case 3: scores[k] = (float)(k % 2 ? k : -k); break;
        case 4: scores[k] = rng_below(rng, 3) ? (float)rng_unit(rng) : NAN; break;
        case 5: scores[k] = rng_below(rng, 2) ? INFINITY : -INFINITY; break;
        default: scores[k] = (float)rng_normal(rng);
        }
    }
}

/* Long streams, one by one and as ranges, against sorting everything. */
static void test_ranges(void **state)
{
    static float scores[MANY];
    static struct topk_entry all[MANY];
    static const size_t lengths[] = {0, 1, 2, 7, 50, 100, 1500, MANY};
    uint64_t rng = 9;
    static int32_t numbers[MANY];
    struct topk one, range, listed;
    topk_init(&one, smaller, NULL);
    topk_init(&range, smaller, NULL);
    topk_init(&listed, smaller, NULL);
    for (int32_t k = 0; k < MANY; k++) { numbers[k] = k; }
    for (size_t round = 0; round < 10 * ARRAY_COUNT(lengths); round++) {
        const size_t length = lengths[round % ARRAY_COUNT(lengths)];
        size_t count = 0;
        fill_scores(&rng, (int)(round / ARRAY_COUNT(lengths)), scores);
        topk_clear(&one, length);
        topk_clear(&range, length);
        topk_clear(&listed, length);
        for (size_t from = 0, next; from < MANY; from = next) {
            const size_t some = rng_below(&rng, 400);
            next = MIN_OF(from + some, (size_t)MANY);
            topk_push_range(&range, scores + from, next - from, (int32_t)from);
            topk_push_items(&listed, scores + from, numbers + from, next - from);
        }
        for (int32_t k = 0; k < MANY; k++) {
            topk_push(&one, (double)scores[k], k);
            if (isnan(scores[k])) { continue; }
            all[count++] = (struct topk_entry){.score = (double)scores[k], .item = k};
        }
        topk_sort(&one);
        topk_sort(&range);
        topk_sort(&listed);
        qsort(all, count, sizeof(all[0]), compare_naive);
        assert_int_equal(one.count, MIN_OF(count, length));
        assert_int_equal(range.count, one.count);
        assert_int_equal(listed.count, one.count);
        for (size_t k = 0; k < one.count; k++) {
            assert_int_equal(one.entries[k].item, all[k].item);
            assert_int_equal(range.entries[k].item, all[k].item);
            assert_int_equal(listed.entries[k].item, all[k].item);
        }
    }
    topk_release(&one);
    topk_release(&range);
    topk_release(&listed);
}

/* What is kept without being sorted are the best as well. */
static void test_shrinking(void **state)
{
    struct topk top;
    uint64_t rng = 11;
    topk_init(&top, smaller, NULL);
    topk_clear(&top, 10);
    for (int32_t item = 0; item < 25; item++) {
        topk_push(&top, (double)((item * 7) % 25), item);
        if (!rng_below(&rng, 3)) { topk_shrink(&top); }
    }
    topk_shrink(&top);
    assert_int_equal(top.count, 10);
    assert_true(top.least == 15.0);
    for (size_t k = 0; k < top.count; k++) { assert_true(top.entries[k].score >= 15.0); }
    topk_release(&top);
}

static void test_ties_by_key(void **state)
{
    const int32_t ranks[] = {3, 1, 4, 0, 2};
    struct topk top;
    topk_init(&top, by_rank, ranks);
    topk_clear(&top, 3);
    for (int32_t item = 0; item < 5; item++) { topk_push(&top, 1.0, item); }
    topk_sort(&top);
    assert_int_equal(top.entries[0].item, 3);
    assert_int_equal(top.entries[1].item, 1);
    assert_int_equal(top.entries[2].item, 4);
    topk_release(&top);
}

static void test_edges(void **state)
{
    struct topk top;
    topk_init(&top, smaller, NULL);
    topk_clear(&top, 0);
    topk_push(&top, 1.0, 1);
    topk_sort(&top);
    assert_int_equal(top.count, 0);
    topk_clear(&top, 0);
    for (int32_t item = 0; item < 100; item++) { topk_push(&top, INFINITY, item); }
    topk_sort(&top);
    assert_int_equal(top.count, 0);
    topk_clear(&top, 5);
    topk_sort(&top);
    assert_int_equal(top.count, 0);
    topk_push(&top, NAN, 3); /* left out */
    topk_push(&top, -INFINITY, 1);
    topk_push(&top, 2.0, 9);
    topk_sort(&top);
    assert_int_equal(top.entries[0].item, 9);
    assert_int_equal(top.entries[1].item, 1);
    assert_int_equal(top.count, 2);
    topk_release(&top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorting),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_shrinking),
        cmocka_unit_test(test_ties_by_key),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
