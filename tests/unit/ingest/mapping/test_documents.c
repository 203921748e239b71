#include "base/base.h"
#include "base/buf.h"
#include "ingest/mapping/documents.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>

/* Reads all documents of a text; their JSON with a | behind each, or "fault". */
static const char *read_all(const char *text, bool whole_arrays, bool *ret_many)
{
    static char told[512];
    static const struct json_rules how = {.values_max = JSON_VALUES_MAX};
    char where[100];
    struct slice one = slice_str(text);
    struct documents documents;
    size_t size = 0;
    told[0] = '\0';
    documents_init(&documents, &how, (struct slices){.at = &one, .count = 1}, whole_arrays);
    for (;;) {
        json_t *document;
        if (documents_next(&documents, &document, where, sizeof(where))) {
            (void)snprintf(told, sizeof(told), "fault");
            break;
        }
        if (!document) { break; }
        char *json = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY);
        size += (size_t)snprintf(told + size, sizeof(told) - size, "%s|", json);
        free(json);
    }
    *ret_many = documents.many;
    documents_release(&documents);
    return told;
}

static void assert_read(const char *text, const char *expected, bool expect_many)
{
    bool many;
    assert_string_equal(read_all(text, false, &many), expected);
    assert_int_equal(many, expect_many);
}

static void an_array_is_several_documents(void **state)
{
    bool many;
    assert_read("{\"a\":1}", "{\"a\":1}|", false);
    assert_read("[{\"a\":1},{\"a\":2}]", "{\"a\":1}|{\"a\":2}|", true);
    assert_read("[]", "", true);
    assert_read("[[1]]", "[1]|", true);
    assert_read("[{\"a\":1},null,{\"a\":2}]", "{\"a\":1}|{\"a\":2}|", true);
    assert_read("[null]", "", true);
    assert_read("[\"{\\\"a\\\":1}\",\"x\"]", "{\"a\":1}|\"x\"|", true);
    assert_read("[\"{broken\"]", "fault", true);
    assert_string_equal(read_all("[{\"a\":1}]", true, &many), "[{\"a\":1}]|");
    assert_false(many);
}

static void json_in_a_text_is_read(void **state)
{
    assert_read("\"{\\\"a\\\":1}\"", "{\"a\":1}|", false);
    assert_read("\"[1,2]\"", "1|2|", true);
    assert_read("\"\\\"{}\\\"\"", "{}|", false);
    assert_read("\"a text\"", "\"a text\"|", false);
    assert_read("\"{broken\"", "fault", false);
    assert_read("{\"a\":", "fault", false);
}

static void assert_text(struct slice text, const char *expected)
{
    if (!slice_equal(text, slice_str(expected))) {
        fail_msg("\"%.*s\", expected \"%s\"", SLICE_ARGS(text), expected);
    }
}

static void accepts(struct rig *rig, const char *value)
{
    const char *reason = rig_apply(rig, slice_str(value));
    if (reason) { fail_msg("%s: %s (%s)", value, reason, rig->refusal.detail); }
}

/* Several documents in one record: all or none, each with an id of its own. */
static void documents_are_all_or_none(void **state)
{
#define EVENT(item) "{\"user_id\":\"u\",\"item_id\":" item ",\"action\":\"VIEW\"," \
                    "\"event_time_ms\":1795424399000}"
    struct rig rig;
    assert_int_equal(rig_init(&rig, NULL, 0, NULL), 0);
    static const char *const several[] = {EVENT("1") "\n" EVENT("2"),
                                          "[" EVENT("1") "," EVENT("2") "]"};
    for (size_t i = 0; i < ARRAY_COUNT(several); i++) {
        accepts(&rig, several[i]);
        assert_int_equal(rig.outcome.count, 2);
        for (size_t k = 0; k < 2; k++) {
            const struct user_event *ev = rig.outcome.at[k].object;
            assert_text(ev->event_id,
                        k ? "clicks-3-000000000042#001" : "clicks-3-000000000042#000");
            assert_text(ev->item_id, k ? "2" : "1");
        }
    }
    accepts(&rig, "[]");
    assert_int_equal(rig.outcome.count, 0);
    assert_string_equal(rig_apply(&rig, slice_str(EVENT("1") "\n" EVENT("{}"))), "wrong_type");
    assert_string_equal(rig_apply(&rig, slice_str(EVENT("1") "\n{")), "bad_json");
    accepts(&rig, EVENT("1"));
    assert_text(rig.ev.event_id, "clicks-3-000000000042");
    rig_clear(&rig);
#undef EVENT
}

/* The limit of elements is that of the record, whatever they stand in. */
static void elements_of_all_documents_are_limited(void **state)
{
    static const char one[] = "{\"user_id\":1,\"item_id\":2,\"action\":\"VIEW\","
                              "\"event_time_ms\":1795424399000}\n";
    struct rig rig;
    struct buf text;
    buf_init(&text, 1 << 20);
    assert_int_equal(rig_init(&rig, NULL, 0, NULL), 0);
    for (size_t i = 0; i < MAPPING_ELEMENTS_MAX; i++) { buf_append(&text, one, strlen(one)); }
    assert_null(rig_apply(&rig, buf_slice(&text)));
    assert_int_equal(rig.outcome.count, MAPPING_ELEMENTS_MAX);
    buf_append(&text, one, strlen(one));
    assert_string_equal(rig_apply(&rig, buf_slice(&text)), "too_many_elements");
    buf_release(&text);
    rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_is_several_documents),
        cmocka_unit_test(json_in_a_text_is_read),
        cmocka_unit_test(documents_are_all_or_none),
        cmocka_unit_test(elements_of_all_documents_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
