/* Ranking: makes a list from a user's newest actions and the item-item table.
 *
 *     A_i   = sum over r of r^-g * h^(r-1) * K[j_r][i]       j_1 the newest recent item
 *     S_i   = sum over r of r^-g * h^(r-1) * sim(j_r, i)
 *     X_i   = sum over r of r^-g * h^(r-1) * strength(k:j_r, i)
 *     score = directed * A_i / max A + symmetric * S_i / max S + cross * X_i / max X
 *           + popularity * sqrt(n_i) / max sqrt(n)
 *
 * K and n as in model/counting/item_table.h, sim by the table's measure
 * (model/counting/similarity.h). X is of all kinds k of actions that the user did on j_r, where
 * cross pairs are counted (model/counting/cross_table.h). The recent items are the user's newest
 * distinct ones; an item whose newest action has weight 0 (a dislike) adds nothing; the newest ones
 * take off A and S, in the same way, what they would add, times dislike_weight. What is at 0 then
 * fills up last. max A, max S and max X run over the candidates that may be listed, max sqrt(n)
 * over all items.
 *
 * Candidates are the neighbours of the recent items with A_i, S_i or X_i > 0, without items that
 * the user has had and items that are barred. If there are too few for a list, it is filled up:
 * first with trending and popular items in turn, from the best 256 of each; then with all other
 * items, those with most actions first. So a list is short only when nothing else may be listed.
 *
 * The same history and the same tables give the same list, bit for bit. It does not depend on the
 * items' numbers or on the order in which rows arrived: sums run over the recent items, newest
 * first; equal scores are ordered by id.
 *
 * All memory is the ranking's own and is reused from list to list. One thread.
 */
#ifndef FRESHET_MODEL_COUNTING_RANKING_H
#define FRESHET_MODEL_COUNTING_RANKING_H

#include "base/base.h"
#include "model/counting/cross_table.h"
#include "model/counting/item_flags.h"
#include "model/counting/item_table.h"
#include "model/ids.h"
#include "model/shown_items.h"

struct ranking_settings {
    size_t recent_items;      /* how many recent items count */
    double recency_decay;     /* h */
    double recency_power;     /* g */
    double directed_weight;   /* of A */
    double symmetric_weight;  /* of S; 0: not computed */
    double popularity_weight; /* of the popularity term; 0: not computed */
    double cross_weight;      /* of X; 0: not computed */
    double weights_power;     /* of a recent item's weight, as a part of the greatest; 0: none */
    double dislike_weight;    /* of what disliked items take off A and S; 0: nothing */
};

struct ranking_request {
    /* The user's newest actions, oldest first; ID_NONE where the item has no number. */
    const int32_t *items;
    const float *weights;
    const int32_t *kinds; /* NULL: not known */
    const float *strengths; /* what weights_power goes by; NULL: the weights */
    size_t count;
    /* Further items that the user has had. */
    const int32_t *seen;
    size_t seen_count;
    size_t length; /* of the list */
    struct item_flags flags;
    struct shown_items shown; /* their A_i and S_i are multiplied; they fill up last */
};

enum ranked_reason {
    RANKED_BECAUSE,  /* of `because` */
    RANKED_TRENDING,
    RANKED_POPULAR,
    RANKED_NEW, /* never acted on */
    RANKED_ALIKE, /* content: like `because`; never by ranking_list() */
    RANKED_CROSS, /* users who did one kind of action on `because` did another one on it */
    RANKED_BROUGHT, /* a platform brought it: `because` numbers the source; never by it as well */
    RANKED_SEGMENT, /* users of a segment act on it: `because` numbers that; never by it either */
    RANKED_QUERY, /* it matches what the user searched for; never by ranking_list() */
    RANKED_CONTEXT, /* users act on it in this context: `because` numbers the indicator; as well */
    RANKED_USERS, /* users who act alike chose it; as well */
    RANKED_AGAIN, /* the user's own, by rules: due again; never by ranking_list() */
};

struct ranked {
    int32_t item;
    int32_t because; /* the recent item with the largest part in the score; else ID_NONE */
    float score;     /* -1, -2, ... for items that fill up */
    float evidence;  /* co-rating with `because`, or users of the cross pair, or actions on the
                      * item; at the common epoch */
    float share;     /* of `because` in what the recent items add: 0 to 1; 0: there is none */
    enum ranked_reason reason;
};

struct ranking;

/* Makes a ranking over a table whose items are numbered by `ids`; both must outlive it. Free with
 * ranking_free(). */
struct ranking *ranking_new(const struct ranking_settings *settings, const struct ids *ids,
                            struct item_table *table);
/* Weights of the terms of a score, instead of those of the settings. */
struct ranking_weights {
    double directed, symmetric, popularity, cross;
};
/* Returns the weights of the settings. */
struct ranking_weights ranking_settings_weights(const struct ranking_settings *settings);
/* Sets the weights of the next lists. */
void ranking_weigh(struct ranking *ranking, const struct ranking_weights *weights);
/* Sets the table of cross pairs, of the same items; borrowed. */
void ranking_use_cross(struct ranking *ranking, struct cross_table *cross);
/* Frees the ranking; takes NULL; returns NULL. */
struct ranking *ranking_free(struct ranking *ranking);
/* Ranks: best first, at most request->length. The list is borrowed until the next call. */
size_t ranking_list(struct ranking *ranking, const struct ranking_request *request,
                    const struct ranked **ret_list);

/* Returns at how many items was looked so far beside candidates: to know the most popular and the
 * most trending ones, and to fill up lists. For a list, that must not grow with the catalogue. */
uint64_t ranking_looked(const struct ranking *ranking);

/* Scores behind the last list, also of items that are not on it, for blending with other models. */

/* Which items might have been listed: those that are neither had by the user nor barred by flags,
 * which are the request's. For loops over many; borrowed until the next list. */
struct ranking_allowance {
    const uint64_t *had; /* a bit an item */
    int32_t end;         /* of the items that the ranking knows */
    const struct item_flags *flags;
};
struct ranking_allowance ranking_allowance(const struct ranking *ranking,
                                           const struct item_flags *flags);
static inline bool allowance_has(const struct ranking_allowance *allowance, int32_t item)
{
    return item < allowance->end && !(allowance->had[item / 64] >> (item % 64) & 1) &&
           !item_flags_barred(allowance->flags, item);
}
/* Says so of one item. */
bool ranking_allows(const struct ranking *ranking, const struct item_flags *flags, int32_t item);
/* Returns an item's score; 0 when no recent item adds to it. */
float ranking_score(const struct ranking *ranking, int32_t item);
/* Returns the actions on an item (item_table_actions()). `ranking` is a struct ranking: this is
 * called through a pointer. */
double ranking_actions(const void *ranking, int32_t item);
/* Sums the scores, and their squares, of all items with a score above 0. */
struct ranking_sums {
    double scores, squares;
};
struct ranking_sums ranking_sums(const struct ranking *ranking);

#endif
