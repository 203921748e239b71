#include "base/base.h"
#include "base/buf.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>

static void assert_text(struct slice text, const char *expected)
{
    assert_true(slice_equal(text, slice_str(expected)));
}

static void accepts(struct rig *rig, const char *value)
{
    const char *reason = rig_apply(rig, slice_str(value));
    if (reason) { fail_msg("%s: %s (%s)", value, reason, rig->refusal.detail); }
}

/* Which list an item was shown on or taken from, and what is taken back. */
static void origins_of_actions(void **state)
{
    static const char *const pairs[] = {
        "map.list=list",   "map.place=at", "map.rule=by", "map.value=price", "map.taken.back=of",
        "action.unlike=LIKE:back", "action.impression=EXPOSURE"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    accepts(&rig, "{\"user_id\":\"u\",\"item_id\":\"i\",\"action\":\"impression\","
                  "\"event_time_ms\":1795424399000,\"list\":\"main::0123456789abcdef\",\"at\":3,"
                  "\"by\":\"boost.new\",\"price\":9.5,\"of\":\"e7\"}");
    assert_int_equal(rig.ev.action, ACTION_EXPOSURE);
    assert_text(rig.ev.list_id, "main::0123456789abcdef");
    assert_text(rig.ev.rule, "boost.new");
    assert_int_equal(rig.ev.place, 3);
    assert_true(rig.ev.value == 9.5);
    assert_false(rig.ev.takes_back);
    assert_int_equal(rig.ev.taken_back_id.size, 0);
    accepts(&rig, "{\"user_id\":\"u\",\"item_id\":\"i\",\"action\":\"unlike\","
                  "\"event_time_ms\":1795424399000,\"of\":\"e7\",\"at\":-1}");
    assert_int_equal(rig.ev.action, ACTION_LIKE);
    assert_true(rig.ev.takes_back);
    assert_text(rig.ev.taken_back_id, "e7");
    assert_int_equal(rig.ev.place, 0);
    rig_clear(&rig);
}

/* A login names two users and no item. */
static void two_names_of_a_user(void **state)
{
    static const char *const pairs[] = {"map.user=user|anon", "map.anonymous=anon",
                                        "action.login=IDENTIFY"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    accepts(&rig, "{\"user\":\"u\",\"anon\":\"a\",\"action\":\"login\",\"item_id\":\"i\","
                  "\"event_time_ms\":1795424399000}");
    assert_int_equal(rig.ev.action, ACTION_IDENTIFY);
    assert_text(rig.ev.user_id, "a");
    assert_text(rig.ev.known_id, "u");
    assert_text(rig.ev.item_id, "");
    accepts(&rig, "{\"user\":\"u\",\"anon\":\"a\",\"action\":\"click\",\"item_id\":\"i\","
                  "\"event_time_ms\":1795424399000}");
    assert_text(rig.ev.user_id, "u");
    assert_int_equal(rig.ev.known_id.size, 0);
    static const char *const ignored[] = {
        "{\"anon\":\"a\",\"action\":\"login\",\"event_time_ms\":1795424399000}",
        "{\"user\":\"u\",\"action\":\"login\",\"event_time_ms\":1795424399000}",
        "{\"user\":\"u\",\"anon\":\"\",\"action\":\"login\",\"event_time_ms\":1795424399000}",
        "{\"user\":\"u\",\"anon\":\"Guest\",\"action\":\"login\",\"event_time_ms\":1795424399000}",
        "{\"user\":\"0\",\"anon\":\"a\",\"action\":\"login\",\"event_time_ms\":1795424399000}"};
    for (size_t i = 0; i < ARRAY_COUNT(ignored); i++) {
        assert_null(rig_apply(&rig, slice_str(ignored[i])));
        assert_int_equal(rig.outcome.count, 0);
    }
    const char *reason = rig_apply(
        &rig, slice_str("{\"user\":\"u\",\"anon\":[1],\"action\":\"login\","
                        "\"event_time_ms\":1795424399000}"));
    assert_string_equal(reason, "wrong_type");
    rig_clear(&rig);
}

static void the_other_name_must_be_mapped(void **state)
{
    static const char *const pairs[] = {"action.login=IDENTIFY"};
    static const char *const back[] = {"map.anonymous=anon", "action.login=IDENTIFY:back"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), -EINVAL);
    assert_non_null(strstr(rig.why, "map.anonymous"));
    rig_clear(&rig);
    assert_int_equal(rig_init(&rig, back, ARRAY_COUNT(back), NULL), -EINVAL);
    rig_clear(&rig);
}

/* A search has a text and no item; of a long one the beginning counts, by whole characters. */
static void what_was_searched_for(void **state)
{
    static const char *const pairs[] = {"map.query=q", "action.find=SEARCH",
                                        "action.unfind=SEARCH:back"};
    char text[600], record[800];
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    accepts(&rig, "{\"user_id\":\"u\",\"action\":\"find\",\"q\":\" space opera \","
                  "\"item_id\":\"i\",\"event_time_ms\":1795424399000}");
    assert_int_equal(rig.ev.action, ACTION_SEARCH);
    assert_text(rig.ev.query, "space opera");
    assert_text(rig.ev.item_id, "");
    accepts(&rig, "{\"user_id\":\"u\",\"action\":\"click\",\"q\":\"sea\",\"item_id\":\"i\","
                  "\"event_time_ms\":1795424399000}");
    assert_int_equal(rig.ev.query.size, 0);
    accepts(&rig, "{\"user_id\":\"u\",\"action\":\"unfind\",\"q\":\"sea\","
                  "\"event_time_ms\":1795424399000}");
    assert_true(rig.ev.takes_back);
    memset(text, 'x', sizeof(text));
    memcpy(text + QUERY_BYTES_MAX - 1, "\xc3\xa9", 2);
    text[sizeof(text) - 1] = '\0';
    (void)snprintf(record, sizeof(record),
                   "{\"user_id\":\"u\",\"action\":\"find\",\"q\":\"%s\","
                   "\"event_time_ms\":1795424399000}", text);
    accepts(&rig, record);
    assert_int_equal(rig.ev.query.size, QUERY_BYTES_MAX - 1);
    static const char *const refused[][2] = {
        {"missing_query", "\"action\":\"find\""},
        {"missing_query", "\"action\":\"find\",\"q\":\"\""},
        {"missing_query", "\"action\":\"find\",\"q\":\"  \""},
        {"wrong_type", "\"action\":\"find\",\"q\":[\"sea\"]"},
        {"unknown_action", "\"action\":\"search\",\"item_id\":\"i\",\"q\":\"sea\""}};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        (void)snprintf(record, sizeof(record),
                       "{\"user_id\":\"u\",\"event_time_ms\":1795424399000,%s}", refused[i][1]);
        assert_string_equal(rig_apply(&rig, slice_str(record)), refused[i][0]);
    }
    rig_clear(&rig);
    assert_int_equal(rig_init(&rig, pairs + 1, 1, NULL), -EINVAL);
    assert_non_null(strstr(rig.why, "map.query"));
    rig_clear(&rig);
}

/* Of an array, a search is no element without an id. */
static void searches_in_arrays(void **state)
{
    static const char *const pairs[] = {"map.item=a[*].id", "map.action=a[*].do",
                                        "map.query=a[*].q", "action.find=SEARCH"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    assert_null(rig_apply(
        &rig, slice_str("{\"user_id\":\"u\",\"event_time_ms\":1795424399000,\"a\":["
                        "{\"do\":\"find\",\"q\":\"sea\"},{\"do\":\"click\",\"id\":\"i\"},"
                        "{\"do\":\"click\"}]}")));
    assert_int_equal(rig.outcome.count, 2);
    rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins_of_actions),
        cmocka_unit_test(two_names_of_a_user),
        cmocka_unit_test(the_other_name_must_be_mapped),
        cmocka_unit_test(what_was_searched_for),
        cmocka_unit_test(searches_in_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
