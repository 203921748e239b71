/* A list is made in five steps: read_history() marks what the user has had and picks the recent
 * items; add_row() adds each recent item's neighbours to the sums, newest first; filter() keeps the
 * candidates that may be listed and sets the scales; choose() sorts the best of them; explain()
 * finds the recent item behind each. fill() appends trending and popular items to a short list.
 * Cross pairs are in ranking_cross.c.
 *
 * Scratch is one cell an item, and a stamp says whether a cell belongs to the current list, so that
 * nothing is cleared between lists. The most popular and most trending items are kept in order from
 * list to list (heads.h): with a million items, a look at all of them takes longer than the list.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/counting/ranking.h"
#include "model/counting/ranking_internal.h"
#include "model/lanes.h"

#include <float.h>

enum {
    TURN_ITEMS = 256, /* of the popular and of the trending items that fill up in turn */
    CELLS_FIRST = 1024,
    SCORED_AT_ONCE = 256,
    ACTIONS_AHEAD = 16, /* items whose actions are on their way to the cache */
    FACTORS_AHEAD = 16, /* candidates whose factors are on their way to the cache */
};

struct ranking *ranking_new(const struct ranking_settings *settings, const struct ids *ids,
                            struct item_table *table)
{
    struct ranking *ranking = xcalloc(1, sizeof(*ranking));
    ranking->settings = *settings;
    ranking->ids = ids;
    ranking->table = table;
    ranking->recent = xcalloc(settings->recent_items + 1, sizeof(*ranking->recent));
    ranking->disliked = xcalloc(settings->recent_items + 1, sizeof(*ranking->disliked));
    ranking->recency = xcalloc(settings->recent_items + 1, sizeof(*ranking->recency));
    ranking->strengths = xcalloc(settings->recent_items + 1, sizeof(*ranking->strengths));
    for (size_t r = 0; r < settings->recent_items; r++) {
        ranking->recency[r] = (float)(pow((double)r + 1.0, -settings->recency_power) *
                                      pow(settings->recency_decay, (double)r));
    }
    topk_init(&ranking->top, ids_before, ids);
    heads_init(&ranking->heads, ids);
    return ranking;
}

struct ranking *ranking_free(struct ranking *ranking)
{
    if (!ranking) { return NULL; }
    heads_release(&ranking->heads);
    topk_release(&ranking->top);
    free(ranking->parts);
    free(ranking->list);
    free(ranking->recency);
    free(ranking->strengths);
    free(ranking->recent);
    free(ranking->disliked);
    free(ranking->candidates);
    free(ranking->had);
    free(ranking->had_items);
    free(ranking->crossed);
    free(ranking->cells);
    free(ranking);
    return NULL;
}

struct ranking_weights ranking_settings_weights(const struct ranking_settings *settings)
{
    return (struct ranking_weights){settings->directed_weight, settings->symmetric_weight,
                                    settings->popularity_weight, settings->cross_weight};
}

void ranking_weigh(struct ranking *ranking, const struct ranking_weights *weights)
{
    ranking->settings.directed_weight = weights->directed;
    ranking->settings.symmetric_weight = weights->symmetric;
    ranking->settings.popularity_weight = weights->popularity;
    ranking->settings.cross_weight = weights->cross;
}

/* Forgets what the user of the last list has had. */
static void forget_had(struct ranking *ranking)
{
    for (size_t k = 0; k < ranking->had_items_count; k++) {
        ranking->had[ranking->had_items[k] / 64] = 0;
    }
    ranking->had_items_count = 0;
}

static void take_had(struct ranking *ranking, int32_t item)
{
    uint64_t bit = (uint64_t)1 << (item % 64);
    ranking->cells[item].seen = ranking->touched;
    if (ranking->had[item / 64] & bit) { return; }
    ranking->had[item / 64] |= bit;
    ARRAY_RESERVE(ranking->had_items, ranking->had_items_capacity, ranking->had_items_count + 1,
                  64);
    ranking->had_items[ranking->had_items_count++] = item;
}

/* Makes room for all items and the list, and takes new stamps. */
static void begin(struct ranking *ranking, size_t length)
{
    int32_t end = MAX_OF(ids_count(ranking->ids), item_table_end(ranking->table));
    if (end > ranking->capacity) {
        size_t old = (size_t)ranking->capacity;
        size_t capacity = MAX_OF(old * 2, (size_t)CELLS_FIRST);
        capacity = MIN_OF(MAX_OF(capacity, (size_t)end), (size_t)INT32_MAX);
        ranking->cells = xreallocarray(ranking->cells, capacity, sizeof(*ranking->cells));
        memset(ranking->cells + old, 0, (capacity - old) * sizeof(*ranking->cells));
        ranking->candidates =
            xreallocarray(ranking->candidates, capacity + 1, sizeof(*ranking->candidates));
        ranking->capacity = (int32_t)capacity;
        ARRAY_RESERVE_ZEROS(ranking->had, ranking->had_capacity, capacity / 64 + 1, 64);
    }
    forget_had(ranking);
    if (length > ranking->list_capacity) {
        ranking->list = xreallocarray(ranking->list, length, sizeof(*ranking->list));
        ranking->parts = xreallocarray(ranking->parts, length, sizeof(*ranking->parts));
        ranking->list_capacity = length;
    }
    if (ranking->chosen >= UINT32_MAX - 2) {
        memset(ranking->cells, 0, (size_t)ranking->capacity * sizeof(*ranking->cells));
        ranking->chosen = 0;
    }
    ranking->touched = ranking->chosen + 1;
    ranking->chosen = ranking->touched + 1;
    ranking->shown_too = false;
    ranking->candidates_count = ranking->recent_count = ranking->list_count = 0;
    ranking->disliked_count = 0;
}

static void add_disliked(struct ranking *ranking, int32_t item)
{
    float weight = (float)ranking->settings.dislike_weight;
    if (!(weight > 0.0F) || ranking->disliked_count == ranking->settings.recent_items) { return; }
    ranking->disliked[ranking->disliked_count] = (struct recent){
        .item = item,
        .weight = -weight * ranking->recency[ranking->disliked_count],
    };
    ranking->disliked_count++;
}

/* Marks what the user has had and picks the recent items, newest first. */
static void read_history(struct ranking *ranking, const struct ranking_request *request)
{
    struct cell *cells = ranking->cells;
    for (size_t k = request->count; k-- > 0;) {
        int32_t item = request->items[k];
        if (item == ID_NONE || cells[item].seen == ranking->touched) { continue; }
        take_had(ranking, item);
        if (!(request->weights[k] > 0.0F)) {
            add_disliked(ranking, item);
            continue;
        }
        if (ranking->recent_count == ranking->settings.recent_items) { continue; }
        ranking->recent[ranking->recent_count] = (struct recent){
            .item = item,
            .weight = ranking->recency[ranking->recent_count],
        };
        ranking->recent_count++;
    }
    for (size_t k = 0; k < request->seen_count; k++) {
        if (request->seen[k] != ID_NONE) { take_had(ranking, request->seen[k]); }
    }
}

/* The rows of recent items are anywhere in memory. */
static void fetch_recent(const struct ranking *ranking, bool neighbours)
{
    for (size_t r = 0; r < ranking->recent_count; r++) {
        item_table_fetch(ranking->table, ranking->recent[r].item, neighbours);
    }
}

/* Lowers recent items by their weights, each the greatest of the user's actions on the item. The
 * greatest of all stays, so that equal weights change nothing. */
static void weigh_recent(struct ranking *ranking, const struct ranking_request *request)
{
    float *weights = ranking->strengths, most = 0.0F;
    const float *strengths = request->strengths ? request->strengths : request->weights;
    if (!(ranking->settings.weights_power > 0.0)) { return; }
    for (size_t r = 0; r < ranking->recent_count; r++) {
        weights[r] = 0.0F;
        for (size_t k = 0; k < request->count; k++) {
            bool is = request->items[k] == ranking->recent[r].item;
            if (is) { weights[r] = MAX_OF(weights[r], strengths[k]); }
        }
        most = MAX_OF(most, weights[r]);
    }
    for (size_t r = 0; r < ranking->recent_count; r++) {
        if (!(weights[r] < most)) { continue; }
        double part = (double)weights[r] / (double)most;
        ranking->recent[r].weight *= (float)pow(part, ranking->settings.weights_power);
    }
}

/* Returns one neighbour's symmetric part, without the cosine's factor of the neighbour. */
static float symmetric_part(const struct ranking *ranking, int32_t source, int32_t item, float co)
{
    if (item_table_settings(ranking->table)->measure == SIMILARITY_COSINE) {
        return item_table_factors(ranking->table)[source].mass * co;
    }
    return (float)item_table_similarity(ranking->table, source, item, (double)co);
}

/* Adds one recent item's neighbours to the sums. */
static void add_row(struct ranking *ranking, struct recent recent)
{
    struct neighbours row = item_table_neighbours(ranking->table, recent.item);
    if (row.count == 0) { return; }
    struct item_factors factors = item_table_factors(ranking->table)[recent.item];
    bool cosine = item_table_settings(ranking->table)->measure == SIMILARITY_COSINE;
    float directed = recent.weight * factors.source;
    float symmetric = 0.0F;
    if (ranking->settings.symmetric_weight > 0.0 && cosine) {
        symmetric = recent.weight * factors.mass * row.co_scale;
    }
    for (size_t k = 0; k < row.count; k++) {
        struct cell *cell = touch(ranking, row.items[k]);
        cell->directed += directed * row.kernels[k];
        cell->symmetric += symmetric * row.co_ratings[k];
    }
    if (!(ranking->settings.symmetric_weight > 0.0) || cosine) { return; }
    for (size_t k = 0; k < row.count; k++) {
        float co = row.co_ratings[k] * row.co_scale;
        float part = symmetric_part(ranking, recent.item, row.items[k], co);
        ranking->cells[row.items[k]].symmetric += recent.weight * part;
    }
}

/* Inconsistent rows may sum to infinity, which is replaced by the largest number, so that no score
 * becomes NaN. */
static float bounded(float sum)
{
    return MIN_OF(sum, FLT_MAX);
}

/* Returns the factor that scales the largest value to the weight. For a largest value near 0 it
 * would be infinite, and infinity times 0 is NaN. */
static float scale_of(double weight, double largest)
{
    return largest > 0.0 ? (float)MIN_OF(weight / largest, (double)FLT_MAX) : 0.0F;
}

/* Finishes the sums, keeps the candidates that may be listed, and sets the scales. */
static void filter(struct ranking *ranking, const struct item_flags *flags)
{
    const struct item_factors *factors = item_table_factors(ranking->table);
    bool cosine = item_table_settings(ranking->table)->measure == SIMILARITY_COSINE;
    float directed_max = 0.0F, symmetric_max = 0.0F, crossed_max = 0.0F;
    size_t kept = 0;
    for (size_t k = 0; k < ranking->candidates_count; k++) {
        if (k + FACTORS_AHEAD < ranking->candidates_count) {
            __builtin_prefetch(&factors[ranking->candidates[k + FACTORS_AHEAD]]);
        }
        int32_t item = ranking->candidates[k];
        struct cell *cell = &ranking->cells[item];
        if (cell->seen == ranking->touched) { continue; }
        if (item_flags_barred(flags, item)) { continue; }
        cell->directed *= factors[item].target;
        cell->symmetric = bounded(cell->symmetric);
        if (cosine) { cell->symmetric = bounded(cell->symmetric * factors[item].mass); }
        float crossed = crossed_of(ranking, item);
        if (!(cell->directed > 0.0F) && !(cell->symmetric > 0.0F) && !(crossed > 0.0F)) {
            bool disliked = cell->directed < 0.0F || cell->symmetric < 0.0F;
            if (disliked) { cell->seen = ranking->chosen; }
            continue;
        }
        cell->directed = MAX_OF(cell->directed, 0.0F);
        cell->symmetric = MAX_OF(cell->symmetric, 0.0F);
        directed_max = MAX_OF(directed_max, cell->directed);
        symmetric_max = MAX_OF(symmetric_max, cell->symmetric);
        crossed_max = MAX_OF(crossed_max, crossed);
        ranking->candidates[kept++] = item;
    }
    ranking->candidates_count = kept;
    const struct ranking_settings *set = &ranking->settings;
    double root = set->popularity_weight > 0.0 ? sqrt(item_table_actions_max(ranking->table)) : 0.0;
    ranking->directed_scale = scale_of(set->directed_weight, (double)directed_max);
    ranking->symmetric_scale = scale_of(set->symmetric_weight, (double)symmetric_max);
    ranking->popularity_scale = scale_of(set->popularity_weight, root);
    ranking->cross_scale = scale_of(set->cross_weight, (double)crossed_max);
}

/* Items that the user has had were taken. */
static bool is_shown(const struct ranking *ranking, int32_t item)
{
    return item >= 0 && item < ranking->capacity &&
           ranking->cells[item].seen != ranking->touched;
}

/* What was shown counts less; the scales stay. */
static void lower_shown(struct ranking *ranking, const struct shown_items *shown)
{
    for (size_t k = 0; k < shown->count; k++) {
        if (!is_shown(ranking, shown->at[k].item)) { continue; }
        struct cell *cell = &ranking->cells[shown->at[k].item];
        cell->seen = ranking->chosen;
        if (cell->stamp != ranking->touched) { continue; }
        cell->directed *= shown->at[k].factor;
        cell->symmetric *= shown->at[k].factor;
        if (ranking->crossing) { ranking->crossed[shown->at[k].item] *= shown->at[k].factor; }
    }
}

/* The same for the parts by which the list is explained. */
static void lower_parts(struct ranking *ranking, const struct shown_items *shown)
{
    for (size_t k = 0; k < shown->count; k++) {
        if (!is_shown(ranking, shown->at[k].item)) { continue; }
        const struct cell *cell = &ranking->cells[shown->at[k].item];
        if (cell->stamp == ranking->chosen) { ranking->parts[cell->place] *= shown->at[k].factor; }
    }
}

static inline __attribute__((always_inline)) float
score_of(const struct ranking *ranking, const struct item_factors *factors, int32_t item)
{
    const struct cell *cell = &ranking->cells[item];
    return ranking->directed_scale * cell->directed + ranking->symmetric_scale * cell->symmetric +
           ranking->popularity_scale * factors[item].root +
           ranking->cross_scale * crossed_of(ranking, item);
}

static void choose(struct ranking *ranking, size_t length)
{
    const struct item_factors *factors = item_table_factors(ranking->table);
    float scores[SCORED_AT_ONCE];
    ranking->sums = (struct ranking_sums){0};
    topk_clear(&ranking->top, length);
    for (size_t from = 0; from < ranking->candidates_count; from += SCORED_AT_ONCE) {
        const int32_t *items = ranking->candidates + from;
        size_t count = MIN_OF(ranking->candidates_count - from, (size_t)SCORED_AT_ONCE);
        double sum, squares;
        for (size_t k = 0; k < count; k++) { scores[k] = score_of(ranking, factors, items[k]); }
        lanes_sums(scores, count, &sum, &squares);
        topk_push_items(&ranking->top, scores, items, count);
        ranking->sums.scores += sum;
        ranking->sums.squares += squares;
    }
    topk_sort(&ranking->top);
}

static void append(struct ranking *ranking, int32_t item, enum ranked_reason reason)
{
    uint32_t place = (uint32_t)ranking->list_count++;
    ranking->cells[item].stamp = ranking->chosen;
    ranking->cells[item].place = place;
    ranking->parts[place] = -1.0F;
    ranking->list[place] = (struct ranked){
        .item = item,
        .because = ID_NONE,
        .evidence = (float)item_table_actions(ranking->table, item),
        .reason = reason,
    };
}

/* Appends what was chosen; how many actions there are on items is anywhere in memory. */
static void append_chosen(struct ranking *ranking)
{
    const struct topk_entry *entries = ranking->top.entries;
    const size_t count = ranking->top.count;
    for (size_t k = 0; k < MIN_OF(count, (size_t)ACTIONS_AHEAD); k++) {
        item_table_fetch_actions(ranking->table, entries[k].item);
    }
    for (size_t k = 0; k < count; k++) {
        const size_t ahead = k + ACTIONS_AHEAD;
        if (ahead < count) { item_table_fetch_actions(ranking->table, entries[ahead].item); }
        append(ranking, entries[k].item, RANKED_BECAUSE);
        ranking->list[k].score = (float)entries[k].score;
    }
}

/* Finds for each listed item the recent item with the largest part; the newest of equal ones. */
static void explain(struct ranking *ranking)
{
    const struct item_factors *factors = item_table_factors(ranking->table);
    bool cosine = item_table_settings(ranking->table)->measure == SIMILARITY_COSINE;
    for (size_t r = 0; r < ranking->recent_count; r++) {
        struct recent recent = ranking->recent[r];
        struct neighbours row = item_table_neighbours(ranking->table, recent.item);
        for (size_t k = 0; k < row.count; k++) {
            int32_t item = row.items[k];
            const struct cell *cell = &ranking->cells[item];
            if (cell->stamp != ranking->chosen) { continue; }
            float co = row.co_ratings[k] * row.co_scale;
            float part = ranking->directed_scale * recent.weight * factors[recent.item].source *
                         row.kernels[k] * factors[item].target;
            if (ranking->symmetric_scale > 0.0F) {
                float symmetric = bounded(symmetric_part(ranking, recent.item, item, co));
                if (cosine) { symmetric = bounded(symmetric * factors[item].mass); }
                part += ranking->symmetric_scale * recent.weight * symmetric;
            }
            if (part > ranking->parts[cell->place]) {
                ranking->parts[cell->place] = part;
                ranking->list[cell->place].because = recent.item;
                ranking->list[cell->place].evidence = co;
            }
        }
    }
}

/* Sets which part of what the recent items add is of `because`. */
static void set_shares(struct ranking *ranking)
{
    const struct item_factors *factors = item_table_factors(ranking->table);
    for (size_t k = 0; k < ranking->list_count; k++) {
        struct ranked *ranked = &ranking->list[k];
        float popularity = ranking->popularity_scale * factors[ranked->item].root;
        float added = bounded(ranked->score - popularity);
        bool known = ranked->because != ID_NONE && ranking->parts[k] > 0.0F && added > 0.0F;
        ranked->share = known ? MIN_OF(bounded(ranking->parts[k]) / added, 1.0F) : 0.0F;
    }
}

/* Says whether an item may fill up the list. */
static bool free_to_fill(const struct ranking *ranking, const struct item_flags *flags,
                         int32_t item)
{
    const struct cell *cell = &ranking->cells[item];
    return cell->seen != ranking->touched && cell->stamp != ranking->chosen &&
           (cell->seen != ranking->chosen || ranking->shown_too) &&
           !item_flags_barred(flags, item);
}

/* Appends the next item of a head's first `end` that may fill up the list; false: there is none. */
static bool fill_next(struct ranking *ranking, const struct item_flags *flags,
                      const struct head *head, size_t end, size_t *at, enum ranked_reason reason)
{
    while (*at < end) {
        int32_t item = head->entries[(*at)++].item;
        if (!free_to_fill(ranking, flags, item)) { continue; }
        append(ranking, item, reason);
        return true;
    }
    return false;
}

/* Appends trending and popular items in turn, from the first TURN_ITEMS of each. */
static void fill_in_turn(struct ranking *ranking, const struct item_flags *flags, size_t length)
{
    const struct head *trending = &ranking->heads.trending, *popular = &ranking->heads.popular;
    size_t trending_at = 0, trending_end = MIN_OF(trending->count, (size_t)TURN_ITEMS);
    size_t popular_at = 0, popular_end = 0;
    while (popular_end < MIN_OF(popular->count, (size_t)TURN_ITEMS) &&
           popular->entries[popular_end].score > 0.0) {
        popular_end++;
    }
    for (bool more = true; more && ranking->list_count < length;) {
        more = fill_next(ranking, flags, trending, trending_end, &trending_at, RANKED_TRENDING);
        if (ranking->list_count == length) { return; }
        more |= fill_next(ranking, flags, popular, popular_end, &popular_at, RANKED_POPULAR);
    }
}

static enum ranked_reason rest_reason(const struct ranking *ranking, int32_t item)
{
    return item_table_has(ranking->table, item) ? RANKED_POPULAR : RANKED_NEW;
}

/* Appends items of the popular head, also those without actions. */
static void fill_from_head(struct ranking *ranking, const struct item_flags *flags, size_t length)
{
    const struct head *head = &ranking->heads.popular;
    for (size_t k = 0; k < head->count && ranking->list_count < length; k++) {
        int32_t item = head->entries[k].item;
        if (!free_to_fill(ranking, flags, item)) { continue; }
        append(ranking, item, rest_reason(ranking, item));
    }
}

/* Appends from all known items, by actions, then by id: for a user who has had most of the head. */
static void fill_from_all(struct ranking *ranking, const struct item_flags *flags, size_t length)
{
    const struct item_table *table = ranking->table;
    int32_t end = MAX_OF(item_table_end(table), flags->count);
    ranking->looked += (uint64_t)end;
    topk_clear(&ranking->top, length - ranking->list_count);
    for (int32_t item = 0; item < end; item++) {
        bool listed = item_flags_of(flags, item) & ITEM_LISTED;
        if (!listed && !item_table_has(table, item)) { continue; }
        if (!free_to_fill(ranking, flags, item)) { continue; }
        topk_push(&ranking->top, item_table_actions(table, item), item);
    }
    topk_sort(&ranking->top);
    for (size_t k = 0; k < ranking->top.count; k++) {
        int32_t item = ranking->top.entries[k].item;
        append(ranking, item, rest_reason(ranking, item));
    }
}

/* Fills up the list; the scores are -1, -2, ... */
static void fill(struct ranking *ranking, const struct item_flags *flags, size_t length)
{
    size_t first = ranking->list_count;
    heads_update(&ranking->heads, ranking->table, flags);
    fill_in_turn(ranking, flags, length);
    fill_from_head(ranking, flags, length);
    if (ranking->list_count < length && !ranking->heads.popular.whole) {
        fill_from_all(ranking, flags, length);
    }
    ranking->shown_too = true;
    if (ranking->list_count < length) { fill_from_all(ranking, flags, length); }
    for (size_t k = first; k < ranking->list_count; k++) {
        ranking->list[k].score = -(float)(k - first + 1);
    }
}

size_t ranking_list(struct ranking *ranking, const struct ranking_request *request,
                    const struct ranked **ret_list)
{
    begin(ranking, request->length);
    ranking_cross_begin(ranking, request);
    assert(request->flags.count <= ranking->capacity);
    read_history(ranking, request);
    fetch_recent(ranking, /* neighbours= */ false);
    weigh_recent(ranking, request);
    fetch_recent(ranking, /* neighbours= */ true);
    for (size_t r = 0; r < ranking->recent_count; r++) { add_row(ranking, ranking->recent[r]); }
    if (ranking->crossing) { ranking_cross_add(ranking, request); }
    for (size_t r = 0; r < ranking->disliked_count; r++) {
        add_row(ranking, ranking->disliked[r]);
    }
    filter(ranking, &request->flags);
    lower_shown(ranking, &request->shown);
    choose(ranking, request->length);
    append_chosen(ranking);
    explain(ranking);
    if (ranking->crossing) { ranking_cross_explain(ranking); }
    lower_parts(ranking, &request->shown);
    set_shares(ranking);
    if (ranking->list_count < request->length) {
        fill(ranking, &request->flags, request->length);
    }
    *ret_list = ranking->list;
    return ranking->list_count;
}

/* ---- Of items that are not on the list ---- */

struct ranking_allowance ranking_allowance(const struct ranking *ranking,
                                           const struct item_flags *flags)
{
    return (struct ranking_allowance){ranking->had, ranking->capacity, flags};
}

bool ranking_allows(const struct ranking *ranking, const struct item_flags *flags, int32_t item)
{
    const struct ranking_allowance allowance = ranking_allowance(ranking, flags);
    return allowance_has(&allowance, item);
}

float ranking_score(const struct ranking *ranking, int32_t item)
{
    const struct cell *cell = &ranking->cells[item];
    if (cell->stamp == ranking->chosen) { return MAX_OF(ranking->list[cell->place].score, 0.0F); }
    bool spoken_for = cell->stamp == ranking->touched &&
                      (cell->directed > 0.0F || cell->symmetric > 0.0F ||
                       crossed_of(ranking, item) > 0.0F);
    return spoken_for ? score_of(ranking, item_table_factors(ranking->table), item) : 0.0F;
}

double ranking_actions(const void *ranking, int32_t item)
{
    const struct ranking *of = ranking;
    return item_table_actions(of->table, item);
}

uint64_t ranking_looked(const struct ranking *ranking)
{
    return ranking->heads.looked + ranking->looked;
}

struct ranking_sums ranking_sums(const struct ranking *ranking)
{
    return ranking->sums;
}
