#include "base/base.h"
#include "stream/http.h"
#include "tests/fake_registry.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ANSWER_MAX = 4096 };

struct desk {
    struct fake_registry fake;
    struct http *http;
    struct buf answer;
};

static int setup(void **state)
{
    struct desk *desk = xcalloc(1, sizeof(*desk));
    const struct http_settings settings = {
        .timeout_ms = 300, .answer_bytes_max = ANSWER_MAX, .direct = true};
    fake_init(&desk->fake);
    desk->http = http_new(&settings);
    buf_init(&desk->answer, ANSWER_MAX);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    http_free(desk->http);
    http_free(NULL);
    fake_release(&desk->fake);
    buf_release(&desk->answer);
    free(desk);
    return 0;
}

static int ask(struct desk *desk, const char *path, const char *body, long *ret_status)
{
    _cleanup_(xfreep) char *url = xprintf("%s%s", desk->fake.url, path);
    return http_ask(desk->http, url, body, ret_status, &desk->answer);
}

static void test_answers(void **state)
{
    struct desk *desk = *state;
    long status = 0;
    assert_int_equal(ask(desk, "/schemas/ids/1", NULL, &status), 0);
    assert_int_equal(status, 404);
    assert_string_equal(desk->fake.last, "GET /schemas/ids/1");
    assert_non_null(strstr(buf_slice(&desk->answer).data, "40403"));
    assert_int_equal(ask(desk, "/x", "{\"a\":1}", &status), 0);
    assert_string_equal(desk->fake.last, "POST /x");
    assert_true(slice_equal(buf_slice(&desk->fake.last_body), slice_str("{\"a\":1}")));
    /* no body that was posted comes again with the next question */
    assert_int_equal(ask(desk, "/y", NULL, &status), 0);
    assert_string_equal(desk->fake.last, "GET /y");
    assert_int_equal(desk->fake.last_body.size, 0);
    /* redirects are answers */
    fake_tell(&desk->fake, 302, "");
    assert_int_equal(ask(desk, "/z", NULL, &status), 0);
    assert_int_equal(status, 302);
}

static void test_limits(void **state)
{
    struct desk *desk = *state;
    long status = 0;
    _cleanup_(xfreep) char *text = xprintf("%0*d", ANSWER_MAX + 1, 0);
    fake_tell(&desk->fake, 200, text + 1);
    assert_int_equal(ask(desk, "/", NULL, &status), 0);
    assert_int_equal(desk->answer.size, ANSWER_MAX);
    fake_tell(&desk->fake, 200, text);
    status = 0;
    assert_int_equal(ask(desk, "/", NULL, &status), -EMSGSIZE);
    assert_int_equal(status, 0);
    fake_tell(&desk->fake, 200, "late");
    desk->fake.delay_ms = 700;
    assert_int_equal(ask(desk, "/", NULL, &status), -EAGAIN);
    assert_non_null(strstr(http_why(desk->http), "timed out"));
}

static void test_nobody(void **state)
{
    struct desk *desk = *state;
    long status;
    fake_close(&desk->fake);
    assert_int_equal(ask(desk, "/", NULL, &status), -EAGAIN);
    assert_int_equal(http_ask(desk->http, "ftp://127.0.0.1/", NULL, &status, &desk->answer),
                     -EINVAL);
    assert_int_equal(http_ask(desk->http, "file:///etc/passwd", NULL, &status, &desk->answer),
                     -EINVAL);
    assert_true(http_why(desk->http)[0]);
}

static void *stop_soon(void *arg)
{
    usleep(50000);
    http_stop(arg);
    return NULL;
}

static void test_stop(void **state)
{
    struct desk *desk = *state;
    const struct http_settings settings = {
        .timeout_ms = 60000, .answer_bytes_max = ANSWER_MAX, .direct = true};
    struct http *http = http_new(&settings);
    pthread_t thread;
    long status;
    fake_tell(&desk->fake, 200, "late");
    desk->fake.delay_ms = 3000;
    pthread_create(&thread, NULL, stop_soon, http);
    assert_int_equal(http_ask(http, desk->fake.url, NULL, &status, &desk->answer), -EAGAIN);
    pthread_join(thread, NULL);
    http_free(http);
}

int main(void)
{
#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        DESK_TEST(test_answers),
        DESK_TEST(test_limits),
        DESK_TEST(test_nobody),
        DESK_TEST(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
