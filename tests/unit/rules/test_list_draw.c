#include "base/base.h"
#include "model/ids.h"
#include "rules/list_draw.h"

#include <setjmp.h>
#include <cmocka.h>

enum { CANDIDATES = 5, DRAWS = 40000 };

static struct list_draw draw_of(double temperature, const double *values, size_t count)
{
    struct list_draw draw = {.temperature = temperature, .count = count};
    for (size_t k = 0; k < count; k++) {
        char id[8];
        (void)snprintf(id, sizeof(id), "i%zu", k);
        draw.candidates[k] = (struct draw_candidate){
            .item = (int32_t)k, .hash = ids_fingerprint(slice_str(id)), .value = values[k]};
    }
    return draw;
}

static uint64_t seed_of(int64_t offset)
{
    return list_draw_seed(slice_str("anna"), 1, offset, 0);
}

/* Frequencies of the draws are the probabilities that each tells, within five deviations. */
static void draws_are_as_probable_as_told(void **state _unused_)
{
    static const double values[CANDIDATES] = {0.9, 0.8, 0.8, 0.5, 0.1};
    size_t counts[CANDIDATES] = {0};
    struct list_draw draw = draw_of(0.2, values, CANDIDATES);
    for (int64_t offset = 0; offset < DRAWS; offset++) {
        list_draw_make(&draw, seed_of(offset), slice_str("home"));
        counts[draw.chosen]++;
    }
    double sum = 0.0, exponentials = 0.0;
    for (size_t k = 0; k < CANDIDATES; k++) { exponentials += exp(values[k] / 0.2); }
    for (size_t k = 0; k < CANDIDATES; k++) {
        double p = draw.candidates[k].probability;
        assert_true(fabs(p - exp(values[k] / 0.2) / exponentials) < 1e-12);
        double deviation = sqrt((double)DRAWS * p * (1.0 - p));
        assert_true(fabs((double)counts[k] - (double)DRAWS * p) < 5.0 * deviation);
        sum += p;
    }
    assert_true(fabs(sum - 1.0) < 1e-12);
}

/* Known to others: tests/broker/rules_oracle.py draws the same. */
static void a_draw_is_a_function_of_its_seed(void **state _unused_)
{
    static const double values[CANDIDATES] = {0.5, 0.5, 0.5, 0.5, 0.5};
    struct list_draw draw = draw_of(0.1, values, CANDIDATES), other = draw;
    size_t by_placement = 0, by_user = 0, by_sent = 0;
    for (int64_t offset = 0; offset < 200; offset++) {
        list_draw_make(&draw, seed_of(offset), slice_str("home"));
        size_t chosen = draw.chosen;
        list_draw_make(&other, seed_of(offset), slice_str("home"));
        assert_int_equal(other.chosen, chosen);
        list_draw_make(&other, seed_of(offset), slice_str("mail"));
        by_placement += other.chosen != chosen;
        list_draw_make(&other, list_draw_seed(slice_str("bert"), 1, offset, 0), slice_str("home"));
        by_user += other.chosen != chosen;
        list_draw_make(&other, list_draw_seed(slice_str("anna"), 1, offset, 9), slice_str("home"));
        by_sent += other.chosen != chosen;
    }
    assert_true(by_placement > 100 && by_user > 100 && by_sent > 100);
}

/* A candidate that goes and was not drawn changes nothing. */
static void other_candidates_hardly_matter(void **state _unused_)
{
    static const double values[CANDIDATES] = {0.5, 0.5, 0.5, 0.5, 0.5};
    for (int64_t offset = 0; offset < 200; offset++) {
        struct list_draw draw = draw_of(0.1, values, CANDIDATES);
        list_draw_make(&draw, seed_of(offset), slice_str("home"));
        if (draw.chosen == CANDIDATES - 1) { continue; }
        struct list_draw less = draw_of(0.1, values, CANDIDATES - 1);
        list_draw_make(&less, seed_of(offset), slice_str("home"));
        assert_int_equal(less.chosen, draw.chosen);
    }
}

/* Boosts make values of 1e30, and the lowest temperature is 0.001. */
static void extremes_stay_finite(void **state _unused_)
{
    static const double values[3] = {1e30, 1.0, -1.0};
    struct list_draw draw = draw_of(0.001, values, 3);
    for (int64_t offset = 0; offset < 100; offset++) {
        list_draw_make(&draw, seed_of(offset), slice_str("home"));
        assert_int_equal(draw.chosen, 0);
    }
    assert_true(draw.candidates[0].probability == 1.0 && draw.candidates[2].probability == 0.0);
    draw.count = 1;
    list_draw_make(&draw, 0, slice_str(""));
    assert_true(draw.chosen == 0 && draw.candidates[0].probability == 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_as_probable_as_told),
        cmocka_unit_test(a_draw_is_a_function_of_its_seed),
        cmocka_unit_test(other_candidates_hardly_matter),
        cmocka_unit_test(extremes_stay_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
