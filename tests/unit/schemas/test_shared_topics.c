#include "base/base.h"
#include "features/features.h"
#include "ingest/ingest.h"
#include "schemas/shared_topics.h"
#include "scorer/scorer.h"
#include "serve/serve.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

/* What the command line takes for shared is what the workers take for it. */
static void test_as_the_workers_say(void **state)
{
    const struct worker *const workers[] = {&ingest_worker, &features_worker, &trainer_worker,
                                            &scorer_worker, &serve_worker};
    for (size_t w = 0; w < ARRAY_COUNT(workers); w++) {
        for (size_t i = 0; i < workers[w]->inputs_count; i++) {
            const struct input *input = &workers[w]->inputs[i];
            assert_int_equal(shared_topic(input->name), input->shared);
        }
        for (size_t i = 0; i < workers[w]->outputs_count; i++) {
            const struct output *output = &workers[w]->outputs[i];
            assert_int_equal(shared_topic(output->name), output->shared);
        }
    }
    assert_false(shared_topic("dead-letters"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_workers_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
