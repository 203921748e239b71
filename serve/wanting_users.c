#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "serve/candidate_users.h"
#include "serve/wanting_users.h"

struct wanting {
    struct slice user;
    struct live_place at;
};

struct wanting_users {
    struct live_tables *live;
    struct candidate_users *candidates;
    struct wanting found[WANTING_USERS_LOOKED];
    size_t found_count;
};

struct wanting_users *wanting_users_new(struct user_rows *histories, struct live_tables *live,
                                        struct recent_users *recent)
{
    struct wanting_users *wanting = xcalloc(1, sizeof(*wanting));
    wanting->live = live;
    wanting->candidates = candidate_users_new(histories, recent, WANTING_USERS_LOOKED);
    return wanting;
}

struct wanting_users *wanting_users_free(struct wanting_users *wanting)
{
    if (!wanting) { return NULL; }
    candidate_users_free(wanting->candidates);
    free(wanting);
    return NULL;
}

/* ---- Candidates ---- */

/* The items like the wanted one, copied: they are handed over under the tables' lock. */
struct like_item {
    struct arena *arena;
    struct slice items[WANTING_USERS_LOOKED / WANTING_USERS_EACH];
    size_t count;
};

static void take_alike(void *arg, const struct recommendation_list *list)
{
    struct like_item *alike = arg;
    for (size_t k = 0; k < list->items.count && alike->count < ARRAY_COUNT(alike->items); k++) {
        alike->items[alike->count++] = arena_copy(alike->arena, list->items.at[k]);
    }
}

static bool find_candidates(struct wanting_users *wanting, struct slice item, size_t each,
                            struct arena *arena)
{
    struct like_item alike = {.arena = arena};
    candidate_users_clear(wanting->candidates);
    if (!live_tables_order(wanting->live, ORDER_SIMILAR, item, slice_str(""), take_alike, &alike)) {
        return false;
    }
    for (size_t k = 0; k < alike.count; k++) {
        candidate_users_add_recent(wanting->candidates, alike.items[k], each, arena);
    }
    candidate_users_add_recent(wanting->candidates, (struct slice){0}, WANTING_USERS_LOOKED, arena);
    return true;
}

/* ---- Places ---- */

static void look_at(struct wanting_users *wanting, struct slice user, struct slice item,
                    struct arena *arena)
{
    struct user_history history;
    struct live_place at;
    if (!candidate_users_read(wanting->candidates, user, &history)) { return; }
    if (!live_tables_place(wanting->live, &history, item, arena, &at)) { return; }
    wanting->found[wanting->found_count++] = (struct wanting){user, at};
}

static int compare(const void *a, const void *b)
{
    const struct wanting *x = a, *y = b;
    if (x->at.place != y->at.place) { return x->at.place < y->at.place ? -1 : 1; }
    if (x->at.evidence != y->at.evidence) { return x->at.evidence > y->at.evidence ? -1 : 1; }
    return slice_compare(x->user, y->user);
}

/* ---- The page ---- */

static void write_page(const struct wanting_users *wanting, const struct list_query *query,
                       size_t limit, struct arena *arena, struct found_list *found)
{
    struct recommendation_list *list = &found->list;
    size_t most = MIN_OF(limit, wanting->found_count) + 1, left = 0, count = 0;
    found->users.at = arena_alloc_array(arena, most, sizeof(struct slice));
    list->because.at = arena_alloc_array(arena, most, sizeof(struct slice));
    list->scores.at = arena_alloc_array(arena, most, sizeof(float));
    list->shares.at = arena_alloc_array(arena, most, sizeof(float));
    list->evidence.at = arena_alloc_array(arena, most, sizeof(float));
    list->reasons.at = arena_alloc_array(arena, most, sizeof(int32_t));
    list->placement_ranks.at = arena_alloc_array(arena, most, sizeof(int32_t));
    for (size_t k = 0; k < wanting->found_count; k++) {
        const struct wanting *one = &wanting->found[k];
        if (list_query_excludes(query, one->user)) { continue; }
        if (left++ < query->offset || count == limit) { continue; }
        found->users.at[count] = one->user;
        list->because.at[count] = one->at.because;
        list->scores.at[count] = one->at.score;
        list->shares.at[count] = one->at.share;
        list->evidence.at[count] = one->at.evidence;
        list->reasons.at[count] = one->at.reason;
        list->placement_ranks.at[count++] = (int32_t)one->at.place;
    }
    found->users.count = list->because.count = list->scores.count = list->shares.count = count;
    list->evidence.count = list->reasons.count = list->placement_ranks.count = count;
    found->total = left;
}

int wanting_users_find(struct wanting_users *wanting, const struct list_query *query, size_t limit,
                       struct arena *arena, struct found_list *ret_found)
{
    size_t most = query->users_looked ? query->users_looked : WANTING_USERS_LOOKED;
    size_t each = MAX_OF(most * WANTING_USERS_EACH / WANTING_USERS_LOOKED, (size_t)1);
    if (!find_candidates(wanting, query->item, each, arena)) { return -ENOENT; }
    wanting->found_count = 0;
    int64_t until_ms = query->look_ms ? clock_monotonic_ms() + query->look_ms : INT64_MAX;
    const struct slices users = candidate_users_all(wanting->candidates);
    for (size_t k = 0; k < MIN_OF(users.count, most); k++) {
        if (clock_monotonic_ms() > until_ms) { break; }
        look_at(wanting, users.at[k], query->item, arena);
    }
    qsort(wanting->found, wanting->found_count, sizeof(*wanting->found), compare);
    write_page(wanting, query, limit, arena, ret_found);
    return 0;
}
