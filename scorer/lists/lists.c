/* Steps of a list:
 *
 *   1. Counting ranks its candidates; if there is a mixture, as many as each member provides.
 *   2. candidates.h adds those of the other members and the z-scores of all members for each.
 *   3. The scores are kept as a prediction: the mixture is trained on them with the next action.
 *   4. The leader of the user's segment orders the candidates. If counting leads, its ranking from
 *      step 1 stays as it is, to the bit.
 *   5. Each item has the reason of the member that adds most to its score (reasons.h).
 *   6. The result is written into the columns of the message.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/lists.h"
#include "scorer/lists/candidates.h"
#include "scorer/lists/reasons.h"

#include <float.h>

enum { CANDIDATES_LEAST = 50 };

struct lists {
    const struct list_settings *settings;
    struct tables *tables;
    const struct vectors *vectors;
    const struct content_scores *content_scores;
    const char *generation;
    struct ranking *ranking;
    struct candidates *candidates; /* NULL: counting alone */
    const struct mixture *mixture;
    const struct user_history *ahead[CANDIDATES_AHEAD];
    size_t ahead_count, ahead_at;
    int32_t *ahead_numbers;
    struct ranked merged[LIST_ITEMS_MAX];
    struct prediction prediction;
    struct reasons behind; /* of the list that is being made */
    int leader;
    int32_t numbers[HISTORY_ACTIONS_MAX + HISTORY_SEEN_MAX];
    int32_t seen[HISTORY_SEEN_MAX];
    int32_t listed[LIST_ITEMS_MAX];
    struct slice items[LIST_ITEMS_MAX];
    struct slice because[LIST_ITEMS_MAX];
    float scores[LIST_ITEMS_MAX];
    float evidence[LIST_ITEMS_MAX];
    float shares[LIST_ITEMS_MAX];
    int32_t reasons[LIST_ITEMS_MAX];
};

static size_t candidates_each(const struct list_settings *settings)
{
    return MAX_OF((size_t)settings->list_length, (size_t)CANDIDATES_LEAST);
}

struct lists *lists_new(const struct list_settings *settings, struct tables *tables,
                        const struct vectors *vectors, struct content_scores *content_scores,
                        const char *generation)
{
    assert(settings->list_length <= LIST_ITEMS_MAX);
    struct lists *lists = xcalloc(1, sizeof(*lists));
    struct ranking_settings set = list_ranking_settings(settings);
    lists->settings = settings;
    lists->tables = tables;
    lists->vectors = vectors;
    lists->content_scores = content_scores;
    lists->generation = generation;
    lists->ranking = ranking_new(&set, tables->ids, tables->items);
    if (!vectors && !content_scores) { return lists; }
    lists->candidates = candidates_new(tables, vectors, content_scores, candidates_each(settings));
    lists->ahead_numbers =
        xcalloc((size_t)CANDIDATES_AHEAD * HISTORY_ACTIONS_MAX, sizeof(*lists->ahead_numbers));
    return lists;
}

struct lists *lists_free(struct lists *lists)
{
    if (!lists) { return NULL; }
    ranking_free(lists->ranking);
    candidates_free(lists->candidates);
    free(lists->ahead_numbers);
    free(lists);
    return NULL;
}

void lists_set_mixture(struct lists *lists, const struct mixture *mixture)
{
    lists->mixture = mixture;
}

const int32_t *lists_numbers(const struct lists *lists)
{
    return lists->listed;
}

const struct prediction *lists_prediction(const struct lists *lists)
{
    return lists->prediction.best.count ? &lists->prediction : NULL;
}

const char *lists_contender(int contender)
{
    static const char *const names[MIXTURE_CONTENDERS] = {
        [MEMBER_COUNTING] = "counting",
        [MEMBER_SEQUENCE] = "sequence",
        [MEMBER_CONTENT] = "content",
        [MIXTURE_MEMBERS] = "mixture",
    };
    assert(contender >= 0 && contender < MIXTURE_CONTENDERS);
    return names[contender];
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

/* Finds the numbers of the items of `seen`, which are fingerprints. Unknown items are left out;
 * they cannot be recommended anyway. */
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
    case RANKED_ALIKE: return REASON_TAGS;
    }
    return REASON_OTHER;
}

/* Writes the ranked items into columns. */
static void write_columns(struct lists *lists, const struct ranked *ranked, size_t count)
{
    const struct ids *ids = lists->tables->ids;
    for (size_t k = 0; k < count; k++) {
        bool because = ranked[k].because != ID_NONE;
        lists->listed[k] = ranked[k].item;
        lists->items[k] = ids_text(ids, ranked[k].item);
        lists->because[k] = because ? ids_text(ids, ranked[k].because) : slice_str("");
        lists->scores[k] = ranked[k].score;
        lists->evidence[k] = ranked[k].evidence;
        lists->shares[k] = ranked[k].share;
        lists->reasons[k] = reason_of(ranked[k].reason);
    }
}

/* ---- The mixture ---- */

void lists_encode_ahead(struct lists *lists, const struct user_history *const *histories,
                        size_t count)
{
    const int32_t *items[CANDIDATES_AHEAD];
    size_t counts[CANDIDATES_AHEAD];
    assert(count <= CANDIDATES_AHEAD);
    lists->ahead_count = lists->ahead_at = 0;
    if (!lists->vectors || !vectors_served(lists->vectors)) { return; }
    int32_t *at = lists->ahead_numbers;
    for (size_t h = 0; h < count; h++) {
        const struct user_history *history = histories[h];
        lists->ahead[h] = history;
        items[h] = at;
        for (size_t k = 0; k < history->items.count; k++) {
            bool liked = history->weights.at[k] > 0.0F;
            *at++ = liked ? ids_find(lists->tables->ids, history->items.at[k]) : ID_NONE;
        }
        counts[h] = history->items.count;
    }
    lists->ahead_count = count;
    candidates_encode(lists->candidates, items, counts, count);
}

/* Finds the history among those that were encoded ahead, or encodes it alone. */
static size_t find_ahead(struct lists *lists, const struct user_history *history)
{
    for (size_t h = lists->ahead_at; h < lists->ahead_count; h++) {
        if (lists->ahead[h] != history) { continue; }
        lists->ahead_at = h + 1;
        return h;
    }
    lists_encode_ahead(lists, &history, 1);
    return 0;
}

/* Keeps all members' scores for the first ten candidates of each. */
static void write_prediction(struct lists *lists, const struct user_history *history,
                             enum mixture_segment segment, struct candidate_set *candidates)
{
    lists->prediction = (struct prediction){
        .user = ids_fingerprint(history->user_id),
        .partition = history->input_partition,
        .offset = history->input_offset,
        .segment = (uint8_t)segment,
    };
    candidate_set_best(candidates, &lists->prediction.best);
}

/* Returns the member that adds most to a candidate's score. */
static int member_behind(const struct lists *lists, const struct candidate_set *candidates,
                         enum mixture_segment segment, size_t candidate)
{
    if (lists->leader != MIXTURE_MEMBERS) { return lists->leader; }
    const float *weights = lists->mixture->parts[segment].weights;
    int behind = MEMBER_COUNTING;
    float most = -FLT_MAX;
    for (int m = 0; m < MIXTURE_MEMBERS; m++) {
        float part = weights[m] * candidates->zscores.z[m][candidate];
        if (part > most) { behind = m; }
        most = MAX_OF(most, part);
    }
    return behind;
}

/* Orders all candidates by the leader's scores; then appends the items with which counting filled
 * its list up. */
static size_t merge(struct lists *lists, const struct ranked *ranked, size_t ranked_count,
                    struct candidate_set *candidates, enum mixture_segment segment)
{
    size_t length = (size_t)lists->settings->list_length, count = 0;
    const struct topk_entry *order;
    size_t ordered = candidate_set_rank(candidates, lists->mixture, segment, lists->leader, length,
                                        &order);
    for (; count < ordered; count++) {
        size_t k = (size_t)order[count].item;
        int32_t item = candidates->items[k];
        /* counting's own candidates come first, in its order */
        bool counted = k < ranked_count && ranked[k].item == item;
        lists->merged[count] = reasons_find(
            &lists->behind, item, member_behind(lists, candidates, segment, k),
            counted ? &ranked[k] : NULL);
        lists->merged[count].score = candidates->scores[k];
    }
    for (size_t k = 0; k < ranked_count && count < length; k++) {
        bool present = ranked[k].score >= 0.0F;
        for (size_t c = 0; c < count && !present; c++) {
            present = lists->merged[c].item == ranked[k].item;
        }
        if (present) { continue; }
        float before = count ? lists->merged[count - 1].score : 0.0F;
        lists->merged[count] = ranked[k];
        lists->merged[count++].score = MIN_OF(before, 0.0F) - 1.0F;
    }
    return count;
}

static int leader_of(const struct lists *lists, enum mixture_segment segment)
{
    switch ((enum leader_choice)lists->settings->blend_leader) {
    case LEADER_COUNTING: return MEMBER_COUNTING;
    case LEADER_SEQUENCE: return MEMBER_SEQUENCE;
    case LEADER_MIXTURE: return MIXTURE_MEMBERS;
    case LEADER_PROVED: break;
    }
    return mixture_leader(lists->mixture, segment);
}

/* Replaces counting's ranking by the leader's, if another member leads. Returns the list's
 * length. */
static size_t blend(struct lists *lists, const struct user_history *history, size_t ahead,
                    const struct ranking_request *request, const struct ranked **ranked,
                    size_t ranked_count)
{
    size_t length = MIN_OF(ranked_count, (size_t)lists->settings->list_length);
    memcpy(lists->numbers + request->count, lists->seen,
           request->seen_count * sizeof(*lists->seen));
    const struct candidates_request wanted = {
        .ahead = ahead,
        .ranking = lists->ranking,
        .ranked = *ranked,
        .ranked_count = ranked_count,
        .flags = &request->flags,
        .had = lists->numbers,
        .had_count = request->count + request->seen_count,
        .weights = request->weights,
        .history_count = request->count,
    };
    struct candidate_set *candidates = candidates_find(lists->candidates, &wanted);
    if (!candidates) { return length; }
    enum mixture_segment segment = mixture_segment(history->events_total);
    write_prediction(lists, history, segment, candidates);
    lists->leader = leader_of(lists, segment);
    if (lists->leader == MEMBER_COUNTING) { return length; }
    lists->behind = (struct reasons){
        .served = lists->vectors ? vectors_served(lists->vectors) : NULL,
        .content_scores = lists->content_scores,
        .table = lists->tables->items,
        .items = request->items,
        .weights = request->weights,
        .count = request->count,
    };
    length = merge(lists, *ranked, ranked_count, candidates, segment);
    *ranked = lists->merged;
    return length;
}

/* ---- The list ---- */

void lists_make(struct lists *lists, const struct user_history *history,
                struct recommendation_list *ret_list)
{
    assert(!history_fault(history));
    assert(history->items.count <= HISTORY_ACTIONS_MAX);
    assert(history->seen.size <= (size_t)HISTORY_SEEN_MAX * HISTORY_SEEN_BYTES);
    for (size_t k = 0; k < history->items.count; k++) {
        lists->numbers[k] = ids_find(lists->tables->ids, history->items.at[k]);
    }
    const struct served *served = lists->vectors ? vectors_served(lists->vectors) : NULL;
    bool blending = (served || lists->content_scores) && lists->mixture;
    size_t ahead = served && blending ? find_ahead(lists, history) : 0;
    size_t each = candidates_each(lists->settings);
    const struct ranking_request request = {
        .items = lists->numbers,
        .weights = history->weights.at,
        .count = history->items.count,
        .seen = lists->seen,
        .seen_count = number_seen(lists, history->seen),
        .length = blending ? each : (size_t)lists->settings->list_length,
        .flags = catalogue_flags(&lists->tables->catalogue),
    };
    const struct ranked *ranked;
    size_t count = ranking_list(lists->ranking, &request, &ranked);
    lists->prediction.best.count = 0;
    lists->leader = MEMBER_COUNTING;
    if (blending) { count = blend(lists, history, ahead, &request, &ranked, count); }
    write_columns(lists, ranked, count);
    *ret_list = (struct recommendation_list){
        .user_id = history->user_id,
        .items = {lists->items, count},
        .scores = {lists->scores, count},
        .reasons = {lists->reasons, count},
        .because = {lists->because, count},
        .evidence = {lists->evidence, count},
        .shares = {lists->shares, count},
        .model = slice_str(lists->settings->model_name),
        .made_by = slice_str(lists_contender(lists->leader)),
        .vectors = slice_str(blending && served ? served->version : ""),
        .actions = history->events_total,
        .generation = slice_str(lists->generation),
        .event_time_ms = history->event_time_ms,
        .input_partition = history->input_partition,
        .input_offset = history->input_offset,
        .received_ms = history->received_ms,
    };
}
