/* The checks that a start and a reading again share; the readings: tests/broker/test_reload.py. */
#include "base/base.h"
#include "features/features.h"
#include "stream/config/options.h"
#include "stream/reloader.h"

#include <setjmp.h>
#include <cmocka.h>

static void check(const char *pair, const char *told)
{
    struct run_settings settings = {0};
    struct options *options = NULL;
    const struct option_group groups[] = {
        {"runtime", run_options, run_options_count, &settings},
        {"schema registry", registry_options, registry_options_count, &settings.registry},
    };
    assert_int_equal(options_fill(groups, ARRAY_COUNT(groups), &pair, 1, stderr, &options), 0);
    char *fault = reloader_fault(&features_worker, &settings);
    assert_int_equal(fault != NULL, told != NULL);
    if (told) { assert_non_null(strstr(fault, told)); }
    free(fault);
    options_free(options);
}

static void test_faults(void **state _unused_)
{
    check("commit.interval.ms=300ms", NULL);
    check("generation=A b", "generation=A b");
    check("commit.timeout.ms=1s", "commit.timeout.ms");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_faults)};
    return cmocka_run_group_tests_name("reloader", tests, NULL, NULL);
}
