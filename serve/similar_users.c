#include "base/base.h"
#include "base/xalloc.h"
#include "serve/candidate_users.h"
#include "serve/similar_users.h"

struct similar_users {
    struct live_tables *live;
    struct recent_users *recent;
    struct candidate_users *candidates;
    struct likeness *likeness;
    struct live_neighbour neighbours[SIMILAR_USERS_NEAREST];
    struct similar_user found[SIMILAR_USERS_LOOKED];
    size_t found_count;
    float strengths[HISTORY_ACTIONS_MAX];
};

struct similar_users *similar_users_new(struct user_rows *histories, struct live_tables *live,
                                        struct recent_users *recent)
{
    struct similar_users *similar = xcalloc(1, sizeof(*similar));
    similar->live = live;
    similar->recent = recent;
    similar->candidates = candidate_users_new(histories, recent, SIMILAR_USERS_LOOKED);
    similar->likeness = likeness_new();
    return similar;
}

struct similar_users *similar_users_free(struct similar_users *similar)
{
    if (!similar) { return NULL; }
    candidate_users_free(similar->candidates);
    likeness_free(similar->likeness);
    free(similar);
    return NULL;
}

/* ---- Candidates ---- */

/* Adds users who acted lately on the newest items of the history. */
static void add_companions(struct similar_users *similar, const struct user_history *history,
                           struct arena *arena)
{
    size_t items = 0;
    for (size_t k = history->items.count; k-- > 0 && items < SIMILAR_USERS_ITEMS;) {
        if (!(history->weights.at[k] > 0.0F)) { continue; }
        items++;
        candidate_users_add_recent(similar->candidates, history->items.at[k], SIMILAR_USERS_EACH,
                                   arena);
    }
}

static void find_candidates(struct similar_users *similar, const struct user_history *history,
                            const struct live_cluster *cluster, struct arena *arena)
{
    candidate_users_clear(similar->candidates);
    if (cluster) {
        size_t count = live_tables_neighbours(similar->live, similar->recent, cluster, arena,
                                              similar->neighbours, SIMILAR_USERS_NEAREST);
        for (size_t k = 0; k < count; k++) {
            candidate_users_add(similar->candidates, similar->neighbours[k].user);
        }
    }
    add_companions(similar, history, arena);
}

/* ---- Likeness ---- */

/* Describes a history's actions; `strengths` of the object until the next call. */
static struct user_actions actions_of(struct similar_users *similar,
                                      const struct user_history *history)
{
    size_t count = history_strengths(history, similar->strengths);
    return (struct user_actions){history->items.at, similar->strengths, history->weights.at, count};
}

static void look_at(struct similar_users *similar, struct slice user)
{
    struct user_history history;
    struct user_likeness likeness;
    if (!candidate_users_read(similar->candidates, user, &history)) { return; }
    const struct user_actions actions = actions_of(similar, &history);
    likeness_compare(similar->likeness, &actions, &likeness);
    if (!likeness.common) { return; }
    similar->found[similar->found_count++] = (struct similar_user){user, likeness};
}

size_t similar_users_find(struct similar_users *similar, const struct user_history *history,
                          const struct live_cluster *cluster, struct arena *arena,
                          const struct similar_user **ret_users)
{
    const struct user_actions own = actions_of(similar, history);
    likeness_set(similar->likeness, &own);
    find_candidates(similar, history, cluster, arena);
    similar->found_count = 0;
    const struct slices users = candidate_users_all(similar->candidates);
    for (size_t k = 0; k < users.count; k++) {
        if (slice_equal(users.at[k], history->user_id)) { continue; }
        look_at(similar, users.at[k]);
    }
    qsort(similar->found, similar->found_count, sizeof(*similar->found), similar_user_compare);
    *ret_users = similar->found;
    return similar->found_count;
}
