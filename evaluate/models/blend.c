/* blend_score() computes every member's z-scores, gathers the candidates (each member's first
 * items), computes their features and scores them by the segment's weights; all other items rank
 * behind them. blend_learn() uses the candidates and features of the last query, so it must follow
 * blend_score() with the same query. Items of the history get Z_LEFT_OUT: a finite z-score so low
 * that their softmax is 0.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/blend.h"
#include "model/topk.h"

enum feature { FEATURE_Z, FEATURE_TAIL, FEATURE_RANK, FEATURES };

/* The least history length of each segment but the first. */
static const size_t segment_begins[BLEND_SEGMENTS - 1] = {1, 5, 20};

#define RATE 0.05F
#define WEIGHT_FIRST 0.2F
#define RANK_SCALE 5.0F
/* Subtracted from the scores of items that are no candidates; more than any score. */
#define REST 1000.0F
#define SQUARES_FIRST 1e-2F
/* The z-score of items in the history: low enough for a softmax of 0, but finite. */
#define Z_LEFT_OUT (-1e30F)
/* The least z-score in a sum, so that sums stay in range. */
#define Z_LEAST (-1e3F)
#define LEADER_KEPT 0.998

enum { NOWHERE = -1 };

/* The candidates of the last query. */
struct candidates {
    int32_t *items; /* room for BLEND_CANDIDATES of each member */
    float *x;       /* members x FEATURES for each candidate */
    float *scores;
    size_t count;
};

struct blend {
    enum blend_mode mode;
    struct member members[BLEND_MEMBERS_MAX];
    size_t count;
    size_t items_max;
    float *z; /* members x items_max: of the last query */
    float weights[BLEND_SEGMENTS][BLEND_MEMBERS_MAX * FEATURES];
    float squares[BLEND_SEGMENTS][BLEND_MEMBERS_MAX * FEATURES];
    double fame[BLEND_MEMBERS_MAX + 1]; /* running objective; the last: of the mixture */
    size_t leader;                      /* count: the mixture */
    struct topk top;
    int32_t *place; /* items_max: among the candidates, or -1 */
    struct candidates candidates;
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
    blend->place = xcalloc(blend->items_max, sizeof(*blend->place));
    for (size_t i = 0; i < blend->items_max; i++) { blend->place[i] = NOWHERE; }
    struct candidates *candidates = &blend->candidates;
    candidates->items = xcalloc(count * BLEND_CANDIDATES, sizeof(*candidates->items));
    candidates->scores = xcalloc(count * BLEND_CANDIDATES, sizeof(*candidates->scores));
    candidates->x = xcalloc(count * BLEND_CANDIDATES * count * FEATURES, sizeof(*candidates->x));
    blend->leader = mode == BLEND_LEADER ? 0 : count;
    topk_init(&blend->top, smaller, NULL);
    for (size_t s = 0; s < BLEND_SEGMENTS; s++) {
        for (size_t f = 0; f < count * FEATURES; f++) { blend->squares[s][f] = SQUARES_FIRST; }
        blend->weights[s][FEATURE_Z] = WEIGHT_FIRST;
    }
    return blend;
}

struct blend *blend_free(struct blend *blend)
{
    if (!blend) { return NULL; }
    free(blend->z);
    free(blend->place);
    free(blend->candidates.items);
    free(blend->candidates.scores);
    free(blend->candidates.x);
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
    size_t segment = 0;
    while (segment < BLEND_SEGMENTS - 1 && history_count >= segment_begins[segment]) { segment++; }
    return segment;
}

static float *z_of(const struct blend *blend, size_t member)
{
    return blend->z + member * blend->items_max;
}

/* Replaces scores by z-scores over the items that are not in the history. */
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

/* ---- Candidates and their features. ---- */

static float *features_of(const struct blend *blend, size_t candidate)
{
    return blend->candidates.x + candidate * blend->count * FEATURES;
}

/* Returns an item's index among the candidates; adds it when it is new. */
static size_t admit(struct blend *blend, int32_t item)
{
    struct candidates *candidates = &blend->candidates;
    if (blend->place[item] == NOWHERE) {
        blend->place[item] = (int32_t)candidates->count;
        memset(features_of(blend, candidates->count), 0,
               blend->count * FEATURES * sizeof(*candidates->x));
        candidates->items[candidates->count++] = item;
    }
    return (size_t)blend->place[item];
}

static void admit_first(struct blend *blend, const struct query *query, size_t member)
{
    const float *z = z_of(blend, member);
    struct topk *top = &blend->top;
    topk_clear(top, BLEND_CANDIDATES);
    for (int32_t i = 0; i < query->items; i++) {
        if (z[i] > 0.0F) { topk_push(top, (double)z[i], i); }
    }
    topk_sort(top);
    const float least = 1.0F / (1.0F + BLEND_CANDIDATES / RANK_SCALE);
    for (size_t r = 0; r < top->count; r++) {
        float *x = features_of(blend, admit(blend, top->entries[r].item));
        x[member * FEATURES + FEATURE_RANK] = 1.0F / (1.0F + (float)r / RANK_SCALE) - least;
    }
}

static void select_candidates(struct blend *blend, const struct query *query)
{
    struct candidates *candidates = &blend->candidates;
    for (size_t c = 0; c < candidates->count; c++) { blend->place[candidates->items[c]] = NOWHERE; }
    candidates->count = 0;
    for (size_t m = 0; m < blend->count; m++) { admit_first(blend, query, m); }
    for (size_t c = 0; c < candidates->count; c++) {
        float *x = features_of(blend, c);
        for (size_t m = 0; m < blend->count; m++, x += FEATURES) {
            float z = z_of(blend, m)[candidates->items[c]];
            x[FEATURE_Z] = z;
            x[FEATURE_TAIL] = z > -.5F ? 2.0F * log1pf(z + .5F) : 0.0F;
        }
    }
}

static void weigh_candidates(struct blend *blend, const float *weights)
{
    for (size_t c = 0; c < blend->candidates.count; c++) {
        const float *x = features_of(blend, c);
        float sum = 0.0F;
        for (size_t f = 0; f < blend->count * FEATURES; f++) { sum += weights[f] * x[f]; }
        blend->candidates.scores[c] = sum;
    }
}

/* ---- Scores. ---- */

static void answer_mixture(const struct blend *blend, const struct query *query,
                           const float *weights, float *scores)
{
    for (int32_t i = 0; i < query->items; i++) { scores[i] = -REST; }
    for (size_t m = 0; m < blend->count; m++) {
        const float *z = z_of(blend, m), weight = weights[m * FEATURES + FEATURE_Z];
        if (weight == 0.0F) { continue; }
        for (int32_t i = 0; i < query->items; i++) { scores[i] += weight * MAX_OF(z[i], Z_LEAST); }
    }
    for (size_t c = 0; c < blend->candidates.count; c++) {
        scores[blend->candidates.items[c]] = blend->candidates.scores[c];
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
    if (blend->mode != BLEND_LEADER) {
        select_candidates(blend, query);
        weigh_candidates(blend, weights);
    }
    if (blend->leader == blend->count) {
        answer_mixture(blend, query, weights, scores);
    } else {
        memcpy(scores, z_of(blend, blend->leader), (size_t)query->items * sizeof(*scores));
    }
}

void blend_lead(struct blend *blend, size_t leader)
{
    assert(leader <= blend->count);
    blend->leader = leader;
}

/* ---- Learning. ---- */

/* Ranks the target by a member; a target in the history is a miss. */
static double rank_of(const struct query *query, int32_t target, const float *z)
{
    if (z[target] <= Z_LEFT_OUT) { return (double)INFINITY; }
    return ranking_metrics_rank(z, query->items, target);
}

/* Ranks the target by the mixture; a target that is no candidate is a miss. */
static double rank_of_mixture(const struct blend *blend, int32_t target)
{
    int32_t place = blend->place[target];
    if (place == NOWHERE) { return (double)INFINITY; }
    return ranking_metrics_rank(blend->candidates.scores, (int32_t)blend->candidates.count, place);
}

void blend_count(const struct blend *blend, const struct query *query, int32_t target,
                 struct ranking_metrics *hits)
{
    for (size_t m = 0; m < blend->count; m++) {
        ranking_metrics_count(&hits[m], rank_of(query, target, z_of(blend, m)));
    }
}

static void gain_fame(struct blend *blend, size_t contender, double rank)
{
    struct ranking_metrics hits = {0};
    ranking_metrics_count(&hits, rank);
    blend->fame[contender] = LEADER_KEPT * blend->fame[contender] + hits.hr10 + hits.ndcg10;
}

/* Makes the best so far the leader; among equals the present leader stays. */
static void follow_leader(struct blend *blend, const struct query *query, int32_t target)
{
    size_t contenders = blend->count;
    for (size_t m = 0; m < blend->count; m++) {
        gain_fame(blend, m, rank_of(query, target, z_of(blend, m)));
    }
    if (blend->mode == BLEND_LEARNED) {
        gain_fame(blend, contenders++, rank_of_mixture(blend, target));
    }
    for (size_t m = 0; m < contenders; m++) {
        if (blend->fame[m] > blend->fame[blend->leader]) { blend->leader = m; }
    }
}

/* Replaces the candidates' scores by their softmax. */
static void soften(struct candidates *candidates)
{
    float most = -INFINITY, sum = 0.0F;
    for (size_t c = 0; c < candidates->count; c++) { most = MAX_OF(most, candidates->scores[c]); }
    for (size_t c = 0; c < candidates->count; c++) {
        candidates->scores[c] = expf(candidates->scores[c] - most);
        sum += candidates->scores[c];
    }
    for (size_t c = 0; c < candidates->count; c++) { candidates->scores[c] /= sum; }
}

/* Takes one gradient step on a segment's weights. */
static void move_weights(struct blend *blend, size_t segment, size_t target)
{
    const struct candidates *candidates = &blend->candidates;
    size_t features = blend->count * FEATURES;
    float gradient[BLEND_MEMBERS_MAX * FEATURES];
    memcpy(gradient, features_of(blend, target), features * sizeof(*gradient));
    for (size_t c = 0; c < candidates->count; c++) {
        const float *x = features_of(blend, c);
        for (size_t f = 0; f < features; f++) { gradient[f] -= candidates->scores[c] * x[f]; }
    }
    for (size_t f = 0; f < features; f++) {
        blend->squares[segment][f] += gradient[f] * gradient[f];
        blend->weights[segment][f] += RATE * gradient[f] / sqrtf(blend->squares[segment][f]);
    }
}

void blend_learn(struct blend *blend, const struct query *query, int32_t target)
{
    assert(target >= 0 && target < query->items);
    if (z_of(blend, 0)[target] <= Z_LEFT_OUT) { return; }
    if (blend->mode != BLEND_MIXTURE) { follow_leader(blend, query, target); }
    if (blend->mode == BLEND_LEADER || blend->place[target] == NOWHERE) { return; }
    soften(&blend->candidates);
    move_weights(blend, blend_segment(query->count), (size_t)blend->place[target]);
}

float blend_weight(const struct blend *blend, size_t segment, size_t member)
{
    assert(segment < BLEND_SEGMENTS && member < blend->count);
    const float *weights = blend->weights[segment] + member * FEATURES;
    return weights[FEATURE_Z] + weights[FEATURE_TAIL] + weights[FEATURE_RANK];
}

size_t blend_leader(const struct blend *blend)
{
    return blend->leader;
}
