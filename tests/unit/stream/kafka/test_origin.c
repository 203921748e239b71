#include "base/base.h"
#include "stream/kafka/origin.h"

#include <setjmp.h>
#include <cmocka.h>

struct headers {
    struct header at[8];
    size_t count;
    struct header_list list;
};

static struct record record_with(struct headers *headers)
{
    if (headers) { headers->list = (struct header_list){headers->at, headers->count}; }
    return (struct record){.topic = "again",
                           .partition = 1,
                           .offset = 7,
                           .time_ms = 99,
                           .headers = headers ? &listed_headers : NULL,
                           .message = headers ? &headers->list : NULL};
}

static void what_was_written_is_read(void **state)
{
    const struct origin origin = {.topic = "clicks",
                                  .partition = 3,
                                  .offset = INT64_MAX,
                                  .time_ms = -1,
                                  .redriven = 2};
    struct origin_headers texts;
    struct headers headers = {0};
    headers.count = origin_write(&origin, &texts, headers.at);
    assert_int_equal(headers.count, ORIGIN_HEADERS);
    struct record rec = record_with(&headers);
    struct origin read;
    assert_true(origin_redriven(&rec));
    assert_true(origin_read(&rec, &read));
    assert_string_equal(read.topic, "clicks");
    assert_int_equal(read.partition, 3);
    assert_true(read.offset == INT64_MAX);
    assert_int_equal(read.time_ms, -1);
    assert_int_equal(read.redriven, 2);
}

/* A dead letter names its origin; that alone does not make it a record sent round again. */
static void its_own_place_without_the_mark(void **state)
{
    const struct origin origin = {.topic = "clicks", .partition = 3, .offset = 5, .time_ms = 4};
    struct origin_headers texts;
    struct headers headers = {0};
    headers.count = origin_write(&origin, &texts, headers.at);
    assert_int_equal(headers.count, ORIGIN_HEADERS - 1);
    struct record rec = record_with(&headers);
    struct origin read;
    assert_false(origin_redriven(&rec));
    assert_true(origin_read(&rec, &read));
    assert_int_equal(read.offset, 5);
    assert_int_equal(read.redriven, 0);
    origin_here(&rec, &read);
    assert_string_equal(read.topic, "again");
    assert_int_equal(read.offset, 7);
    assert_int_equal(read.time_ms, 99);
    rec = record_with(NULL);
    assert_false(origin_read(&rec, &read));
    origin_here(&rec, &read);
    assert_int_equal(read.partition, 1);
}

static void headers_of_others_are_not_believed(void **state)
{
    static const struct {
        const char *topic, *partition, *offset;
    } bad[] = {
        {"", "1", "1"},        {NULL, "1", "1"},  {"t", "-1", "1"}, {"t", "x", "1"},
        {"t", "2147483648", "1"}, {"t", "1", "-1"}, {"t", "1", " 1"}, {"t", "1", "1x"},
        {"t", "1", ""},        {"t", "1", NULL},  {"t", "1", "9223372036854775808"},
        {"t\xff", "1", "1"},    {"\xc3\xa9", "1", "1"}, {"a b", "1", "1"}, {"a/b", "1", "1"},
        {"a\x1b[0m", "1", "1"}, {"t", "1", "1-1"},     {"t", "1", "111111111111111111111111111"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct headers headers = {.at = {{ORIGIN_TOPIC, slice_str(bad[i].topic)},
                                         {ORIGIN_PARTITION, slice_str(bad[i].partition)},
                                         {ORIGIN_OFFSET, slice_str(bad[i].offset)},
                                         {ORIGIN_REDRIVEN, slice_str("1")}},
                                  .count = 4};
        struct record rec = record_with(&headers);
        struct origin read;
        if (origin_read(&rec, &read)) { fail_msg("%zu", i); }
    }
    char topic[ORIGIN_TOPIC_BYTES_MAX + 2];
    memset(topic, 't', sizeof(topic));
    topic[ORIGIN_TOPIC_BYTES_MAX + 1] = '\0';
    struct headers headers = {.at = {{ORIGIN_TOPIC, slice_str(topic)},
                                     {ORIGIN_PARTITION, slice_str("0")},
                                     {ORIGIN_OFFSET, slice_str("0")}},
                              .count = 3};
    struct record rec = record_with(&headers);
    struct origin read;
    assert_false(origin_read(&rec, &read));
    topic[ORIGIN_TOPIC_BYTES_MAX] = '\0';
    headers.at[0].value = slice_str(topic);
    assert_true(origin_read(&rec, &read));
    headers.at[0].value = slice_of("a\0b", 3);
    assert_false(origin_read(&rec, &read));
}

/* The sender's headers stand before the origin's, whatever they are called. */
static void the_senders_headers(void **state)
{
    const struct origin origin = {.topic = "clicks", .partition = 3, .offset = 5, .redriven = 1};
    struct origin_headers texts;
    struct headers headers = {.at = {{"ce_id", slice_str("e")}, {ORIGIN_TOPIC, slice_str("x")}},
                              .count = 2};
    headers.count += origin_write(&origin, &texts, headers.at + 2);
    struct record rec = record_with(&headers);
    assert_int_equal(origin_senders_headers(&rec), 2);
    struct origin read;
    assert_true(origin_read(&rec, &read));
    assert_string_equal(read.topic, "clicks");
    rec = record_with(NULL);
    assert_int_equal(origin_senders_headers(&rec), 0);
}

/* Each part of a record is in its digest; where the record is, is not. */
static void the_digest_names_the_whole_record(void **state)
{
    enum { RECORDS = 9 };
    const struct header plain[] = {{"a", slice_str("1")}, {"redriven", slice_str("1")}};
    const struct header other[] = {{"a", slice_str("2")}, {"redriven", slice_str("1")}};
    const struct header null[] = {{"a", {NULL, 0}}, {"redriven", slice_str("1")}};
    const struct header named[] = {{"b", slice_str("1")}, {"redriven", slice_str("1")}};
    const struct header_list lists[] = {{plain, 2}, {other, 2}, {null, 2}, {named, 2}, {plain, 1}};
    struct record first = {.topic = "clicks", .key = slice_str("k"), .value = slice_str("v"),
                           .headers = &listed_headers, .message = &lists[0]};
    struct record records[RECORDS];
    for (size_t i = 0; i < RECORDS; i++) { records[i] = first; }
    for (size_t i = 1; i < ARRAY_COUNT(lists); i++) { records[i].message = &lists[i]; }
    records[5].topic = "click";
    records[6].key = (struct slice){0};
    records[7].value = (struct slice){0};
    records[8].value = slice_str("");
    unsigned char is[RECORDS][ORIGIN_DIGEST_BYTES], again[ORIGIN_DIGEST_BYTES];
    struct digest *digest = digest_new();
    for (size_t i = 0; i < RECORDS; i++) {
        assert_true(origin_digest(digest, &records[i], is[i]));
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(is[i], is[k], ORIGIN_DIGEST_BYTES);
        }
    }
    first.partition = 3;
    first.offset = 77;
    first.time_ms = 5;
    assert_true(origin_digest(digest, &first, again));
    assert_memory_equal(is[0], again, ORIGIN_DIGEST_BYTES);
    digest_free(digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(its_own_place_without_the_mark),
        cmocka_unit_test(headers_of_others_are_not_believed),
        cmocka_unit_test(the_senders_headers),
        cmocka_unit_test(the_digest_names_the_whole_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
