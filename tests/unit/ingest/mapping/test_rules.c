#include "base/base.h"
#include "base/buf.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>

/* Fields that make a record whole; a sample is made of its own and those that it does not spoil. */
#define USER "\"user_id\":\"u1\""
#define ITEM "\"item_id\":\"i1\""
#define ACTION "\"action\":\"VIEW\""
#define TIME "\"event_time_ms\":1795424400000"
#define WITH(fields) "{" USER "," ITEM "," ACTION "," TIME "," fields "}"

#define AN_ITEM(fields) "{" ITEM "," fields "}"
#define A_USER(fields) "{" USER "," fields "}"

#define ID_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID_256 ID_64 ID_64 ID_64 ID_64
#define BYTES(text) text, sizeof(text) - 1
#define OPEN_20 "[[[[[[[[[[[[[[[[[[[["
#define CLOSE_20 "]]]]]]]]]]]]]]]]]]]]"
#define OPEN_63 OPEN_20 OPEN_20 OPEN_20 "[[["
#define CLOSE_63 CLOSE_20 CLOSE_20 CLOSE_20 "]]]"

/* What breaks exactly this rule, and what comes as near as can be and passes. */
struct sample {
    const char *rule;
    const char *pair; /* configuration, semicolons between keys; may be NULL */
    const char *broken;
    size_t broken_size;
    const char *near_miss;
    size_t near_miss_size;
};

static const struct sample samples[] = {
    {"empty", NULL, BYTES(""), BYTES(WITH("\"x\":1"))},
    {"too_large", "source.record.bytes.max=100", BYTES(WITH("\"x\":\"01234567890123456\"")),
     BYTES(WITH("\"x\":\"0123456789012345\""))},
    {"not_utf8", NULL, BYTES(WITH("\"x\":\"\xc3\"")), BYTES(WITH("\"x\":\"\xc3\xa4\""))},
    {"not_utf8", NULL, BYTES(WITH("\"x\":\"\xed\xa0\x80\"")),
     BYTES(WITH("\"x\":\"\xee\x80\x80\""))},
    {"too_deep", NULL, BYTES(WITH("\"x\":[" OPEN_63 "1" CLOSE_63 "]")),
     BYTES(WITH("\"x\":" OPEN_63 "1" CLOSE_63))},
    {"duplicate_key", "json.strict=true", BYTES(WITH("\"x\":{\"a\":1,\"a\":1}")),
     BYTES(WITH("\"x\":{\"a\":1,\"b\":{\"a\":1}}"))},
    {"number_too_large", "json.strict=true", BYTES(WITH("\"x\":1e999")),
     BYTES(WITH("\"x\":1e308"))},
    {"number_too_large", "json.strict=true", BYTES(WITH("\"x\":9223372036854775808")),
     BYTES(WITH("\"x\":9223372036854775807"))},
    {"bad_json", NULL, BYTES(WITH("\"x\":1") "}"), BYTES(WITH("\"x\":1") " ")},
    {"bad_json", "json.strict=true", BYTES(WITH("\"x\":NaN")), BYTES(WITH("\"x\":null"))},
    {"bad_json", "json.strict=true", BYTES(WITH("\"x\":\"\\ud800\"")),
     BYTES(WITH("\"x\":\"\\ud83d\\ude00\""))},
    {"not_an_object", NULL, BYTES("[[" WITH("\"x\":1") "]]"), BYTES("[" WITH("\"x\":1") "]")},
    {"missing_kind", "map.kind=k", BYTES(WITH("\"x\":1")), BYTES(WITH("\"k\":1"))},
    {"refused_kind", "map.kind=k;kind.default=refuse;kind.a=take", BYTES(WITH("\"k\":\"b\"")),
     BYTES(WITH("\"k\":\"a\""))},
    {"refused_kind", "map.kind=k;kind.true=refuse", BYTES(WITH("\"k\":true")),
     BYTES(WITH("\"k\":false"))},
    {"flawed_value", NULL, BYTES("{\"user_id\":\"u\\ud83d\"," ITEM "," ACTION "," TIME "}"),
     BYTES(WITH("\"x\":\"u\\ud83d\""))},
    {"flawed_value", NULL, BYTES(WITH("\"user_id\":\"u2\"")),
     BYTES(WITH("\"user_id\":\"u1\",\"x\":1,\"x\":2"))},
    {"flawed_value", NULL, BYTES(WITH("\"weight\":1e999")), BYTES(WITH("\"x\":1e999"))},
    {"flawed_value", "map.weight=w.n", BYTES(WITH("\"w\":{\"n\":1},\"w\":{\"n\":2}")),
     BYTES(WITH("\"w\":{\"n\":1},\"w\":{\"n\":1}"))},
    {"weight_not_finite", NULL, BYTES(WITH("\"weight\":NaN")), BYTES(WITH("\"x\":NaN"))},
    {"missing_user", NULL, BYTES("{\"user_id\":NaN," ITEM "," ACTION "," TIME "}"),
     BYTES("{\"user_id\":\"NaN\"," ITEM "," ACTION "," TIME "}")},
    {"missing_user", NULL, BYTES("{" ITEM "," ACTION "," TIME "}"),
     BYTES("{\"user_id\":0," ITEM "," ACTION "," TIME "}")},
    {"missing_user", NULL, BYTES("{\"user_id\":null," ITEM "," ACTION "," TIME "}"),
     BYTES("{\"user_id\":\"null\"," ITEM "," ACTION "," TIME "}")},
    {"missing_item", NULL, BYTES("{" USER "," ACTION "," TIME "}"),
     BYTES("{" USER ",\"item_id\":-1," ACTION "," TIME "}")},
    {"missing_action", NULL, BYTES("{" USER "," ITEM "," TIME "}"),
     BYTES("{" USER "," ITEM "," ACTION "," TIME "}")},
    {"missing_time", NULL, BYTES("{" USER "," ITEM "," ACTION "}"),
     BYTES("{" USER "," ITEM "," ACTION "," TIME "}")},
    {"wrong_type", NULL, BYTES("{\"user_id\":1.5," ITEM "," ACTION "," TIME "}"),
     BYTES("{\"user_id\":1.0," ITEM "," ACTION "," TIME "}")},
    {"wrong_type", NULL, BYTES("{" USER ",\"item_id\":[\"i1\"]," ACTION "," TIME "}"),
     BYTES("{" USER ",\"item_id\":\"[i1]\"," ACTION "," TIME "}")},
    {"wrong_type", NULL,
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":\"1795424400000\"}"),
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":1795424400000.5}")},
    {"wrong_type", NULL, BYTES(WITH("\"weight\":\"1\"")), BYTES(WITH("\"weight\":1"))},
    {"wrong_type", NULL, BYTES(WITH("\"weight\":true")), BYTES(WITH("\"weight\":null"))},
    {"wrong_type", NULL, BYTES(WITH("\"sequence\":1.5")), BYTES(WITH("\"sequence\":-1"))},
    {"wrong_type", NULL, BYTES(WITH("\"event_id\":{}")), BYTES(WITH("\"event_id\":7"))},
    {"wrong_type", NULL, BYTES("{" USER "," ITEM ",\"action\":false," TIME "}"),
     BYTES("{" USER "," ITEM ",\"action\":\"view\"," TIME "}")},
    {"wrong_type", "time.format=iso8601", BYTES("{" USER "," ITEM "," ACTION "," TIME "}"),
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":\"2026-11-23T09:00:00Z\"}")},
    {"unknown_action", NULL, BYTES("{" USER "," ITEM ",\"action\":\"View\"," TIME "}"),
     BYTES("{" USER "," ITEM ",\"action\":\"VIEW\"," TIME "}")},
    {"bad_time", NULL, BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":253402300800000}"),
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":1.7e12}")},
    {"bad_time", "time.format=iso8601",
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":\"2026-02-29T09:00:00Z\"}"),
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":\"2024-02-29T09:00:00Z\"}")},
    {"empty_id", NULL, BYTES("{\"user_id\":\"\"," ITEM "," ACTION "," TIME "}"),
     BYTES("{\"user_id\":\" 0\"," ITEM "," ACTION "," TIME "}")},
    {"empty_id", NULL, BYTES("{" USER ",\"item_id\":\"\"," ACTION "," TIME "}"),
     BYTES("{" USER ",\"item_id\":\"0\"," ACTION "," TIME "}")},
    {"empty_id", NULL, BYTES(WITH("\"event_id\":\"\"")), BYTES(WITH("\"event_id\":null"))},
    {"id_too_long", NULL, BYTES("{\"user_id\":\"" ID_256 "x\"," ITEM "," ACTION "," TIME "}"),
     BYTES("{\"user_id\":\"" ID_256 "\"," ITEM "," ACTION "," TIME "}")},
    {"id_too_long", "id.bytes.max=3", BYTES("{" USER ",\"item_id\":1234," ACTION "," TIME "}"),
     BYTES("{" USER ",\"item_id\":123," ACTION "," TIME "}")},
    {"id_too_long", NULL, BYTES(WITH("\"event_id\":\"" ID_256 "x\"")),
     BYTES(WITH("\"event_id\":\"" ID_256 "\""))},
    {"id_control_characters", NULL,
     BYTES("{\"user_id\":\"u\\u0000\"," ITEM "," ACTION "," TIME "}"),
     BYTES("{\"user_id\":\"u\\u0020\"," ITEM "," ACTION "," TIME ",\"x\":\"\\u0000\"}")},
    {"id_control_characters", NULL, BYTES("{" USER ",\"item_id\":\"a\\nb\"," ACTION "," TIME "}"),
     BYTES("{" USER ",\"item_id\":\"a\\\\n\"," ACTION "," TIME "}")},
    {"id_control_characters", NULL, BYTES(WITH("\"event_id\":\"\x7f\"")),
     BYTES(WITH("\"event_id\":\"~\""))},
    {"id_control_characters", NULL, BYTES(WITH("\"event_id\":\"\xc2\x9f\"")),
     BYTES(WITH("\"event_id\":\"e\xc2\xa0\""))},
    {"time_out_of_range", NULL,
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":631151999999}"),
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":631152000000}")},
    {"time_out_of_range", NULL,
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":1795510800001}"),
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":1795510800000}")},
    {"time_out_of_range", "time.ahead.max=0",
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":1795424400001}"),
     BYTES("{" USER "," ITEM "," ACTION ",\"event_time_ms\":1795424400000}")},
    {"weight_not_finite", NULL, BYTES(WITH("\"weight\":\"NaN\"")), BYTES(WITH("\"weight\":0"))},
    {"weight_not_finite", NULL, BYTES(WITH("\"weight\":\"-Infinity\"")),
     BYTES(WITH("\"weight\":-0.0"))},
    {"negative_weight", NULL, BYTES(WITH("\"weight\":-1e-300")), BYTES(WITH("\"weight\":1e-300"))},
    {"bad_time", "becomes=Item", BYTES(AN_ITEM("\"created_ms\":253402300800000")),
     BYTES(AN_ITEM("\"created_ms\":0"))},
    {"bad_time", "becomes=Item;map.available.from=f", BYTES(AN_ITEM("\"f\":253402300800000")),
     BYTES(AN_ITEM("\"f\":253402300799999"))},
    {"bad_time", "becomes=Item;map.available.until=u:iso8601", BYTES(AN_ITEM("\"u\":\"soon\"")),
     BYTES(AN_ITEM("\"u\":\"9999-12-31T23:59:59Z\""))},
    {"wrong_type", "becomes=Item;map.available.until=u", BYTES(AN_ITEM("\"u\":true")),
     BYTES(AN_ITEM("\"u\":null"))},
    {"bad_year", "becomes=UserProfile", BYTES(A_USER("\"birth_year\":\"198\"")),
     BYTES(A_USER("\"birth_year\":\"1985-02-03\""))},
    {"bad_year", "becomes=UserProfile", BYTES(A_USER("\"birth_year\":10000")),
     BYTES(A_USER("\"birth_year\":0"))},
    {"missing_item", "becomes=Item", BYTES("{\"user_id\":1}"), BYTES(AN_ITEM("\"x\":1"))},
    {"missing_user", "becomes=UserProfile", BYTES("{\"item_id\":1}"), BYTES(A_USER("\"x\":1"))},
    {"empty_id", "becomes=Item", BYTES("{\"item_id\":\"\"}"), BYTES("{\"item_id\":\" 0\"}")},
    {"id_too_long", "becomes=UserProfile;id.bytes.max=2", BYTES("{\"user_id\":100}"),
     BYTES("{\"user_id\":99}")},
    {"wrong_type", "becomes=Item", BYTES(AN_ITEM("\"title\":[]")),
     BYTES(AN_ITEM("\"title\":7"))},
    {"wrong_type", "becomes=Item", BYTES(AN_ITEM("\"available\":{}")),
     BYTES(AN_ITEM("\"available\":\"no\""))},
    {"wrong_type", "becomes=Item", BYTES(AN_ITEM("\"vector\":[1,true]")),
     BYTES(AN_ITEM("\"vector\":[1,-0.5]"))},
    {"wrong_type", "becomes=Item;map.vectors=v", BYTES(AN_ITEM("\"v\":[1,2]")),
     BYTES(AN_ITEM("\"v\":{\"image\":[1,2],\"clip\":[0.5],\"none\":null}"))},
    {"wrong_type", "becomes=Item;map.vectors=v", BYTES(AN_ITEM("\"v\":{\"image\":[1,\"2\"]}")),
     BYTES(AN_ITEM("\"v\":{}"))},
    {"bad_vector", "becomes=Item;map.vectors=v", BYTES(AN_ITEM("\"v\":{\"given\":[1]}")),
     BYTES(AN_ITEM("\"v\":{\"given-2\":[1]}"))},
    {"bad_vector", "becomes=Item;map.vectors=v", BYTES(AN_ITEM("\"v\":{\"Image\":[1]}")),
     BYTES(AN_ITEM("\"v\":{\"image\":[1]}"))},
    {"bad_vector", "becomes=Item;map.vectors=v", BYTES(AN_ITEM("\"v\":{\"image\":[]}")),
     BYTES(AN_ITEM("\"v\":{\"image\":[0]}"))},
    {"too_many_vectors", "becomes=Item;map.vectors=v",
     BYTES(AN_ITEM("\"v\":{\"a\":[1],\"b\":[1],\"c\":[1],\"d\":[1],\"e\":[1],\"f\":[1],"
                   "\"g\":[1]}")),
     BYTES(AN_ITEM("\"v\":{\"a\":[1],\"b\":[1],\"c\":[1],\"d\":[1],\"e\":[1],\"f\":[1]}"))},
    {"number_out_of_range", "becomes=Item;map.price=p", BYTES(AN_ITEM("\"p\":-0.01")),
     BYTES(AN_ITEM("\"p\":0"))},
    {"number_out_of_range", "becomes=Item;map.price=p", BYTES(AN_ITEM("\"p\":\"Infinity\"")),
     BYTES(AN_ITEM("\"p\":1e15"))},
    {"number_out_of_range", "becomes=Item;map.stock=s", BYTES(AN_ITEM("\"s\":-1")),
     BYTES(AN_ITEM("\"s\":null"))},
    {"category_too_deep", "becomes=Item;map.category=c",
     BYTES(AN_ITEM("\"c\":\"1>2>3>4>5>6>7>8>9>10>11>12>13>14>15>16>17\"")),
     BYTES(AN_ITEM("\"c\":\"1>2>3>4>5>6>7>8>9>10>11>12>13>14>15>>16>\""))},
    {"wrong_type", "becomes=Item;map.category=c", BYTES(AN_ITEM("\"c\":[{}]")),
     BYTES(AN_ITEM("\"c\":[]"))},
    {"wrong_type", "becomes=Item;map.price=p", BYTES(AN_ITEM("\"p\":\"12\"")),
     BYTES(AN_ITEM("\"p\":12"))},
    {"vector_not_finite", "becomes=Item", BYTES(AN_ITEM("\"vector\":[1e39]")),
     BYTES(AN_ITEM("\"vector\":[1e38]"))},
    {"text_too_long", "becomes=Item",
     BYTES(AN_ITEM("\"title\":\"" ID_256 ID_256 ID_256 ID_256 "x\"")),
     BYTES(AN_ITEM("\"title\":\"" ID_256 ID_256 ID_256 ID_256 "\""))},
    {"text_too_long", "becomes=UserProfile", BYTES(A_USER("\"country\":\"" ID_256 "x\"")),
     BYTES(A_USER("\"country\":\"" ID_256 "\""))},
    {"tag_too_long", "becomes=Item",
     BYTES(AN_ITEM("\"tags\":[\"" ID_256 ID_256 ID_256 ID_256 "x\"]")),
     BYTES(AN_ITEM("\"tags\":[\"" ID_256 ID_256 ID_256 ID_256 "\"]"))},
    {"weight_too_large", NULL, BYTES(WITH("\"weight\":1000.0000001")),
     BYTES(WITH("\"weight\":1000"))},
    {"weight_too_large", "weight.max=0.5", BYTES(WITH("\"weight\":0.75")),
     BYTES(WITH("\"weight\":0.5"))},
};

static void check(const struct sample *sample, struct slice bytes, const char *expected)
{
    struct rig rig;
    char keys[512] = "";
    const char *pairs[8];
    size_t pairs_count = 0;
    if (sample->pair) { (void)snprintf(keys, sizeof(keys), "%s", sample->pair); }
    for (char *at = keys, *key; (key = strsep(&at, ";")) && *key;) { pairs[pairs_count++] = key; }
    assert_int_equal(rig_init(&rig, pairs, pairs_count, NULL), 0);
    const char *reason = rig_apply(&rig, bytes);
    if ((reason == NULL) != (expected == NULL) || (reason && strcmp(reason, expected) != 0)) {
        fail_msg("%.*s: %s (%s), expected %s", SLICE_ARGS(bytes), reason ? reason : "accepted",
                 reason ? rig.refusal.detail : "", expected ? expected : "accepted");
    }
    rig_clear(&rig);
}

static void each_sample_breaks_its_rule_only(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        const struct sample *sample = &samples[i];
        check(sample, slice_of(sample->broken, sample->broken_size), sample->rule);
        check(sample, slice_of(sample->near_miss, sample->near_miss_size), NULL);
    }
    check(&samples[0], (struct slice){0}, "empty");
}

static void bounds_of_size(void **state)
{
    static const struct sample sample = {.rule = "too_many_values"};
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_append(&text, BYTES("{" USER "," ITEM "," ACTION "," TIME ",\"x\":[1"));
    size_t commas = 4;
    while (commas + 3 < JSON_VALUES_MAX) {
        buf_append(&text, ",1", 2);
        commas++;
    }
    size_t size = text.size;
    buf_append(&text, "]}", 2);
    check(&sample, buf_slice(&text), NULL);
    text.size = size;
    buf_append(&text, ",1]}", 4);
    check(&sample, buf_slice(&text), "too_many_values");
    buf_release(&text);
}

/* A document with an array of so many elements. */
static void check_array(const char *pair, const char *head, const char *element, size_t count,
                        const char *expected)
{
    const struct sample sample = {.pair = pair};
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_printf(&text, "%s[", head);
    for (size_t i = 0; i < count; i++) { buf_printf(&text, "%s%s", i ? "," : "", element); }
    buf_printf(&text, "]}");
    check(&sample, buf_slice(&text), expected);
    buf_release(&text);
}

static void bounds_of_lists(void **state)
{
    static const char spread[] = "map.item=x[*]", event[] = "{" USER "," ACTION "," TIME ",\"x\":";
    check_array(spread, event, "\"i\"", MAPPING_ELEMENTS_MAX, NULL);
    check_array(spread, event, "\"i\"", MAPPING_ELEMENTS_MAX + 1, "too_many_elements");
    static const char tags[] = "{" ITEM ",\"tags\":", vector[] = "{" ITEM ",\"vector\":";
    check_array("becomes=Item", tags, "\"t\"", ITEM_TAGS_MAX, NULL);
    check_array("becomes=Item", tags, "\"t\"", ITEM_TAGS_MAX + 1, "too_many_tags");
    check_array("becomes=Item", vector, "1", ITEM_VECTOR_MAX, NULL);
    check_array("becomes=Item", vector, "1", ITEM_VECTOR_MAX + 1, "vector_too_long");
}

/* The codec's reasons are rules of their own; any other one is caught by the last. */
static void avro_reasons_pass_through(void **state)
{
    struct candidate candidate = {0};
    enum mapped field;
    assert_null(rules_check(STAGE_PAYLOAD, &candidate, &field));
    for (size_t i = 0; i < rules_count; i++) {
        if (rules[i].stage != STAGE_PAYLOAD) { continue; }
        candidate.payload_fault = rules[i].name;
        assert_ptr_equal(rules_check(STAGE_PAYLOAD, &candidate, &field), &rules[i]);
        assert_int_equal(field, MAPPED_COUNT);
    }
    candidate.payload_fault = "something_new";
    assert_string_equal(rules_check(STAGE_PAYLOAD, &candidate, &field)->name, "bad_avro");
}

static void bounds_of_headers(void **state)
{
    static const char *const pairs[] = {"map.id=$header.id"};
    struct header headers[HEADERS_MAX + 1];
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    for (size_t i = 0; i <= HEADERS_MAX; i++) { headers[i] = (struct header){"n", {"v", 1}}; }
    headers[0] = (struct header){"id", {"\xc3\xa4", 2}};
    const struct slice value = slice_str(WITH("\"x\":1"));
    assert_null(rig_apply_headed(&rig, headers, HEADERS_MAX, value));
    assert_string_equal(rig_apply_headed(&rig, headers, HEADERS_MAX + 1, value),
                        "headers_too_large");
    headers[0].value.size = 1;
    assert_string_equal(rig_apply_headed(&rig, headers, 1, value), "header_not_utf8");
    rig_clear(&rig);
}

static void the_table_is_in_order(void **state)
{
    for (size_t i = 0; i < rules_count; i++) {
        assert_true(i == 0 || rules[i - 1].stage <= rules[i].stage);
        assert_true(strlen(rules[i].hint) > 10);
        bool sampled = rules[i].stage == STAGE_PAYLOAD;
        static const char *const apart[] = {"too_many_values", "too_many_elements",
                                            "too_many_tags",   "vector_too_long",
                                            "headers_too_large", "header_not_utf8",
                                            "ambiguous_fingerprint", "missing_query"};
        for (size_t k = 0; k < ARRAY_COUNT(apart); k++) {
            sampled |= strcmp(rules[i].name, apart[k]) == 0;
        }
        for (size_t k = 0; k < ARRAY_COUNT(samples) && !sampled; k++) {
            sampled = strcmp(samples[k].rule, rules[i].name) == 0;
        }
        if (!sampled) { fail_msg("rule %s has no sample", rules[i].name); }
        for (size_t k = 0; k < i; k++) { assert_string_not_equal(rules[k].name, rules[i].name); }
    }
}

/* The first broken rule answers: what comes first in a record's way is said first. */
static void the_first_broken_rule_answers(void **state)
{
    static const struct sample plain = {0};
    check(&plain, slice_str("{}"), "missing_user");
    check(&plain, slice_str("{\"user_id\":1.5}"), "missing_item");
    check(&plain, slice_str("{\"user_id\":\"\",\"item_id\":{}," ACTION "," TIME "}"), "wrong_type");
    check(&plain, slice_str("{\"user_id\":\"\"," ITEM ",\"action\":\"?\"," TIME "}"),
          "unknown_action");
    check(&plain, slice_str("{\"user_id\":\"\"," ITEM "," ACTION ",\"event_time_ms\":1}"),
          "empty_id");
}

/* A record of a CreateTime topic may say that it is of 2099, and its event, too. */
static void nothing_is_later_than_the_present(void **state)
{
    enum { DAY_MS = 86400000 };
    const int64_t far_ms = INT64_C(4070908800000);
    struct rig rig;
    assert_int_equal(rig_init(&rig, NULL, 0, NULL), 0);
    static const struct {
        int64_t stamp_ms, time_ms, received_ms;
        const char *reason;
    } cases[] = {
        {4070908800000, 4070908800000, 0, "time_out_of_range"},
        {4070908800000, RIG_TIME_MS + DAY_MS + 1, 0, "time_out_of_range"},
        {4070908800000, RIG_TIME_MS + DAY_MS, RIG_TIME_MS, NULL},
        {RIG_TIME_MS + DAY_MS, RIG_TIME_MS, RIG_TIME_MS + DAY_MS, NULL},
        {RIG_TIME_MS - DAY_MS, RIG_TIME_MS + 1, 0, "time_out_of_range"},
        {RIG_TIME_MS - DAY_MS, RIG_TIME_MS, RIG_TIME_MS - DAY_MS, NULL},
    };
    mapping_set_now(rig.mapping, RIG_TIME_MS);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[200];
        (void)snprintf(text, sizeof(text), "{\"user_id\":1,\"item_id\":2,\"action\":\"VIEW\","
                       "\"event_time_ms\":%" PRId64 "}", cases[i].time_ms);
        const struct record rec = {
            .topic = "clicks", .time_ms = cases[i].stamp_ms, .value = slice_str(text)};
        const char *reason = rig_map(&rig, &rec);
        if (cases[i].reason) {
            assert_string_equal(reason, cases[i].reason);
        } else {
            assert_null(reason);
            assert_int_equal(rig.ev.received_ms, cases[i].received_ms);
        }
    }
    rig_clear(&rig);
    /* $timestamp is no way around. */
    static const char *const pairs[] = {"map.time=$timestamp"};
    assert_int_equal(rig_init(&rig, pairs, 1, NULL), 0);
    mapping_set_now(rig.mapping, RIG_TIME_MS);
    const struct record rec = {
        .topic = "clicks",
        .time_ms = far_ms,
        .value = slice_str("{\"user_id\":1,\"item_id\":2,\"action\":\"VIEW\"}")};
    assert_string_equal(rig_map(&rig, &rec), "time_out_of_range");
    rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sample_breaks_its_rule_only),
        cmocka_unit_test(bounds_of_size),
        cmocka_unit_test(bounds_of_lists),
        cmocka_unit_test(bounds_of_headers),
        cmocka_unit_test(avro_reasons_pass_through),
        cmocka_unit_test(the_table_is_in_order),
        cmocka_unit_test(the_first_broken_rule_answers),
        cmocka_unit_test(nothing_is_later_than_the_present),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
