/* Segment scores: what somebody may like of whom only the segments are known.
 *
 * With the rates of model/segment_counts.h, the score of an item for a user of the segments S is
 *
 *     score_i = log p_i + sum over s in S of w_s log(r_si / p_i),   w_s = |S|^-SEGMENT_POWER
 *
 * With a power of 0 that is naive Bayes, which takes attributes to be independent; with 1 it is the
 * mean, a logarithmic opinion pool (Genest, Zidek, "Combining probability distributions", Stat.
 * Sci. 1, 1986). Attributes say much the same in part, so the power lies between.
 *
 * A segment's list names some of its items. One that it does not name was acted on by at most
 * `rest_users` of its users: where such a rate is below p_i it counts, else the segment says
 * nothing of the item.
 *
 * The reason of an item is the segment that adds most, if one adds anything; its share is that of
 * what all segments add. A pure function of the lists. Memory is reused. One thread.
 */
#ifndef FRESHET_MODEL_SEGMENT_SCORES_H
#define FRESHET_MODEL_SEGMENT_SCORES_H

#include "base/base.h"

#define SEGMENT_POWER 0.5

enum { SEGMENT_NONE = -1 };

/* A segment's list; columns are parallel and borrowed. */
struct segment_list {
    double users, all_users; /* n_s, N */
    double rest_users;
    const int32_t *items; /* each once; below 0: left out */
    const int32_t *item_users, *item_all_users;
    size_t count;
};

struct segment_score {
    int32_t item;
    int32_t segment;  /* that adds most, by its place; SEGMENT_NONE: none adds anything */
    float score;
    float share;      /* of it in what segments add */
    float item_users; /* users of the segment who acted on the item; without one, all */
};

struct segment_scores;

/* Makes it; equal scores are ordered by `before`, a strict total order, which must outlive it. Free
 * with segment_scores_free(). */
struct segment_scores *segment_scores_new(bool (*before)(const void *arg, int32_t a, int32_t b),
                                          const void *arg);
/* Takes NULL; returns NULL. */
struct segment_scores *segment_scores_free(struct segment_scores *scores);
/* Scores all items that one of the segments names, the best one first. Borrowed until the next
 * call; returns how many. What p_i is comes from the first segment that names the item. */
size_t segment_scores_find(struct segment_scores *scores,
                           const struct segment_list *const *segments, size_t count,
                           const struct segment_score **ret_scores);

#endif
