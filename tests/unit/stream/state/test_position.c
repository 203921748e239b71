#include "base/base.h"
#include "stream/kafka/wire.h"
#include "stream/state/position.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct position example(void)
{
    struct position position = {
        .topic = "pair-deltas", .next = 120, .newest = 118, .newest_ms = 1700000000000, .from = 77};
    position_make_id(position.log_id);
    return position;
}

/* The record as a reader gets it. */
static struct record read_back(const struct message *message, struct header_list *list)
{
    *list = (struct header_list){message->headers, message->headers_count};
    return (struct record){.topic = message->topic,
                           .key = message->key,
                           .value = message->value,
                           .headers = &listed_headers,
                           .message = list};
}

static void test_there_and_back(void **state)
{
    const struct position position = example();
    struct position_text text;
    struct header_list list;
    const struct message message = position_message(&position, "neighbours", 3, &text);
    assert_int_equal(message.partition, 3);
    assert_string_equal(message.topic, "neighbours");
    assert_null(message.value.data); /* for others it deletes a row that does not exist */
    assert_true(position_has_key(message.key));
    const struct record rec = read_back(&message, &list);
    struct position read;
    assert_int_equal(position_read(&rec, &read), 0);
    assert_string_equal(read.log_id, position.log_id);
    assert_string_equal(read.topic, "pair-deltas");
    assert_int_equal(read.next, 120);
    assert_int_equal(read.newest, 118);
    assert_int_equal(read.newest_ms, 1700000000000);
    assert_int_equal(read.from, 77);
}

static void test_keys(void **state)
{
    assert_false(position_has_key(slice_of(NULL, 0)));
    assert_false(position_has_key(slice_str("")));
    assert_false(position_has_key(slice_str("freshet.position")));
}

static void test_ids_differ(void **state)
{
    const struct position one = example(), other = example();
    assert_int_equal(strlen(one.log_id), LOG_ID_BYTES - 1);
    assert_string_not_equal(one.log_id, other.log_id);
}

/* Whoever may write to the topic can write anything. */
static void check_refused(size_t header, struct slice value)
{
    const struct position position = example();
    struct position_text text;
    struct header_list list;
    const struct message message = position_message(&position, "neighbours", 0, &text);
    text.headers[header].value = value;
    const struct record rec = read_back(&message, &list);
    struct position read;
    assert_int_equal(position_read(&rec, &read), -EINVAL);
}

static void test_nonsense(void **state)
{
    char large[1000];
    memset(large, 'x', sizeof(large));
    for (size_t i = 0; i < POSITION_HEADERS; i++) {
        check_refused(i, slice_of(NULL, 0));
        check_refused(i, slice_of(large, sizeof(large)));
        check_refused(i, slice_of("1\0002", 3));
    }
    for (size_t i = 2; i < POSITION_HEADERS; i++) {
        check_refused(i, slice_str(""));
        check_refused(i, slice_str("0x1"));
        check_refused(i, slice_str("99999999999999999999"));
    }
    check_refused(0, slice_str(""));
    check_refused(2, slice_str("-1"));
    check_refused(2, slice_str("118")); /* not behind the newest record */
    check_refused(3, slice_str("-2"));
    check_refused(5, slice_str("-1"));
    struct position read;
    const struct record none = {.value = slice_str("x")};
    assert_int_equal(position_read(&none, &read), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_ids_differ),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
