#include "base/base.h"
#include "cli/client_keys.h"

#include <setjmp.h>
#include <cmocka.h>

static void check(const char *key, bool by_set, const char *part)
{
    char pair[100];
    struct property property = {key, "1"};
    const struct properties others = {.at = &property, .count = 1};
    (void)snprintf(pair, sizeof(pair), "%s=1", key);
    char *const words[] = {(char[]){"freshet"}, (char[]){"--config"}, (char[]){"x"},
                           by_set ? (char[]){"--set"} : (char[]){"--config"}, pair};
    char *fault = client_keys_fault(&others, NULL, 0, words, ARRAY_COUNT(words));
    if (!part && fault) { fail_msg("%s", fault); }
    if (part && (!fault || !strstr(fault, part))) { fail_msg("%s: %s", key, fault ? fault : "-"); }
    free(fault);
}

static void test_keys_of_workers_are_taken(void **state)
{
    check("sources", true, NULL);
    check("map.user", true, NULL);
    check("action.buy", true, NULL);
    check("commit.interval.ms", true, NULL);
    check("decay.half.life", false, NULL);
    check("items.max", false, NULL);
}

static void test_misspelt_ones_are_not(void **state)
{
    check("soures", true, "soures: unknown; did you mean sources?");
    check("commit.interval", false, NULL);
    check("map.usr", false, "did you mean map.user?");
    check("metrics.prt", false, "did you mean metrics.port?");
    check("decay.half.life", true, "--set decay.half.life: no command");
    check("x", true, "--set x: no command");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_of_workers_are_taken),
        cmocka_unit_test(test_misspelt_ones_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
