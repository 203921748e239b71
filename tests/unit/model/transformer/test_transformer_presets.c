#include "base/base.h"
#include "model/transformer/transformer.h"
#include "model/transformer/transformer_presets.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_each_makes_a_model(void **state)
{
    for (int name = 0; name < TRANSFORMER_PRESETS; name++) {
        const struct transformer_preset *preset = &transformer_presets[name];
        struct transformer_settings settings = {
            .shape = {.items = 10,
                      .d = (uint32_t)preset->d,
                      .hidden = (uint32_t)preset->d,
                      .blocks = (uint32_t)preset->blocks,
                      .heads = (uint32_t)preset->heads,
                      .length = (uint32_t)preset->length},
            .dropout = (float)preset->dropout,
            .rate = (float)preset->rate,
            .batch = (uint32_t)preset->batch,
            .lanes = 1,
            .threads = 1,
        };
        const char *why = NULL;
        assert_true(transformer_settings_fit(&settings, &why));
        assert_true(preset->patience < preset->epochs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_makes_a_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
