/* A mapping with its configuration, for tests: made from `key=value` pairs as a user would write
 * them, fed with bytes. */
#ifndef FRESHET_TESTS_MAPPING_RIG_H
#define FRESHET_TESTS_MAPPING_RIG_H

#include "ingest/mapping/mapping.h"

/* Kafka timestamp of the rig's records: 2026-11-23T09:00:00Z. */
#define RIG_TIME_MS INT64_C(1795424400000)

struct rig {
    struct mapping_settings settings;
    struct options *options;
    struct mapping *mapping;
    struct arena *arena;
    struct outcome outcome;
    struct user_event ev; /* the first, when it became events */
    struct refusal refusal;
    char why[512];
};

/* Makes the rig; 0, or -EINVAL with the fault in rig->why (it is to be cleared all the same). */
static inline int rig_init(struct rig *rig, const char *const *pairs, size_t pairs_count,
                           struct schema_cache *book)
{
    *rig = (struct rig){.arena = arena_new(4096)};
    struct option_group group = {"ingest", mapping_options, MAPPING_OPTIONS_COUNT, &rig->settings};
    int rc = options_fill(&group, 1, pairs, pairs_count, stderr, &rig->options);
    if (rc) { return rc; }
    return mapping_new(&rig->settings, book, NULL, &rig->mapping, rig->why, sizeof(rig->why));
}

static inline void rig_clear(struct rig *rig)
{
    mapping_free(rig->mapping);
    options_free(rig->options);
    arena_free(rig->arena);
}

/* Maps one record: NULL when it was accepted (rig->outcome), else the reason. */
static inline const char *rig_map(struct rig *rig, const struct record *rec)
{
    arena_reset(rig->arena);
    int rc = mapping_apply(rig->mapping, rec, rig->arena, &rig->outcome, &rig->refusal);
    if (rc) { return rig->refusal.reason; }
    if (rig->outcome.target == TARGET_EVENT && rig->outcome.count) {
        rig->ev = *(const struct user_event *)rig->outcome.at[0].object;
    }
    return NULL;
}

/* Maps one value as record 42 of clicks-3. */
static inline const char *rig_apply(struct rig *rig, struct slice value)
{
    const struct record rec = {.topic = "clicks",
                               .partition = 3,
                               .offset = 42,
                               .time_ms = RIG_TIME_MS,
                               .value = value};
    return rig_map(rig, &rec);
}

/* The same with a key. */
static inline const char *rig_apply_keyed(struct rig *rig, const char *key, struct slice value)
{
    const struct record rec = {.topic = "clicks",
                               .partition = 3,
                               .offset = 42,
                               .time_ms = RIG_TIME_MS,
                               .key = slice_str(key),
                               .value = value};
    return rig_map(rig, &rec);
}

/* The same with headers, and without a key. */
static inline const char *rig_apply_headed(struct rig *rig, const struct header *headers,
                                           size_t headers_count, struct slice value)
{
    const struct header_list list = {.at = headers, .count = headers_count};
    const struct record rec = {.topic = "clicks",
                               .partition = 3,
                               .offset = 42,
                               .time_ms = RIG_TIME_MS,
                               .value = value,
                               .headers = &listed_headers,
                               .message = &list};
    return rig_map(rig, &rec);
}

#endif
