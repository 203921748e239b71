#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/counting_recommender.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_hyperparameters(void **state)
{
    struct counting_settings settings;
    memcpy(&settings, counting_recommender.presets[0].settings, sizeof(settings));
    const struct recommender *model = &counting_recommender;
    assert_int_equal(recommender_set(model, &settings, "shrink", 3.5), 0);
    assert_true(settings.shrink == 3.5);
    assert_int_equal(recommender_set(model, &settings, "shrinks", 3), -ENOENT);
    assert_int_equal(recommender_set(model, &settings, "shrink", -1), -ERANGE);
    assert_int_equal(recommender_set(model, &settings, "shrink", (double)NAN), -ERANGE);
    assert_true(settings.shrink == 3.5);
    assert_non_null(recommender_hyperparameter(model, "pairs_window"));
    assert_int_equal(recommender_hyperparameter(model, "pairs_window")->offset,
                     offsetof(struct counting_settings, pairs_window));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hyperparameters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
