/* Users of three tastes for the sequence trainer, and what it publishes of their clusters. */
#ifndef FRESHET_TESTS_TOPOLOGY_TASTES_H
#define FRESHET_TESTS_TOPOLOGY_TASTES_H

#include "model/cluster_space.h"
#include "model/rng.h"
#include "schemas/group_profile.h"
#include "tests/topology/training.h"

enum { TASTES = 3, TASTE_USERS = 90, TASTE_ITEMS = 12, TASTE_ACTIONS = 8, TASTE_RECORDS = 64 };

/* What users have acted on; item i is of the taste i / TASTE_ITEMS. */
struct tastes {
    struct fixture fixture;
    struct codec *groups;
    bool acted[TASTE_USERS][TASTES * TASTE_ITEMS];
    struct slice items[TASTE_USERS][2 * TASTE_ACTIONS];
    char texts[TASTES * TASTE_ITEMS][8];
    size_t counts[TASTE_USERS]; /* of actions; 0: no history */
    struct arena *arena;
    struct group_profile records[TASTE_RECORDS];
    size_t records_count;
    struct cluster_space *space; /* made of the records */
};

static inline void tastes_init(struct tastes *tastes)
{
    *tastes = (struct tastes){.arena = arena_new(1 << 16)};
    fixture_init(&tastes->fixture);
    tastes->groups = codec_new(&group_profile_contract, tastes->fixture.schemas);
    for (int i = 0; i < TASTES * TASTE_ITEMS; i++) {
        (void)snprintf(tastes->texts[i], sizeof(tastes->texts[i]), "i%02d", i);
    }
}

static inline void tastes_release(struct tastes *tastes)
{
    cluster_space_free(tastes->space);
    codec_free(tastes->groups);
    arena_free(tastes->arena);
    fixture_release(&tastes->fixture);
}

static inline void tastes_write(struct tastes *tastes, int user)
{
    struct fixture *fixture = &tastes->fixture;
    size_t count = tastes->counts[user];
    char id[16];
    float weights[2 * TASTE_ACTIONS];
    int64_t zeros[2 * TASTE_ACTIONS] = {0};
    int32_t actions[2 * TASTE_ACTIONS];
    (void)snprintf(id, sizeof(id), "u%02d", user);
    for (size_t k = 0; k < count; k++) {
        weights[k] = 1.0F;
        actions[k] = ACTION_VIEW;
    }
    const struct user_history history = {
        .user_id = slice_str(id),
        .items = {tastes->items[user], count},
        .actions = {actions, count},
        .weights = {weights, count},
        .event_times_ms = {zeros, count},
        .offsets = {zeros, count},
        .events_total = (int64_t)count,
        .input_offset = fixture->offset++,
    };
    buf_clear(&fixture->out);
    assert_int_equal(codec_encode(fixture->histories, &history, &fixture->out), 0);
    memlog_append(fixture->rig.log, "histories", PARTITION_BY_KEY, history.user_id,
                  buf_slice(&fixture->out), 0);
}

static inline void tastes_act(struct tastes *tastes, int user, int item)
{
    assert_true(tastes->counts[user] < 2 * TASTE_ACTIONS);
    tastes->acted[user][item] = true;
    tastes->items[user][tastes->counts[user]++] = slice_str(tastes->texts[item]);
}

/* All users act on items of their taste, and on one of any. */
static inline void tastes_fill(struct tastes *tastes)
{
    uint64_t rng = 7;
    for (int user = 0; user < TASTE_USERS; user++) {
        int taste = user % TASTES;
        for (int k = 0; k + 1 < TASTE_ACTIONS; k++) {
            tastes_act(tastes, user, taste * TASTE_ITEMS + (int)rng_below(&rng, TASTE_ITEMS));
        }
        tastes_act(tastes, user, (int)rng_below(&rng, TASTES * TASTE_ITEMS));
        tastes_write(tastes, user);
    }
}

static inline void tastes_forget(struct tastes *tastes, int user)
{
    char id[16];
    (void)snprintf(id, sizeof(id), "u%02d", user);
    memlog_append(tastes->fixture.rig.log, "histories", PARTITION_BY_KEY, slice_str(id),
                  slice_of(NULL, 0), 0);
    tastes->counts[user] = 0;
    memset(tastes->acted[user], 0, sizeof(tastes->acted[user]));
}

/* ---- What is published ---- */

static inline void tastes_put(struct tastes *tastes, const struct group_profile *group)
{
    const struct cluster_version version = {group->version, group->clusters, group->parts, 0};
    if (group->kind == GROUP_CLUSTER) {
        assert_null(cluster_space_put_cluster(tastes->space, version, group->name,
                                              group->vectors));
    } else if (group->kind != GROUP_TOLD_USERS) {
        assert_int_equal(group->kind, GROUP_FACTORS);
        assert_null(cluster_space_put_factors(tastes->space, version,
                                              group_profile_part(group->name), group->items,
                                              group->vectors));
    }
}

/* Reads what `profiles` says now. */
static inline void tastes_read(struct tastes *tastes)
{
    struct fold *fold = rig_fold(&tastes->fixture.rig, "profiles");
    tastes->records_count = 0;
    arena_reset(tastes->arena);
    cluster_space_free(tastes->space);
    tastes->space = cluster_space_new(1 << 22);
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        struct slice value = arena_copy(tastes->arena, fold->at[i].value);
        struct group_profile *group = &tastes->records[tastes->records_count++];
        assert_true(tastes->records_count < TASTE_RECORDS);
        assert_int_equal(codec_decode(tastes->groups, value, tastes->arena, group, NULL), 0);
        assert_null(group_profile_fault(group, fold->at[i].key));
        tastes_put(tastes, group);
    }
    free(fold);
}

/* Finds the name of a user's cluster; 0: none. */
static inline int tastes_cluster(struct tastes *tastes, int user)
{
    float strengths[2 * TASTE_ACTIONS], vector[GROUP_NUMBERS_MAX];
    struct user_cluster cluster;
    for (size_t k = 0; k < ARRAY_COUNT(strengths); k++) { strengths[k] = 1.0F; }
    if (!cluster_space_fold(tastes->space, tastes->items[user], strengths, tastes->counts[user],
                            vector)) {
        return 0;
    }
    cluster_space_nearest(tastes->space, vector, &cluster);
    return (int)group_profile_part(cluster.name);
}

#endif
