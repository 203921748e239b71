#include "base/base.h"
#include "base/xalloc.h"
#include "model/lanes.h"
#include "model/topk.h"
#include "scorer/prospects.h"

/* A search of the index costs about a microsecond for each row that it is asked for: for more than
 * FOUND_MAX, a look at all rows is hardly dearer, and misses none. */
enum { TILE_NUMBERS = 1 << 21, ROW_NONE = -1, FOUND_MAX = 512 };

struct encoded {
    bool known; /* some of it */
    size_t hidden; /* index */
};

struct prospects {
    const struct tables *tables;
    const struct vectors *vectors;
    struct affinity *affinity;
    size_t each;
    int32_t *rows; /* of all histories, one after the other */
    size_t rows_capacity;
    struct sequence sequences[PROSPECTS_AHEAD];
    struct encoded encoded[PROSPECTS_AHEAD];
    size_t encoded_count;
    float *hidden;
    size_t width;
    float *scores; /* of the tile */
    size_t scores_capacity, tile_from, tile_end;
    int32_t found[FOUND_MAX]; /* by the index */
    uint32_t *stamps; /* by row: the user's own */
    size_t stamps_count;
    uint32_t stamp;
    struct topk top, alike;
    int32_t items[MIXTURE_CANDIDATES_MAX];
    struct mixture_candidates candidates;
};

static bool id_before(const void *arg, int32_t a, int32_t b)
{
    const struct ids *ids = arg;
    return slice_compare(ids_text(ids, a), ids_text(ids, b)) < 0;
}

struct prospects *prospects_new(const struct tables *tables, const struct vectors *vectors,
                                struct affinity *affinity, size_t each)
{
    struct prospects *prospects = xcalloc(1, sizeof(*prospects));
    prospects->tables = tables;
    prospects->vectors = vectors;
    prospects->affinity = affinity;
    prospects->each = MIN_OF(each, (size_t)MIXTURE_CANDIDATES_MAX / MIXTURE_MEMBERS);
    topk_init(&prospects->top, id_before, tables->ids);
    topk_init(&prospects->alike, id_before, tables->ids);
    return prospects;
}

struct prospects *prospects_free(struct prospects *prospects)
{
    if (!prospects) { return NULL; }
    topk_release(&prospects->top);
    topk_release(&prospects->alike);
    free(prospects->rows);
    free(prospects->hidden);
    free(prospects->scores);
    free(prospects->stamps);
    free(prospects);
    return NULL;
}

/* ---- Encoding ---- */

static void reserve_rows(struct prospects *prospects, const size_t *counts, size_t count)
{
    size_t total = 0;
    for (size_t h = 0; h < count; h++) { total += counts[h]; }
    if (total <= prospects->rows_capacity) { return; }
    prospects->rows_capacity = 2 * total;
    prospects->rows =
        xreallocarray(prospects->rows, prospects->rows_capacity, sizeof(*prospects->rows));
}

void prospects_encode(struct prospects *prospects, const int32_t *const *items,
                      const size_t *counts, size_t count)
{
    const struct served *served = prospects->vectors ? vectors_served(prospects->vectors) : NULL;
    assert(count <= PROSPECTS_AHEAD);
    prospects->encoded_count = prospects->tile_from = prospects->tile_end = 0;
    if (!served) { return; }
    reserve_rows(prospects, counts, count);
    int32_t *at = prospects->rows;
    size_t known = 0;
    for (size_t h = 0; h < count; h++) {
        int32_t *from = at;
        for (size_t k = 0; k < counts[h]; k++) {
            int32_t row = served_row(served, items[h][k]);
            if (row != ROW_NONE) { *at++ = row; }
        }
        prospects->encoded[h] = (struct encoded){.known = at > from, .hidden = known};
        if (at == from) { continue; }
        prospects->sequences[known++] =
            (struct sequence){.items = from, .count = (size_t)(at - from)};
    }
    prospects->encoded_count = count;
    if (prospects->width < foresight_width(served->foresight)) {
        prospects->width = foresight_width(served->foresight);
        prospects->hidden = xreallocarray(prospects->hidden, PROSPECTS_AHEAD * prospects->width,
                                          sizeof(float));
    }
    if (!known) { return; }
    foresight_encode(served->foresight, served->table, prospects->sequences, known,
                     prospects->hidden);
}

/* What the generation says of a user's items: a score is read, or is a product when no scan was
 * made. */
struct outlook {
    const struct served *served;
    const float *hidden; /* NULL: it knows nothing of the history */
    const float *scores; /* of all rows; NULL: not scanned */
    size_t d;
};

static float score_of(const struct outlook *outlook, int32_t row)
{
    if (outlook->scores) { return outlook->scores[row]; }
    const float *vector = outlook->served->table + (size_t)row * outlook->d;
    return lanes_dot(vector, outlook->hidden, outlook->d);
}

/* Scores all rows for a hidden vector, and for those behind it while a tile holds them. */
static const float *scan(struct prospects *prospects, const struct served *served,
                              size_t hidden)
{
    if (hidden < prospects->tile_from || hidden >= prospects->tile_end) {
        size_t d = foresight_width(served->foresight), left = 0;
        for (size_t h = 0; h < prospects->encoded_count; h++) {
            left += prospects->encoded[h].known && prospects->encoded[h].hidden >= hidden;
        }
        size_t tile = MIN_OF(MAX_OF((size_t)TILE_NUMBERS / served->rows, (size_t)1), left);
        if (tile * served->rows > prospects->scores_capacity) {
            prospects->scores_capacity = tile * served->rows;
            prospects->scores =
                xreallocarray(prospects->scores, prospects->scores_capacity, sizeof(float));
        }
        foresight_scores(served->foresight, served->table, served->rows,
                         prospects->hidden + hidden * d, tile, prospects->scores);
        prospects->tile_from = hidden;
        prospects->tile_end = hidden + tile;
    }
    return prospects->scores + (hidden - prospects->tile_from) * served->rows;
}

/* ---- Candidates ---- */

struct moments {
    double mean;
    double scale; /* 1 / deviation; 0 when all are the same */
};

static struct moments moments_of(double sum, double squares, double count)
{
    double mean = sum / count, variance = squares / count - mean * mean;
    bool varies = variance > 1e-12 * mean * mean && variance > 0.0;
    return (struct moments){mean, varies ? 1.0 / sqrt(variance) : 0.0};
}

static float z_of(struct moments moments, float score)
{
    return (float)(((double)score - moments.mean) * moments.scale);
}

/* Evidence that is added up has a long tail, of which a sum of weighted scores would see nothing
 * else; its logarithm is what adds to a softmax's logits. */
static float flatten(float z)
{
    return copysignf(log1pf(fabsf(z)), z);
}

static void sum_up(const float *scores, size_t rows, double *ret_sum, double *ret_squares)
{
    enum { SUMS = 16 };
    double sum = 0.0, squares = 0.0;
    for (size_t from = 0; from < rows; from += 1024) {
        size_t end = MIN_OF(from + 1024, rows);
        float part[SUMS] = {0}, part_squares[SUMS] = {0};
        size_t row = from;
        for (; row + SUMS <= end; row += SUMS) {
            for (size_t l = 0; l < SUMS; l++) {
                part[l] += scores[row + l];
                part_squares[l] += scores[row + l] * scores[row + l];
            }
        }
        for (size_t l = 0; row + l < end; l++) {
            part[l] += scores[row + l];
            part_squares[l] += scores[row + l] * scores[row + l];
        }
        for (size_t l = 0; l < SUMS; l++) {
            sum += (double)part[l];
            squares += (double)part_squares[l];
        }
    }
    *ret_sum = sum;
    *ret_squares = squares;
}

/* Moments over the rows that the user has not had; counts them. */
static struct moments sequence_moments(struct prospects *prospects, const struct outlook *outlook,
                                       const struct prospects_request *request, double *ret_count)
{
    const struct served *served = outlook->served;
    double sum, squares, count = (double)served->rows;
    if (outlook->scores) {
        sum_up(outlook->scores, served->rows, &sum, &squares);
    } else {
        vector_index_sums(served->index, outlook->hidden, &sum, &squares);
    }
    if (prospects->stamps_count < served->rows) {
        prospects->stamps = xreallocarray(prospects->stamps, served->rows, sizeof(uint32_t));
        memset(prospects->stamps, 0, served->rows * sizeof(uint32_t));
        prospects->stamps_count = served->rows;
        prospects->stamp = 0;
    }
    if (++prospects->stamp == 0) {
        memset(prospects->stamps, 0, prospects->stamps_count * sizeof(uint32_t));
        prospects->stamp = 1;
    }
    for (size_t k = 0; k < request->had_count; k++) {
        int32_t row = served_row(served, request->had[k]);
        if (row == ROW_NONE || prospects->stamps[row] == prospects->stamp) { continue; }
        prospects->stamps[row] = prospects->stamp;
        double score = (double)score_of(outlook, row);
        sum -= score;
        squares -= score * score;
        count -= 1.0;
    }
    *ret_count = MAX_OF(count, 1.0);
    return moments_of(sum, squares, *ret_count);
}

static void scan_best(struct prospects *prospects, const struct served *served,
                      const struct prospects_request *request, const float *scores)
{
    struct topk *top = &prospects->top;
    topk_clear(top, prospects->each);
    for (size_t row = 0; row < served->rows; row++) {
        if (top->count == top->length && (double)scores[row] < top->entries[0].score) { continue; }
        int32_t item = served->items[row];
        if (!ranking_allows(request->ranking, request->flags, item)) { continue; }
        topk_push(top, (double)scores[row], item);
    }
    topk_sort(top);
}

/* Asks the index for as many as may have to be passed over, and some more; false when too few were
 * left. */
static bool look_up_best(struct prospects *prospects, const struct outlook *outlook,
                         const struct prospects_request *request)
{
    struct topk *top = &prospects->top;
    const size_t wanted = MIN_OF(2 * prospects->each + request->had_count, (size_t)FOUND_MAX);
    size_t count = vector_index_find(outlook->served->index, outlook->hidden, wanted,
                                     prospects->found);
    topk_clear(top, prospects->each);
    for (size_t k = 0; k < count; k++) {
        int32_t row = prospects->found[k], item = outlook->served->items[row];
        if (!ranking_allows(request->ranking, request->flags, item)) { continue; }
        topk_push(top, (double)score_of(outlook, row), item);
    }
    topk_sort(top);
    return top->count == top->length;
}

/* What the members say of any item. */
struct opinions {
    struct outlook outlook;
    bool alike; /* content knows something */
    struct moments of[MIXTURE_MEMBERS];
};

static void add(struct prospects *prospects, const struct prospects_request *request,
                const struct opinions *opinions, int32_t item)
{
    struct mixture_candidates *to = &prospects->candidates;
    for (size_t c = 0; c < to->count; c++) {
        if (prospects->items[c] == item) { return; }
    }
    float sequence = 0.0F, content = 0.0F;
    if (opinions->outlook.hidden) {
        int32_t row = served_row(opinions->outlook.served, item);
        if (row != ROW_NONE) {
            sequence = z_of(opinions->of[MEMBER_SEQUENCE], score_of(&opinions->outlook, row));
        }
    }
    if (opinions->alike) {
        float score = affinity_score(prospects->affinity, item);
        content = flatten(z_of(opinions->of[MEMBER_CONTENT], score));
    }
    prospects->items[to->count] = item;
    to->z[MEMBER_COUNTING][to->count] =
        flatten(z_of(opinions->of[MEMBER_COUNTING], ranking_score(request->ranking, item)));
    to->z[MEMBER_SEQUENCE][to->count] = sequence;
    to->z[MEMBER_CONTENT][to->count] = content;
    to->count++;
}

/* Asks content: its best, and its moments over `count` items. */
static bool ask_content(struct prospects *prospects, const struct prospects_request *request,
                        double count, struct moments *ret_moments)
{
    const int32_t *items;
    double sum = 0.0, squares = 0.0;
    if (!prospects->affinity) { return false; }
    size_t touched = affinity_ask(prospects->affinity, request->had, request->weights,
                                  request->history_count, &items);
    topk_clear(&prospects->alike, prospects->each);
    for (size_t k = 0; k < touched; k++) {
        if (!ranking_allows(request->ranking, request->flags, items[k])) { continue; }
        double score = (double)affinity_score(prospects->affinity, items[k]);
        sum += score;
        squares += score * score;
        topk_push(&prospects->alike, score, items[k]);
    }
    topk_sort(&prospects->alike);
    *ret_moments = moments_of(sum, squares, count);
    return prospects->alike.count > 0;
}

/* Asks the generation: its best, and its moments; counts the items that they are over. */
static struct outlook ask_generation(struct prospects *prospects,
                                     const struct prospects_request *request,
                                     struct moments *ret_moments, double *ret_count)
{
    const struct served *served = prospects->vectors ? vectors_served(prospects->vectors) : NULL;
    struct outlook outlook = {.served = served};
    double count;
    topk_clear(&prospects->top, prospects->each);
    *ret_count = MAX_OF((double)ids_count(prospects->tables->ids), 1.0);
    if (!served || request->ahead >= prospects->encoded_count) { return outlook; }
    const struct encoded *encoded = &prospects->encoded[request->ahead];
    if (!encoded->known) { return outlook; }
    outlook.d = foresight_width(served->foresight);
    outlook.hidden = prospects->hidden + encoded->hidden * outlook.d;
    bool indexed = served->index && vector_index_cover(served->index, served->table,
                                                       served->rows) == served->rows;
    if (!indexed) { outlook.scores = scan(prospects, served, encoded->hidden); }
    *ret_moments = sequence_moments(prospects, &outlook, request, &count);
    if (!isfinite(ret_moments->mean) || !isfinite(ret_moments->scale)) {
        return (struct outlook){.served = served}; /* numbers too large for sums: no opinion */
    }
    *ret_count = count;
    if (indexed && look_up_best(prospects, &outlook, request)) { return outlook; }
    outlook.scores = scan(prospects, served, encoded->hidden); /* at no cost if it is there */
    scan_best(prospects, served, request, outlook.scores);
    return outlook;
}

bool prospects_find(struct prospects *prospects, const struct prospects_request *request,
                    const int32_t **ret_items, const struct mixture_candidates **ret_candidates)
{
    struct opinions opinions = {0};
    double count;
    opinions.outlook =
        ask_generation(prospects, request, &opinions.of[MEMBER_SEQUENCE], &count);
    opinions.alike = ask_content(prospects, request, count, &opinions.of[MEMBER_CONTENT]);
    if (!opinions.outlook.hidden && !opinions.alike) { return false; }
    struct ranking_sums sums = ranking_sums(request->ranking);
    opinions.of[MEMBER_COUNTING] = moments_of(sums.scores, sums.squares, count);
    prospects->candidates.count = 0;
    size_t counted = MIN_OF(request->ranked_count, prospects->each);
    for (size_t k = 0; k < counted && request->ranked[k].score >= 0.0F; k++) {
        add(prospects, request, &opinions, request->ranked[k].item);
    }
    for (size_t k = 0; k < prospects->top.count; k++) {
        add(prospects, request, &opinions, prospects->top.entries[k].item);
    }
    for (size_t k = 0; opinions.alike && k < prospects->alike.count; k++) {
        add(prospects, request, &opinions, prospects->alike.entries[k].item);
    }
    *ret_items = prospects->items;
    *ret_candidates = &prospects->candidates;
    return prospects->candidates.count > 0;
}
