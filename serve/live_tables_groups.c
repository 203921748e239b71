/* Groups of users in the live tables: segments by attributes, clusters by what users act on.
 * Records are put, and users folded in, under the one lock of live_tables.c. While users who acted
 * lately are looked at, that of recent_users.h is taken as well, always after this one. Vectors of
 * two versions are not compared: a cluster that was found by an older one has no neighbours.
 */
#include "base/base.h"
#include "serve/live_tables_internal.h"

const char *live_tables_put_group(struct live_tables *live, const struct group_profile *group)
{
    const char *reason = NULL;
    pthread_mutex_lock(&live->lock);
    if (live->segments) { reason = segment_table_put(live->segments, group); }
    if (live->clusters && !reason) { reason = cluster_table_put(live->clusters, group); }
    pthread_mutex_unlock(&live->lock);
    return reason;
}

void live_tables_remove_group(struct live_tables *live, struct slice key)
{
    pthread_mutex_lock(&live->lock);
    if (live->segments) { segment_table_remove(live->segments, key); }
    if (live->clusters) { cluster_table_remove(live->clusters, key); }
    pthread_mutex_unlock(&live->lock);
}

void live_tables_count_groups(struct live_tables *live, size_t *ret_clusters, size_t *ret_segments)
{
    pthread_mutex_lock(&live->lock);
    *ret_clusters = live->clusters ? cluster_space_clusters(live->clusters->space) : 0;
    *ret_segments = live->segments ? segment_table_count(live->segments) : 0;
    pthread_mutex_unlock(&live->lock);
}

bool live_tables_have_group(struct live_tables *live, enum group_kind kind, struct slice name)
{
    pthread_mutex_lock(&live->lock);
    bool have = lists_have_group(live->lists, kind, name);
    pthread_mutex_unlock(&live->lock);
    return have;
}

bool live_tables_have_segment(struct live_tables *live, struct slice user,
                              const struct user_attributes *attributes)
{
    struct user_attributes known;
    pthread_mutex_lock(&live->lock);
    if (live->profiles && user_profiles_find(live->profiles, user, &known)) { attributes = &known; }
    bool have = lists_have_segment(live->lists, attributes);
    pthread_mutex_unlock(&live->lock);
    return have;
}

void live_tables_segments(struct live_tables *live, struct slice user, struct arena *arena,
                          struct slices *ret_names)
{
    struct user_attributes known;
    struct user_segments segments = {.count = 0};
    ret_names->at = arena_alloc_array(arena, USER_SEGMENTS_MAX, sizeof(struct slice));
    ret_names->count = 0;
    pthread_mutex_lock(&live->lock);
    if (live->segments && live->profiles && user_profiles_find(live->profiles, user, &known)) {
        user_segments_find(known.country, known.born, known.tags, &segments);
    }
    for (size_t k = 0; k < segments.count; k++) {
        if (!segment_table_names(live->segments, segments.at[k])) { continue; }
        ret_names->at[ret_names->count++] = arena_copy(arena, segments.at[k]);
    }
    pthread_mutex_unlock(&live->lock);
}

/* ---- A user's cluster ---- */

/* Copies the first items of a cluster's record that the tables know. */
static void copy_items(const struct live_tables *live, const struct segment_list *list,
                       struct arena *arena, struct live_cluster *cluster)
{
    size_t most = MIN_OF(list->count, (size_t)LIVE_CLUSTER_ITEMS), count = 0;
    cluster->users = list->users;
    cluster->all_users = list->all_users;
    cluster->items.at = arena_alloc_array(arena, most + 1, sizeof(struct slice));
    cluster->item_users.at = arena_alloc_array(arena, most + 1, sizeof(int32_t));
    cluster->item_all_users.at = arena_alloc_array(arena, most + 1, sizeof(int32_t));
    for (size_t k = 0; k < list->count && count < most; k++) {
        if (list->items[k] == ID_NONE) { continue; }
        cluster->items.at[count] = arena_copy(arena, ids_text(live->tables.ids, list->items[k]));
        cluster->item_users.at[count] = list->item_users[k];
        cluster->item_all_users.at[count++] = list->item_all_users[k];
    }
    cluster->items.count = cluster->item_users.count = cluster->item_all_users.count = count;
}

static bool find_cluster(struct live_tables *live, const struct user_history *history,
                         struct arena *arena, struct live_cluster *cluster)
{
    struct user_cluster found;
    struct segment_list list;
    struct slice name;
    if (!cluster_table_fold(live->clusters, history, cluster->vector)) { return false; }
    cluster_space_nearest(live->clusters->space, cluster->vector, &found);
    cluster->name = arena_copy(arena, found.name);
    cluster->distance = found.distance;
    cluster->version = cluster_space_version(live->clusters->space);
    cluster->dimensions = cluster_space_dimensions(live->clusters->space);
    bool listed = segment_table_find_one(live->clusters->lists, cluster->name, live->tables.ids,
                                         &list, &name);
    if (listed) { copy_items(live, &list, arena, cluster); }
    return true;
}

bool live_tables_cluster(struct live_tables *live, const struct user_history *history,
                         struct arena *arena, struct live_cluster *ret_cluster)
{
    struct live_cluster cluster = {.name = slice_str("")};
    pthread_mutex_lock(&live->lock);
    bool found = live->clusters && find_cluster(live, history, arena, &cluster);
    pthread_mutex_unlock(&live->lock);
    if (found) { *ret_cluster = cluster; }
    return found;
}

/* ---- Users who acted lately ---- */

struct search {
    struct cluster_space *space;
    const float *vector;
    size_t dimensions;
    struct arena *arena;
    struct live_neighbour *found; /* the best `most` so far, in no order */
    size_t count, most, worst;
};

static size_t find_worst(const struct search *search)
{
    size_t worst = 0;
    for (size_t k = 1; k < search->count; k++) {
        worst = search->found[k].cosine < search->found[worst].cosine ? k : worst;
    }
    return worst;
}

static void look_at(void *arg, struct slice user, const uint64_t *items, size_t count)
{
    struct search *search = arg;
    float vector[GROUP_NUMBERS_MAX], cosine = 0.0F;
    if (!cluster_space_fold_hashes(search->space, items, count, vector)) { return; }
    for (size_t i = 0; i < search->dimensions; i++) { cosine += vector[i] * search->vector[i]; }
    bool full = search->count == search->most;
    if (full && !(cosine > search->found[search->worst].cosine)) { return; }
    size_t at = full ? search->worst : search->count++;
    search->found[at] = (struct live_neighbour){arena_copy(search->arena, user), cosine};
    search->worst = find_worst(search);
}

size_t live_tables_neighbours(struct live_tables *live, struct recent_users *recent,
                              const struct live_cluster *cluster, struct arena *arena,
                              struct live_neighbour *ret_neighbours, size_t most)
{
    struct search search = {.vector = cluster->vector, .dimensions = cluster->dimensions,
                            .arena = arena, .found = ret_neighbours, .most = most};
    pthread_mutex_lock(&live->lock);
    bool serves = live->clusters &&
                  cluster_space_version(live->clusters->space) == cluster->version;
    if (serves && most) {
        search.space = live->clusters->space;
        recent_users_each(recent, look_at, &search);
    }
    pthread_mutex_unlock(&live->lock);
    return search.count;
}
