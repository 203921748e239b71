/* The newest dead letters: newest first, the oldest goes, long texts are cut. */
#include "base/base.h"
#include "serve/console/refused_records.h"

#include <setjmp.h>
#include <cmocka.h>

struct seen {
    int64_t offsets[REFUSED_RECORDS_KEPT];
    size_t count, value_size, value_whole, headers;
};

static void see(void *arg, const struct refused_record *letter)
{
    struct seen *seen = arg;
    seen->offsets[seen->count++] = letter->offset;
    seen->value_size = letter->value.size;
    seen->value_whole = letter->value.whole;
    seen->headers = letter->headers_count;
}

static void put(struct refused_records *letters, int64_t time_ms)
{
    static const char bytes[1000];
    struct header headers[2 * REFUSED_HEADERS];
    for (size_t i = 0; i < ARRAY_COUNT(headers); i++) {
        headers[i] = (struct header){"reason", slice_str("bad")};
    }
    const struct header_list list = {headers, ARRAY_COUNT(headers)};
    const struct record rec = {.offset = time_ms, .time_ms = time_ms,
                               .value = slice_of(bytes, sizeof(bytes)),
                               .headers = &listed_headers, .message = &list};
    refused_records_put(letters, &rec);
}

static void test_newest_are_kept(void **state)
{
    static struct seen seen;
    struct refused_records *letters = refused_records_new();
    for (int64_t i = 0; i < 3 * REFUSED_RECORDS_KEPT; i++) {
        put(letters, i * 7 % (3 * REFUSED_RECORDS_KEPT));
    }
    put(letters, 0); /* older than all that are kept */
    refused_records_each(letters, see, &seen);
    assert_int_equal(seen.count, REFUSED_RECORDS_KEPT);
    for (int64_t i = 0; i < REFUSED_RECORDS_KEPT; i++) {
        assert_int_equal(seen.offsets[i], 3 * REFUSED_RECORDS_KEPT - 1 - i);
    }
    assert_int_equal(seen.value_size, REFUSED_TEXT_BYTES);
    assert_int_equal(seen.value_whole, 1000);
    assert_int_equal(seen.headers, REFUSED_HEADERS);
    refused_records_free(letters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
