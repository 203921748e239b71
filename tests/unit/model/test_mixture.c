#include "base/base.h"
#include "model/rng.h"
#include "model/ids.h"
#include "model/mixture.h"

#include <setjmp.h>
#include <cmocka.h>

enum { CANDIDATES = 30, QUESTIONS = 4000, COUNTING = 0, SEQUENCE = 1, MIX = MIXTURE_MEMBERS };

/* A world where each member sees the target through noise of its own. */
struct world {
    uint64_t rng;
    double clear[MIXTURE_MEMBERS]; /* how far the target stands out */
};

static int draw(struct world *world, struct mixture_candidates *ret)
{
    ret->count = CANDIDATES;
    int target = (int)rng_below(&world->rng, CANDIDATES);
    for (size_t m = 0; m < MIXTURE_MEMBERS; m++) {
        for (size_t k = 0; k < CANDIDATES; k++) {
            ret->z[m][k] = world->clear[m] < 0.0 ? 0.0F : (float)rng_normal(&world->rng);
        }
        if (world->clear[m] > 0.0) { ret->z[m][target] += (float)world->clear[m]; }
    }
    return target;
}

static void live(struct mixture *mixture, struct world *world, int questions)
{
    static struct mixture_candidates candidates;
    for (int q = 0; q < questions; q++) {
        int target = draw(world, &candidates);
        mixture_learn(mixture, SEGMENT_LONG, &candidates, target);
    }
}

static void test_begins_with_the_first(void **state)
{
    struct mixture mixture;
    struct world world = {.rng = 1, .clear = {.5, .5, -1}};
    mixture_init(&mixture);
    assert_int_equal(mixture_leader(&mixture, SEGMENT_LONG), COUNTING);
    live(&mixture, &world, 50);
    assert_int_equal(mixture_leader(&mixture, SEGMENT_LONG), COUNTING);
    assert_int_equal(mixture_leader(&mixture, SEGMENT_NEW), COUNTING);
}

/* Two that see different things are better together, and that is found out; other segments know
 * nothing of it. */
static void test_the_mixture_takes_the_lead(void **state)
{
    struct mixture mixture;
    struct world world = {.rng = 2, .clear = {1, 1, -1}};
    mixture_init(&mixture);
    live(&mixture, &world, QUESTIONS);
    const struct mixture_part *part = &mixture.parts[SEGMENT_LONG];
    assert_int_equal(mixture_leader(&mixture, SEGMENT_LONG), MIX);
    assert_true(part->hits[MIX] > part->hits[COUNTING]);
    assert_true(part->hits[MIX] > part->hits[SEQUENCE]);
    assert_true(fabsf(part->weights[0] - part->weights[1]) < .3F * part->weights[0]);
    assert_int_equal(mixture_leader(&mixture, SEGMENT_SHORT), COUNTING);
    assert_true(part->hits[2] == 0.0); /* it said nothing */
}

/* One that sees nothing is given no weight, and the lead is not lost to noise. */
static void test_a_useless_member(void **state)
{
    struct mixture mixture;
    struct world world = {.rng = 3, .clear = {1.5, 0, 0}};
    mixture_init(&mixture);
    live(&mixture, &world, QUESTIONS);
    const struct mixture_part *part = &mixture.parts[SEGMENT_LONG];
    assert_true(part->weights[1] < .15F * part->weights[0]);
    assert_true(part->hits[part->leader] >= .97 * part->hits[COUNTING]);
}

/* When the world turns, the one that has become worse is replaced. */
static void test_a_member_goes_bad(void **state)
{
    struct mixture mixture;
    struct world world = {.rng = 4, .clear = {.5, 2.5, -1}};
    mixture_init(&mixture);
    live(&mixture, &world, QUESTIONS);
    assert_int_not_equal(mixture_leader(&mixture, SEGMENT_LONG), COUNTING);
    world.clear[0] = 2.5;
    world.clear[1] = 0;
    live(&mixture, &world, 4 * QUESTIONS);
    assert_int_not_equal(mixture_leader(&mixture, SEGMENT_LONG), SEQUENCE);
    assert_true(mixture.parts[SEGMENT_LONG].weights[0] > mixture.parts[SEGMENT_LONG].weights[1]);
}

/* The step is the gradient of the log-likelihood: against finite differences. */
static double likelihood(const struct mixture *mixture, const struct mixture_candidates *candidates,
                         int target)
{
    float scores[MIXTURE_CANDIDATES_MAX];
    double sum = 0.0;
    mixture_score(mixture, SEGMENT_NEW, MIX, candidates, scores);
    for (size_t k = 0; k < candidates->count; k++) { sum += exp((double)scores[k]); }
    return (double)scores[target] - log(sum);
}

static void test_gradient(void **state)
{
    static struct mixture_candidates candidates;
    struct mixture mixture, moved;
    struct world world = {.rng = 5, .clear = {1, .3, .7}};
    mixture_init(&mixture);
    struct mixture_part *part = &mixture.parts[SEGMENT_NEW];
    int target = draw(&world, &candidates);
    for (size_t m = 0; m < MIXTURE_INPUTS; m++) {
        part->weights[m] = .5F + (float)(m % 4);
        for (size_t k = 0; m >= MIXTURE_MEMBERS && k < CANDIDATES; k++) {
            candidates.z[m][k] = .3F * (float)rng_normal(&world.rng);
        }
    }
    moved = mixture;
    mixture_learn(&moved, SEGMENT_NEW, &candidates, target);
    for (size_t m = 0; m < MIXTURE_INPUTS; m++) {
        struct mixture up = mixture, down = mixture;
        up.parts[SEGMENT_NEW].weights[m] += 1e-2F;
        down.parts[SEGMENT_NEW].weights[m] -= 1e-2F;
        double slope = (likelihood(&up, &candidates, target) -
                        likelihood(&down, &candidates, target)) / 2e-2;
        /* The sum of before decays, to no less than it was at first. */
        float squares = moved.parts[SEGMENT_NEW].squares[m] - .9995F * part->squares[m];
        float step = moved.parts[SEGMENT_NEW].weights[m] - part->weights[m];
        assert_true(fabs(sqrt((double)squares) - fabs(slope)) < 1e-2);
        assert_true((step > 0.0F) == (slope > 0.0));
    }
}

static void test_numbers(void **state)
{
    float numbers[MIXTURE_NUMBERS_MAX], again[MIXTURE_NUMBERS_MAX];
    struct mixture mixture, other;
    struct world world = {.rng = 6, .clear = {1, 1, .2}};
    mixture_init(&mixture);
    live(&mixture, &world, QUESTIONS);
    assert_int_equal(mixture_save(&mixture, numbers), MIXTURE_NUMBERS);
    mixture_init(&other);
    assert_true(mixture_load(&other, numbers, MIXTURE_NUMBERS));
    assert_int_equal(mixture_save(&other, again), MIXTURE_NUMBERS);
    const size_t size = MIXTURE_NUMBERS * sizeof(float);
    assert_memory_equal(numbers, again, size);
    char version[MIXTURE_VERSION_BYTES];
    struct slice bytes = slice_of((const char *)numbers, size);
    (void)snprintf(version, sizeof(version), "%016" PRIx64, ids_fingerprint(bytes));
    assert_string_equal(other.version, version);
    assert_string_equal(mixture.version, "");
    live(&other, &world, 1);
    assert_string_equal(other.version, "");
    assert_true(mixture_load(&other, numbers, MIXTURE_NUMBERS));
    assert_int_equal(mixture_leader(&other, SEGMENT_LONG), mixture_leader(&mixture, SEGMENT_LONG));
    assert_false(mixture_load(&other, numbers, MIXTURE_NUMBERS - 1));
    numbers[3] = NAN;
    assert_false(mixture_load(&other, numbers, MIXTURE_NUMBERS));
}

/* Numbers of the release before, with three members: what was learned stays, and a member or the
 * mixture takes the lead as before once it has been compared again. */
static void test_numbers_of_three_members(void **state)
{
    enum { MEMBERS = 3, EACH = 44, NUMBERS = MIXTURE_SEGMENTS * EACH, WEIGHTS = 2 * MEMBERS };
    float numbers[NUMBERS] = {0};
    struct mixture mixture;
    for (size_t s = 0; s < MIXTURE_SEGMENTS; s++) {
        float *part = numbers + s * EACH;
        for (size_t m = 0; m < WEIGHTS; m++) { part[m] = (float)(m + 1) / 8.0F; }
        for (size_t a = 0; a < 32; a++) { part[WEIGHTS + a] = (float)a; }
        part[EACH - 2] = 1900.0F;
        part[EACH - 1] = (float)(MEMBERS - s); /* the mixture, content, the sequence model */
    }
    assert_true(mixture_load(&mixture, numbers, NUMBERS));
    for (int s = 0; s < MIXTURE_SEGMENTS; s++) {
        const struct mixture_part *part = &mixture.parts[s];
        assert_true(part->weights[0] == .125F && part->weights[2] == .375F);
        assert_true(part->weights[3] == 0.0F && part->squares[3] > 0.0F);
        assert_true(part->ahead[0][MIX] == 6.0 && part->spread[0][MIX] == 7.0);
        assert_true(part->ahead[MIX][2] == 28.0 && part->ahead[1][0] == 8.0);
        assert_true(part->ahead[3][MIX] == 0.0 && part->asked == 0.0);
        assert_int_equal(part->leader, s ? MEMBERS - s : MIX);
    }
    numbers[EACH - 1] = 4.0F; /* there was no such contender */
    assert_true(mixture_load(&mixture, numbers, NUMBERS));
    assert_int_equal(mixture_leader(&mixture, SEGMENT_NEW), COUNTING);
}

static void test_segments(void **state)
{
    assert_int_equal(mixture_segment(1), SEGMENT_NEW);
    assert_int_equal(mixture_segment(2), SEGMENT_NEW);
    assert_int_equal(mixture_segment(3), SEGMENT_SHORT);
    assert_int_equal(mixture_segment(19), SEGMENT_SHORT);
    assert_int_equal(mixture_segment(20), SEGMENT_LONG);
}

/* Searches count until lists without them are better, and again when they are not any more. */
static void test_searches(void **state)
{
    struct mixture mixture, other;
    float numbers[MIXTURE_NUMBERS_MAX];
    mixture_init(&mixture);
    assert_true(mixture_search_counts(&mixture));
    for (int n = 0; n < 500; n++) { mixture_learn_search(&mixture, n % 7, n % 7); }
    assert_true(mixture_search_counts(&mixture)); /* no difference */
    int bad = 0;
    while (mixture_search_counts(&mixture) && bad < 1000) {
        mixture_learn_search(&mixture, bad % 4 ? 2 : -1, 2);
        bad++;
    }
    assert_true(bad > 4 && bad < 100);
    assert_int_equal(mixture_save(&mixture, numbers), MIXTURE_NUMBERS_SEARCHES);
    assert_true(mixture_load(&other, numbers, MIXTURE_NUMBERS_SEARCHES));
    assert_false(mixture_search_counts(&other));
    assert_true(mixture_load(&other, numbers, MIXTURE_NUMBERS)); /* of an earlier release */
    assert_true(mixture_search_counts(&other));
    for (int n = 0; n < 100; n++) { mixture_learn_search(&mixture, 0, -1); }
    assert_true(mixture_search_counts(&mixture));
    mixture_init(&mixture);
    for (int n = 0; n < 20; n++) { mixture_learn_search(&mixture, -1, 0); }
    assert_true(mixture_search_counts(&mixture)); /* too few */
}

/* What was learned of aspects comes back; numbers without it have none. */
static void test_numbers_of_aspects(void **state)
{
    enum { AT = MIXTURE_MEMBERS + 3 };
    static struct mixture_candidates candidates;
    float numbers[MIXTURE_NUMBERS_MAX];
    struct mixture mixture, other;
    struct world world = {.rng = 7, .clear = {1, -1, -1, -1}};
    mixture_init(&mixture);
    for (int q = 0; q < 300; q++) {
        int target = draw(&world, &candidates);
        for (size_t k = 0; k < CANDIDATES; k++) { candidates.z[AT][k] = (int)k == target; }
        mixture_learn(&mixture, SEGMENT_LONG, &candidates, target);
    }
    const struct mixture_part *part = &mixture.parts[SEGMENT_LONG];
    assert_true(part->weights[AT] > .5F);
    assert_int_equal(mixture_leader(&mixture, SEGMENT_LONG), MIX);
    assert_int_equal(mixture_save(&mixture, numbers), MIXTURE_NUMBERS_MAX);
    assert_true(mixture_load(&other, numbers, MIXTURE_NUMBERS_MAX));
    for (size_t s = 0; s < MIXTURE_SEGMENTS; s++) {
        assert_memory_equal(other.parts[s].weights, mixture.parts[s].weights,
                            sizeof(part->weights));
        assert_memory_equal(other.parts[s].squares, mixture.parts[s].squares,
                            sizeof(part->squares));
    }
    assert_true(mixture_search_counts(&other));
    assert_true(mixture_load(&other, numbers, MIXTURE_NUMBERS)); /* of an earlier release */
    assert_true(other.parts[SEGMENT_LONG].weights[AT] == 0.0F);
    assert_true(other.parts[SEGMENT_LONG].squares[AT] > 0.0F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begins_with_the_first),
        cmocka_unit_test(test_the_mixture_takes_the_lead),
        cmocka_unit_test(test_a_useless_member),
        cmocka_unit_test(test_a_member_goes_bad),
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_of_three_members),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_searches),
        cmocka_unit_test(test_numbers_of_aspects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
