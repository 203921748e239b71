/* A list for a query: the items that match it (item_search.h), ordered by
 *
 *     score = relevance + weight * user,   user = (score of the leader - least) / (best - least)
 *
 * with the least and the best score of the leading member among the items that were found;
 * counting's least is 0. An item that the user has had is a match like the others, for which `user`
 * is 0. A pure function of the ranking and what was found.
 *
 * The newest search of a user's history counts for lists that nobody asks for with a query, too, as
 * what is brought does (lists_brought.c): until the user has done search.actions more actions, or
 * something search.fresh later. By its words, and, where its vector can be had (near_text), by
 * that: whoever has the tables and the encoder makes the same list.
 */
#include "base/base.h"
#include "base/utf8.h"
#include "scorer/lists/lists_internal.h"

void lists_name_query(struct lists *lists, struct slice query)
{
    lists->columns.query = lists->placed.query = utf8_beginning(query, ID_BYTES_MAX);
}

/* Says whether the newest search is still what the user is about. */
static bool is_fresh(const struct list_settings *settings, const struct user_history *history)
{
    size_t count = history->search_times_ms.count, newer = 0;
    if (!count) { return false; }
    int64_t time_ms = history->search_times_ms.at[count - 1];
    const struct longs *times = &history->event_times_ms;
    for (size_t k = times->count; k-- > 0 && times->at[k] > time_ms;) { newer++; }
    int64_t newest_ms = MAX_OF(history->event_time_ms, time_ms);
    uint64_t age_ms = (uint64_t)newest_ms - (uint64_t)time_ms;
    return newer < (size_t)settings->search_actions && age_ms < (uint64_t)settings->search_fresh_ms;
}

void lists_set_near_text(struct lists *lists, const char *model, near_text_fn near_text, void *arg)
{
    lists->text_model = model;
    lists->near_text = near_text;
    lists->near_text_arg = arg;
}

struct slice lists_searched_text(const struct lists *lists, const struct user_history *history)
{
    const struct list_settings *settings = lists->settings;
    bool counts = lists->tables->search && settings->search_weight > 0.0;
    if (!counts || !is_fresh(settings, history)) { return slice_of("", 0); }
    return history->search_texts.at[history->search_texts.count - 1];
}

size_t lists_find_searched(struct lists *lists, const struct user_history *history,
                           const struct item_flags *flags, const struct found_item **ret_found)
{
    struct slice text = lists_searched_text(lists, history);
    struct search_query query = {.text = text};
    *ret_found = lists->searched;
    if (!text.size) { return 0; }
    if (lists->near_text && lists->near_text(lists->near_text_arg, text, &query)) {
        query.vectors_weight = lists->settings->search_vectors_weight;
    }
    lists_name_query(lists, text);
    return item_search_find(lists->tables->search, &query, flags, lists->searched);
}

void lists_place_search(struct lists *lists, const struct user_history *history, size_t h,
                        struct history_tokens *tokens)
{
    const struct served *served = vectors_served(lists->vectors);
    struct search_query query = {0};
    if (!lists->near_text || !served->content) { return; }
    if (strcmp(served->content_model, lists->text_model) != 0) { return; }
    struct slice text = lists_searched_text(lists, history);
    if (!text.size || !lists->near_text(lists->near_text_arg, text, &query)) { return; }
    const struct longs *times = &history->event_times_ms;
    int64_t time_ms = history->search_times_ms.at[history->search_times_ms.count - 1];
    size_t at = times->count;
    while (at > 0 && times->at[at - 1] >= time_ms) { at--; }
    lists->ahead_searches[h] = *query.vector;
    tokens->search = &lists->ahead_searches[h];
    tokens->search_at = at;
}

/* The range of the leader's scores of what the user has not had. */
static void find_scale(const struct lists *lists, size_t count, float *ret_least, float *ret_best)
{
    float least = 0.0F, best = 0.0F;
    bool first = lists->leader != MEMBER_COUNTING;
    for (size_t k = 0; k < count; k++) {
        const struct scored *one = &lists->given[k];
        if (one->had) { continue; }
        least = first ? one->score : MIN_OF(least, one->score);
        best = first ? one->score : MAX_OF(best, one->score);
        first = false;
    }
    *ret_least = least;
    *ret_best = best;
}

static int by_score(const void *a, const void *b, void *ids)
{
    const struct scored *x = a, *y = b;
    if (x->score != y->score) { return x->score < y->score ? 1 : -1; }
    if (x->actions != y->actions) { return x->actions < y->actions ? 1 : -1; }
    return ids_before(ids, x->entry.item, y->entry.item) ? -1 : 1;
}

static struct ranked entry_of(const struct scored *one, float relevance)
{
    return (struct ranked){.item = one->entry.item,
                           .because = ID_NONE,
                           .score = one->score,
                           .evidence = (float)one->actions,
                           .share = relevance / one->score,
                           .reason = RANKED_QUERY};
}

size_t lists_rank_found(struct lists *lists, const struct list_scope *scope, size_t count,
                        size_t length)
{
    float least, best, weight = (float)lists->settings->search_user_weight;
    find_scale(lists, count, &least, &best);
    for (size_t k = 0; k < count; k++) {
        struct scored *one = &lists->given[k];
        float relevance = scope->found[one->at].relevance;
        float user = best > least && !one->had ? (one->score - least) / (best - least) : 0.0F;
        one->score = relevance + weight * user;
    }
    qsort_r(lists->given, count, sizeof(*lists->given), by_score, lists->tables->ids);
    count = MIN_OF(count, length);
    for (size_t k = 0; k < count; k++) {
        const struct scored *one = &lists->given[k];
        lists->merged[k] = entry_of(one, scope->found[one->at].relevance);
        lists->behind_of[k] = -1;
    }
    lists->scored = count;
    lists->ranked = lists->merged;
    lists->made_by = MADE_BY_QUERY;
    return count;
}
