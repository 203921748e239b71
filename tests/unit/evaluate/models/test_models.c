#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/leave_one_out.h"
#include "evaluate/models/models.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 120, ITEMS = 40, LONGEST = 12 };

static void test_find(void **state)
{
    for (size_t m = 0; m < models_count; m++) {
        assert_ptr_equal(models_find(models[m]->name), models[m]);
        assert_true(models[m]->presets_count > 0);
    }
    assert_null(models_find("oracle"));
}

/* What every model promises: finite scores, the same from the same, for any history. */
static void test_promises(void **state)
{
    struct sequences sequences;
    tiny_world(&sequences, USERS, ITEMS, LONGEST, 31);
    const int32_t history[] = {3, 4, 5};
    for (size_t m = 0; m < models_count; m++) {
        const struct recommender *model = models[m];
        struct model_context context = {.users_max = USERS, .items_max = ITEMS, .seed = 7};
        float first[ITEMS], second[ITEMS];
        for (int turn = 0; turn < 2; turn++) {
            void *self = model->make(&context, model->presets[0].settings);
            tiny_learn(model, self, &sequences);
            if (model->settle) { model->settle(self); }
            float *scores = turn ? second : first;
            for (size_t count = 0; count <= 3; count++) {
                struct query query = {.user = 1, .history = history, .count = count,
                                      .items = ITEMS};
                model->score(self, &query, scores);
                for (int32_t i = 0; i < ITEMS; i++) { assert_true(isfinite(scores[i])); }
            }
            model->free(self);
        }
        assert_memory_equal(first, second, sizeof(first));
        model->free(NULL);
    }
    sequences_release(&sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
