/* Cosine and Pearson's correlation of two users against plain loops. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/likeness.h"
#include "model/rng.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 30, ACTIONS = 60 };

struct user {
    char texts[ACTIONS][8];
    struct slice items[ACTIONS];
    float strengths[ACTIONS], weights[ACTIONS];
    double counts[ITEMS], newest[ITEMS];
    size_t count;
};

static void act(struct user *user, size_t item, float strength, float weight)
{
    size_t k = user->count++;
    (void)snprintf(user->texts[k], sizeof(user->texts[k]), "i%zu", item);
    user->items[k] = slice_str(user->texts[k]);
    user->strengths[k] = strength;
    user->weights[k] = weight;
    if (!(strength > 0.0F)) { return; }
    user->counts[item] += (double)strength;
    user->newest[item] = (double)weight;
}

/* Ratings of 1 to 5, some items more than once, some actions that do not count. */
static void make(struct user *user, uint64_t *rng)
{
    *user = (struct user){.count = 0};
    size_t count = rng_below(rng, ACTIONS);
    while (user->count < count) {
        act(user, rng_below(rng, ITEMS), rng_below(rng, 5) ? 1.0F : 0.0F,
            (float)(1 + rng_below(rng, 5)));
    }
}

static struct user_actions actions_of(const struct user *user)
{
    return (struct user_actions){user->items, user->strengths, user->weights, user->count};
}

static double pearson(const struct user *a, const struct user *b)
{
    double x[ITEMS], y[ITEMS], mean_x = 0.0, mean_y = 0.0, xy = 0.0, xx = 0.0, yy = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < ITEMS; i++) {
        if (!(a->counts[i] > 0.0) || !(b->counts[i] > 0.0)) { continue; }
        x[n] = a->newest[i];
        y[n++] = b->newest[i];
    }
    for (size_t k = 0; k < n; k++) {
        mean_x += x[k] / (double)n;
        mean_y += y[k] / (double)n;
    }
    for (size_t k = 0; k < n; k++) {
        xy += (x[k] - mean_x) * (y[k] - mean_y);
        xx += (x[k] - mean_x) * (x[k] - mean_x);
        yy += (y[k] - mean_y) * (y[k] - mean_y);
    }
    return n > 1 && xx > 1e-9 && yy > 1e-9 ? xy / sqrt(xx * yy) : NAN;
}

static void check(const struct user *a, const struct user *b, const struct user_likeness *found)
{
    double product = 0.0, aa = 0.0, bb = 0.0, wanted = pearson(a, b);
    size_t common = 0;
    for (size_t i = 0; i < ITEMS; i++) {
        product += a->counts[i] * b->counts[i];
        aa += a->counts[i] * a->counts[i];
        bb += b->counts[i] * b->counts[i];
        common += a->counts[i] > 0.0 && b->counts[i] > 0.0;
    }
    double cosine = aa > 0.0 && bb > 0.0 ? product / sqrt(aa * bb) : 0.0;
    assert_int_equal(found->common, common);
    assert_true(fabs(found->cosine - cosine) < 1e-12);
    assert_true(isnan(wanted) == isnan(found->pearson));
    assert_true(isnan(wanted) || fabs(found->pearson - wanted) < 1e-9);
}

static void test_against_loops(void **state)
{
    struct likeness *likeness = likeness_new();
    struct user one, other;
    uint64_t rng = 5;
    for (int round = 0; round < 20; round++) {
        make(&one, &rng);
        const struct user_actions own = actions_of(&one);
        likeness_set(likeness, &own);
        for (int k = 0; k < 50; k++) {
            struct user_likeness found;
            make(&other, &rng);
            const struct user_actions theirs = actions_of(&other);
            likeness_compare(likeness, &theirs, &found);
            check(&one, &other, &found);
        }
    }
    likeness_free(likeness);
}

static void test_oneself(void **state)
{
    struct likeness *likeness = likeness_new();
    struct user one = {.count = 0};
    struct user_likeness found;
    act(&one, 1, 1.0F, 5.0F);
    act(&one, 2, 1.0F, 5.0F);
    const struct user_actions own = actions_of(&one);
    likeness_set(likeness, &own);
    likeness_compare(likeness, &own, &found);
    assert_int_equal(found.common, 2);
    assert_true(fabs(found.cosine - 1.0) < 1e-12 && isnan(found.pearson)); /* equal ratings */
    likeness_free(likeness);
}

static void test_order(void **state)
{
    struct similar_user users[] = {
        {slice_str("d"), {.common = 3, .cosine = 0.5}},
        {slice_str("b"), {.common = 2, .cosine = 0.75}},
        {slice_str("c"), {.common = 3, .cosine = 0.5}},
        {slice_str("a"), {.common = 2, .cosine = 0.5}},
    };
    qsort(users, ARRAY_COUNT(users), sizeof(users[0]), similar_user_compare);
    const char *const order[] = {"b", "c", "d", "a"};
    for (size_t k = 0; k < ARRAY_COUNT(users); k++) {
        assert_true(slice_equal(users[k].user, slice_str(order[k])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_loops),
        cmocka_unit_test(test_oneself),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
