#include "base/base.h"
#include "base/xalloc.h"
#include "model/candidate_set.h"
#include "model/rng.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 60 };

static struct ids *make_ids(void)
{
    struct ids *ids = ids_new(ITEMS);
    for (int32_t item = 0; item < ITEMS; item++) {
        char text[8];
        int size = snprintf(text, sizeof(text), "%02d", item);
        assert_int_equal(ids_put(ids, slice_of(text, (size_t)size)), item);
    }
    return ids;
}

/* A member that scores by a column; what is NAN it does not know. */
static bool column_score(const void *arg, int32_t item, float *ret_score)
{
    const float *column = arg;
    if (isnan(column[item])) { return false; }
    *ret_score = column[item];
    return true;
}

static void test_moments(void **state)
{
    struct member_moments moments = member_moments(10, 30, 5);
    assert_true(moments.mean == 2 && fabs(moments.scale - 1 / sqrt(2)) < 1e-12);
    assert_true(member_moments(10, 20, 5).scale == 0);
}

/* Counting and sequence have three candidates each, one of them the same; content says nothing. */
static void test_fill(void **state)
{
    static struct candidate_set set;
    struct ids *ids = make_ids();
    float counting[ITEMS] = {[1] = 9, [2] = 5, [3] = 1}, sequence[ITEMS] = {0};
    sequence[3] = 4;
    sequence[4] = 2;
    sequence[5] = -1;
    sequence[1] = NAN;
    const struct topk_entry counted[] = {{9, 1}, {5, 2}, {1, 3}};
    const struct topk_entry predicted[] = {{4, 3}, {2, 4}, {-1, 5}};
    const struct member_scores members[MIXTURE_MEMBERS] = {
        {column_score, counting, {1, 2}, counted, 3},
        {column_score, sequence, {0, .5}, predicted, 3},
    };
    candidate_set_init(&set, ids);
    candidate_set_fill(&set, members);
    const int32_t want[] = {1, 2, 3, 4, 5};
    assert_int_equal(set.zscores.count, 5);
    assert_memory_equal(set.items, want, sizeof(want));
    const float *z = set.zscores.z[MEMBER_COUNTING];
    assert_true(fabsf(z[0] - log1pf(16)) < 1e-6F && z[2] == 0.0F);
    assert_true(fabsf(z[3] + log1pf(2)) < 1e-6F);
    z = set.zscores.z[MEMBER_SEQUENCE];
    assert_true(z[0] == 0.0F && z[2] == 2.0F && z[4] == -.5F);
    for (size_t k = 0; k < 5; k++) { assert_true(set.zscores.z[MEMBER_CONTENT][k] == 0.0F); }
    candidate_set_release(&set);
    ids_free(ids);
}

/* Sequence scores 40 items, counting the first 20 of them: the best are ten of each, and learning
 * from them is learning from those z-scores. Equal scores are ordered by id. */
static void test_best_and_rank(void **state)
{
    static struct candidate_set set;
    static struct mixture_candidates alone;
    struct ids *ids = make_ids();
    float counting[ITEMS] = {0}, sequence[ITEMS] = {0};
    struct topk_entry counted[20], predicted[40];
    for (int32_t k = 0; k < 40; k++) {
        sequence[k] = (float)(k % 8);
        predicted[k] = (struct topk_entry){(double)sequence[k], k};
    }
    for (int32_t k = 0; k < 20; k++) {
        counting[k] = 1.0F + (float)(19 - k);
        counted[k] = (struct topk_entry){(double)counting[k], k};
    }
    const struct member_scores members[MIXTURE_MEMBERS] = {
        {column_score, counting, {0, 1}, counted, 20},
        {column_score, sequence, {0, 1}, predicted, 40},
    };
    candidate_set_init(&set, ids);
    candidate_set_fill(&set, members);
    struct mixture mixture, other;
    mixture_init(&mixture);
    mixture_init(&other);
    const struct topk_entry *order;
    assert_int_equal(
        candidate_set_rank(&set, &mixture, SEGMENT_LONG, MEMBER_SEQUENCE, 6, &order), 6);
    const int32_t want[] = {7, 15, 23, 31, 39, 6};
    for (size_t k = 0; k < 6; k++) { assert_int_equal(set.items[order[k].item], want[k]); }
    struct best_candidates best;
    candidate_set_best(&set, &best);
    assert_int_equal(best.count, 10 + 8); /* 7 and 6 are among the ten of both */
    best_candidates_learn(&best, &mixture, SEGMENT_LONG, 39);
    alone.count = best.count;
    int target = -1;
    for (size_t k = 0; k < best.count; k++) {
        for (size_t m = 0; m < MIXTURE_MEMBERS; m++) { alone.z[m][k] = best.z[m][k]; }
        if (best.items[k] == 39) { target = (int)k; }
    }
    assert_true(target >= 0);
    mixture_learn(&other, SEGMENT_LONG, &alone, target);
    assert_memory_equal(&mixture, &other, sizeof(mixture));
    candidate_set_release(&set);
    ids_free(ids);
}

/* Checks one member's first candidates against a sort of all: equal z-scores are ordered by id. */
static void check_first(const struct candidate_set *set, size_t member,
                        const struct best_candidates *best)
{
    const float *z = set->zscores.z[member];
    for (size_t k = 0; k < set->zscores.count; k++) {
        size_t before = 0, at = 0;
        for (size_t other = 0; other < set->zscores.count; other++) {
            bool first = z[other] > z[k] ||
                         (z[other] == z[k] && set->items[other] < set->items[k]);
            before += first && z[other] != 0.0F;
        }
        while (at < best->count && best->items[at] != set->items[k]) { at++; }
        if (z[k] != 0.0F && before < BEST_EACH) { assert_true(at < best->count); }
    }
}

/* The first candidates of members whose best items are not those with the best scores, or repeat,
 * as given and brought ones do, and of scores of which many are equal. */
static void test_first_of_any(void **state)
{
    static struct candidate_set set;
    static struct topk_entry entries[MIXTURE_MEMBERS][ITEMS];
    float scores[MIXTURE_MEMBERS][ITEMS];
    struct ids *ids = make_ids();
    uint64_t rng = 4;
    candidate_set_init(&set, ids);
    for (int round = 0; round < 200; round++) {
        struct member_scores members[MIXTURE_MEMBERS];
        struct best_candidates best;
        for (size_t m = 0; m < MIXTURE_MEMBERS; m++) {
            size_t count = rng_below(&rng, ITEMS);
            for (size_t i = 0; i < ITEMS; i++) { scores[m][i] = (float)rng_below(&rng, 7) - 2.0F; }
            for (size_t k = 0; k < count; k++) {
                entries[m][k].item = (int32_t)rng_below(&rng, ITEMS);
            }
            members[m] = (struct member_scores){column_score, scores[m], {1, 1}, entries[m], count};
        }
        candidate_set_fill(&set, members);
        candidate_set_best(&set, &best);
        for (size_t m = 0; m < MIXTURE_MEMBERS; m++) { check_first(&set, m, &best); }
    }
    candidate_set_release(&set);
    ids_free(ids);
}

/* Aspects are scored among the candidates, and are learned from as they were kept. */
static void test_aspects(void **state)
{
    enum { BRAND = 2, AT = MIXTURE_MEMBERS + BRAND };
    static struct candidate_set set;
    struct ids *ids = make_ids();
    float counting[ITEMS] = {[1] = 9, [2] = 5, [3] = 1};
    const struct topk_entry counted[] = {{9, 1}, {5, 2}, {1, 3}};
    const struct member_scores members[MIXTURE_MEMBERS] = {
        {column_score, counting, {1, 2}, counted, 3},
    };
    struct mixture mixture;
    mixture_init(&mixture);
    candidate_set_init(&set, ids);
    for (int turn = 0; turn < 2; turn++) { /* what was there before is gone */
        candidate_set_fill(&set, members);
        for (size_t k = 0; k < 3; k++) { assert_true(set.zscores.z[AT][k] == 0.0F); }
        candidate_set_aspects(&set)[BRAND * MIXTURE_CANDIDATES_MAX + 1] = 3.0F;
        candidate_set_scale_aspects(&set);
    }
    const double z = sqrt(2.0); /* of 0, 0, 3 */
    assert_true(fabs((double)set.zscores.z[AT][1] - log1p(z)) < 1e-6);
    assert_true(fabs((double)set.zscores.z[AT][0] + log1p(z / 2.0)) < 1e-6);
    assert_true(set.zscores.z[AT + 1][2] == 0.0F); /* all the same */
    struct best_candidates best;
    candidate_set_best(&set, &best);
    for (int n = 0; n < 200; n++) { best_candidates_learn(&best, &mixture, SEGMENT_NEW, 2); }
    const struct mixture_part *part = &mixture.parts[SEGMENT_NEW];
    assert_true(part->weights[AT] > 0.2F && part->weights[AT + 1] == 0.0F);
    const struct topk_entry *order;
    candidate_set_rank(&set, &mixture, SEGMENT_NEW, MIXTURE_MEMBERS, 3, &order);
    assert_int_equal(set.items[order[0].item], 2);
    candidate_set_release(&set);
    ids_free(ids);
}

static double column_actions(const void *arg, int32_t item)
{
    return ((const double *)arg)[item];
}

/* Counting knows nothing of item 29, which nobody has acted on; sequence likes it best. The mixture
 * takes what counting says of others like it; no other contender does, and where the actions are
 * not known, neither does the mixture. */
static void test_a_new_item_under_the_mixture(void **state)
{
    static struct candidate_set set;
    enum { COUNT = 30, NEW = COUNT - 1 };
    struct ids *ids = make_ids();
    float counting[ITEMS] = {0}, sequence[ITEMS] = {0};
    double actions[ITEMS] = {0};
    struct topk_entry counted[NEW], predicted[COUNT];
    for (int32_t k = 0; k < COUNT; k++) {
        sequence[k] = 1.0F + .1F * (float)k;
        counting[k] = k == NEW ? 0.0F : expf(sequence[k]) - 1.0F;
        actions[k] = k == NEW ? 0.0 : 1000.0;
        predicted[COUNT - 1 - k] = (struct topk_entry){(double)sequence[k], k};
        if (k < NEW) { counted[NEW - 1 - k] = (struct topk_entry){(double)counting[k], k}; }
    }
    const struct member_scores members[MIXTURE_MEMBERS] = {
        {column_score, counting, {0, 1}, counted, NEW},
        {column_score, sequence, {0, 1}, predicted, COUNT},
    };
    struct mixture mixture;
    const struct topk_entry *order;
    mixture_init(&mixture);
    mixture.parts[SEGMENT_LONG].weights[MEMBER_SEQUENCE] = .01F;
    candidate_set_init(&set, ids);
    for (int known = 0; known < 2; known++) {
        set.actions = (struct item_actions){known ? column_actions : NULL, actions};
        candidate_set_fill(&set, members);
        (void)candidate_set_rank(&set, &mixture, SEGMENT_LONG, MIXTURE_MEMBERS, COUNT, &order);
        assert_int_equal(set.items[order[known ? 0 : COUNT - 1].item], NEW);
        (void)candidate_set_rank(&set, &mixture, SEGMENT_LONG, MEMBER_COUNTING, COUNT, &order);
        assert_int_equal(set.items[order[COUNT - 1].item], NEW);
        assert_true(set.zscores.z[MEMBER_COUNTING][order[COUNT - 1].item] == 0.0F);
    }
    candidate_set_release(&set);
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_best_and_rank),
        cmocka_unit_test(test_first_of_any),
        cmocka_unit_test(test_aspects),
        cmocka_unit_test(test_a_new_item_under_the_mixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
