#include "base/base.h"
#include "base/buf.h"
#include "ingest/mapping/field_path.h"
#include "stream/avro/schema.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>

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
    assert_null(rig_map(&rig, &rec));
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

/* Nothing of a refused record reaches the event; the next one is mapped as if alone. */
static void records_do_not_touch_each_other(void **state)
{
    struct rig rig;
    assert_int_equal(rig_init(&rig, NULL, 0, NULL), 0);
    struct user_event before = {.sequence = 77};
    rig.ev = before;
    assert_string_equal(rig_apply(&rig, slice_str("{\"user_id\":1,")), "bad_json");
    for (size_t size = 1; size < 5; size++) { /* too short for the frame of a registry */
        assert_string_equal(rig_apply(&rig, slice_of("\0\0\0\0", size)), "bad_json");
    }
    assert_string_equal(rig_apply(&rig, slice_of("\3\0", 2)), "bad_json");
    assert_non_null(strstr(rig.refusal.detail, "byte "));
    assert_memory_equal(&rig.ev, &before, sizeof(before));
    assert_string_equal(rig_apply(&rig, slice_str("[7]")), "not_an_object");
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

/* ---- Several of one record ---- */

static const struct user_event *event_at(const struct rig *rig, size_t index)
{
    assert_true(index < rig->outcome.count);
    return rig->outcome.at[index].object;
}

static void an_array_becomes_events(void **state)
{
    static const char *const pairs[] = {"map.item=lines[*].sku|sku", "map.weight=lines[*].n|n",
                                        "map.user=buyer"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    accepts(&rig, "{\"buyer\":\"u\",\"action\":\"PURCHASE\",\"event_time_ms\":1795424399000,"
                  "\"event_id\":\"o1\",\"lines\":[{\"sku\":\"a\",\"n\":2},{\"sku\":7}]}");
    assert_int_equal(rig.outcome.count, 2);
    assert_text(event_at(&rig, 0)->item_id, "a");
    assert_text(event_at(&rig, 0)->event_id, "o1#000");
    assert_true(event_at(&rig, 0)->weight == 2);
    assert_text(event_at(&rig, 1)->item_id, "7");
    assert_text(event_at(&rig, 1)->event_id, "o1#001");
    assert_true(event_at(&rig, 1)->weight == 1);
    assert_text(rig.outcome.at[1].key, "u");

    /* Without an id: the origin's, and the same order. */
    accepts(&rig, "{\"buyer\":\"u\",\"action\":\"PURCHASE\",\"event_time_ms\":1795424399000,"
                  "\"lines\":[{\"sku\":\"a\"},{\"sku\":\"b\"}]}");
    assert_text(event_at(&rig, 1)->event_id, "clicks-3-000000000042#001");
    assert_int_equal(event_at(&rig, 1)->sequence, 43);
    assert_int_equal(mapping_ids_made(rig.mapping), 2);

    /* No array, or an empty one: one event, by the other path. */
    accepts(&rig, "{\"buyer\":\"u\",\"action\":\"VIEW\",\"event_time_ms\":1795424399000,"
                  "\"event_id\":\"o2\",\"sku\":\"x\",\"lines\":[]}");
    assert_int_equal(rig.outcome.count, 1);
    assert_text(rig.ev.event_id, "o2");
    assert_text(rig.ev.item_id, "x");
    rig_clear(&rig);
}

/* One bad element refuses them all: a dead letter holds the whole record. */
static void elements_are_all_or_none(void **state)
{
    static const char *const pairs[] = {"map.item=lines[*].sku", "map.action=lines[*].do",
                                        "map.id=lines[*].id", "action.look=ignore"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
#define HEAD "{\"user_id\":1,\"event_time_ms\":1795424399000,\"lines\":["
    const char *reason = rig_apply(
        &rig, slice_str(HEAD "{\"sku\":1,\"do\":\"VIEW\"},{\"sku\":[],\"do\":\"VIEW\"}]}"));
    assert_string_equal(reason, "wrong_type");
    assert_int_equal(mapping_ids_made(rig.mapping), 0);
    /* Ignored ones need nothing else, and ids of their own stay as they are. */
    accepts(&rig, HEAD "{\"do\":\"look\"},{\"sku\":2,\"do\":\"CART\",\"id\":\"e9\"}]}");
    assert_int_equal(rig.outcome.count, 1);
    assert_text(rig.ev.event_id, "e9");
    accepts(&rig, HEAD "{\"do\":\"look\"}]}");
    assert_int_equal(rig.outcome.count, 0);
    assert_string_equal(rig_apply(&rig, slice_str(HEAD "null]}")), "missing_item");
#undef HEAD
    rig_clear(&rig);
}

/* ---- Catalogue and profiles ---- */

static void a_change_becomes_an_item_or_a_tombstone(void **state)
{
    static const char *const pairs[] = {
        "becomes=Item",      "map.kind=op",         "kind.d=delete",
        "kind.t=ignore",     "map.item=after.sku|before.sku|$key.sku",
        "map.title=after.name", "map.tags=after.group,made=after.maker",
        "map.text=after.about", "map.vector=after.v", "map.available=after.stock",
        "map.created=after.at", "created.format=us"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    accepts(&rig, "{\"op\":\"u\",\"after\":{\"sku\":12,\"name\":\"Tea\",\"group\":[\"a\",\"b\"],"
                  "\"maker\":\"M\",\"about\":\"x\",\"v\":[0.5,1],\"stock\":0,"
                  "\"at\":1700000000123456}}");
    assert_int_equal(rig.outcome.target, TARGET_ITEM);
    assert_int_equal(rig.outcome.count, 1);
    const struct item *item = rig.outcome.at[0].object;
    assert_text(rig.outcome.at[0].key, "12");
    assert_text(item->item_id, "12");
    assert_text(item->title, "Tea");
    assert_int_equal(item->tags.count, 3);
    assert_text(item->tags.at[2], "made=M");
    assert_int_equal(item->vector.count, 2);
    assert_false(item->available);
    assert_int_equal(item->created_ms, 1700000000123);
    accepts(&rig, "{\"op\":\"d\",\"before\":{\"sku\":12},\"after\":null}");
    assert_text(rig.outcome.at[0].key, "12");
    assert_null(rig.outcome.at[0].object);
    accepts(&rig, "{\"op\":\"t\"}");
    assert_int_equal(rig.outcome.count, 0);
    /* Kafka's own tombstone: what it is about stands in the key. */
    assert_null(rig_apply_keyed(&rig, "{\"sku\":\"z\"}", (struct slice){0}));
    assert_text(rig.outcome.at[0].key, "z");
    assert_null(rig.outcome.at[0].object);
    assert_string_equal(rig_apply_keyed(&rig, "z", (struct slice){0}), "missing_item");
    assert_string_equal(rig_apply(&rig, (struct slice){0}), "missing_item");
    assert_string_equal(rig_apply(&rig, slice_of("", 0)), "empty");
    rig_clear(&rig);
}

static void a_record_becomes_a_profile(void **state)
{
    static const char *const pairs[] = {"becomes=UserProfile", "map.user=$key",
                                        "map.birth.year=born", "map.tags=likes"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    assert_null(rig_apply_keyed(&rig, "u1", slice_str("{\"born\":\"1985-02-03\",\"country\":"
                                                      "\"AT\",\"likes\":[\"tea\"]}")));
    const struct user_profile *profile = rig.outcome.at[0].object;
    assert_text(profile->user_id, "u1");
    assert_int_equal(profile->birth_year, 1985);
    assert_text(profile->country, "AT");
    assert_int_equal(profile->tags.count, 1);
    assert_null(rig_apply_keyed(&rig, "u1", (struct slice){0}));
    assert_text(rig.outcome.at[0].key, "u1");
    assert_null(rig.outcome.at[0].object);
    assert_string_equal(rig_apply_keyed(&rig, "\xff", slice_str("{}")), "missing_user");
    rig_clear(&rig);
}

static void some_texts_mean_nothing(void **state)
{
    static const char *const pairs[] = {"map.user=a|b", "absent.values=(not set),,null"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
#define REST "\"item_id\":1,\"action\":\"VIEW\",\"event_time_ms\":1795424399000}"
    accepts(&rig, "{\"a\":\"(not set)\",\"b\":\"u\"," REST);
    assert_text(rig.ev.user_id, "u");
    accepts(&rig, "{\"a\":\"\",\"b\":\"(not set)x\"," REST);
    assert_text(rig.ev.user_id, "(not set)x");
    assert_string_equal(rig_apply(&rig, slice_str("{\"a\":\"null\"," REST)), "missing_user");
#undef REST
    rig_clear(&rig);
}

static void key_and_timestamp_are_at_hand(void **state)
{
    static const char *const pairs[] = {"map.user=$key.user.id|$key", "map.time=$timestamp",
                                        "time.format=iso8601"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    static const char value[] = "{\"item_id\":1,\"action\":\"VIEW\"}";
    assert_null(rig_apply_keyed(&rig, "{\"user\":{\"id\":3}}", slice_str(value)));
    assert_text(rig.ev.user_id, "3");
    assert_int_equal(rig.ev.event_time_ms, RIG_TIME_MS);
    assert_null(rig_apply_keyed(&rig, "u-9", slice_str(value)));
    assert_text(rig.ev.user_id, "u-9");
    assert_string_equal(rig_apply(&rig, slice_str(value)), "missing_user");
    rig_clear(&rig);
}

static void headers_are_at_hand(void **state)
{
    static const char *const pairs[] = {
        "map.user=$header.ce_user|user", "map.id=$header.ce_id", "map.action=$header[\"ce_type\"]",
        "map.time=$header.ce_time",      "time.format=iso8601",  "map.weight=$header.w|w",
        "numbers.as.text=true",          "absent.values=-",      "map.kind=$header.content-type|=x",
        "kind.text/plain=ignore",        "map.sequence=",
    };
    static const char value[] = "{\"item_id\":\"i\",\"user\":\"v\",\"w\":3}";
    struct header headers[] = {
        {"ce_id", {"e0", 2}},
        {"ce_id", {"e1", 2}},
        {"ce_time", {"2026-11-23T08:59:58Z", 20}},
        {"ce_type", {"LIKE", 4}},
        {"ce_user", {"u\xc3\xa4", 3}},
        {"w", {"2.5", 3}},
        {"other", {"\xff", 1}},
    };
    enum { TIME = 2, USER = 4, WEIGHT, OTHER };
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
#define MAP() rig_apply_headed(&rig, headers, ARRAY_COUNT(headers), slice_str(value))
    assert_null(MAP());
    assert_text(rig.ev.event_id, "e1");
    assert_text(rig.ev.user_id, "u\xc3\xa4");
    assert_int_equal(rig.ev.event_time_ms, 1795424398000);
    assert_int_equal(rig.ev.action, ACTION_LIKE);
    assert_true(rig.ev.weight == 2.5);
    headers[USER].value = slice_of(NULL, 0);
    headers[WEIGHT].value = slice_str("-");
    assert_null(MAP());
    assert_text(rig.ev.user_id, "v");
    assert_true(rig.ev.weight == 3);
    headers[WEIGHT].value = slice_str("much");
    assert_string_equal(MAP(), "wrong_type");
    headers[WEIGHT].value = slice_str("1");
    headers[TIME].value = slice_str("noon");
    assert_string_equal(MAP(), "bad_time");
    headers[OTHER] = (struct header){"content-type", slice_str("text/plain")};
    assert_null(MAP());
    assert_int_equal(rig.outcome.count, 0);
    headers[USER].value = slice_str("\xff");
    assert_string_equal(MAP(), "header_not_utf8");
    assert_non_null(strstr(rig.refusal.detail, "$header.ce_user: "));
    assert_string_equal(rig_apply(&rig, slice_str(value)), "missing_action");
#undef MAP
    rig_clear(&rig);
}

/* A tombstone's id may be in a header, and tags may be. */
static void an_item_with_headers(void **state)
{
    static const char *const pairs[] = {"becomes=Item", "map.item=$header.ce_subject",
                                        "map.tags=$key,shop=$header.ce_source", "map.title=t"};
    const struct header headers[] = {{"ce_subject", {"i-1", 3}}, {"ce_source", {"/web", 4}}};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    assert_null(rig_apply_headed(&rig, headers, 2, slice_str("{\"t\":\"T\"}")));
    const struct item *item = rig.outcome.at[0].object;
    assert_text(item->item_id, "i-1");
    assert_int_equal(item->tags.count, 1);
    assert_text(item->tags.at[0], "shop=/web");
    assert_null(rig_apply_headed(&rig, headers, 2, (struct slice){0}));
    assert_null(rig.outcome.at[0].object);
    assert_text(rig.outcome.at[0].key, "i-1");
    rig_clear(&rig);
}

/* ---- Avro ---- */

struct avro {
    struct schema_cache *schemas;
    struct codec *codec;
    struct buf message;
    struct rig rig;
};

static void avro_init(struct avro *avro)
{
    *avro = (struct avro){.schemas = schema_cache_new()};
    avro->codec = codec_new(&user_event_contract, avro->schemas);
    buf_init(&avro->message, 1 << 16);
    const char *const pairs[] = {"source.format=avro"};
    assert_int_equal(rig_init(&avro->rig, pairs, 1, avro->schemas), 0);
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
    schema_cache_free(avro->schemas);
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
    struct schema_cache *schemas = schema_cache_new();
    struct codec_error error;
    uint64_t fingerprint;
    assert_int_equal(schema_cache_add(schemas, schema, &error), 0);
    assert_int_equal(schema_fingerprint(schema, &fingerprint), 0);
    char message[64] = {(char)0xc3, 1};
    memcpy(message + 2, &fingerprint, sizeof(fingerprint));
    /* who.id 7; sku branch 1 "ab"; stars branch 0; at 1700000000 */
    static const char body[] = "\x0e\x02\x04"
                               "ab\x00\x80\xc4\x9f\xd5\x0c";
    memcpy(message + 10, body, sizeof(body) - 1);
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), schemas), 0);
    const char *reason = rig_apply(&rig, slice_of(message, 10 + sizeof(body) - 1));
    if (reason) { fail_msg("%s: %s", reason, rig.refusal.detail); }
    assert_text(rig.ev.user_id, "7");
    assert_text(rig.ev.item_id, "ab");
    assert_true(rig.ev.weight == 1.0);
    assert_int_equal(rig.ev.event_time_ms, 1700000000000);
    message[11] = 0; /* sku branch 0: the rest is then read as other fields */
    assert_non_null(rig_apply(&rig, slice_of(message, 10 + sizeof(body) - 1)));
    rig_clear(&rig);
    schema_cache_free(schemas);
}

/* timestamp-micros, timestamp-millis and date say themselves what they count. */
static void avro_times_by_their_logical_type(void **state)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"Seen\",\"fields\":["
        "{\"name\":\"us\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"
        "{\"name\":\"ms\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":"
        "\"timestamp-millis\"}]},"
        "{\"name\":\"day\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}},"
        "{\"name\":\"n\",\"type\":\"long\"}]}";
    /* us 1700000000123456; ms branch 1, 1700000000123; day 19675 (2023-11-14); n 5 */
    static const char body[] = "\x80\x89\x81\x82\x83\x89\x85\x06\x02\xf6\xa1\xab\xfe\xf9\x62"
                               "\xb6\xb3\x02\x0a";
    static const struct {
        const char *path;
        int64_t ms;
    } samples[] = {{"map.time=us", 1700000000123},
                   {"map.time=ms", 1700000000123},
                   {"map.time=day", 1699920000000},
                   {"map.time=n", -1}};
    struct schema_cache *schemas = schema_cache_new();
    struct codec_error error;
    uint64_t fingerprint;
    assert_int_equal(schema_cache_add(schemas, schema, &error), 0);
    assert_int_equal(schema_fingerprint(schema, &fingerprint), 0);
    char message[64] = {(char)0xc3, 1};
    memcpy(message + 2, &fingerprint, sizeof(fingerprint));
    memcpy(message + 10, body, sizeof(body) - 1);
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        const char *const pairs[] = {"source.format=avro", "time.format=avro", "map.user==u",
                                     "map.item==i",        "map.action==VIEW", samples[i].path};
        struct rig rig;
        assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), schemas), 0);
        const char *reason = rig_apply(&rig, slice_of(message, 10 + sizeof(body) - 1));
        if (samples[i].ms < 0) {
            assert_string_equal(reason, "wrong_type");
        } else {
            if (reason) { fail_msg("%s: %s (%s)", samples[i].path, reason, rig.refusal.detail); }
            assert_int_equal(rig.ev.event_time_ms, samples[i].ms);
        }
        rig_clear(&rig);
    }
    schema_cache_free(schemas);
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
        cmocka_unit_test(records_do_not_touch_each_other),
        cmocka_unit_test(an_array_becomes_events),
        cmocka_unit_test(elements_are_all_or_none),
        cmocka_unit_test(a_change_becomes_an_item_or_a_tombstone),
        cmocka_unit_test(a_record_becomes_a_profile),
        cmocka_unit_test(some_texts_mean_nothing),
        cmocka_unit_test(key_and_timestamp_are_at_hand),
        cmocka_unit_test(headers_are_at_hand),
        cmocka_unit_test(an_item_with_headers),
        cmocka_unit_test(avro_times_by_their_logical_type),
        cmocka_unit_test(details_are_bounded),
        cmocka_unit_test(avro_user_event_needs_no_mapping),
        cmocka_unit_test(avro_faults_name_the_codecs_reason),
        cmocka_unit_test(avro_of_a_foreign_schema),
        cmocka_unit_test(avro_weight_that_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
