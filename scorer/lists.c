#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists.h"

struct lists {
    const struct scorer_settings *settings;
    struct tables *tables;
    const char *generation;
    struct ranking *ranking;
    int32_t numbers[HISTORY_ACTIONS_MAX];
    int32_t seen[HISTORY_SEEN_MAX];
    struct slice items[LIST_ITEMS_MAX];
    struct slice because[LIST_ITEMS_MAX];
    float scores[LIST_ITEMS_MAX];
    float evidence[LIST_ITEMS_MAX];
    int32_t reasons[LIST_ITEMS_MAX];
};

struct lists *lists_new(const struct scorer_settings *settings, struct tables *tables,
                        const char *generation)
{
    assert(settings->list_length <= LIST_ITEMS_MAX);
    struct lists *lists = xcalloc(1, sizeof(*lists));
    struct ranking_settings set = scorer_ranking_settings(settings);
    lists->settings = settings;
    lists->tables = tables;
    lists->generation = generation;
    lists->ranking = ranking_new(&set, tables->ids, tables->items);
    return lists;
}

struct lists *lists_free(struct lists *lists)
{
    if (!lists) { return NULL; }
    ranking_free(lists->ranking);
    free(lists);
    return NULL;
}

const char *history_fault(const struct user_history *history)
{
    size_t count = history->items.count;
    if (history->weights.count != count || history->offsets.count != count) {
        return "columns_differ";
    }
    if (history->seen.size % HISTORY_SEEN_BYTES) { return "bad_seen"; }
    return NULL;
}

/* Numbers the items of `seen`, which are known by their fingerprints; unknown ones are left out, as
 * they cannot be recommended either. */
static size_t number_seen(struct lists *lists, struct slice seen)
{
    size_t count = 0;
    for (size_t at = 0; at < seen.size; at += HISTORY_SEEN_BYTES) {
        uint64_t hash = 0;
        for (size_t k = HISTORY_SEEN_BYTES; k-- > 0;) {
            hash = hash << 8 | (uint8_t)seen.data[at + k];
        }
        int32_t item = ids_find_hash(lists->tables->ids, hash);
        if (item != ID_NONE) { lists->seen[count++] = item; }
    }
    return count;
}

static int32_t reason_of(enum ranked_reason reason)
{
    switch (reason) {
    case RANKED_BECAUSE: return REASON_BECAUSE;
    case RANKED_TRENDING: return REASON_TRENDING;
    case RANKED_POPULAR: return REASON_POPULAR;
    case RANKED_NEW: return REASON_NEW;
    }
    return REASON_OTHER;
}

/* Turns what was ranked into columns. */
static void write_columns(struct lists *lists, const struct ranked *ranked, size_t count)
{
    const struct ids *ids = lists->tables->ids;
    for (size_t k = 0; k < count; k++) {
        bool because = ranked[k].because != ID_NONE;
        lists->items[k] = ids_text(ids, ranked[k].item);
        lists->because[k] = because ? ids_text(ids, ranked[k].because) : slice_str("");
        lists->scores[k] = ranked[k].score;
        lists->evidence[k] = ranked[k].evidence;
        lists->reasons[k] = reason_of(ranked[k].reason);
    }
}

void lists_make(struct lists *lists, const struct user_history *history,
                struct recommendation_list *ret_list)
{
    assert(!history_fault(history));
    assert(history->items.count <= HISTORY_ACTIONS_MAX);
    assert(history->seen.size <= (size_t)HISTORY_SEEN_MAX * HISTORY_SEEN_BYTES);
    for (size_t k = 0; k < history->items.count; k++) {
        lists->numbers[k] = tables_number(lists->tables, history->items.at[k]);
    }
    const struct ranking_request request = {
        .items = lists->numbers,
        .weights = history->weights.at,
        .count = history->items.count,
        .seen = lists->seen,
        .seen_count = number_seen(lists, history->seen),
        .length = (size_t)lists->settings->list_length,
        .flags = catalogue_flags(&lists->tables->catalogue),
    };
    const struct ranked *ranked;
    size_t count = ranking_list(lists->ranking, &request, &ranked);
    write_columns(lists, ranked, count);
    *ret_list = (struct recommendation_list){
        .user_id = history->user_id,
        .items = {lists->items, count},
        .scores = {lists->scores, count},
        .reasons = {lists->reasons, count},
        .because = {lists->because, count},
        .evidence = {lists->evidence, count},
        .model = slice_str(lists->settings->model_name),
        .generation = slice_str(lists->generation),
        .event_time_ms = history->event_time_ms,
        .input_partition = history->input_partition,
        .input_offset = history->input_offset,
        .received_ms = history->received_ms,
    };
}
