#include "base/base.h"
#include "stream/registry/http.h"
#include "tests/fake_registry.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ANSWER_MAX = 4096 };

struct scratch {
    struct fake_registry fake;
    struct http *http;
    struct buf answer;
};

static int setup(void **state)
{
    struct scratch *scratch = xcalloc(1, sizeof(*scratch));
    const struct http_settings settings = {
        .timeout_ms = 300, .answer_bytes_max = ANSWER_MAX, .direct = true};
    fake_init(&scratch->fake);
    scratch->http = http_new(&settings);
    buf_init(&scratch->answer, ANSWER_MAX);
    *state = scratch;
    return 0;
}

static int teardown(void **state)
{
    struct scratch *scratch = *state;
    http_free(scratch->http);
    http_free(NULL);
    fake_release(&scratch->fake);
    buf_release(&scratch->answer);
    free(scratch);
    return 0;
}

static int ask(struct scratch *scratch, const char *path, const char *body, long *ret_status)
{
    _cleanup_(xfreep) char *url = xprintf("%s%s", scratch->fake.url, path);
    return http_request(scratch->http, url, body, ret_status, &scratch->answer);
}

static void test_answers(void **state)
{
    struct scratch *scratch = *state;
    long status = 0;
    assert_int_equal(ask(scratch, "/schemas/ids/1", NULL, &status), 0);
    assert_int_equal(status, 404);
    assert_string_equal(scratch->fake.last, "GET /schemas/ids/1");
    assert_non_null(strstr(buf_slice(&scratch->answer).data, "40403"));
    assert_int_equal(ask(scratch, "/x", "{\"a\":1}", &status), 0);
    assert_string_equal(scratch->fake.last, "POST /x");
    assert_true(slice_equal(buf_slice(&scratch->fake.last_body), slice_str("{\"a\":1}")));
    /* no body that was posted comes again with the next question */
    assert_int_equal(ask(scratch, "/y", NULL, &status), 0);
    assert_string_equal(scratch->fake.last, "GET /y");
    assert_int_equal(scratch->fake.last_body.size, 0);
    /* redirects are answers */
    fake_tell(&scratch->fake, 302, "");
    assert_int_equal(ask(scratch, "/z", NULL, &status), 0);
    assert_int_equal(status, 302);
}

static void test_limits(void **state)
{
    struct scratch *scratch = *state;
    long status = 0;
    _cleanup_(xfreep) char *text = xprintf("%0*d", ANSWER_MAX + 1, 0);
    fake_tell(&scratch->fake, 200, text + 1);
    assert_int_equal(ask(scratch, "/", NULL, &status), 0);
    assert_int_equal(scratch->answer.size, ANSWER_MAX);
    fake_tell(&scratch->fake, 200, text);
    status = 0;
    assert_int_equal(ask(scratch, "/", NULL, &status), -EMSGSIZE);
    assert_int_equal(status, 0);
    fake_tell(&scratch->fake, 200, "late");
    scratch->fake.delay_ms = 700;
    assert_int_equal(ask(scratch, "/", NULL, &status), -EAGAIN);
    assert_non_null(strstr(http_why(scratch->http), "timed out"));
}

static void test_nobody(void **state)
{
    struct scratch *scratch = *state;
    long status;
    fake_close(&scratch->fake);
    assert_int_equal(ask(scratch, "/", NULL, &status), -EAGAIN);
    assert_int_equal(
        http_request(scratch->http, "ftp://127.0.0.1/", NULL, &status, &scratch->answer), -EINVAL);
    assert_int_equal(
        http_request(scratch->http, "file:///etc/passwd", NULL, &status, &scratch->answer),
        -EINVAL);
    assert_true(http_why(scratch->http)[0]);
}

static void *stop_soon(void *arg)
{
    usleep(50000);
    http_stop(arg);
    return NULL;
}

static void test_stop(void **state)
{
    struct scratch *scratch = *state;
    const struct http_settings settings = {
        .timeout_ms = 60000, .answer_bytes_max = ANSWER_MAX, .direct = true};
    struct http *http = http_new(&settings);
    pthread_t thread;
    long status;
    fake_tell(&scratch->fake, 200, "late");
    scratch->fake.delay_ms = 3000;
    pthread_create(&thread, NULL, stop_soon, http);
    assert_int_equal(http_request(http, scratch->fake.url, NULL, &status, &scratch->answer),
                     -EAGAIN);
    pthread_join(thread, NULL);
    http_free(http);
}

int main(void)
{
#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_answers),
        SCRATCH_TEST(test_limits),
        SCRATCH_TEST(test_nobody),
        SCRATCH_TEST(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
