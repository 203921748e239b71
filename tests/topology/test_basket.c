/* What one record of a source becomes downstream: the lines of a basket in their order, events of
 * two sources with the same ids, a user's deletion as a request to forget. */
#include "base/base.h"
#include "features/features.h"
#include "ingest/ingest.h"
#include "schemas/forget_request.h"
#include "schemas/user_history.h"
#include "tests/topology/feed.h"

#include <setjmp.h>
#include <cmocka.h>

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

/* A basket has one time: its lines reach the history in their order, whatever their ids hash to. */
static void a_basket_keeps_its_order(void **state)
{
    static const char *const pairs[] = {"map.item=lines[*].sku", "map.id=id",
                                        "map.action==PURCHASE", "time.format=s", NULL};
    enum { ORDERS = 10, LINES = 20 };
    struct rig rig;
    rig_init(&rig, 1);
    struct copy *ingest = rig_start(&rig, &ingest_worker, 0, pairs);
    rig_start(&rig, &features_worker, 1, NULL);
    for (int order = 0; order < ORDERS; order++) {
        char value[2000];
        size_t size = (size_t)snprintf(value, sizeof(value),
                                       "{\"user_id\":\"u\",\"id\":\"o%d\","
                                       "\"event_time_ms\":%" PRId64 ",\"lines\":[{\"sku\":null}",
                                       order, feed_from_ms / 1000 + order);
        for (int line = 0; line < LINES; line++) {
            size += (size_t)snprintf(value + size, sizeof(value) - size, ",{\"sku\":\"%d\"}",
                                     order * LINES + line);
        }
        (void)snprintf(value + size, sizeof(value) - size, "]}");
        feed_raw(&rig, "clicks", "k", value);
    }
    rig_until_quiet(&rig);
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), ORDERS * LINES);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 0);
    assert_true(metric_value(metrics_counter(ingest->metrics,
                                             "freshet_ingest_elements_skipped_total", "", "")) ==
                ORDERS);
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_history_contract, schemas);
    struct arena *arena = arena_new(1 << 16);
    struct user_history hist;
    struct record rec;
    assert_int_equal(memlog_newest(rig.log, "histories", slice_str("u"), &rec), 0);
    assert_int_equal(codec_decode(codec, rec.value, arena, &hist, NULL), 0);
    assert_true(hist.items.count >= LINES);
    for (size_t i = 0; i < hist.items.count; i++) {
        char expected[16];
        (void)snprintf(expected, sizeof(expected), "%zu",
                       (size_t)(ORDERS * LINES) - hist.items.count + i);
        assert_true(slice_equal(hist.items.at[i], slice_str(expected)));
    }
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
    rig_release(&rig);
}

/* Two sources may number their events alike; where they send the same ones, it is said. */
static void ids_of_sources_are_apart(void **state)
{
    static const char *const shared[] = {"false", "true"};
    for (size_t i = 0; i < ARRAY_COUNT(shared); i++) {
        char own[32];
        (void)snprintf(own, sizeof(own), "ids.shared=%s", shared[i]);
        const char *const pairs[] = {"sources=web,shop", "map.action==VIEW", "time.format=s", own,
                                     NULL};
        struct rig rig;
        rig_init(&rig, 1);
        memlog_topic(rig.log, "web", 1);
        memlog_topic(rig.log, "shop", 1);
        rig_start(&rig, &ingest_worker, 0, pairs);
        static const char value[] = "{\"event_id\":7,\"user_id\":1,\"item_id\":2,"
                                    "\"event_time_ms\":1700000000}";
        feed_raw(&rig, "web", "k", value);
        feed_raw(&rig, "shop", "k", value);
        rig_until_quiet(&rig);
        struct schema_cache *schemas = schema_cache_new();
        struct codec *codec = codec_new(&user_event_contract, schemas);
        struct arena *arena = arena_new(4096);
        struct slice first = event_at(&rig, codec, arena, 0).event_id;
        struct slice second = event_at(&rig, codec, arena, 1).event_id;
        assert_int_equal(slice_equal(first, second), i == 1);
        assert_true(i == 1 || slice_equal(first, slice_str("web/7")) ||
                    slice_equal(second, slice_str("web/7")));
        arena_free(arena);
        codec_free(codec);
        schema_cache_free(schemas);
        rig_release(&rig);
    }
}

/* A user who is deleted at the source is forgotten: a request in each partition of events, and a
 * tombstone in each of users. */
static void a_deleted_user_is_forgotten(void **state)
{
    static const char *const pairs[] = {"becomes=UserProfile", "map.user=id|$key.id",
                                        "map.kind=op",         "kind.d=forget",
                                        "tombstones=forget",   NULL};
    struct rig rig;
    rig_init(&rig, 3);
    struct copy *ingest = rig_start(&rig, &ingest_worker, 0, pairs);
    const int32_t partitions = 3;
    feed_raw(&rig, "clicks", "k", "{\"op\":\"c\",\"id\":\"u1\",\"country\":\"AT\"}");
    rig_until_quiet(&rig);
    assert_int_equal(memlog_count(rig.log, "users", MEMLOG_ALL), 1);
    feed_raw(&rig, "clicks", "k", "{\"op\":\"d\",\"id\":\"u1\"}");
    feed_raw(&rig, "clicks", "{\"id\":\"u2\"}", NULL);
    rig_until_quiet(&rig);
    assert_int_equal(memlog_count(rig.log, "users", MEMLOG_ALL), 1 + 2 * partitions);
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), 2 * partitions);
    assert_true(metric_value(metrics_counter(ingest->metrics,
                                             "freshet_ingest_forget_requests_total", "", "")) == 2);
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&forget_request_contract, schemas);
    struct arena *arena = arena_new(4096);
    for (int32_t p = 0; p < partitions; p++) {
        struct forget_request request;
        struct record rec;
        assert_int_equal(memlog_read(rig.log, "events", p, 0, &rec), 0);
        assert_int_equal(codec_decode(codec, rec.value, arena, &request, NULL), 0);
        assert_true(slice_equal(request.user_id, slice_str("u1")) ||
                    slice_equal(request.user_id, slice_str("u2")));
        assert_true(request.salt.size > 0 && request.request_id.size == 32);
        assert_int_equal(request.until_ms, feed_from_ms);
    }
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_basket_keeps_its_order),
        cmocka_unit_test(ids_of_sources_are_apart),
        cmocka_unit_test(a_deleted_user_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
