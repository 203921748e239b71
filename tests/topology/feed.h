/* Seeded events for the rig: few users and items, repeats, late arrivals. */
#ifndef FRESHET_TESTS_TOPOLOGY_FEED_H
#define FRESHET_TESTS_TOPOLOGY_FEED_H

#include "schemas/user_event.h"
#include "tests/topology/rig.h"

enum {
    FEED_USERS = 50,
    FEED_ITEMS = 40,
    FEED_EVENTS = 1500,
    FEED_STEP_MS = 600000,      /* from event to event: ten days in all */
    FEED_LATE_MS = 200 * FEED_STEP_MS,
};

static const int64_t feed_from_ms = 1700000000000;

/* Appends a source record as it comes, at feed_from_ms; value NULL: a tombstone. */
static inline void feed_raw(struct rig *rig, const char *topic, const char *key, const char *value)
{
    struct slice bytes = value ? slice_str(value) : (struct slice){0};
    memlog_append(rig->log, topic, PARTITION_BY_KEY, slice_str(key), bytes, feed_from_ms);
}

struct click {
    char id[16], user[16], item[16];
    int64_t time_ms;
};

/* The nth event of the sequence with this seed. About one in 20 is an exact duplicate of an earlier
 * one, one in 8 happened long before it arrived. */
static inline struct click feed_click(uint64_t seed, int n)
{
    uint64_t rng = seed * 1000003 + (uint64_t)n;
    for (int i = 0; i < 3; i++) {
        rng = (rng ^ (rng >> 31)) * 0x9e3779b97f4a7c15u;
        rng ^= rng >> 29;
    }
    if (n > 20 && rng % 20 == 0) { return feed_click(seed, n - 1 - (int)(rng / 20 % 20)); }
    struct click click;
    (void)snprintf(click.id, sizeof(click.id), "e%d", n);
    (void)snprintf(click.user, sizeof(click.user), "u%02d", (int)(rng / 20 % FEED_USERS));
    uint64_t one = rng / 1000 % FEED_ITEMS, other = rng / 40000 % FEED_ITEMS;
    (void)snprintf(click.item, sizeof(click.item), "i%02d", (int)MIN_OF(one, other));
    click.time_ms = feed_from_ms + (int64_t)n * FEED_STEP_MS;
    if (rng / 1600000 % 8 == 0) { click.time_ms -= (int64_t)(rng / 12800000 % FEED_LATE_MS); }
    return click;
}

static inline int64_t feed_time_ms(void)
{
    return feed_from_ms + (int64_t)FEED_EVENTS * FEED_STEP_MS;
}

/* Appends the events from..to-1 to `events`. */
static inline void feed_events(struct rig *rig, uint64_t seed, int from, int to)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_event_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    for (int n = from; n < to; n++) {
        const struct click click = feed_click(seed, n);
        const struct user_event ev = {.event_id = slice_str(click.id),
                                      .user_id = slice_str(click.user),
                                      .item_id = slice_str(click.item),
                                      .action = ACTION_CLICK,
                                      .weight = 1.0,
                                      .event_time_ms = click.time_ms};
        buf_clear(&out);
        assert(codec_encode(codec, &ev, &out) == 0);
        memlog_append(rig->log, "events", PARTITION_BY_KEY, ev.user_id, buf_slice(&out),
                      feed_time_ms());
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

/* Says that some users are others: a chain among them. */
static inline void feed_merges(struct rig *rig)
{
    static const char *const users[][2] = {{"u01", "u02"}, {"u03", "u04"}, {"u04", "u05"}};
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_event_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < ARRAY_COUNT(users); i++) {
        const struct user_event ev = {.event_id = slice_str(users[i][0]),
                                      .user_id = slice_str(users[i][0]),
                                      .action = ACTION_IDENTIFY,
                                      .event_time_ms = feed_time_ms(),
                                      .known_id = slice_str(users[i][1]),
                                      .receipt = i == 0};
        buf_clear(&out);
        assert(codec_encode(codec, &ev, &out) == 0);
        memlog_append(rig->log, "events", PARTITION_BY_KEY, ev.user_id, buf_slice(&out),
                      feed_time_ms());
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

/* Appends the same events to `clicks`, as JSON. */
static inline void feed_clicks(struct rig *rig, uint64_t seed, int from, int to)
{
    for (int n = from; n < to; n++) {
        const struct click click = feed_click(seed, n);
        char json[256];
        (void)snprintf(json, sizeof(json),
                       "{\"event_id\":\"%s\",\"user_id\":\"%s\",\"item_id\":\"%s\","
                       "\"action\":\"click\",\"event_time_ms\":%" PRId64 "}",
                       click.id, click.user, click.item, click.time_ms);
        memlog_append(rig->log, "clicks", PARTITION_BY_KEY, slice_str(click.user), slice_str(json),
                      feed_time_ms());
    }
}

#endif
