#include "base/base.h"
#include "ingest/mapping/named_headers.h"

#include <setjmp.h>
#include <cmocka.h>

static struct named_headers *named_as(const char *const *names, size_t count)
{
    struct named_headers *named = named_headers_new();
    const char *why;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(named_headers_add(named, slice_str(names[i]), &why), 0);
    }
    return named;
}

static struct record record_with(const struct header_list *list)
{
    return (struct record){.headers = &listed_headers, .message = list};
}

static void text_is(const struct named_headers *named, const char *name, const char *expected)
{
    json_t *text = named_headers_find(named, slice_str(name));
    if (!expected) {
        assert_null(text);
        return;
    }
    if (!text) { fail_msg("no %s", name); }
    assert_string_equal(json_string_value(text), expected);
}

static const char *const names[] = {"ce_id", "ce_id", "a.b", "none", ""};

static void the_last_counts_and_null_is_nothing(void **state)
{
    struct named_headers *named = named_as(names, ARRAY_COUNT(names));
    char where[100];
    const struct header headers[] = {
        {"ce_id", {"1", 1}}, {"a.b", {"x", 1}}, {"ce_id", {"2", 1}}, {"CE_ID", {"3", 1}},
        {"a.b", {NULL, 0}},  {"", {"", 0}},
    };
    const struct header_list list = {headers, ARRAY_COUNT(headers)};
    const struct record rec = record_with(&list);
    assert_int_equal(named_headers_read(named, &rec, where, sizeof(where)), HEADERS_FINE);
    text_is(named, "ce_id", "2");
    text_is(named, "a.b", NULL);
    text_is(named, "none", NULL);
    text_is(named, "", "");
    /* The next record knows nothing of the one before. */
    const struct record bare = {.topic = "t"};
    assert_int_equal(named_headers_read(named, &bare, where, sizeof(where)), HEADERS_FINE);
    text_is(named, "ce_id", NULL);
    named_headers_free(named);
}

static void only_named_ones_must_be_text(void **state)
{
    struct named_headers *named = named_as(names, ARRAY_COUNT(names));
    char where[100] = "";
    struct header headers[] = {
        {"trace", {"\xff\xfe", 2}}, {"ce_id", {"\xc3", 1}}, {"ce_id", {"e", 1}}};
    const struct header_list list = {headers, ARRAY_COUNT(headers)};
    const struct record rec = record_with(&list);
    assert_int_equal(named_headers_read(named, &rec, where, sizeof(where)), HEADERS_FINE);
    text_is(named, "ce_id", "e");
    headers[2].value = slice_of("\xc3\xa4\x80", 3);
    assert_int_equal(named_headers_read(named, &rec, where, sizeof(where)), HEADERS_NOT_UTF8);
    assert_string_equal(where, "$header.ce_id");
    headers[2].value = slice_of("a\0b", 3); /* text, if an odd one: a rule's affair */
    assert_int_equal(named_headers_read(named, &rec, where, sizeof(where)), HEADERS_FINE);
    assert_int_equal(json_string_length(named_headers_find(named, slice_str("ce_id"))), 3);
    named_headers_free(named);
}

/* Who names none reads none, however many there are. */
static void limits_hold(void **state)
{
    struct header many[HEADERS_MAX + 1];
    char where[100] = "", texts[NAMED_HEADERS_MAX + 1][8];
    for (size_t i = 0; i <= HEADERS_MAX; i++) { many[i] = (struct header){"n", {"v", 1}}; }
    struct header_list list = {many, HEADERS_MAX + 1};
    const struct record rec = record_with(&list);
    struct named_headers *named = named_headers_new();
    const char *why = NULL;
    assert_int_equal(named_headers_read(named, &rec, where, sizeof(where)), HEADERS_FINE);
    for (size_t i = 0; i <= NAMED_HEADERS_MAX; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "%zu", i);
        assert_int_equal(named_headers_add(named, slice_str(texts[i]), &why),
                         i < NAMED_HEADERS_MAX ? 0 : -EINVAL);
    }
    assert_non_null(why);
    assert_int_equal(named_headers_read(named, &rec, where, sizeof(where)), HEADERS_TOO_LARGE);
    assert_string_equal(where, "");
    list.count--;
    assert_int_equal(named_headers_read(named, &rec, where, sizeof(where)), HEADERS_FINE);
    named_headers_free(named);
    assert_null(named_headers_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_counts_and_null_is_nothing),
        cmocka_unit_test(only_named_ones_must_be_text),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
