#include "base/base.h"
#include "model/candidate_set.h"
#include "scorer/lists/tried_weights.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_one_weight_leads_alone(void **state _unused_)
{
    static const struct {
        double inputs[MIXTURE_INPUTS];
        int leader;
    } cases[] = {
        {{0, 0, 0}, MEMBER_COUNTING},   {{0.2, 0, 0}, MEMBER_COUNTING},
        {{0, 3, 0}, MEMBER_SEQUENCE},   {{0, 0, 0.01}, MEMBER_CONTENT},
        {{1, 0, 0.01}, MIXTURE_MEMBERS}, {{1, 1, 1}, MIXTURE_MEMBERS},
        {{[MIXTURE_MEMBERS + 2] = 1}, MIXTURE_MEMBERS}, /* an aspect has no list of its own */
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct tried_weights tried = {0};
        memcpy(tried.inputs, cases[i].inputs, sizeof(tried.inputs));
        assert_int_equal(tried_weights_leader(&tried), cases[i].leader);
    }
}

/* What a mixture is made of is what it says it has, in each segment. */
static void test_there_and_back(void **state _unused_)
{
    const struct tried_weights tried = {.inputs = {0.5, 2, 0.25, 1, 0.125}};
    struct mixture mixture;
    double inputs[MIXTURE_INPUTS];
    tried_weights_mixture(&tried, &mixture);
    for (int s = 0; s < MIXTURE_SEGMENTS; s++) {
        tried_weights_of(&mixture, (enum mixture_segment)s, MIXTURE_MEMBERS, inputs);
        assert_memory_equal(inputs, tried.inputs, sizeof(inputs));
    }
    tried_weights_of(NULL, SEGMENT_NEW, MEMBER_CONTENT, inputs);
    assert_memory_equal(inputs, ((double[MIXTURE_INPUTS]){0, 0, 1}), sizeof(inputs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_weight_leads_alone),
        cmocka_unit_test(test_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
