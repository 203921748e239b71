#include "base/base.h"
#include "base/xalloc.h"
#include "model/blend.h"
#include "model/topk.h"

enum { SEGMENT_SHORT = 1, SEGMENT_LONG = 20, CANDIDATES = 10 };

#define RATE 0.05F
#define WEIGHT_FIRST 0.2F
#define SQUARES_FIRST 1e-2F
/* What the history holds: low enough for a softmax of 0, and still a number to multiply. */
#define Z_LEFT_OUT (-1e30F)
#define LEADER_KEPT 0.998

struct blend {
    enum blend_mode mode;
    struct member members[BLEND_MEMBERS_MAX];
    size_t count;
    size_t items_max;
    float *z; /* members x items_max: of the last query */
    float *p; /* items_max: scores, then probabilities */
    float weights[BLEND_SEGMENTS][BLEND_MEMBERS_MAX];
    float squares[BLEND_SEGMENTS][BLEND_MEMBERS_MAX];
    double fame[BLEND_MEMBERS_MAX + 1]; /* running objective; the last: of the mixture */
    size_t leader;                      /* count: the mixture */
    struct topk top;
    uint8_t *candidate; /* items_max */
};

static bool smaller(const void *arg, int32_t a, int32_t b)
{
    return a < b;
}

struct blend *blend_new(enum blend_mode mode, int32_t items_max, const struct member *members,
                        size_t count)
{
    assert(count > 0 && count <= BLEND_MEMBERS_MAX);
    struct blend *blend = xcalloc(1, sizeof(*blend));
    blend->mode = mode;
    blend->count = count;
    blend->items_max = (size_t)items_max;
    memcpy(blend->members, members, count * sizeof(*members));
    blend->z = xcalloc(blend->items_max * count, sizeof(float));
    blend->p = xcalloc(blend->items_max, sizeof(float));
    blend->candidate = xcalloc(blend->items_max, 1);
    blend->leader = mode == BLEND_LEADER ? 0 : count;
    topk_init(&blend->top, smaller, NULL);
    for (size_t s = 0; s < BLEND_SEGMENTS; s++) {
        for (size_t m = 0; m < count; m++) { blend->squares[s][m] = SQUARES_FIRST; }
        blend->weights[s][0] = WEIGHT_FIRST;
    }
    return blend;
}

struct blend *blend_free(struct blend *blend)
{
    if (!blend) { return NULL; }
    free(blend->z);
    free(blend->p);
    free(blend->candidate);
    topk_release(&blend->top);
    free(blend);
    return NULL;
}

const struct member *blend_members(const struct blend *blend, size_t *ret_count)
{
    *ret_count = blend->count;
    return blend->members;
}

size_t blend_segment(size_t history_count)
{
    return history_count < SEGMENT_SHORT ? 0 : history_count < SEGMENT_LONG ? 1 : 2;
}

static float *z_of(const struct blend *blend, size_t member)
{
    return blend->z + member * blend->items_max;
}

/* Makes scores z-scores over what is not in the history. */
static void standardise(const struct query *query, float *scores)
{
    for (size_t at = 0; at < query->count; at++) { scores[query->history[at]] = NAN; }
    double sum = 0.0, squares = 0.0;
    int32_t ranked = 0;
    for (int32_t i = 0; i < query->items; i++) {
        if (isnan(scores[i])) { continue; }
        sum += (double)scores[i];
        squares += (double)scores[i] * (double)scores[i];
        ranked++;
    }
    double mean = sum / MAX_OF(ranked, 1);
    double variance = squares / MAX_OF(ranked, 1) - mean * mean;
    float scale = variance > 1e-12 * mean * mean ? (float)(1.0 / sqrt(variance)) : 0.0F;
    for (int32_t i = 0; i < query->items; i++) {
        scores[i] = isnan(scores[i]) ? Z_LEFT_OUT : (scores[i] - (float)mean) * scale;
    }
}

void blend_score(void *self, const struct query *query, float *scores)
{
    struct blend *blend = self;
    assert((size_t)query->items <= blend->items_max);
    const float *weights = blend->weights[blend_segment(query->count)];
    for (size_t m = 0; m < blend->count; m++) {
        float *z = z_of(blend, m);
        blend->members[m].recommender->score(blend->members[m].model, query, z);
        standardise(query, z);
    }
    blend_mix(blend, query, weights, scores);
    memcpy(blend->p, scores, (size_t)query->items * sizeof(*scores));
    if (blend->leader < blend->count) {
        memcpy(scores, z_of(blend, blend->leader), (size_t)query->items * sizeof(*scores));
    }
}

void blend_mix(const struct blend *blend, const struct query *query, const float *weights,
               float *scores)
{
    memset(scores, 0, (size_t)query->items * sizeof(*scores));
    for (size_t m = 0; m < blend->count; m++) {
        const float *z = z_of(blend, m);
        if (weights[m] == 0.0F) { continue; }
        for (int32_t i = 0; i < query->items; i++) { scores[i] += weights[m] * z[i]; }
    }
}

void blend_settle(struct blend *blend, const float *weights)
{
    for (size_t s = 0; s < BLEND_SEGMENTS; s++) {
        memcpy(blend->weights[s], weights, blend->count * sizeof(*weights));
    }
    blend->leader = blend->count;
}

/* Ranks the target; one that the history holds is a miss. */
static double rank_of(const struct query *query, int32_t target, const float *z)
{
    if (z[target] <= Z_LEFT_OUT) { return (double)INFINITY; }
    return hits_rank(z, query->items, target);
}

void blend_count(const struct blend *blend, const struct query *query, int32_t target,
                 struct hits *hits)
{
    for (size_t m = 0; m < blend->count; m++) {
        hits_count(&hits[m], rank_of(query, target, z_of(blend, m)));
    }
}

static void gain_fame(struct blend *blend, size_t contender, double rank)
{
    struct hits hits = {0};
    hits_count(&hits, rank);
    blend->fame[contender] = LEADER_KEPT * blend->fame[contender] + hits.hr10 + hits.ndcg10;
}

/* Lets the best so far answer the next query; the one that answers now stays among equals. */
static void follow_leader(struct blend *blend, const struct query *query, int32_t target)
{
    size_t contenders = blend->count;
    for (size_t m = 0; m < blend->count; m++) {
        gain_fame(blend, m, rank_of(query, target, z_of(blend, m)));
    }
    if (blend->mode == BLEND_LEARNED) {
        gain_fame(blend, contenders++, rank_of(query, target, blend->p));
    }
    for (size_t m = 0; m < contenders; m++) {
        if (blend->fame[m] > blend->fame[blend->leader]) { blend->leader = m; }
    }
}

/* Leaves only what some member has among its first CANDIDATES: the weights are there to order the
 * top of the list, and a likelihood over all items would spend them on its tail. False when the
 * target is none of them. */
static bool select_candidates(struct blend *blend, const struct query *query, int32_t target)
{
    memset(blend->candidate, 0, (size_t)query->items);
    for (size_t m = 0; m < blend->count; m++) {
        const float *z = z_of(blend, m);
        topk_clear(&blend->top, CANDIDATES);
        for (int32_t i = 0; i < query->items; i++) {
            if (z[i] > 0.0F) { topk_push(&blend->top, (double)z[i], i); }
        }
        for (size_t at = 0; at < blend->top.count; at++) {
            blend->candidate[blend->top.entries[at].item] = 1;
        }
    }
    for (int32_t i = 0; i < query->items; i++) {
        if (!blend->candidate[i]) { blend->p[i] = -INFINITY; }
    }
    return blend->candidate[target];
}

/* Turns the kept scores into their softmax. */
static void soften(struct blend *blend, const struct query *query)
{
    float most = -INFINITY, sum = 0.0F;
    for (int32_t i = 0; i < query->items; i++) {
        most = blend->p[i] > most ? blend->p[i] : most;
    }
    for (int32_t i = 0; i < query->items; i++) {
        blend->p[i] = expf(blend->p[i] - most);
        sum += blend->p[i];
    }
    for (int32_t i = 0; i < query->items; i++) { blend->p[i] /= sum; }
}

void blend_teach(struct blend *blend, const struct query *query, int32_t target)
{
    assert(target >= 0 && target < query->items);
    if (z_of(blend, 0)[target] <= Z_LEFT_OUT) { return; }
    follow_leader(blend, query, target);
    if (blend->mode == BLEND_LEADER || !select_candidates(blend, query, target)) { return; }
    soften(blend, query);
    size_t segment = blend_segment(query->count);
    for (size_t m = 0; m < blend->count; m++) {
        const float *z = z_of(blend, m);
        float mean = 0.0F;
        for (int32_t i = 0; i < query->items; i++) { mean += blend->p[i] * z[i]; }
        float gradient = z[target] - mean;
        float *squares = &blend->squares[segment][m];
        *squares += gradient * gradient;
        float *weight = &blend->weights[segment][m];
        *weight += RATE * gradient / sqrtf(*squares);
        *weight = MAX_OF(*weight, 0.0F);
    }
}

const float *blend_weights(const struct blend *blend, size_t segment)
{
    assert(segment < BLEND_SEGMENTS);
    return blend->weights[segment];
}

size_t blend_leader(const struct blend *blend)
{
    return blend->leader;
}
