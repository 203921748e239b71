/* Each member's scores of all items become those of a member of the scorer: its best items that the
 * user has not had, and moments over all of these. Counting ranks by its own list; the others give
 * scores by item, of which `seen` leaves the history out. The candidate set and the mixture are
 * then the scorer's own, and the list is told by the places of its items.
 */
#include "base/base.h"
#include "base/byte_vector.h"
#include "base/xalloc.h"
#include "evaluate/models/counting_recommender.h"
#include "evaluate/models/given_vectors.h"
#include "evaluate/models/numbered_items.h"
#include "evaluate/served_mixture.h"
#include "model/candidate_set.h"
#include "model/content_scores.h"

enum { RECENT_ITEMS = 20 };

/* Listed items score 0, -1, -2, ... by rank; items that are not listed score less than all. */
#define UNLISTED (-2.0F * SERVED_CANDIDATES)

struct served_mixture {
    void *counting;
    const struct recommender *sequence;
    void *model;
    const struct recommender *users; /* NULL: no member */
    void *users_model;
    struct content_scores *content; /* NULL: nothing is known of the items */
    struct ids *ids;                /* item numbers as texts: they order equal scores */
    struct candidate_set candidates;
    struct mixture mixture;
    struct best_candidates best; /* of the last query */
    struct topk sequence_top, content_top, users_top;
    struct topk_entry counted[SERVED_CANDIDATES];
    float *sequence_scores; /* by item */
    float *users_scores;    /* as well */
    float *weights;         /* of a history: all 1 */
    size_t weights_count;
    uint32_t *seen; /* by item: the last query whose history had it */
    uint32_t queries;
};

/* Words of titles, and pairs of these, are an aspect of their own (dataset.c). */
static enum content_aspect aspect_of(const struct model_context *context, uint32_t feature)
{
    struct slice name = context->features ? ids_text(context->features, (int32_t)feature)
                                          : (struct slice){0};
    bool word = name.size > 2 && name.data[1] == ':' && (name.data[0] == 'w' ||
                                                         name.data[0] == 'b');
    return word ? ASPECT_WORDS : ASPECT_TAGS;
}

static void describe(struct content_scores *scores, const struct model_context *context,
                     int32_t item)
{
    size_t count;
    const uint32_t *features = content_features(context->content, item, &count);
    for (size_t k = 0; k < count; k++) {
        content_scores_set_aspect(scores, features[k], aspect_of(context, features[k]));
    }
    (void)content_scores_describe(scores, item, features, count);
}

/* Gives an item its vector, as bytes. */
static void give_vector(struct content_scores *scores, const struct given_vectors *vectors,
                        int32_t item)
{
    int8_t bytes[GIVEN_VECTORS_WIDTH_MAX];
    const float *numbers = given_vectors_of(vectors, item);
    const size_t width = given_vectors_width(vectors);
    if (!numbers || !(byte_vector_make(numbers, width, bytes) > 0.0F)) { return; }
    (void)content_scores_set_vector(scores, item, CONTENT_TEXT, bytes, width);
}

static struct content_scores *describe_all(const struct model_context *context,
                                           const struct ids *ids)
{
    if (!context->content && !context->vectors) { return NULL; }
    struct content_scores *scores = content_scores_new(context->items_max, RECENT_ITEMS, ids);
    for (int32_t item = 0; item < context->items_max; item++) {
        if (context->content) { describe(scores, context, item); }
        if (context->vectors) { give_vector(scores, context->vectors, item); }
    }
    return scores;
}

struct served_mixture *served_mixture_new(const struct model_context *context, void *counting,
                                          const struct recommender *sequence, void *model)
{
    struct served_mixture *served = xcalloc(1, sizeof(*served));
    size_t items = (size_t)context->items_max;
    served->counting = counting;
    served->sequence = sequence;
    served->model = model;
    served->ids = numbered_items_new(context->items_max);
    served->content = describe_all(context, served->ids);
    served->sequence_scores = xcalloc(items, sizeof(float));
    served->users_scores = xcalloc(items, sizeof(float));
    served->seen = xcalloc(items, sizeof(*served->seen));
    mixture_init(&served->mixture);
    candidate_set_init(&served->candidates, served->ids);
    topk_init(&served->sequence_top, ids_before, served->ids);
    topk_init(&served->content_top, ids_before, served->ids);
    topk_init(&served->users_top, ids_before, served->ids);
    return served;
}

void served_mixture_use_users(struct served_mixture *served, const struct recommender *users,
                              void *model)
{
    served->users = users;
    served->users_model = model;
}

struct served_mixture *served_mixture_free(struct served_mixture *served)
{
    if (!served) { return NULL; }
    topk_release(&served->users_top);
    topk_release(&served->content_top);
    topk_release(&served->sequence_top);
    candidate_set_release(&served->candidates);
    content_scores_free(served->content);
    ids_free(served->ids);
    free(served->sequence_scores);
    free(served->users_scores);
    free(served->weights);
    free(served->seen);
    free(served);
    return NULL;
}

/* ---- The members' scores ---- */

static bool counting_score(const void *arg, int32_t item, float *ret_score)
{
    *ret_score = ranking_score(arg, item);
    return true;
}

static bool sequence_score(const void *arg, int32_t item, float *ret_score)
{
    const struct served_mixture *served = arg;
    *ret_score = served->sequence_scores[item];
    return true;
}

static bool content_score(const void *arg, int32_t item, float *ret_score)
{
    *ret_score = content_scores_of(arg, item);
    return true;
}

/* Marks the history's items; counts the others. */
static double mark_history(struct served_mixture *served, const struct query *query)
{
    double others = query->items;
    served->queries++;
    for (size_t k = 0; k < query->count; k++) {
        uint32_t *seen = &served->seen[query->history[k]];
        others -= *seen != served->queries;
        *seen = served->queries;
    }
    return MAX_OF(others, 1.0);
}

static struct member_scores ask_counting(struct served_mixture *served,
                                         const struct ranked *ranked, size_t ranked_count,
                                         double others)
{
    const struct ranking *ranking = counting_recommender_ranking(served->counting);
    struct ranking_sums sums = ranking_sums(ranking);
    size_t count = 0;
    for (; count < ranked_count && ranked[count].score >= 0.0F; count++) {
        served->counted[count] = (struct topk_entry){(double)ranked[count].score,
                                                     ranked[count].item};
    }
    return (struct member_scores){
        .score = counting_score,
        .arg = ranking,
        .moments = member_moments(sums.scores, sums.squares, others),
        .best = served->counted,
        .best_count = count,
    };
}

/* A model that gives all items the same score has no candidates. */
static struct member_scores ask_sequence(struct served_mixture *served, const struct query *query,
                                         double others)
{
    float *scores = served->sequence_scores;
    double sum = 0.0, squares = 0.0;
    served->sequence->score(served->model, query, scores);
    topk_clear(&served->sequence_top, SERVED_CANDIDATES);
    for (int32_t item = 0; item < query->items; item++) {
        if (served->seen[item] == served->queries) { continue; }
        sum += (double)scores[item];
        squares += (double)scores[item] * (double)scores[item];
        topk_push(&served->sequence_top, (double)scores[item], item);
    }
    topk_sort(&served->sequence_top);
    struct member_moments moments = member_moments(sum, squares, others);
    return (struct member_scores){
        .score = moments.scale > 0.0 && query->count ? sequence_score : NULL,
        .arg = served,
        .moments = moments,
        .best = served->sequence_top.entries,
        .best_count = served->sequence_top.count,
    };
}

static void reserve_weights(struct served_mixture *served, size_t count)
{
    if (count <= served->weights_count) { return; }
    served->weights = xreallocarray(served->weights, count, sizeof(*served->weights));
    while (served->weights_count < count) { served->weights[served->weights_count++] = 1.0F; }
}

static struct member_scores ask_content(struct served_mixture *served, const struct query *query,
                                        double others)
{
    const int32_t *items;
    double sum = 0.0, squares = 0.0;
    if (!served->content) { return (struct member_scores){0}; }
    reserve_weights(served, query->count);
    size_t count = content_scores_find(served->content, query->history, served->weights,
                                       query->count, &items);
    topk_clear(&served->content_top, SERVED_CANDIDATES);
    for (size_t k = 0; k < count; k++) {
        if (items[k] >= query->items || served->seen[items[k]] == served->queries) { continue; }
        double score = (double)content_scores_of(served->content, items[k]);
        sum += score;
        squares += score * score;
        topk_push(&served->content_top, score, items[k]);
    }
    topk_sort(&served->content_top);
    return (struct member_scores){
        .score = served->content_top.count ? content_score : NULL,
        .arg = served->content,
        .moments = member_moments(sum, squares, others),
        .best = served->content_top.entries,
        .best_count = served->content_top.count,
    };
}

static bool users_score(const void *arg, int32_t item, float *ret_score)
{
    const struct served_mixture *served = arg;
    *ret_score = served->users_scores[item];
    return true;
}

static struct member_scores ask_users(struct served_mixture *served, const struct query *query,
                                      double others)
{
    float *scores = served->users_scores;
    double sum = 0.0, squares = 0.0;
    if (!served->users) { return (struct member_scores){0}; }
    served->users->score(served->users_model, query, scores);
    topk_clear(&served->users_top, SERVED_CANDIDATES);
    for (int32_t item = 0; item < query->items; item++) {
        if (served->seen[item] == served->queries || !(scores[item] > 0.0F)) { continue; }
        sum += (double)scores[item];
        squares += (double)scores[item] * (double)scores[item];
        topk_push(&served->users_top, (double)scores[item], item);
    }
    topk_sort(&served->users_top);
    return (struct member_scores){
        .score = served->users_top.count ? users_score : NULL,
        .arg = served,
        .moments = member_moments(sum, squares, others),
        .best = served->users_top.entries,
        .best_count = served->users_top.count,
    };
}

/* ---- The list ---- */

/* Ranks the candidates by the leader's scores; returns how many are listed. */
static size_t list_candidates(struct served_mixture *served, enum mixture_segment segment,
                              float *scores)
{
    const struct topk_entry *order;
    size_t count = candidate_set_rank(&served->candidates, &served->mixture, segment,
                                      mixture_leader(&served->mixture, segment),
                                      SERVED_LIST_LENGTH, &order);
    for (size_t place = 0; place < count; place++) {
        scores[served->candidates.items[order[place].item]] = -(float)place;
    }
    return count;
}

void served_mixture_score(void *self, const struct query *query, float *scores)
{
    struct served_mixture *served = self;
    const struct ranked *ranked;
    size_t ranked_count =
        counting_recommender_list(served->counting, query, SERVED_CANDIDATES, &ranked);
    double others = mark_history(served, query);
    struct member_scores members[MIXTURE_MEMBERS];
    members[MEMBER_COUNTING] = ask_counting(served, ranked, ranked_count, others);
    members[MEMBER_SEQUENCE] = ask_sequence(served, query, others);
    members[MEMBER_CONTENT] = ask_content(served, query, others);
    members[MEMBER_USERS] = ask_users(served, query, others);
    for (int32_t item = 0; item < query->items; item++) { scores[item] = UNLISTED; }
    served->best.count = 0;
    size_t listed = 0;
    if (members[MEMBER_SEQUENCE].score || members[MEMBER_CONTENT].score ||
        members[MEMBER_USERS].score) {
        enum mixture_segment segment = mixture_segment((int64_t)query->count);
        served->candidates.actions = (struct item_actions){
            ranking_actions, counting_recommender_ranking(served->counting)};
        candidate_set_fill(&served->candidates, members);
        candidate_set_score_aspects(&served->candidates, served->content);
        candidate_set_best(&served->candidates, &served->best);
        bool counting_leads = mixture_leader(&served->mixture, segment) == MEMBER_COUNTING;
        if (!counting_leads) { listed = list_candidates(served, segment, scores); }
    }
    for (size_t k = 0; k < ranked_count && listed < SERVED_LIST_LENGTH; k++) {
        float *score = &scores[ranked[k].item];
        if (*score <= UNLISTED) { *score = -(float)listed++; }
    }
}

void served_mixture_learn(void *self, const struct query *query, int32_t target)
{
    struct served_mixture *served = self;
    if (!served->best.count) { return; }
    best_candidates_learn(&served->best, &served->mixture, mixture_segment((int64_t)query->count),
                          target);
}

int served_mixture_leader(const struct served_mixture *served, enum mixture_segment segment)
{
    return mixture_leader(&served->mixture, segment);
}
