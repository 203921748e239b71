#include "base/base.h"
#include "base/buf.h"
#include "mapping/field_path.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>

static void refused_configuration(const char *pair, const char *part)
{
    struct rig rig;
    assert_int_equal(rig_init(&rig, &pair, 1, NULL), -EINVAL);
    if (!strstr(rig.why, part)) { fail_msg("%s: \"%s\" names no \"%s\"", pair, rig.why, part); }
    assert_null(rig.mapping);
    rig_clear(&rig);
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

static void maps_all_fields(void **state)
{
    struct rig rig;
    assert_int_equal(rig_init(&rig, NULL, 0, NULL), 0);
    accepts(&rig, "{\"event_id\":\"e-1\",\"user_id\":\"u\xc3\xa4\",\"item_id\":17,"
                  "\"action\":\"LIKE\","
                  "\"weight\":2.5,\"event_time_ms\":1795424399000,\"sequence\":9,\"more\":[{}]}");
    assert_text(rig.ev.event_id, "e-1");
    assert_text(rig.ev.user_id, "u\xc3\xa4");
    assert_text(rig.ev.item_id, "17");
    assert_int_equal(rig.ev.action, ACTION_LIKE);
    assert_true(rig.ev.weight == 2.5);
    assert_int_equal(rig.ev.event_time_ms, 1795424399000);
    assert_int_equal(rig.ev.sequence, 9);
    assert_int_equal(rig.ev.received_ms, RIG_TIME_MS);
    assert_int_equal(mapping_ids_made(rig.mapping), 0);
    rig_clear(&rig);
}

static void completes_what_is_missing(void **state)
{
    struct rig rig;
    assert_int_equal(rig_init(&rig, NULL, 0, NULL), 0);
    accepts(&rig, "{\"user_id\":-9223372036854775808,\"item_id\":9223372036854775807,"
                  "\"action\":\"PURCHASE\",\"event_time_ms\":1795424399000}");
    assert_text(rig.ev.event_id, "clicks-3-000000000042");
    assert_text(rig.ev.user_id, "-9223372036854775808");
    assert_text(rig.ev.item_id, "9223372036854775807");
    assert_true(rig.ev.weight == 1.0);
    assert_int_equal(rig.ev.sequence, 42);
    assert_int_equal(mapping_ids_made(rig.mapping), 1);
    accepts(&rig, "{\"user_id\":1,\"item_id\":1,\"action\":\"VIEW\","
                  "\"event_time_ms\":1795424399000,"
                  "\"sequence\":7}");
    assert_int_equal(rig.ev.sequence, 7);
    accepts(&rig, "{\"user_id\":1,\"item_id\":1,\"action\":\"VIEW\","
                  "\"event_time_ms\":1795424399000,"
                  "\"event_id\":\"e\"}");
    assert_int_equal(rig.ev.sequence, 0);
    assert_int_equal(mapping_ids_made(rig.mapping), 2);
    rig_clear(&rig);
}

/* An id of the longest topic, partition and offset fits the contract. */
static void made_ids_fit(void **state)
{
    struct rig rig;
    assert_int_equal(rig_init(&rig, (const char *const[]){"id.bytes.max=1"}, 1, NULL), 0);
    char topic[MAPPING_TOPIC_BYTES_MAX + 1];
    memset(topic, 't', sizeof(topic));
    topic[MAPPING_TOPIC_BYTES_MAX] = '\0';
    struct record rec = {.topic = topic, .partition = INT32_MAX, .offset = INT64_MAX};
    rec.time_ms = -1;
    rec.value = slice_str("{\"user_id\":1,\"item_id\":2,\"action\":\"VIEW\",\"event_time_ms\":"
                          "1795424399000}");
    assert_int_equal(mapping_apply(rig.mapping, &rec, rig.arena, &rig.ev, &rig.refusal), 0);
    assert_true(rig.ev.event_id.size <= ID_BYTES_MAX);
    assert_memory_equal(rig.ev.event_id.data + MAPPING_TOPIC_BYTES_MAX,
                        "-2147483647-9223372036854775807", 31);
    assert_int_equal(rig.ev.received_ms, 0);
    rig_clear(&rig);
}

static void follows_the_configuration(void **state)
{
    static const char *const pairs[] = {
        "map.user=session.user.id", "map.item=items[1].sku",     "map.action=type",
        "map.time=[\"at.utc\"]",    "map.weight=items[1].count", "map.id=",
        "map.sequence=n",           "time.format=iso8601",       "action.buy=PURCHASE:5",
        "action.default=OTHER:0.1", "action.VIEW=refuse",
    };
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    accepts(&rig, "{\"session\":{\"user\":{\"id\":\"anna\"}},\"items\":[{},{\"sku\":\"s1\"}],"
                  "\"type\":\"buy\",\"at.utc\":\"2026-11-23T09:00:00+01:00\",\"event_id\":\"no\"}");
    assert_text(rig.ev.user_id, "anna");
    assert_text(rig.ev.item_id, "s1");
    assert_text(rig.ev.event_id, "clicks-3-000000000042");
    assert_int_equal(rig.ev.action, ACTION_PURCHASE);
    assert_true(rig.ev.weight == 5);
    assert_int_equal(rig.ev.event_time_ms, 1795420800000);
    accepts(&rig, "{\"session\":{\"user\":{\"id\":\"anna\"}},\"items\":[0,{\"sku\":1,\"count\":3}],"
                  "\"type\":\"VIEW\",\"at.utc\":\"2026-11-23T09:00:00Z\"}");
    assert_int_equal(rig.ev.action, ACTION_OTHER);
    assert_true(rig.ev.weight == 3);
    assert_string_equal(rig_apply(&rig, slice_str("{\"items\":[]}")), "missing_user");
    assert_string_equal(rig.refusal.detail,
                        "session.user.id: send the field or point map.user at it");
    rig_clear(&rig);
}

static void constants_stand_for_fields(void **state)
{
    static const char *const pairs[] = {"map.action==RATING", "map.weight==0.5", "map.time==1000",
                                        "map.user==42",       "map.sequence==3", "time.format=s",
                                        "time.earliest=0"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    accepts(&rig, "{\"item_id\":\"i\",\"action\":\"?\"}");
    assert_text(rig.ev.user_id, "42");
    assert_int_equal(rig.ev.action, ACTION_RATING);
    assert_true(rig.ev.weight == 0.5);
    assert_int_equal(rig.ev.event_time_ms, 1000000);
    assert_int_equal(rig.ev.sequence, 3);
    rig_clear(&rig);
}

static void refuses_bad_configuration(void **state)
{
    refused_configuration("map.user=", "map.user=: ");
    refused_configuration("map.time=", "map.time");
    refused_configuration("map.user=a..b", "user.id, items[2].sku");
    refused_configuration("map.user==1.5", "a text or an integer");
    refused_configuration("map.weight==heavy", "a number");
    refused_configuration("map.sequence==1.5", "an integer");
    refused_configuration("map.time==yesterday", "time.format");
    refused_configuration("map.time==999999999999999", "time.format");
    refused_configuration("map.id==e1", "repeat of the first");
    refused_configuration("map.action==SMILE", "action.");
    refused_configuration("action.buy=BUY", "action.buy=BUY");
    refused_configuration("action.default=", "action.default");
}

/* Nothing of a refused record reaches the event; the next one is mapped as if alone. */
static void records_do_not_touch_each_other(void **state)
{
    struct rig rig;
    assert_int_equal(rig_init(&rig, NULL, 0, NULL), 0);
    struct user_event before = {.sequence = 77};
    rig.ev = before;
    assert_string_equal(rig_apply(&rig, slice_str("{\"user_id\":1,")), "bad_json");
    assert_non_null(strstr(rig.refusal.detail, "byte "));
    assert_memory_equal(&rig.ev, &before, sizeof(before));
    assert_string_equal(rig_apply(&rig, slice_str("[]")), "not_an_object");
    assert_string_equal(rig.refusal.detail, "send one JSON object a record");
    accepts(&rig, "{\"user_id\":\"u\",\"item_id\":\"i\",\"action\":\"VIEW\",\"event_time_ms\":"
                  "1795424399000}");
    assert_int_equal(rig.ev.sequence, 42);
    rig_clear(&rig);
}

/* A detail is cut, never overrun, by the longest path. */
static void details_are_bounded(void **state)
{
    char pair[PATH_BYTES_MAX + 16] = "map.user=";
    memset(pair + 9, 'p', PATH_BYTES_MAX);
    const char *const pairs[] = {pair};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, 1, NULL), 0);
    assert_string_equal(rig_apply(&rig, slice_str("{}")), "missing_user");
    assert_true(strlen(rig.refusal.detail) < sizeof(rig.refusal.detail));
    assert_non_null(strstr(rig.refusal.detail, "map.user"));
    rig_clear(&rig);
}

/* ---- Avro ---- */

struct avro {
    struct schema_book *book;
    struct codec *codec;
    struct buf message;
    struct rig rig;
};

static void avro_init(struct avro *avro)
{
    *avro = (struct avro){.book = schema_book_new()};
    avro->codec = codec_new(&user_event_contract, avro->book);
    buf_init(&avro->message, 1 << 16);
    const char *const pairs[] = {"source.format=avro"};
    assert_int_equal(rig_init(&avro->rig, pairs, 1, avro->book), 0);
    struct user_event ev = {
        .event_id = slice_str("e-1"),
        .user_id = slice_str("u\"\\\xc3\xa4"),
        .item_id = slice_str("i-1"),
        .action = ACTION_CART,
        .weight = 0.1,
        .event_time_ms = RIG_TIME_MS - 5,
        .sequence = -3,
        .received_ms = 1,
    };
    assert_int_equal(codec_encode(avro->codec, &ev, &avro->message), 0);
}

static void avro_clear(struct avro *avro)
{
    rig_clear(&avro->rig);
    buf_release(&avro->message);
    codec_free(avro->codec);
    schema_book_free(avro->book);
}

static void avro_user_event_needs_no_mapping(void **state)
{
    struct avro avro;
    avro_init(&avro);
    assert_null(rig_apply(&avro.rig, buf_slice(&avro.message)));
    const struct user_event *ev = &avro.rig.ev;
    assert_text(ev->event_id, "e-1");
    assert_text(ev->user_id, "u\"\\\xc3\xa4");
    assert_text(ev->item_id, "i-1");
    assert_int_equal(ev->action, ACTION_CART);
    assert_true(ev->weight == 0.1);
    assert_int_equal(ev->event_time_ms, RIG_TIME_MS - 5);
    assert_int_equal(ev->sequence, -3);
    assert_int_equal(ev->received_ms, RIG_TIME_MS);
    avro_clear(&avro);
}

static void avro_faults_name_the_codecs_reason(void **state)
{
    struct avro avro;
    avro_init(&avro);
    struct slice whole = buf_slice(&avro.message);
    char bytes[256];
    assert_true(whole.size < sizeof(bytes) - 1);
    for (size_t size = 10; size < whole.size; size++) {
        assert_string_equal(rig_apply(&avro.rig, slice_of(whole.data, size)), "truncated");
    }
    memcpy(bytes, whole.data, whole.size);
    bytes[whole.size] = 0;
    assert_string_equal(rig_apply(&avro.rig, slice_of(bytes, whole.size + 1)), "trailing_bytes");
    bytes[3] ^= 1;
    assert_string_equal(rig_apply(&avro.rig, slice_of(bytes, whole.size)), "unknown_fingerprint");
    assert_non_null(strstr(avro.rig.refusal.detail, "schemas.path"));
    bytes[3] ^= 1;
    bytes[10] = 1; /* the first string's length: -1 */
    assert_string_equal(rig_apply(&avro.rig, slice_of(bytes, whole.size)), "bad_length");
    assert_string_equal(rig_apply(&avro.rig, slice_str("{\"user_id\":1}")), "bad_magic");
    avro_clear(&avro);
}

/* A foreign schema: other names, a union, a nested record; the mapping is by path as in JSON. */
static void avro_of_a_foreign_schema(void **state)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"Click\",\"fields\":["
        "{\"name\":\"who\",\"type\":{\"type\":\"record\",\"name\":\"Who\",\"fields\":["
        "{\"name\":\"id\",\"type\":\"long\"}]}},"
        "{\"name\":\"sku\",\"type\":[\"null\",\"string\"]},"
        "{\"name\":\"stars\",\"type\":[\"null\",\"double\"]},"
        "{\"name\":\"at\",\"type\":\"int\"}]}";
    static const char *const pairs[] = {
        "source.format=avro", "map.user=who.id",     "map.item=sku", "map.weight=stars",
        "map.time=at",        "map.action==RATING", "time.format=s",
    };
    struct schema_book *book = schema_book_new();
    struct codec_error error;
    uint64_t fingerprint;
    assert_int_equal(schema_book_add(book, schema, &error), 0);
    assert_int_equal(schema_fingerprint(schema, &fingerprint), 0);
    char message[64] = {(char)0xc3, 1};
    memcpy(message + 2, &fingerprint, sizeof(fingerprint));
    /* who.id 7; sku branch 1 "ab"; stars branch 0; at 1700000000 */
    static const char body[] = "\x0e\x02\x04"
                               "ab\x00\x80\xc4\x9f\xd5\x0c";
    memcpy(message + 10, body, sizeof(body) - 1);
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), book), 0);
    const char *reason = rig_apply(&rig, slice_of(message, 10 + sizeof(body) - 1));
    if (reason) { fail_msg("%s: %s", reason, rig.refusal.detail); }
    assert_text(rig.ev.user_id, "7");
    assert_text(rig.ev.item_id, "ab");
    assert_true(rig.ev.weight == 1.0);
    assert_int_equal(rig.ev.event_time_ms, 1700000000000);
    message[11] = 0; /* sku branch 0: the rest is then read as other fields */
    assert_non_null(rig_apply(&rig, slice_of(message, 10 + sizeof(body) - 1)));
    rig_clear(&rig);
    schema_book_free(book);
}

/* A double that is none is refused, not taken for absent. */
static void avro_weight_that_is_no_number(void **state)
{
    struct avro avro;
    avro_init(&avro);
    char bytes[256];
    struct slice whole = buf_slice(&avro.message);
    memcpy(bytes, whole.data, whole.size);
    static const double weight = 0.1, bad[] = {NAN, INFINITY, -INFINITY};
    char *at = memmem(bytes, whole.size, &weight, sizeof(weight));
    assert_non_null(at);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        memcpy(at, &bad[i], sizeof(bad[i]));
        const char *reason = rig_apply(&avro.rig, slice_of(bytes, whole.size));
        assert_non_null(reason);
        assert_string_equal(reason, "weight_not_finite");
    }
    avro_clear(&avro);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_all_fields),
        cmocka_unit_test(completes_what_is_missing),
        cmocka_unit_test(made_ids_fit),
        cmocka_unit_test(follows_the_configuration),
        cmocka_unit_test(constants_stand_for_fields),
        cmocka_unit_test(refuses_bad_configuration),
        cmocka_unit_test(records_do_not_touch_each_other),
        cmocka_unit_test(details_are_bounded),
        cmocka_unit_test(avro_user_event_needs_no_mapping),
        cmocka_unit_test(avro_faults_name_the_codecs_reason),
        cmocka_unit_test(avro_of_a_foreign_schema),
        cmocka_unit_test(avro_weight_that_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
