#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/user_items.h"
#include "evaluate/mt19937.h"
#include "evaluate/prequential.h"

struct prequential {
    struct prequential_settings settings;
    struct blend *blend;
    struct served_mixture *mixture; /* NULL: not evaluated */
    const struct member *members;
    size_t members_count;
    struct user_items *pasts; /* by user */
    int32_t known;            /* items */
    int64_t passed;           /* actions */
    struct mt19937 rng;
    float *scores;
    struct ranking_metrics hits[PREQUENTIAL_LISTS];
    struct ranking_metrics fresh[PREQUENTIAL_LISTS];
    struct ranking_metrics member_hits[BLEND_MEMBERS_MAX];
    int32_t users_max;
};

struct prequential *prequential_new(const struct prequential_settings *settings, int32_t users_max,
                                    int32_t items_max, struct blend *blend,
                                    struct served_mixture *mixture)
{
    assert(settings->every > 0);
    struct prequential *prequential = xcalloc(1, sizeof(*prequential));
    prequential->settings = *settings;
    mt19937_init(&prequential->rng, settings->seed);
    prequential->blend = blend;
    prequential->mixture = mixture;
    prequential->members = blend_members(blend, &prequential->members_count);
    prequential->users_max = users_max;
    prequential->pasts = xcalloc((size_t)users_max, sizeof(*prequential->pasts));
    prequential->scores = xcalloc((size_t)items_max, sizeof(*prequential->scores));
    return prequential;
}

struct prequential *prequential_free(struct prequential *prequential)
{
    if (!prequential) { return NULL; }
    for (int32_t user = 0; user < prequential->users_max; user++) {
        free(prequential->pasts[user].items);
    }
    free(prequential->pasts);
    free(prequential->scores);
    free(prequential);
    return NULL;
}

static bool has(const struct user_items *past, int32_t item)
{
    for (size_t at = 0; at < past->count; at++) {
        if (past->items[at] == item) { return true; }
    }
    return false;
}

static void count_miss(struct prequential *prequential)
{
    for (size_t l = 0; l < PREQUENTIAL_LISTS; l++) {
        ranking_metrics_count(&prequential->hits[l], (double)INFINITY);
    }
    for (size_t m = 0; m < prequential->members_count; m++) {
        ranking_metrics_count(&prequential->member_hits[m], (double)INFINITY);
    }
}

/* Counts the item's rank among those that the user has not had. */
static void count_rank(struct prequential *prequential, const struct query *query, int32_t item,
                       enum prequential_list list)
{
    float *scores = prequential->scores;
    for (size_t at = 0; at < query->count; at++) { scores[query->history[at]] = -INFINITY; }
    ranking_metrics_count(&prequential->hits[list],
                          ranking_metrics_rank(scores, query->items, item));
}

/* Scores a query by the blend and the served mixture, which then learn the target; only some
 * predictions are counted. */
static void predict(struct prequential *prequential, const struct user_action *action, bool counts)
{
    const struct user_items *past = &prequential->pasts[action->user];
    int32_t item = action->item;
    const struct query query = {
        .user = action->user,
        .history = past->items,
        .count = past->count,
        .items = prequential->known,
    };
    blend_score(prequential->blend, &query, prequential->scores);
    if (counts) {
        count_rank(prequential, &query, item, PREQUENTIAL_BLEND);
        blend_count(prequential->blend, &query, item, prequential->member_hits);
    }
    blend_learn(prequential->blend, &query, item);
    if (!prequential->mixture) { return; }
    served_mixture_score(prequential->mixture, &query, prequential->scores);
    if (counts) { count_rank(prequential, &query, item, PREQUENTIAL_MIXTURE); }
    served_mixture_learn(prequential->mixture, &query, item);
}

static void count_fresh(struct prequential *prequential, const struct ranking_metrics *before)
{
    for (size_t l = 0; l < PREQUENTIAL_LISTS; l++) {
        struct ranking_metrics *fresh = &prequential->fresh[l];
        fresh->asked++;
        fresh->hr10 += prequential->hits[l].hr10 - before[l].hr10;
        fresh->ndcg10 += prequential->hits[l].ndcg10 - before[l].ndcg10;
        fresh->r20 += prequential->hits[l].r20 - before[l].r20;
    }
}

bool prequential_predict(struct prequential *prequential, const struct user_action *action)
{
    const struct prequential_settings *set = &prequential->settings;
    struct user_items *past = &prequential->pasts[action->user];
    if (prequential->passed <= set->skip) { return false; }
    bool counts = mt19937_unit(&prequential->rng) < 1.0 / set->every;
    bool teaches = counts || (set->learn_every && prequential->passed % set->learn_every == 0);
    bool known = action->item < prequential->known;
    if (!teaches || (!counts && !known) || has(past, action->item)) { return false; }
    struct ranking_metrics was[PREQUENTIAL_LISTS];
    memcpy(was, prequential->hits, sizeof(was));
    if (known) {
        predict(prequential, action, counts);
    } else {
        count_miss(prequential);
    }
    if (counts && past->count == 0) { count_fresh(prequential, was); }
    return true;
}

void prequential_learn(struct prequential *prequential, const struct user_action *action)
{
    struct user_items *past = &prequential->pasts[action->user];
    assert(action->item <= prequential->known);
    const struct training_example example = {
        .user = action->user,
        .item = action->item,
        .rating = action->rating,
        .time_ms = action->ts_ms,
        .before = past->items,
        .before_count = past->count,
    };
    for (size_t m = 0; m < prequential->members_count; m++) {
        prequential->members[m].recommender->learn(prequential->members[m].model, &example);
    }
    user_items_add(past, action->item);
    prequential->known += action->item == prequential->known;
    prequential->passed++;
}

struct ranking_metrics prequential_metrics(const struct prequential *prequential,
                                           enum prequential_list list, bool fresh)
{
    return ranking_metrics_mean(fresh ? &prequential->fresh[list] : &prequential->hits[list]);
}

struct ranking_metrics prequential_member_metrics(const struct prequential *prequential,
                                                  size_t member)
{
    assert(member < prequential->members_count);
    return ranking_metrics_mean(&prequential->member_hits[member]);
}
