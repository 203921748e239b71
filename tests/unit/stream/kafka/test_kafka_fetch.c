/* Sizes of fetches that somebody sets fit those that we set. */
#include "base/base.h"
#include "tests/unit/mock_broker.h"

#include <setjmp.h>
#include <cmocka.h>

/* librdkafka refuses a `message.max.bytes` beyond `fetch.max.bytes`: what an organisation sets for
 * its producers must not end a consumer. */
static void sizes_of_others_end_nobody(void **state _unused_)
{
    static const struct property given[][1] = {
        {{"message.max.bytes", "8000000"}},
        {{"consumer.message.max.bytes", "8000000"}},
        {{"fetch.max.bytes", "52428800"}},
        {{"max.partition.fetch.bytes", "10485760"}},
        {{"receive.message.max.bytes", "2000000"}},
    };
    struct mock_broker mock;
    mock_broker_start(&mock, "in");
    for (size_t i = 0; i < ARRAY_COUNT(given); i++) {
        struct property one[] = {given[i][0]};
        const struct properties properties = {.at = one, .count = 1};
        struct wire *wire = NULL;
        char *why = NULL;
        int result = mock_broker_open_with(&mock, NULL, &properties, &wire, &why);
        if (result) { fail_msg("%s: %s", one[0].key, why ? why : "?"); }
        const struct topic_partition at = {.topic = "in", .offset = OFFSET_NONE};
        struct reader *reader = NULL;
        assert_int_equal(wire_reader(wire, &at, 1, &reader), 0);
        reader_close(reader);
        wire_close(wire);
    }
    mock_broker_stop(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_others_end_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
