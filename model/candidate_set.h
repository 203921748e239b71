/* Candidate set: the best items of the members of a mixture, with every member's z-score of each.
 * The scorer and `freshet evaluate` make lists from it.
 *
 * A member scores items on a scale of its own. A z-score is relative to all items that the user has
 * not had. An item that the member does not know gets 0, the mean; so do all items of a member
 * without scores. The scores of counting, content and alike users are sums of evidence with a long
 * tail, which would dominate a weighted sum of z-scores. Their z-scores therefore become sign(z)
 * log(1 + |z|), which is on the scale of a softmax's logits.
 *
 * Aspects of content have no candidates and no moments over all items: their z-scores are relative
 * to the candidates, which is all that a softmax over these sees, and flattened, too.
 *
 * Where the actions on items are known, and the mixture ranks, the members that know items by
 * actions alone are not taken at their word about new ones (imputed_scores.h). Learning is by the
 * members' own z-scores.
 *
 * Items are in the order of the members, then in each member's own order, without repeats. All
 * memory is the set's own. One thread.
 */
#ifndef FRESHET_MODEL_CANDIDATE_SET_H
#define FRESHET_MODEL_CANDIDATE_SET_H

#include "base/base.h"
#include "model/content_scores.h"
#include "model/ids.h"
#include "model/mixture.h"
#include "model/shown_items.h"
#include "model/topk.h"

/* Members of the mixture, in its order. */
enum { MEMBER_COUNTING, MEMBER_SEQUENCE, MEMBER_CONTENT, MEMBER_USERS };

/* The scale of a member's scores. */
struct member_moments {
    double mean;
    double scale; /* 1 / deviation; 0 when all scores are the same */
};

/* One member's scores for one user. */
struct member_scores {
    /* Scores an item; false when the member does not know it. NULL: the member has no scores. */
    bool (*score)(const void *arg, int32_t item, float *ret_score);
    const void *arg;
    struct member_moments moments;
    const struct topk_entry *best; /* its best items that may be listed, best first; borrowed */
    size_t best_count;
};

enum { BEST_EACH = 10, BEST_CANDIDATES = BEST_EACH * MIXTURE_MEMBERS };
enum { CANDIDATE_SLOTS = 2048 }; /* at least twice as many as candidates; a power of two */

/* Tells how many actions there are on an item. */
struct item_actions {
    double (*of)(const void *arg, int32_t item); /* NULL: not known */
    const void *arg;
};

struct candidate_set {
    const struct ids *ids; /* borrowed: equal scores are ordered by id */
    struct item_actions actions; /* set by the owner; none at first */
    struct topk top;       /* of indices into `items` */
    int32_t items[MIXTURE_CANDIDATES_MAX];
    struct mixture_candidates zscores;
    float bounds[MIXTURE_MEMBERS]; /* the least z-score of a member's first BEST_EACH; or less */
    bool found[MIXTURE_CANDIDATES_MAX]; /* by a member that needs no actions; all: none has any */
    float scores[MIXTURE_CANDIDATES_MAX]; /* of candidate_set_rank() */
    struct shown_items shown; /* nearer to the least score by their factors; borrowed */
    int16_t slots[CANDIDATE_SLOTS]; /* by a hash of the item: its index + 1, or that of another one,
                                     * then the next slot; 0: none */
};

/* All inputs' z-scores of the first ten candidates of each member: what a mixture learns from when
 * the user's next action is known. */
struct best_candidates {
    uint8_t count; /* 0: none */
    int32_t items[BEST_CANDIDATES];
    float z[MIXTURE_MEMBERS][BEST_CANDIDATES];
    int8_t aspects[MIXTURE_ASPECTS][BEST_CANDIDATES]; /* in units of 1 / ASPECT_STEPS */
};

enum { ASPECT_STEPS = 32 };

/* Computes moments from the sum of `count` scores and that of their squares. */
struct member_moments member_moments(double sum, double squares, double count);

/* Prepares an empty set in place: it must not be moved. */
void candidate_set_init(struct candidate_set *set, const struct ids *ids);
/* Frees the memory. */
void candidate_set_release(struct candidate_set *set);
/* Fills the set from the scores of MIXTURE_MEMBERS members; a member without scores has no
 * candidates. All candidates together must fit. */
void candidate_set_fill(struct candidate_set *set, const struct member_scores *members);
/* Lends the candidates' scores by each aspect, all 0 after the set was filled: MIXTURE_ASPECTS rows
 * of MIXTURE_CANDIDATES_MAX numbers. candidate_set_scale_aspects() makes z-scores of them. */
float *candidate_set_aspects(struct candidate_set *set);
void candidate_set_scale_aspects(struct candidate_set *set);
/* Does both, by the recent items of the last content_scores_find(); NULL: nothing is known of the
 * items. */
void candidate_set_score_aspects(struct candidate_set *set, struct content_scores *content_scores);
/* Ranks the candidates by a contender's scores, which are left in set->scores. Returns how many
 * there are, at most `length`; the entries name indices into set->items and are borrowed until the
 * next call. */
size_t candidate_set_rank(struct candidate_set *set, const struct mixture *mixture,
                          enum mixture_segment segment, int contender, size_t length,
                          const struct topk_entry **ret_entries);
/* Picks the first ten candidates of each member. */
void candidate_set_best(struct candidate_set *set, struct best_candidates *ret_best);
/* Trains a mixture: this item came next. */
void best_candidates_learn(const struct best_candidates *best, struct mixture *mixture,
                           enum mixture_segment segment, int32_t item);

#endif
