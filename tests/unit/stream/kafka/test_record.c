#include "base/base.h"
#include "base/xalloc.h"
#include "stream/kafka/record.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct header some[] = {
    {"a", {"1", 1}}, {"b", {NULL, 0}}, {"a", {"2", 1}}, {"", {"", 0}}, {"c", {"\xff", 1}},
};
static const struct header_list list = {.at = some, .count = ARRAY_COUNT(some)};
static const struct record with_some = {.headers = &listed_headers, .message = &list};
static const struct record without = {.topic = "t"};

static void the_last_of_a_name_counts(void **state)
{
    struct slice value;
    assert_int_equal(record_header(&with_some, "a", &value), 0);
    assert_true(slice_equal(value, slice_str("2")));
    assert_int_equal(record_header(&with_some, "b", &value), 0);
    assert_null(value.data);
    assert_int_equal(record_header(&with_some, "", &value), 0);
    assert_non_null(value.data);
    assert_int_equal(value.size, 0);
    assert_int_equal(record_header(&with_some, "A", &value), -ENOENT);
    assert_int_equal(record_header(&without, "a", &value), -ENOENT);
}

static void they_have_an_order(void **state)
{
    struct header header;
    assert_int_equal(record_headers_count(&with_some), 5);
    assert_int_equal(record_header_at(&with_some, 4, &header), 0);
    assert_string_equal(header.name, "c");
    assert_int_equal(record_header_at(&with_some, 5, &header), -ENOENT);
    assert_int_equal(record_headers_before(&with_some, "a"), 2);
    assert_int_equal(record_headers_before(&with_some, "z"), 5);
    assert_int_equal(record_headers_count(&without), 0);
    assert_int_equal(record_header_at(&without, 0, &header), -ENOENT);
    assert_int_equal(record_headers_before(&without, "a"), 0);
}

static void hidden_ones_are_not_there(void **state)
{
    struct record rec = with_some;
    struct header header;
    struct slice value;
    rec.headers_hidden = 3;
    assert_int_equal(record_headers_count(&rec), 2);
    assert_int_equal(record_header_at(&rec, 2, &header), -ENOENT);
    assert_int_equal(record_header(&rec, "a", &value), 0);
    assert_true(slice_equal(value, slice_str("1")));
    rec.headers_hidden = 6;
    assert_int_equal(record_headers_count(&rec), 0);
}

static size_t count_too_many(const struct record *rec)
{
    return SIZE_MAX;
}

static int none_at(const struct record *rec, size_t index, struct header *ret_header)
{
    return -ENOENT;
}

/* More than the client reads: there are some, but which is not known. */
static void too_many_to_be_read(void **state)
{
    static const struct header_source source = {.count = count_too_many, .at = none_at};
    const struct record rec = {.headers = &source};
    struct header read[HEADERS_MAX];
    struct slice value;
    assert_int_equal(record_header(&rec, "a", &value), -ENOENT);
    assert_int_equal(record_headers_read(&rec, record_headers_count(&rec), read), -E2BIG);
}

static void limits_hold(void **state)
{
    struct header many[HEADERS_MAX + 1], read[HEADERS_MAX];
    for (size_t i = 0; i <= HEADERS_MAX; i++) { many[i] = (struct header){"n", {"v", 1}}; }
    struct header_list all = {.at = many, .count = HEADERS_MAX + 1};
    const struct record rec = {.headers = &listed_headers, .message = &all};
    assert_int_equal(record_headers_read(&rec, HEADERS_MAX + 1, read), -E2BIG);
    assert_int_equal(record_headers_read(&rec, HEADERS_MAX, read), 0);
    assert_string_equal(read[HEADERS_MAX - 1].name, "n");
    char *large = xcalloc(1, HEADERS_BYTES_MAX);
    many[0] = (struct header){"nn", {large, HEADERS_BYTES_MAX - 2}};
    assert_int_equal(record_headers_read(&rec, 1, read), 0);
    assert_int_equal(record_headers_read(&rec, 2, read), -E2BIG);
    many[0].value.size++;
    assert_int_equal(record_headers_read(&rec, 1, read), -E2BIG);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_of_a_name_counts), cmocka_unit_test(they_have_an_order),
        cmocka_unit_test(hidden_ones_are_not_there), cmocka_unit_test(too_many_to_be_read),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
