#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/popularity.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 5, ACTIONS = 20000 };

/* Against the sum by the definition; the decay is strong enough for the gain to be brought down. */
static void test_definition(void **state)
{
    uint64_t rng = 4;
    int32_t *items = xcalloc(ACTIONS, sizeof(*items));
    for (size_t at = 0; at < ACTIONS; at++) { items[at] = (int32_t)rng_below(&rng, ITEMS); }
    const double decays[] = {1, .9, .2, .01};
    for (size_t d = 0; d < ARRAY_COUNT(decays); d++) {
        struct popularity_settings settings = {.decay = decays[d]};
        struct model_context context = {.users_max = 1, .items_max = ITEMS};
        void *model = popularity_recommender.make(&context, &settings);
        double want[ITEMS] = {0};
        for (size_t at = 0; at < ACTIONS; at++) {
            popularity_recommender.learn(model, &(struct training_example){.item = items[at]});
            want[items[at]] += pow(decays[d], (double)(ACTIONS - at) / POPULARITY_STEP);
        }
        float got[ITEMS];
        popularity_recommender.score(model, &(struct query){.items = ITEMS}, got);
        for (int i = 0; i < ITEMS; i++) { assert_near(got[i], want[i], 1e-4); }
        popularity_recommender.free(model);
    }
    popularity_recommender.free(NULL);
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_definition)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
