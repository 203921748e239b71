#include "base/base.h"
#include "model/candidate_set.h"
#include "model/imputed_scores.h"
#include "model/lanes.h"
#include "model/signed_log.h"

/* The members whose scores are sums of evidence. */
static const bool long_tailed[MIXTURE_MEMBERS] = {
    [MEMBER_COUNTING] = true,
    [MEMBER_CONTENT] = true,
    [MEMBER_USERS] = true,
};

/* The members that know items by users' actions alone. */
static const bool by_actions[MIXTURE_MEMBERS] = {
    [MEMBER_COUNTING] = true,
    [MEMBER_USERS] = true,
};

static bool candidate_before(const void *arg, int32_t a, int32_t b)
{
    const struct candidate_set *set = arg;
    return ids_before(set->ids, set->items[a], set->items[b]);
}

void candidate_set_init(struct candidate_set *set, const struct ids *ids)
{
    set->ids = ids;
    set->actions = (struct item_actions){0};
    set->zscores.count = 0;
    topk_init(&set->top, candidate_before, set);
}

void candidate_set_release(struct candidate_set *set)
{
    topk_release(&set->top);
}

/* ---- z-scores ---- */

struct member_moments member_moments(double sum, double squares, double count)
{
    double mean = sum / count, variance = squares / count - mean * mean;
    bool varies = variance > 1e-12 * mean * mean && variance > 0.0;
    return (struct member_moments){mean, varies ? 1.0 / sqrt(variance) : 0.0};
}

static float z_score(const struct member_moments *moments, float score)
{
    return (float)(((double)score - moments->mean) * moments->scale);
}

/* Writes the z-scores of a member, which is not flattened, for all items of the set. */
static void write_z(struct candidate_set *set, const struct member_scores *member, float *z)
{
    const size_t count = set->zscores.count;
    float score;
    memset(z, 0, count * sizeof(*z));
    for (size_t k = 0; member->score && k < count; k++) {
        if (!member->score(member->arg, set->items[k], &score)) { continue; }
        z[k] = z_score(&member->moments, score);
    }
}

/* ---- The set ---- */

_Static_assert((int)CANDIDATE_SLOTS >= 2 * (int)MIXTURE_CANDIDATES_MAX, "slots stay free");

/* Finds an item's slot, which is free where the set does not have it. */
static size_t slot_of(const struct candidate_set *set, int32_t item)
{
    size_t slot = (uint32_t)item * 2654435769U >> 16 & (CANDIDATE_SLOTS - 1); /* Knuth */
    for (; set->slots[slot]; slot = (slot + 1) & (CANDIDATE_SLOTS - 1)) {
        if (set->items[set->slots[slot] - 1] == item) { break; }
    }
    return slot;
}

/* Returns the index of an item, which is added if the set does not have it. */
static size_t add(struct candidate_set *set, int32_t item)
{
    size_t slot = slot_of(set, item);
    if (set->slots[slot]) { return (size_t)set->slots[slot] - 1; }
    const size_t at = set->zscores.count++;
    assert(at < MIXTURE_CANDIDATES_MAX);
    set->slots[slot] = (int16_t)(at + 1);
    set->items[at] = item;
    set->found[at] = false;
    return at;
}

/* Adds the best items of a member. */
static void add_best(struct candidate_set *set, const struct member_scores *member, bool finds)
{
    for (size_t k = 0; member->score && k < member->best_count; k++) {
        size_t at = add(set, member->best[k].item);
        set->found[at] = set->found[at] || finds;
    }
}

/* Returns the least z-score of a member's first BEST_EACH items, which so many others can hardly
 * reach; minus infinity when it has fewer. */
static float bound_of(const struct candidate_set *set, const struct member_scores *member,
                      const float *z)
{
    float least = INFINITY;
    if (!member->score || member->best_count < BEST_EACH) { return -INFINITY; }
    for (size_t k = 0; k < BEST_EACH; k++) {
        least = MIN_OF(least, z[set->slots[slot_of(set, member->best[k].item)] - 1]);
    }
    return least;
}

void candidate_set_fill(struct candidate_set *set, const struct member_scores *members)
{
    bool any = false;
    set->zscores.count = 0;
    memset(set->slots, 0, sizeof(set->slots));
    for (size_t m = 0; m < MIXTURE_MEMBERS; m++) {
        bool finds = !by_actions[m];
        add_best(set, &members[m], finds);
        any = any || (finds && members[m].score && members[m].best_count);
    }
    const size_t count = set->zscores.count;
    for (size_t m = 0; m < MIXTURE_MEMBERS; m++) {
        float *z = set->zscores.z[m];
        write_z(set, &members[m], z);
        if (long_tailed[m]) { signed_log(z, count); }
        set->bounds[m] = bound_of(set, &members[m], z);
    }
    if (!any) { memset(set->found, true, count * sizeof(*set->found)); }
    for (size_t a = MIXTURE_MEMBERS; a < MIXTURE_INPUTS; a++) {
        memset(set->zscores.z[a], 0, count * sizeof(set->zscores.z[a][0]));
    }
}

float *candidate_set_aspects(struct candidate_set *set)
{
    return set->zscores.z[MIXTURE_MEMBERS];
}

void candidate_set_scale_aspects(struct candidate_set *set)
{
    const size_t count = set->zscores.count;
    for (size_t a = MIXTURE_MEMBERS; count && a < MIXTURE_INPUTS; a++) {
        float *z = set->zscores.z[a];
        double sum, squares;
        lanes_sums(z, count, &sum, &squares);
        const struct member_moments moments = member_moments(sum, squares, (double)count);
        if (!(moments.scale > 0.0)) { /* as most of them are */
            memset(z, 0, count * sizeof(*z));
            continue;
        }
        for (size_t k = 0; k < count; k++) { z[k] = z_score(&moments, z[k]); }
        signed_log(z, count);
    }
}

_Static_assert((int)ASPECTS == (int)MIXTURE_ASPECTS, "a weight for each aspect");

void candidate_set_score_aspects(struct candidate_set *set, struct content_scores *content_scores)
{
    if (!content_scores) { return; }
    content_scores_by_aspect(content_scores, set->items, set->zscores.count,
                             candidate_set_aspects(set), MIXTURE_CANDIDATES_MAX);
    candidate_set_scale_aspects(set);
}

/* Adds what is imputed to the mixture's scores. */
static void add_imputed(struct candidate_set *set, const float *weights)
{
    float actions[MIXTURE_CANDIDATES_MAX], lifts[MIXTURE_CANDIDATES_MAX];
    const struct imputed_evidence evidence = {
        .actions = actions, .found = set->found, .by_actions = by_actions};
    size_t count = set->zscores.count;
    for (size_t k = 0; k < count; k++) {
        actions[k] = (float)set->actions.of(set->actions.arg, set->items[k]);
    }
    for (size_t m = 0; m < MIXTURE_MEMBERS; m++) {
        if (!by_actions[m] || !(weights[m] > 0.0F)) { continue; }
        imputed_scores_find(&set->zscores, &evidence, m, lifts);
        for (size_t k = 0; k < count; k++) { set->scores[k] += weights[m] * lifts[k]; }
    }
}

static void lower_shown(struct candidate_set *set)
{
    size_t count = set->zscores.count;
    float least = count ? set->scores[0] : 0.0F;
    for (size_t k = 0; k < count; k++) { least = MIN_OF(least, set->scores[k]); }
    for (size_t s = 0; s < set->shown.count; s++) {
        for (size_t k = 0; k < count; k++) {
            if (set->items[k] != set->shown.at[s].item) { continue; }
            set->scores[k] = least + (set->scores[k] - least) * set->shown.at[s].factor;
        }
    }
}

size_t candidate_set_rank(struct candidate_set *set, const struct mixture *mixture,
                          enum mixture_segment segment, int contender, size_t length,
                          const struct topk_entry **ret_entries)
{
    mixture_score(mixture, segment, contender, &set->zscores, set->scores);
    if (contender == MIXTURE_MEMBERS && set->actions.of) {
        add_imputed(set, mixture->parts[segment].weights);
    }
    if (set->shown.count) { lower_shown(set); }
    topk_clear(&set->top, length);
    for (size_t k = 0; k < set->zscores.count; k++) {
        topk_push(&set->top, (double)set->scores[k], (int32_t)k);
    }
    topk_sort(&set->top);
    *ret_entries = set->top.entries;
    return set->top.count;
}

/* ---- Learning ---- */

/* A z-score of an aspect as it is kept, and back. */
static int8_t keep_aspect(float z)
{
    return (int8_t)lrintf(MIN_OF(MAX_OF(z * (float)ASPECT_STEPS, -127.0F), 127.0F));
}

static float kept_aspect(int8_t z)
{
    return (float)z / (float)ASPECT_STEPS;
}

/* Offers the candidates whose z-score by a member reaches a bound; 0 says nothing. */
static void offer_reaching(struct candidate_set *set, const float *z, float bound)
{
    topk_clear(&set->top, BEST_EACH);
    for (size_t k = 0; k < set->zscores.count; k++) {
        if (z[k] >= bound && z[k] != 0.0F) { topk_push(&set->top, (double)z[k], (int32_t)k); }
    }
}

/* Sorts the first candidates of a member into `top`. Most of its z-scores may be equal, so what
 * does not reach the bound is not offered, unless too few do. */
static void find_best(struct candidate_set *set, size_t member)
{
    const float *z = set->zscores.z[member];
    offer_reaching(set, z, set->bounds[member]);
    if (set->top.count < BEST_EACH) { offer_reaching(set, z, -INFINITY); }
    topk_sort(&set->top);
}

void candidate_set_best(struct candidate_set *set, struct best_candidates *ret_best)
{
    bool taken[MIXTURE_CANDIDATES_MAX] = {false};
    ret_best->count = 0;
    for (size_t m = 0; m < MIXTURE_MEMBERS; m++) {
        find_best(set, m);
        for (size_t t = 0; t < set->top.count; t++) {
            size_t k = (size_t)set->top.entries[t].item;
            if (taken[k]) { continue; }
            taken[k] = true;
            ret_best->items[ret_best->count] = set->items[k];
            for (size_t of = 0; of < MIXTURE_MEMBERS; of++) {
                ret_best->z[of][ret_best->count] = set->zscores.z[of][k];
            }
            for (size_t a = 0; a < MIXTURE_ASPECTS; a++) {
                ret_best->aspects[a][ret_best->count] =
                    keep_aspect(set->zscores.z[MIXTURE_MEMBERS + a][k]);
            }
            ret_best->count++;
        }
    }
}

void best_candidates_learn(const struct best_candidates *best, struct mixture *mixture,
                           enum mixture_segment segment, int32_t item)
{
    static _Thread_local struct mixture_candidates candidates;
    int target = -1;
    candidates.count = best->count;
    for (size_t k = 0; k < best->count; k++) {
        for (size_t m = 0; m < MIXTURE_MEMBERS; m++) { candidates.z[m][k] = best->z[m][k]; }
        for (size_t a = 0; a < MIXTURE_ASPECTS; a++) {
            candidates.z[MIXTURE_MEMBERS + a][k] = kept_aspect(best->aspects[a][k]);
        }
        if (best->items[k] == item) { target = (int)k; }
    }
    mixture_learn(mixture, segment, &candidates, target);
}
