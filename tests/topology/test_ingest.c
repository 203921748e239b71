/* ingest on an in-process log: several sources, the topics that it does and does not need, dead
 * letters with and without bytes, redriven records. */
#include "base/base.h"
#include "ingest/ingest.h"
#include "schemas/item.h"
#include "schemas/redrive_mark.h"
#include "schemas/user_event.h"
#include "schemas/user_profile.h"
#include "stream/kafka/origin.h"
#include "tests/topology/feed.h"

#include <setjmp.h>
#include <cmocka.h>

static void header_is(struct rig *rig, int64_t offset, const char *name, const char *expected)
{
    struct slice value;
    int result = memlog_header(rig->log, "dead-letters", 0, offset, name, &value);
    if (!expected) {
        assert_int_equal(result, -ENOENT);
        return;
    }
    if (result || !slice_equal(value, slice_str(expected))) {
        fail_msg("%s is \"%.*s\", expected \"%s\"", name, result ? 0 : (int)value.size,
                 result ? "" : value.data, expected);
    }
}

static struct user_event event_at(struct rig *rig, struct codec *codec, struct arena *arena,
                                  int64_t offset)
{
    struct record rec;
    struct user_event ev;
    assert_int_equal(memlog_read(rig->log, "events", 0, offset, &rec), 0);
    assert_int_equal(codec_decode(codec, rec.value, arena, &ev, NULL), 0);
    assert_true(slice_equal(rec.key, ev.user_id));
    return ev;
}

static const char *const sources[] = {"sources=acts,goods,people",
                                      "topic.goods=shop.goods",
                                      "time.format=s",
                                      "map.action==VIEW",
                                      "source.goods.becomes=Item",
                                      "source.goods.map.item=id|$key",
                                      "source.goods.map.kind=op|=take",
                                      "source.goods.kind.gone=delete",
                                      "source.goods.kind.ping=ignore",
                                      "source.people.becomes=UserProfile",
                                      "source.people.map.user=$key",
                                      NULL};

static void each_source_has_its_mapping_and_topic(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    memlog_topic(rig.log, "acts", 2);
    memlog_topic(rig.log, "shop.goods", 3);
    memlog_topic(rig.log, "people", 1);
    struct copy *copy = rig_start(&rig, &ingest_worker, 0, sources);
    for (int i = 0; i < 20; i++) {
        char value[100], key[16];
        (void)snprintf(key, sizeof(key), "%d", i);
        (void)snprintf(value, sizeof(value),
                       "{\"user_id\":%d,\"item_id\":1,\"event_time_ms\":1700000000}", i);
        feed_raw(&rig, "acts", key, value);
        (void)snprintf(value, sizeof(value), "{\"id\":\"g%d\",\"title\":\"t\"}", i);
        feed_raw(&rig, "shop.goods", key, value);
    }
    feed_raw(&rig, "shop.goods", "g3", NULL);
    feed_raw(&rig, "shop.goods", "4", "{\"id\":\"g4\",\"op\":\"gone\"}");
    feed_raw(&rig, "shop.goods", "4", "{\"op\":\"ping\"}");
    feed_raw(&rig, "shop.goods", "5", "{\"title\":[]}");
    feed_raw(&rig, "people", "u1", "{\"country\":\"AT\"}");
    rig_until_quiet(&rig);
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), 20);
    assert_int_equal(memlog_count(rig.log, "items", MEMLOG_ALL), 22);
    assert_int_equal(memlog_count(rig.log, "users", MEMLOG_ALL), 1);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 1);
    header_is(&rig, 0, "origin.topic", "shop.goods");
    header_is(&rig, 0, "reason", "wrong_type");
    static const char *const gone[] = {"g3", "g4"};
    for (size_t i = 0; i < ARRAY_COUNT(gone); i++) {
        struct record rec;
        assert_int_equal(memlog_newest(rig.log, "items", slice_str(gone[i]), &rec), 0);
        assert_null(rec.value.data);
    }
    for (int32_t p = 0; p < 3; p++) {
        assert_int_equal(memlog_committed(rig.log, "freshet-ingest", "shop.goods", p),
                         memlog_end(rig.log, "shop.goods", p));
    }
    for (int32_t p = 0; p < 2; p++) {
        assert_int_equal(memlog_committed(rig.log, "freshet-ingest", "acts", p),
                         memlog_end(rig.log, "acts", p));
    }
    /* Another copy continues where this one stopped, with all sources. */
    rig_finish(copy);
    assert_true(rig_launch(&rig, copy));
    feed_raw(&rig, "acts", "1", "{\"user_id\":1,\"item_id\":2,\"event_time_ms\":1700000001}");
    rig_until_quiet(&rig);
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), 21);
    assert_int_equal(memlog_count(rig.log, "items", MEMLOG_ALL), 22);
    rig_release(&rig);
}

/* A topic that no source is mapped to need not exist; the others must. */
static void only_topics_of_use_are_needed(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    static const char *const profiles[] = {"becomes=UserProfile", "topic.users=nowhere", NULL};
    static const char *const round[] = {"sources=a", "topic.a=events", NULL};
    static const char *const events[] = {"topic.users=nowhere", NULL};
    rig_start(&rig, &ingest_worker, 0, events);
    struct copy *copies[2] = {&rig.copies[1], &rig.copies[2]};
    const char *const *pairs[] = {profiles, round};
    static const char *const whys[] = {"nowhere", "topic events is named twice"};
    for (size_t i = 0; i < 2; i++) {
        struct copy *copy = copies[i];
        *copy = (struct copy){.worker = &ingest_worker, .slot = (int)i + 1};
        copy->worker_settings = xcalloc(1, ingest_worker.settings_size);
        copy->state_path = xprintf("%s/%zu", rig.dir, i + 1);
        copy->state_pair = xprintf("state.dir=%s", copy->state_path);
        copy->pairs[copy->pairs_count++] = copy->state_pair;
        for (const char *const *at = pairs[i]; *at; at++) {
            copy->pairs[copy->pairs_count++] = *at;
        }
        rig.copies_count++;
        copy_fill(copy);
        assert_false(rig_launch(&rig, copy));
        assert_int_equal(copy->exit_code, EXIT_CONFIG);
        if (!strstr(copy->why, whys[i])) { fail_msg("no %s in: %s", whys[i], copy->why); }
    }
    rig_release(&rig);
}

/* A mapping that refuses every record is told of at the first one, with the path that fits, then
 * once a minute. */
static void refusals_are_told_in_the_log(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    static const char *const pairs[] = {"map.item=lines.sku", "map.action==VIEW", NULL};
    static const char order[] = "{\"user_id\":1,\"lines\":[{\"sku\":\"a\"}],"
                                "\"event_time_ms\":1700000000000}";
    rig_start(&rig, &ingest_worker, 0, pairs);
    for (int i = 0; i < 5; i++) { feed_raw(&rig, "clicks", "k", order); }
    rig_until_quiet(&rig);
    static const char *const parts[] = {"records refused reason=missing_item count=1 topic=clicks "
                                        "partition=0 offset=0 why=\"lines.sku: ",
                                        "did you mean lines[*].sku?"};
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        if (!strstr(rig.warned, parts[i])) { fail_msg("%s", rig.warned); }
    }
    rig.now_ms += 60000;
    feed_raw(&rig, "clicks", "k", order);
    rig_until_quiet(&rig);
    if (!strstr(rig.warned, "count=5 topic=clicks partition=0 offset=5")) {
        fail_msg("%s", rig.warned);
    }
    rig_release(&rig);
}

/* All guests are user 0: told at the first one, once. */
static void a_user_id_for_nobody_is_told(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    static const char *const pairs[] = {"map.action==VIEW", NULL};
    rig_start(&rig, &ingest_worker, 0, pairs);
    feed_raw(&rig, "clicks", "k", "{\"user_id\":7,\"item_id\":1,\"event_time_ms\":1700000000000}");
    rig_until_quiet(&rig);
    assert_null(strstr(rig.warned, "no user"));
    for (int i = 0; i < 3; i++) {
        feed_raw(&rig, "clicks", "k",
                 "{\"user_id\":0,\"item_id\":1,\"event_time_ms\":1700000000000}");
    }
    rig_until_quiet(&rig);
    const char *told = strstr(rig.warned, "a user id that may stand for no user topic=clicks "
                                          "partition=0 offset=1 user=0 hint=");
    if (!told || !strstr(told, "absent.values")) { fail_msg("%s", rig.warned); }
    assert_null(strstr(told + 1, "a user id that"));
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), 4);
    rig_release(&rig);
}

static void dead_letters_name_their_origin(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    static const char *const pairs[] = {"time.format=s", NULL};
    rig_start(&rig, &ingest_worker, 0, pairs);
    feed_raw(&rig, "clicks", "k", "{\"user_id\":1");
    rig_until_quiet(&rig);
    struct record rec;
    assert_int_equal(memlog_read(rig.log, "dead-letters", 0, 0, &rec), 0);
    assert_true(slice_equal(rec.key, slice_str("k")));
    assert_true(slice_equal(rec.value, slice_str("{\"user_id\":1")));
    header_is(&rig, 0, "reason", "bad_json");
    header_is(&rig, 0, "worker", "ingest");
    header_is(&rig, 0, "origin.topic", "clicks");
    header_is(&rig, 0, "origin.partition", "0");
    header_is(&rig, 0, "origin.offset", "0");
    header_is(&rig, 0, "origin.timestamp", "1700000000000");
    header_is(&rig, 0, "redriven", NULL);
    header_is(&rig, 0, "withheld", NULL);
    rig_release(&rig);
}

static void dead_letters_without_bytes(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    static const char *const pairs[] = {"dead.letters.bytes=drop", NULL};
    rig_start(&rig, &ingest_worker, 0, pairs);
    feed_raw(&rig, "clicks", "anna", "{\"user_id\":\"anna\"");
    rig_until_quiet(&rig);
    struct record rec;
    assert_int_equal(memlog_read(rig.log, "dead-letters", 0, 0, &rec), 0);
    assert_null(rec.key.data);
    assert_null(rec.value.data);
    header_is(&rig, 0, "withheld", "true");
    header_is(&rig, 0, "origin.offset", "0");
    rig_release(&rig);
}

/* Writes what `freshet redrive` writes for a record: its digest, in a transaction whose marker
 * comes after so many polls. */
static void mark(struct rig *rig, const struct message *message, int polls)
{
    const struct header_list list = {.at = message->headers, .count = message->headers_count};
    const struct record rec = {.topic = message->topic,
                               .key = message->key,
                               .value = message->value,
                               .headers = &listed_headers,
                               .message = &list};
    unsigned char bytes[ORIGIN_DIGEST_BYTES];
    struct digest *digest = digest_new();
    assert_true(origin_digest(digest, &rec, bytes));
    digest_free(digest);
    const struct redrive_mark redrive = {.digests = slice_of((const char *)bytes, sizeof(bytes))};
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&redrive_mark_contract, schemas);
    struct buf value;
    buf_init(&value, 1024);
    assert_int_equal(codec_encode(codec, &redrive, &value), 0);
    const struct message mark = {
        .topic = "redrives", .partition = 0, .key = slice_str("0"), .value = buf_slice(&value)};
    int64_t offset;
    const struct txn txn = {.messages = &mark, .messages_count = 1, .ret_offsets = &offset};
    struct wire *wire = memlog_wire(rig->log, NULL, NULL, "redrive");
    memlog_marker_delay(rig->log, polls);
    assert_int_equal(wire_txn_run(wire, &txn), 0);
    memlog_marker_delay(rig->log, 0);
    wire_close(wire);
    buf_release(&value);
    codec_free(codec);
    schema_cache_free(schemas);
}

/* A redriven record keeps its id, its time and the origin of its dead letter. */
static void a_redriven_record_keeps_its_origin(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    static const char *const pairs[] = {"time.format=s", NULL};
    rig_start(&rig, &ingest_worker, 0, pairs);
    static const char good[] = "{\"user_id\":1,\"item_id\":2,\"action\":\"VIEW\","
                               "\"event_time_ms\":1700000000}";
    feed_raw(&rig, "clicks", "1", good);
    struct wire *wire = memlog_wire(rig.log, NULL, NULL, NULL);
    const struct header headers[] = {
        {"origin.topic", slice_str("clicks")},     {"origin.partition", slice_str("3")},
        {"origin.offset", slice_str("77")},        {"origin.timestamp", slice_str("1700000005000")},
        {"redriven", slice_str("2")},
    };
    const char *const values[] = {good, "{}"};
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        const struct message message = {.topic = "clicks",
                                        .partition = 0,
                                        .time_ms = 1800000000000,
                                        .value = slice_str(values[i]),
                                        .headers = headers,
                                        .headers_count = ARRAY_COUNT(headers)};
        assert_int_equal(wire_produce(wire, &message, 1), 0);
        mark(&rig, &message, 0);
    }
    rig_until_quiet(&rig);
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_event_contract, schemas);
    struct arena *arena = arena_new(1024);
    struct user_event plain = event_at(&rig, codec, arena, 0);
    assert_true(slice_equal(plain.event_id, slice_str("clicks-0-000000000000")));
    struct user_event again = event_at(&rig, codec, arena, 1);
    assert_true(slice_equal(again.event_id, slice_str("clicks-3-000000000077")));
    assert_int_equal(again.sequence, 77);
    assert_int_equal(again.received_ms, 1700000005000);
    header_is(&rig, 0, "origin.partition", "3");
    header_is(&rig, 0, "origin.offset", "77");
    header_is(&rig, 0, "origin.timestamp", "1700000005000");
    header_is(&rig, 0, "redriven", "2");
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
    wire_close(wire);
    rig_release(&rig);
}

/* The record is there before its mark can be read: it waits, and is not taken for another one. */
static void a_redriven_record_waits_for_its_mark(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    static const char *const pairs[] = {"time.format=s", NULL};
    rig_start(&rig, &ingest_worker, 0, pairs);
    rig_until_quiet(&rig);
    const struct origin origin = {.topic = "clicks", .partition = 3, .offset = 77, .redriven = 1};
    struct origin_headers texts;
    struct header headers[ORIGIN_HEADERS];
    size_t count = origin_write(&origin, &texts, headers);
    const struct message message = {
        .topic = "clicks",
        .partition = 0,
        .time_ms = 1800000000000,
        .value = slice_str("{\"user_id\":1,\"item_id\":2,\"action\":\"VIEW\","
                           "\"event_time_ms\":1700000000}"),
        .headers = headers,
        .headers_count = count};
    struct wire *wire = memlog_wire(rig.log, NULL, NULL, NULL);
    mark(&rig, &message, 50);
    assert_int_equal(wire_produce(wire, &message, 1), 0);
    for (int i = 0; i < 10; i++) { rig_round(&rig, false); }
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), 0);
    assert_non_null(strstr(rig.warned, "redrives has not been read to its end"));
    rig_until_quiet(&rig);
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_event_contract, schemas);
    struct arena *arena = arena_new(1024);
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), 1);
    struct user_event ev = event_at(&rig, codec, arena, 0);
    assert_true(slice_equal(ev.event_id, slice_str("clicks-3-000000000077")));
    wire_close(wire);
    rig_release(&rig);
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
}

/* ---- Headers of the sender ---- */

/* A binary CloudEvent, with headers named like those of a dead letter. */
static const struct header senders[] = {
    {"ce_id", {"e-1", 3}},           {"ce_time", {"2023-11-14T22:13:20Z", 20}},
    {"ce_type", {"LIKE", 4}},        {"reason", {"theirs", 6}},
    {"truncated", {"theirs", 6}},    {"origin.topic", {"theirs", 6}},
    {"message", {NULL, 0}},          {"ce_id", {"e-2", 3}},
    {"content-type", {"\xff\0", 2}},
};

static const char *const binary[] = {
    "map.id=$header.ce_id", "map.action=$header.ce_type", "map.time=$header.ce_time",
    "time.format=iso8601",  "map.sequence=",              NULL};

static void send(struct rig *rig, struct slice value, const struct header *headers, size_t count,
                 bool marked)
{
    struct wire *wire = memlog_wire(rig->log, NULL, NULL, NULL);
    const struct message message = {.topic = "clicks",
                                    .partition = 0,
                                    .time_ms = feed_from_ms,
                                    .key = slice_str("k"),
                                    .value = value,
                                    .headers = headers,
                                    .headers_count = count};
    assert_int_equal(wire_produce(wire, &message, 1), 0);
    if (marked) { mark(rig, &message, 0); }
    wire_close(wire);
}

/* The dead letter begins with these headers, and its own follow directly. */
static void dead_letter_begins_with(struct rig *rig, int64_t offset, const struct header *headers,
                               size_t count)
{
    struct record rec;
    struct header header;
    assert_int_equal(memlog_read(rig->log, "dead-letters", 0, offset, &rec), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(record_header_at(&rec, i, &header), 0);
        assert_string_equal(header.name, headers[i].name);
        assert_true(slice_equal(header.value, headers[i].value));
        assert_true(!header.value.data == !headers[i].value.data);
    }
    assert_int_equal(record_header_at(&rec, count, &header), 0);
    assert_string_equal(header.name, HEADER_REASON);
    assert_int_equal(record_headers_before(&rec, HEADER_REASON), count);
}

static void headers_become_fields_or_stay_with_the_letter(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    rig_start(&rig, &ingest_worker, 0, binary);
    send(&rig, slice_str("{\"user_id\":1,\"item_id\":2}"), senders, ARRAY_COUNT(senders), false);
    send(&rig, slice_str("{\"user_id\":1"), senders, ARRAY_COUNT(senders), false);
    send(&rig, slice_str("{\"user_id\":1,\"item_id\":2}"), NULL, 0, false);
    rig_until_quiet(&rig);
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_event_contract, schemas);
    struct arena *arena = arena_new(1024);
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), 1);
    struct user_event ev = event_at(&rig, codec, arena, 0);
    assert_true(slice_equal(ev.event_id, slice_str("e-2")));
    assert_int_equal(ev.action, ACTION_LIKE);
    assert_int_equal(ev.event_time_ms, feed_from_ms);
    dead_letter_begins_with(&rig, 0, senders, ARRAY_COUNT(senders));
    header_is(&rig, 0, "reason", "bad_json");
    header_is(&rig, 0, "origin.topic", "clicks");
    header_is(&rig, 0, "truncated", "theirs");
    dead_letter_begins_with(&rig, 1, NULL, 0);
    header_is(&rig, 1, "reason", "missing_action");
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
    rig_release(&rig);
}

/* A redriven record has its sender's headers and, after them, its origin. The origin is not one of
 * the sender's headers, so it is neither counted nor kept twice. */
static void a_redriven_record_has_its_senders_headers(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    rig_start(&rig, &ingest_worker, 0, binary);
    struct header headers[HEADERS_MAX + ORIGIN_HEADERS];
    memcpy(headers, senders, sizeof(senders));
    for (size_t i = ARRAY_COUNT(senders); i < HEADERS_MAX; i++) {
        headers[i] = (struct header){"n", slice_str("v")};
    }
    const struct origin origin = {
        .topic = "clicks", .partition = 3, .offset = 77, .time_ms = 5000, .redriven = 1};
    struct origin_headers texts;
    size_t count = HEADERS_MAX + origin_write(&origin, &texts, headers + HEADERS_MAX);
    send(&rig, slice_str("{\"user_id\":1,\"item_id\":2}"), headers, count, true);
    send(&rig, slice_str("{}"), headers, count, true);
    rig_until_quiet(&rig);
    /* The event is of 2023, the record's timestamp of 1970. */
    for (int64_t letter = 0; letter < 2; letter++) {
        header_is(&rig, letter, "reason", letter ? "missing_user" : "time_out_of_range");
        dead_letter_begins_with(&rig, letter, headers, HEADERS_MAX);
        header_is(&rig, letter, "origin.offset", "77");
        header_is(&rig, letter, "redriven", "1");
        struct record rec;
        assert_int_equal(memlog_read(rig.log, "dead-letters", 0, letter, &rec), 0);
        assert_int_equal(record_headers_count(&rec), HEADERS_MAX + 3 + ORIGIN_HEADERS);
    }
    rig_release(&rig);
}

/* ---- Forged origins ---- */

/* What anybody may write who may write to the source topic. */
static const struct forged {
    const char *topic, *partition, *offset, *timestamp, *redriven;
} forged[] = {
    {"clicks", "0", "1", "4070908800000", "1"}, /* the next record's place; a time of 2099 */
    {"clicks", "3", "77", "4070908800000", "1"},
    {"generations", "0", "0", "0", "1"},
    {"\xff\xfe", "1", "1", "1", "1"},
    {"clicks", "-1", "x", "y", ""},
    /* Cut inside a character where ids cut a topic's name: 124 of two bytes. */
    {"ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé"
     "ééééééééééééééééééééééééééééééééé", "0", "5", "1", "1"},
};

static size_t forge(const struct forged *texts, struct header *headers)
{
    const struct header all[] = {
        {"origin.topic", slice_str(texts->topic)},
        {"origin.partition", slice_str(texts->partition)},
        {"origin.offset", slice_str(texts->offset)},
        {"origin.timestamp", slice_str(texts->timestamp)},
        {"redriven", slice_str(texts->redriven)},
    };
    memcpy(headers, all, sizeof(all));
    return ARRAY_COUNT(all);
}

/* Headers that a sender made up change nothing: each record has the id of its own place and its
 * Kafka timestamp, and its dead letter names that place and keeps the headers. */
static void made_up_origins_are_not_believed(void **state)
{
    static const char good[] = "{\"user_id\":1,\"item_id\":2,\"action\":\"VIEW\","
                               "\"event_time_ms\":1700000000}";
    static const char late[] = "{\"user_id\":1,\"item_id\":2,\"action\":\"VIEW\","
                               "\"event_time_ms\":4070908800}";
    static const char *const pairs[] = {"time.format=s", NULL};
    struct rig rig;
    rig_init(&rig, 1);
    rig_start(&rig, &ingest_worker, 0, pairs);
    struct header headers[ORIGIN_HEADERS];
    for (size_t i = 0; i < ARRAY_COUNT(forged); i++) {
        size_t count = forge(&forged[i], headers);
        send(&rig, slice_str(good), headers, count, false);
        send(&rig, slice_str(late), headers, count, false);
    }
    rig_until_quiet(&rig);
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_event_contract, schemas);
    struct arena *arena = arena_new(1024);
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), ARRAY_COUNT(forged));
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), ARRAY_COUNT(forged));
    for (size_t i = 0; i < ARRAY_COUNT(forged); i++) {
        struct user_event ev = event_at(&rig, codec, arena, (int64_t)i);
        char id[64], offset[16];
        (void)snprintf(id, sizeof(id), "clicks-0-%012zu", 2 * i);
        (void)snprintf(offset, sizeof(offset), "%zu", 2 * i + 1);
        assert_true(slice_equal(ev.event_id, slice_str(id)));
        assert_int_equal(ev.received_ms, feed_from_ms);
        size_t count = forge(&forged[i], headers);
        dead_letter_begins_with(&rig, (int64_t)i, headers, count);
        header_is(&rig, (int64_t)i, "reason", "time_out_of_range");
        header_is(&rig, (int64_t)i, "origin.topic", "clicks");
        header_is(&rig, (int64_t)i, "origin.offset", offset);
        header_is(&rig, (int64_t)i, "origin.timestamp", "1700000000000");
    }
    rig_release(&rig);
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
}

/* Headers that do not fit into a dead letter are left out whole, and it says so. */
static void dead_letters_of_too_many_headers(void **state)
{
    enum { LARGE = MEMLOG_MESSAGE_BYTES_MAX - 200 };
    struct rig rig;
    struct header many[HEADERS_MAX + 1];
    char *large = xcalloc(1, LARGE);
    rig_init(&rig, 1);
    rig_start(&rig, &ingest_worker, 0, binary);
    for (size_t i = 0; i <= HEADERS_MAX; i++) { many[i] = (struct header){"n", slice_str("v")}; }
    send(&rig, slice_str("{"), many, HEADERS_MAX + 1, false);
    many[0].value = slice_of(large, HEADERS_BYTES_MAX);
    send(&rig, slice_str("{"), many, 1, false);
    send(&rig, slice_of(large, LARGE), senders, 2, false); /* too many with its own */
    rig_until_quiet(&rig);
    static const char *const reasons[] = {"headers_too_large", "headers_too_large", "bad_json"};
    for (int64_t letter = 0; letter < 3; letter++) {
        struct record rec;
        dead_letter_begins_with(&rig, letter, NULL, 0);
        header_is(&rig, letter, "reason", reasons[letter]);
        header_is(&rig, letter, "truncated", "true");
        assert_int_equal(memlog_read(rig.log, "dead-letters", 0, letter, &rec), 0);
        assert_true(slice_equal(rec.key, slice_str("k")));
        assert_true(letter < 2 ? slice_equal(rec.value, slice_str("{")) : !rec.value.data);
    }
    free(large);
    rig_release(&rig);
}

static void dead_letters_without_bytes_have_no_headers(void **state)
{
    struct rig rig;
    rig_init(&rig, 1);
    static const char *const pairs[] = {"dead.letters.bytes=drop", NULL};
    rig_start(&rig, &ingest_worker, 0, pairs);
    send(&rig, slice_str("{"), senders, ARRAY_COUNT(senders), false);
    rig_until_quiet(&rig);
    dead_letter_begins_with(&rig, 0, NULL, 0);
    header_is(&rig, 0, "withheld", "true");
    header_is(&rig, 0, "truncated", NULL);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_source_has_its_mapping_and_topic),
        cmocka_unit_test(only_topics_of_use_are_needed),
        cmocka_unit_test(refusals_are_told_in_the_log),
        cmocka_unit_test(a_user_id_for_nobody_is_told),
        cmocka_unit_test(dead_letters_name_their_origin),
        cmocka_unit_test(dead_letters_without_bytes),
        cmocka_unit_test(a_redriven_record_keeps_its_origin),
        cmocka_unit_test(a_redriven_record_waits_for_its_mark),
        cmocka_unit_test(headers_become_fields_or_stay_with_the_letter),
        cmocka_unit_test(a_redriven_record_has_its_senders_headers),
        cmocka_unit_test(made_up_origins_are_not_believed),
        cmocka_unit_test(dead_letters_of_too_many_headers),
        cmocka_unit_test(dead_letters_without_bytes_have_no_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
