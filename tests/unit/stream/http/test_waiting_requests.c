#include "base/base.h"
#include "stream/http/waiting_requests.h"

#include <setjmp.h>
#include <cmocka.h>

enum { REQUESTS = 70 };

static int rests[REQUESTS]; /* 1: its connection is at rest */

static void suspend(void *connection)
{
    int *at = connection;
    assert_int_equal(*at, 0);
    *at = 1;
}

static void resume(void *connection)
{
    int *at = connection;
    assert_int_equal(*at, 1);
    *at = 0;
}

static void test_waiting(void **state _unused_)
{
    struct waiting_requests *waiting = waiting_requests_new(suspend, resume);
    uint64_t tickets[REQUESTS];
    for (int k = 0; k < REQUESTS; k++) { tickets[k] = waiting_requests_begin(waiting, &rests[k]); }
    assert_int_equal(waiting_requests_wait(waiting, tickets[3]), REQUEST_WAITS);
    assert_int_equal(rests[3], 1);
    waiting_requests_wake(waiting, tickets[3]);
    assert_int_equal(rests[3], 0);
    /* it may wait again; a wake that comes first is not lost, and counts once */
    assert_int_equal(waiting_requests_wait(waiting, tickets[3]), REQUEST_WAITS);
    waiting_requests_wake(waiting, tickets[3]);
    waiting_requests_wake(waiting, tickets[5]);
    assert_int_equal(waiting_requests_wait(waiting, tickets[5]), REQUEST_WOKEN);
    assert_int_equal(waiting_requests_wait(waiting, tickets[5]), REQUEST_WAITS);
    waiting_requests_wake(waiting, tickets[5]);
    waiting_requests_end(waiting, tickets[0]);
    waiting_requests_wake(waiting, tickets[0]); /* it is over */
    waiting_requests_wake(waiting, 0);
    assert_int_equal(waiting_requests_wait(waiting, tickets[69]), REQUEST_WAITS);
    waiting_requests_close(waiting);
    assert_int_equal(rests[69], 0);
    assert_int_equal(waiting_requests_wait(waiting, tickets[7]), REQUEST_ENDING);
    for (int k = 1; k < REQUESTS; k++) { waiting_requests_end(waiting, tickets[k]); }
    assert_null(waiting_requests_free(NULL));
    waiting_requests_free(waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_waiting)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
