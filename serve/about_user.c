#include "base/base.h"
#include "serve/about_user.h"

/* Finds similar users and keeps those of the page. */
static void find_similar(const struct about_user_parts *parts, const struct user_history *history,
                         struct found_list *found)
{
    const struct list_query *query = parts->query;
    struct found_user *about = found->about;
    const struct similar_user *users;
    size_t count = similar_users_find(parts->similar, history,
                                      about->clustered ? &about->cluster : NULL, parts->arena,
                                      &users);
    struct similar_user *page = arena_alloc_array(parts->arena, count + 1, sizeof(*page));
    for (size_t k = 0; k < count; k++) {
        if (list_query_excludes(query, users[k].user)) { continue; }
        if (found->total++ < query->offset) { continue; }
        if (about->similar_count < parts->limit) { page[about->similar_count++] = users[k]; }
    }
    about->similar = page;
}

bool about_user_find(const struct about_user_parts *parts, struct slice user,
                     const struct user_history *history, struct found_list *found)
{
    struct found_user *about = arena_alloc(parts->arena, sizeof(*about));
    *about = (struct found_user){.actions = history->events_total};
    live_tables_segments(parts->live, user, parts->arena, &about->segments);
    if (!history->user_id.size && !about->segments.count) { return false; }
    about->clustered = live_tables_cluster(parts->live, history, parts->arena, &about->cluster);
    found->about = about;
    find_similar(parts, history, found);
    return true;
}
