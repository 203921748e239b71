/* Users of the feed with profiles, whose segments the sequence trainer has counted. */
#ifndef FRESHET_TESTS_TOPOLOGY_PROFILED_H
#define FRESHET_TESTS_TOPOLOGY_PROFILED_H

#include "schemas/group_profile.h"
#include "tests/topology/feed.h"
#include "trainer/sequence/sequence.h"

static const char *const segment_settings[] = {
    "train.threads=0",        "train.actions.min=1000000",   "segments.every.ms=1s",
    "segments.users.min=5",   "segments.item.users.min=1",   NULL,
};

enum { PROFILED_ROUNDS = 80, PROFILED_GROUPS = 64 };

/* Writes a profile; NULL as country: a tombstone. */
static inline void profiled_put(struct rig *rig, const char *user, const char *country,
                                int32_t born, const char *tag)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_profile_contract, schemas);
    struct slice tags[] = {slice_str(tag)};
    struct buf out;
    buf_init(&out, 4096);
    const struct user_profile profile = {.user_id = slice_str(user),
                                         .tags = {tags, tag[0] ? 1 : 0},
                                         .birth_year = born,
                                         .country = slice_str(country ? country : "")};
    assert(codec_encode(codec, &profile, &out) == 0);
    memlog_append(rig->log, "users", PARTITION_BY_KEY, profile.user_id,
                  country ? buf_slice(&out) : (struct slice){0}, RIG_WALL_MS);
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

/* All users of the feed: some of DE, some of FR, half of them with a tag. */
static inline void profiled_all(struct rig *rig)
{
    for (int u = 0; u < FEED_USERS; u++) {
        char user[16];
        (void)snprintf(user, sizeof(user), "u%02d", u);
        profiled_put(rig, user, u % 3 == 0 ? "DE" : u % 3 == 1 ? "FR" : "",
                     u % 4 ? 1960 + u : 0, u % 2 ? "odd" : "even");
    }
}

static inline void profiled_count(struct rig *rig)
{
    struct copy *copy = rig_start(rig, &sequence_worker, 0, segment_settings);
    for (int i = 0; i < PROFILED_ROUNDS; i++) { rig_round(rig, false); }
    rig_finish(copy);
}

/* ---- An oracle of lists ---- */

struct profiled_item {
    double p, log_rate, most;
    struct slice item, because; /* data NULL: no segment likes it better */
};

/* The records of `profiles`, and the items of a user's segments with their scores. */
struct profiled {
    struct schema_cache *schemas;
    struct codec *codec;
    struct arena *arena;
    struct group_profile groups[PROFILED_GROUPS];
    size_t groups_count;
    struct profiled_item items[FEED_ITEMS];
    size_t items_count;
};

static inline void profiled_read(struct profiled *profiled, const struct rig *rig)
{
    *profiled = (struct profiled){.schemas = schema_cache_new(), .arena = arena_new(1 << 16)};
    profiled->codec = codec_new(&group_profile_contract, profiled->schemas);
    struct fold *fold = rig_fold(rig, "profiles");
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        struct group_profile *group = &profiled->groups[profiled->groups_count++];
        assert(codec_decode(profiled->codec, arena_copy(profiled->arena, fold->at[i].value),
                            profiled->arena, group, NULL) == 0);
    }
    free(fold);
}

static inline void profiled_release(struct profiled *profiled)
{
    codec_free(profiled->codec);
    schema_cache_free(profiled->schemas);
    arena_free(profiled->arena);
}

static inline const struct group_profile *profiled_find(const struct profiled *profiled,
                                                        const char *name)
{
    for (size_t g = 0; g < profiled->groups_count; g++) {
        if (slice_equal(profiled->groups[g].name, slice_str(name))) { return &profiled->groups[g]; }
    }
    return NULL;
}

static inline struct profiled_item *profiled_item(struct profiled *profiled, struct slice item)
{
    for (size_t k = 0; k < profiled->items_count; k++) {
        if (slice_equal(profiled->items[k].item, item)) { return &profiled->items[k]; }
    }
    profiled->items[profiled->items_count] = (struct profiled_item){.item = item};
    return &profiled->items[profiled->items_count++];
}

/* Adds what a segment says of an item, by the formula of docs/segments.md. */
static inline void profiled_add(struct profiled_item *one, const struct group_profile *group,
                                double weight)
{
    double users = group->rest_users, smoothed;
    bool named = false;
    for (size_t k = 0; k < group->items.count; k++) {
        if (!slice_equal(group->items.at[k], one->item)) { continue; }
        users = group->item_users.at[k];
        named = true;
    }
    smoothed = (users + 20.0 * one->p) / ((double)group->users + 20.0);
    double lift = log(smoothed / one->p);
    if (!named && lift > 0.0) { return; }
    one->log_rate += weight * lift;
    if (lift <= one->most) { return; }
    one->most = lift;
    one->because = group->name;
}

static inline int profiled_order(const void *a, const void *b)
{
    const struct profiled_item *x = a, *y = b;
    if (x->log_rate != y->log_rate) { return x->log_rate < y->log_rate ? 1 : -1; }
    return slice_compare(x->item, y->item);
}

/* Scores the items of segments, given in the order of their names, best first. */
static inline void profiled_score(struct profiled *profiled, const char *const *names, size_t count)
{
    const struct group_profile *groups[8];
    profiled->items_count = 0;
    for (size_t g = 0; g < count; g++) {
        groups[g] = profiled_find(profiled, names[g]);
        assert(groups[g]);
        for (size_t k = 0; k < groups[g]->items.count; k++) {
            struct profiled_item *one = profiled_item(profiled, groups[g]->items.at[k]);
            double p = groups[g]->item_all_users.at[k] / (double)groups[g]->all_users;
            if (one->p > 0.0) { continue; }
            one->p = p;
            one->log_rate = log(p);
        }
    }
    for (size_t k = 0; k < profiled->items_count; k++) {
        for (size_t g = 0; g < count; g++) {
            profiled_add(&profiled->items[k], groups[g], 1.0 / sqrt((double)count));
        }
    }
    qsort(profiled->items, profiled->items_count, sizeof(*profiled->items), profiled_order);
}

#endif
