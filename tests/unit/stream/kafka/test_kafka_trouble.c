#include "base/base.h"
#include "stream/kafka/kafka_trouble.h"

#include <librdkafka/rdkafka.h>
#include <setjmp.h>
#include <cmocka.h>

static const char REFUSED[] =
    "ssl://a:1/bootstrap: SSL handshake failed: certificate verify failed";

static int setup(void **state)
{
    static struct kafka_trouble trouble;
    kafka_trouble_init(&trouble);
    *state = &trouble;
    return 0;
}

static int teardown(void **state)
{
    kafka_trouble_destroy(*state);
    return 0;
}

static void assert_told(struct kafka_trouble *trouble, enum trouble_kind kind, const char *text)
{
    char told[TROUBLE_TEXT_MAX];
    kafka_trouble_copy(trouble, told);
    assert_string_equal(told, text);
    assert_int_equal(kafka_trouble_kind(trouble), kind);
}

static void test_the_newest_counts(void **state)
{
    assert_told(*state, TROUBLE_PASSES, "");
    kafka_trouble_line(*state, "[thrd:a:1/bootstrap]: a:1/bootstrap: Connect failed");
    assert_told(*state, TROUBLE_PASSES, "a:1/bootstrap: Connect failed");
    kafka_trouble_error(*state, RD_KAFKA_RESP_ERR__SSL, "Disconnected");
    assert_told(*state, TROUBLE_TLS, "Disconnected");
    kafka_trouble_error(*state, RD_KAFKA_RESP_ERR__TRANSPORT, "Connect failed");
    assert_told(*state, TROUBLE_PASSES, "Connect failed");
}

/* What came after it on a busy machine hid it: a worker ended as if trying again could help. */
static void test_a_refused_certificate_is_kept(void **state)
{
    kafka_trouble_error(*state, RD_KAFKA_RESP_ERR__SSL, REFUSED);
    kafka_trouble_error(*state, RD_KAFKA_RESP_ERR__TRANSPORT, "Connection setup timed out");
    kafka_trouble_line(*state, "Disconnected");
    assert_told(*state, TROUBLE_REFUSED, REFUSED);
}

static void test_later_the_newest_counts(void **state)
{
    kafka_trouble_error(*state, RD_KAFKA_RESP_ERR__SSL, REFUSED);
    kafka_trouble_answered(*state);
    kafka_trouble_error(*state, RD_KAFKA_RESP_ERR__TRANSPORT, "Connect failed");
    assert_told(*state, TROUBLE_PASSES, "Connect failed");
}

static void test_a_line_of_the_log_is_enough(void **state)
{
    kafka_trouble_line(*state, REFUSED);
    assert_told(*state, TROUBLE_REFUSED, REFUSED);
}

static void test_refused_credentials_stay_refused(void **state)
{
    kafka_trouble_error(*state, RD_KAFKA_RESP_ERR__AUTHENTICATION, "invalid credentials");
    kafka_trouble_error(*state, RD_KAFKA_RESP_ERR__TRANSPORT, "Connect failed");
    assert_told(*state, TROUBLE_REFUSED, "Connect failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_newest_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_refused_certificate_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_later_the_newest_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_line_of_the_log_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_credentials_stay_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
