#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/tuning.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

/* A model that is best when its hyperparameter is near .5: it ranks the next item first with a
 * share of users that falls with the distance from there. */
struct knobbed {
    double x;
};

static const struct knobbed low = {.x = .2}, middle = {.x = .45}, high = {.x = .9};
static const struct preset presets[] = {
    {.name = "low", .settings = &low},
    {.name = "middle", .settings = &middle},
    {.name = "high", .settings = &high},
};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(knobbed, x, 0, 1, "best at .5")};

static void *make(const struct model_context *context, const void *settings)
{
    return xmemdup(settings, sizeof(struct knobbed));
}

static void learn(void *self, const struct training_example *example)
{
}

static bool retune(void *self, const void *settings)
{
    memcpy(self, settings, sizeof(struct knobbed));
    return true;
}

static void score(void *self, const struct query *query, float *scores)
{
    const struct knobbed *model = self;
    for (int32_t i = 0; i < query->items; i++) { scores[i] = 0.0F; }
    if (query->count == 0 || query->user % 100 >= 100 * (1 - 2 * fabs(model->x - .5))) { return; }
    scores[(query->history[query->count - 1] + 1) % query->items] = 1.0F;
}

static const struct recommender knobbed = {
    .name = "knobbed",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = 1,
    .presets = presets,
    .presets_count = 3,
    .settings_size = sizeof(struct knobbed),
    .make = make,
    .free = free,
    .learn = learn,
    .retune = retune,
    .score = score,
};

static void test_search(void **state)
{
    struct sequences sequences;
    tiny_world(&sequences, 400, 50, 8, 2);
    struct model_context context = {.users_max = 400, .items_max = 50};
    assert_int_equal(tuning_preset(&knobbed, &context, &sequences), 1);
    struct knobbed settings = low;
    void *model = make(&context, &settings);
    double before = tuning_descend(&knobbed, model, &sequences, 0, &settings);
    assert_true(settings.x == .2);
    double after = tuning_descend(&knobbed, model, &sequences, 5, &settings);
    assert_true(after > before);
    assert_true(settings.x > .4 && settings.x < .6);
    assert_true(((struct knobbed *)model)->x == settings.x);
    free(model);
    sequences_release(&sequences);
}

static void test_users(void **state)
{
    assert_int_equal(tuning_users(10, 10).stride, 1);
    assert_int_equal(tuning_users(11, 10).stride, 2);
    assert_int_equal(tuning_users(0, 10).stride, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
