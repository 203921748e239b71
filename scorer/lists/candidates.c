/* For one user: each member finds its best items (`each` of them), and all members score the union.
 *
 * The sequence model is the expensive one. Without an index all rows are scored: scan() multiplies
 * a tile of hidden vectors with them at once, and serves the next users from it. So
 * candidates_encode() must be given users in the order in which their candidates are found. With an
 * index, the best rows come from a search, the moments from sums that the index maintains, and only
 * the scores of single items are computed; if the search leaves too few, the rows are scanned.
 *
 * Z-scores need the mean and deviation over all items that the user has not had: the sums over all
 * rows, minus those of the user's own rows, each once (`stamps`).
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/lanes.h"
#include "model/topk.h"
#include "scorer/lists/candidates.h"
#include "scorer/lists/touched_items.h"

/* A search of the index costs about a microsecond for each row that it is to find. For more than
 * FOUND_MAX rows a scan costs hardly more, and misses none. */
enum { TILE_NUMBERS = 1 << 21, ROW_NONE = -1, FOUND_MAX = 512 };

struct encoded {
    bool known;    /* the model version has some of its items */
    size_t hidden; /* index of its hidden vector */
};

struct candidates {
    const struct tables *tables;
    const struct vectors *vectors;
    struct content_scores *content_scores;
    struct alike_users *alike; /* NULL: not used */
    size_t each;
    int32_t *rows; /* of all encoded histories, one after the other */
    size_t rows_capacity;
    struct sequence sequences[CANDIDATES_AHEAD];
    struct encoded encoded[CANDIDATES_AHEAD];
    size_t encoded_count;
    float *hidden;
    float *searches; /* by history: the vector of its search */
    size_t width;
    struct row_products products[CANDIDATES_AHEAD]; /* of the tile */
    float *numbers; /* of these */
    size_t numbers_capacity;
    size_t tile_from, tile_end; /* hidden vectors */
    int32_t found[FOUND_MAX]; /* rows that the index found */
    uint32_t *stamps;         /* by row: `stamp` if the user has had the item */
    size_t stamps_count;
    uint32_t stamp;
    struct topk top, similar, chosen;
    struct topk stretches; /* of rows */
    struct topk_entry counted[MIXTURE_CANDIDATES_MAX / MIXTURE_MEMBERS];
    struct topk_entry given[MIXTURE_CANDIDATES_MAX];
    struct candidate_set set;
};

static bool lower(const void *arg _unused_, int32_t a, int32_t b)
{
    return a < b;
}

struct candidates *candidates_new(const struct tables *tables, const struct vectors *vectors,
                                  struct content_scores *content_scores, size_t each)
{
    struct candidates *candidates = xcalloc(1, sizeof(*candidates));
    candidates->tables = tables;
    candidates->vectors = vectors;
    candidates->content_scores = content_scores;
    candidates->each = MIN_OF(each, (size_t)MIXTURE_CANDIDATES_MAX / MIXTURE_MEMBERS);
    topk_init(&candidates->top, ids_before, tables->ids);
    topk_init(&candidates->similar, ids_before, tables->ids);
    topk_init(&candidates->chosen, ids_before, tables->ids);
    topk_init(&candidates->stretches, lower, NULL);
    candidate_set_init(&candidates->set, tables->ids);
    return candidates;
}

void candidates_use_alike(struct candidates *candidates, struct alike_users *alike)
{
    candidates->alike = alike;
}

struct candidates *candidates_free(struct candidates *candidates)
{
    if (!candidates) { return NULL; }
    topk_release(&candidates->top);
    topk_release(&candidates->similar);
    topk_release(&candidates->chosen);
    topk_release(&candidates->stretches);
    candidate_set_release(&candidates->set);
    free(candidates->rows);
    free(candidates->hidden);
    free(candidates->searches);
    free(candidates->numbers);
    free(candidates->stamps);
    free(candidates);
    return NULL;
}

/* ---- Encoding ---- */

static void reserve_rows(struct candidates *candidates, const struct history_tokens *histories,
                         size_t count)
{
    size_t total = 0;
    for (size_t h = 0; h < count; h++) { total += histories[h].count + 1; }
    if (total <= candidates->rows_capacity) { return; }
    candidates->rows_capacity = 2 * total;
    candidates->rows =
        xreallocarray(candidates->rows, candidates->rows_capacity, sizeof(*candidates->rows));
}

static void reserve_width(struct candidates *candidates, size_t d)
{
    if (d <= candidates->width) { return; }
    candidates->width = d;
    candidates->hidden =
        xreallocarray(candidates->hidden, CANDIDATES_AHEAD * d, sizeof(*candidates->hidden));
    candidates->searches =
        xreallocarray(candidates->searches, CANDIDATES_AHEAD * d, sizeof(*candidates->searches));
}

/* Makes the vector of a history's search; false: the model reads none like it. */
static bool project_search(struct candidates *candidates, const struct served *served,
                           const struct vector_query *search, size_t h)
{
    const size_t d = transformer_inference_width(served->inference);
    float *to = candidates->searches + h * d;
    if (!search || !served->content || search->width != served->content) { return false; }
    memset(to, 0, d * sizeof(*to));
    for (size_t i = 0; i < search->width; i++) {
        const float number = search->inverse * (float)search->numbers[i];
        const float *row = served->projection + i * d;
        for (size_t j = 0; j < d; j++) { to[j] += number * row[j]; }
    }
    return true;
}

/* Writes the rows of a history's items, and its search; returns how many. */
static size_t write_rows(struct candidates *candidates, const struct served *served,
                         const struct history_tokens *history, size_t h, int32_t *to)
{
    const bool searched = project_search(candidates, served, history->search, h);
    size_t count = 0;
    for (size_t k = 0; k <= history->count; k++) {
        if (searched && k == history->search_at) { to[count++] = pack_of_search(h); }
        if (k == history->count) { break; }
        int32_t row = served_row(served, history->items[k]);
        if (row != ROW_NONE) { to[count++] = row; }
    }
    return count;
}

void candidates_encode(struct candidates *candidates, const struct history_tokens *histories,
                       size_t count)
{
    const struct served *served = candidates->vectors ? vectors_served(candidates->vectors) : NULL;
    assert(count <= CANDIDATES_AHEAD);
    candidates->encoded_count = candidates->tile_from = candidates->tile_end = 0;
    if (!served) { return; }
    reserve_rows(candidates, histories, count);
    reserve_width(candidates, transformer_inference_width(served->inference));
    int32_t *at = candidates->rows;
    size_t known = 0;
    for (size_t h = 0; h < count; h++) {
        size_t rows = write_rows(candidates, served, &histories[h], h, at);
        candidates->encoded[h] = (struct encoded){.known = rows > 0, .hidden = known};
        if (!rows) { continue; }
        candidates->sequences[known++] = (struct sequence){.items = at, .count = rows};
        at += rows;
    }
    candidates->encoded_count = count;
    if (!known) { return; }
    transformer_inference_encode(served->inference, served->table, candidates->searches,
                                 candidates->sequences, known, candidates->hidden);
}

/* The sequence model's scores for one user: read from a scan, or computed as products without
 * one. */
struct sequence_scores {
    const struct served *served;
    const float *hidden; /* NULL: the model knows no item of the history */
    const struct row_products *scores; /* of all rows; NULL: not scanned */
    size_t d;
};

static float score_of(const struct sequence_scores *sequence, int32_t row)
{
    if (sequence->scores) { return sequence->scores->products[row]; }
    const float *vector = sequence->served->table + (size_t)row * sequence->d;
    return lanes_dot(vector, sequence->hidden, sequence->d);
}

/* Makes room for the products of a tile. */
static void reserve_tile(struct candidates *candidates, const struct row_scan *rows, size_t tile)
{
    const size_t room = row_scan_room(rows), stretches = row_scan_stretches(rows);
    const size_t each = room + stretches + stretches * SCAN_COLUMNS;
    ARRAY_RESERVE(candidates->numbers, candidates->numbers_capacity, tile * each, each);
    for (size_t k = 0; k < tile; k++) {
        float *at = candidates->numbers + k * each;
        candidates->products[k] = (struct row_products){
            .products = at,
            .columns = at + room,
            .greatest = at + room + stretches * SCAN_COLUMNS,
        };
    }
}

/* Asks the cache for the scores of a user, of which some hundred will be looked at. */
static void fetch(const struct row_products *scores, size_t rows)
{
    enum { LINE = 64 / sizeof(float), FETCHED_MAX = 1 << 15 };
    for (size_t row = 0; row < MIN_OF(rows, (size_t)FETCHED_MAX); row += LINE) {
        __builtin_prefetch(scores->products + row);
    }
}

/* Scores all rows for a hidden vector, and for as many of the next ones as fit into a tile. */
static const struct row_products *scan(struct candidates *candidates, const struct served *served,
                                       size_t hidden)
{
    if (hidden < candidates->tile_from || hidden >= candidates->tile_end) {
        size_t d = transformer_inference_width(served->inference), left = 0;
        for (size_t h = 0; h < candidates->encoded_count; h++) {
            left += candidates->encoded[h].known && candidates->encoded[h].hidden >= hidden;
        }
        size_t tile = MIN_OF(MAX_OF((size_t)TILE_NUMBERS / served->rows, (size_t)1), left);
        reserve_tile(candidates, served->scan, tile);
        row_scan_multiply(served->scan, candidates->hidden + hidden * d, tile,
                          candidates->products);
        candidates->tile_from = hidden;
        candidates->tile_end = hidden + tile;
    }
    const struct row_products *scores = &candidates->products[hidden - candidates->tile_from];
    fetch(scores, served->rows);
    return scores;
}

/* ---- Candidates ---- */

/* Computes the moments over the rows that the user has not had; returns their number in
 * *ret_count. */
static struct member_moments sequence_moments(struct candidates *candidates,
                                       const struct sequence_scores *sequence,
                                       const struct candidates_request *request, double *ret_count)
{
    const struct served *served = sequence->served;
    double sum, squares, count = (double)served->rows;
    if (sequence->scores) {
        sum = sequence->scores->sum;
        squares = sequence->scores->squares;
    } else {
        vector_index_sums(served->index, sequence->hidden, &sum, &squares);
    }
    if (candidates->stamps_count < served->rows) {
        candidates->stamps = xreallocarray(candidates->stamps, served->rows, sizeof(uint32_t));
        memset(candidates->stamps, 0, served->rows * sizeof(uint32_t));
        candidates->stamps_count = served->rows;
        candidates->stamp = 0;
    }
    if (++candidates->stamp == 0) {
        memset(candidates->stamps, 0, candidates->stamps_count * sizeof(uint32_t));
        candidates->stamp = 1;
    }
    for (size_t k = 0; k < request->had_count; k++) {
        int32_t row = served_row(served, request->had[k]);
        if (row == ROW_NONE || candidates->stamps[row] == candidates->stamp) { continue; }
        candidates->stamps[row] = candidates->stamp;
        double score = (double)score_of(sequence, row);
        sum -= score;
        squares -= score * score;
        count -= 1.0;
    }
    *ret_count = MAX_OF(count, 1.0);
    return member_moments(sum, squares, *ret_count);
}

/* Returns the least of the `each` greatest scores of stretches of rows: at least as many rows reach
 * it. */
static float find_bound(struct candidates *candidates, const struct served *served,
                        const struct row_products *scores)
{
    struct topk *top = &candidates->stretches;
    topk_clear(top, candidates->each);
    topk_push_range(top, scores->greatest, row_scan_stretches(served->scan), 0);
    topk_shrink(top);
    return (float)top->least;
}

/* What offers the rows of a scan. */
struct offer {
    const struct served *served;
    const struct row_products *scores;
    struct ranking_allowance allowance;
    float bound;
    struct topk *top;
};

static inline void offer_row(const struct offer *offer, size_t row)
{
    const double score = (double)offer->scores->products[row];
    if (score < offer->top->least) { return; }
    int32_t item = offer->served->items[row];
    if (allowance_has(&offer->allowance, item)) { topk_push(offer->top, score, item); }
}

/* Finds the columns of a stretch that reach a bound; returns how many. Which ones do cannot be
 * foreseen, so there is no branch for it. */
static size_t find_columns(const float *columns, float bound, uint8_t ret_columns[SCAN_COLUMNS])
{
    size_t found = 0;
    for (size_t column = 0; column < SCAN_COLUMNS; column++) {
        ret_columns[found] = (uint8_t)column;
        found += columns[column] >= bound;
    }
    return found;
}

/* Offers the rows that reach the bound. */
static void offer_reaching(const struct offer *offer)
{
    const struct row_products *scores = offer->scores;
    uint8_t columns[SCAN_COLUMNS];
    for (size_t s = 0; s < row_scan_stretches(offer->served->scan); s++) {
        if (scores->greatest[s] < offer->bound) { continue; }
        const size_t from = s * SCAN_STRETCH;
        const size_t end = MIN_OF(from + SCAN_STRETCH, offer->served->rows);
        size_t found = find_columns(scores->columns + s * SCAN_COLUMNS, offer->bound, columns);
        for (size_t k = 0; k < found; k++) {
            for (size_t row = from + columns[k]; row < end; row += SCAN_COLUMNS) {
                if (scores->products[row] >= offer->bound) { offer_row(offer, row); }
            }
        }
    }
}

/* Offers the others. */
static void offer_others(const struct offer *offer)
{
    for (size_t row = 0; row < offer->served->rows; row++) {
        if (!(offer->scores->products[row] >= offer->bound)) { offer_row(offer, row); }
    }
}

/* The rows that reach the bound are about as many as are wanted, so that few are looked at; the
 * others are offered only where the user has had too many of these. */
static void scan_best(struct candidates *candidates, const struct served *served,
                      const struct candidates_request *request,
                      const struct row_products *scores)
{
    struct topk *top = &candidates->top;
    const struct offer offer = {
        .served = served,
        .scores = scores,
        .allowance = ranking_allowance(request->ranking, request->flags),
        .bound = find_bound(candidates, served, scores),
        .top = top,
    };
    topk_clear(top, candidates->each);
    offer_reaching(&offer);
    if (top->count < top->length) { offer_others(&offer); }
    topk_sort(top);
}

/* Finds the best rows with the index: as many as may have to be skipped, and some more. False when
 * too few are left. */
static bool search_best(struct candidates *candidates, const struct sequence_scores *sequence,
                        const struct candidates_request *request)
{
    struct topk *top = &candidates->top;
    const size_t wanted = MIN_OF(2 * candidates->each + request->had_count, (size_t)FOUND_MAX);
    size_t count =
        vector_index_find(sequence->served->index, sequence->hidden, wanted, candidates->found);
    topk_clear(top, candidates->each);
    for (size_t k = 0; k < count; k++) {
        int32_t row = candidates->found[k], item = sequence->served->items[row];
        if (!ranking_allows(request->ranking, request->flags, item)) { continue; }
        topk_push(top, (double)score_of(sequence, row), item);
    }
    topk_sort(top);
    return top->count == top->length;
}

static bool counting_score(const void *arg, int32_t item, float *ret_score)
{
    const struct ranking *ranking = arg;
    *ret_score = ranking_score(ranking, item);
    return true;
}

static bool sequence_score(const void *arg, int32_t item, float *ret_score)
{
    const struct sequence_scores *sequence = arg;
    int32_t row = served_row(sequence->served, item);
    if (row == ROW_NONE) { return false; }
    *ret_score = score_of(sequence, row);
    return true;
}

static bool content_score(const void *arg, int32_t item, float *ret_score)
{
    const struct content_scores *content_scores = arg;
    *ret_score = content_scores_of(content_scores, item);
    return true;
}

static bool alike_score(const void *arg, int32_t item, float *ret_score)
{
    *ret_score = alike_users_of(arg, item);
    return true;
}

static struct member_scores score_by_content(struct candidates *candidates,
                                             const struct candidates_request *request,
                                             double count)
{
    struct content_scores *scores = candidates->content_scores;
    struct touched_items touched;
    if (!scores) { return (struct member_scores){.score = NULL}; }
    touched.count = content_scores_find(scores, request->had, request->weights,
                                        request->history_count, &touched.items);
    touched.scores = content_scores_found(scores);
    topk_clear(&candidates->similar, candidates->each);
    return touched_items_rate(&touched, request->ranking, request->flags, count,
                              (struct member_scores){.score = content_score, .arg = scores},
                              &candidates->similar);
}

static struct member_scores score_by_alike(struct candidates *candidates,
                                           const struct candidates_request *request, double count)
{
    struct alike_users *alike = candidates->alike;
    struct touched_items touched;
    if (!alike) { return (struct member_scores){.score = NULL}; }
    touched.count = alike_users_find(alike, request->had, request->strengths,
                                     request->history_count, &touched.items);
    touched.scores = alike_users_found(alike);
    topk_clear(&candidates->chosen, candidates->each);
    return touched_items_rate(&touched, request->ranking, request->flags, count,
                              (struct member_scores){.score = alike_score, .arg = alike},
                              &candidates->chosen);
}

/* Finds the sequence model's best items, and its moments; returns the number of items that these
 * cover in *ret_count. */
static struct sequence_scores score_by_sequence(struct candidates *candidates,
                                                const struct candidates_request *request,
                                                struct member_moments *ret_moments,
                                                double *ret_count)
{
    const struct served *served = candidates->vectors ? vectors_served(candidates->vectors) : NULL;
    struct sequence_scores sequence = {.served = served};
    double count;
    topk_clear(&candidates->top, candidates->each);
    *ret_count = MAX_OF((double)ids_count(candidates->tables->ids), 1.0);
    if (!served || request->ahead >= candidates->encoded_count) { return sequence; }
    const struct encoded *encoded = &candidates->encoded[request->ahead];
    if (!encoded->known) { return sequence; }
    sequence.d = transformer_inference_width(served->inference);
    sequence.hidden = candidates->hidden + encoded->hidden * sequence.d;
    bool indexed = served->index &&
                   vector_index_cover(served->index, served->table, served->rows) == served->rows;
    if (!indexed) { sequence.scores = scan(candidates, served, encoded->hidden); }
    *ret_moments = sequence_moments(candidates, &sequence, request, &count);
    if (!isfinite(ret_moments->mean) || !isfinite(ret_moments->scale)) {
        /* Numbers too large for sums: no scores. */
        return (struct sequence_scores){.served = served};
    }
    *ret_count = count;
    if (indexed && search_best(candidates, &sequence, request)) { return sequence; }
    /* Costs nothing if the tile has it already. */
    sequence.scores = scan(candidates, served, encoded->hidden);
    scan_best(candidates, served, request, sequence.scores);
    return sequence;
}

/* Counting's scores; its best items are those of its list that have a score, without the ones that
 * filled the list up. */
static struct member_scores score_by_counting(struct candidates *candidates,
                                              const struct candidates_request *request,
                                              double count)
{
    struct ranking_sums sums = ranking_sums(request->ranking);
    size_t counted = 0, most = MIN_OF(request->ranked_count, candidates->each);
    for (; counted < most && request->ranked[counted].score >= 0.0F; counted++) {
        const struct ranked *ranked = &request->ranked[counted];
        candidates->counted[counted] = (struct topk_entry){(double)ranked->score, ranked->item};
    }
    return (struct member_scores){
        .score = counting_score,
        .arg = request->ranking,
        .moments = member_moments(sums.scores, sums.squares, count),
        .best = candidates->counted,
        .best_count = counted,
    };
}

/* Takes given candidates for the members' own: counting, which has a score for each item, has them
 * all. */
static void replace_best(struct candidates *candidates, const struct candidates_request *request,
                         struct member_scores *members)
{
    assert(request->given_count <= MIXTURE_CANDIDATES_MAX);
    for (size_t k = 0; k < request->given_count; k++) {
        candidates->given[k] = (struct topk_entry){0, request->given[k]};
    }
    for (size_t m = 0; m < MIXTURE_MEMBERS; m++) { members[m].best_count = 0; }
    members[MEMBER_COUNTING].best = candidates->given;
    members[MEMBER_COUNTING].best_count = request->given_count;
}

/* Appends what is brought to counting's own, which has a score for each item. */
static void add_brought(struct candidates *candidates, const struct candidates_request *request,
                        struct member_scores *counting)
{
    size_t count = counting->best_count;
    size_t room = (size_t)MIXTURE_CANDIDATES_MAX - (MIXTURE_MEMBERS - 1) * candidates->each - count;
    memcpy(candidates->given, counting->best, count * sizeof(*counting->best));
    for (size_t k = 0; k < MIN_OF(request->brought_count, room); k++) {
        candidates->given[count++] = (struct topk_entry){0, request->brought[k]};
    }
    counting->best = candidates->given;
    counting->best_count = count;
}

struct candidate_set *candidates_find(struct candidates *candidates,
                                      const struct candidates_request *request)
{
    struct member_scores members[MIXTURE_MEMBERS] = {0};
    double count;
    const struct sequence_scores sequence =
        score_by_sequence(candidates, request, &members[MEMBER_SEQUENCE].moments, &count);
    if (sequence.hidden) {
        members[MEMBER_SEQUENCE].score = sequence_score;
        members[MEMBER_SEQUENCE].arg = &sequence;
        members[MEMBER_SEQUENCE].best = candidates->top.entries;
        members[MEMBER_SEQUENCE].best_count = candidates->top.count;
    }
    members[MEMBER_CONTENT] = score_by_content(candidates, request, count);
    members[MEMBER_USERS] = score_by_alike(candidates, request, count);
    bool alone = true;
    for (size_t m = MEMBER_COUNTING + 1; m < MIXTURE_MEMBERS; m++) {
        alone = alone && !members[m].score;
    }
    if (alone) { return NULL; }
    members[MEMBER_COUNTING] = score_by_counting(candidates, request, count);
    if (request->given_count) { replace_best(candidates, request, members); }
    if (request->brought_count) {
        add_brought(candidates, request, &members[MEMBER_COUNTING]);
    }
    candidates->set.actions = (struct item_actions){ranking_actions, request->ranking};
    candidate_set_fill(&candidates->set, members);
    candidate_set_score_aspects(&candidates->set, candidates->content_scores);
    return candidates->set.zscores.count > 0 ? &candidates->set : NULL;
}
