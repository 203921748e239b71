#include "base/base.h"
#include "model/thread_pool.h"
#include "tests/unit/numbers.h"

enum { PARTS = 100 };

struct job {
    unsigned done[PARTS]; /* each part writes to its own place */
    unsigned round;
};

static void work(void *arg, size_t part)
{
    struct job *job = arg;
    job->done[part] += job->round * (unsigned)(part + 1);
}

/* Every part is done once a call, and all of it before the call returns. */
static void test_parts(void **state)
{
    for (size_t threads = 1; threads <= 5; threads++) {
        struct thread_pool *pool = thread_pool_new(threads);
        struct job job = {0};
        unsigned rounds = 0;
        for (job.round = 1; job.round <= 200; job.round++) {
            const size_t parts = job.round % PARTS + 1;
            memset(job.done, 0, sizeof(job.done));
            thread_pool_run(pool, parts, work, &job);
            for (size_t p = 0; p < PARTS; p++) {
                assert_int_equal(job.done[p], p < parts ? job.round * (p + 1) : 0);
            }
            rounds++;
        }
        thread_pool_run(pool, 0, work, &job);
        assert_int_equal(rounds, 200);
        assert_null(thread_pool_free(pool));
    }
    assert_null(thread_pool_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
