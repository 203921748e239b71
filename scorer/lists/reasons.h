/* Reasons: why an item is on a list that counting did not make alone.
 *
 * Counting's reason is the recent item with the largest part of its score
 * (model/counting/ranking.h). The Transformer's is the recent item whose vector is most like the
 * item's: the largest of the positive products; its share is that of their sum. Content's is the
 * recent item with the largest part of its score (model/content_scores.h). That of users who act
 * alike is how many of them chose the item (model/alike_users.h). The member that adds
 * most to the item's score is asked first, then the others. Where none has a reason, the item is
 * popular, or new if nobody has acted on it. A pure function of the history and the tables. One
 * thread.
 */
#ifndef FRESHET_SCORER_LISTS_REASONS_H
#define FRESHET_SCORER_LISTS_REASONS_H

#include "model/alike_users.h"
#include "model/candidate_set.h"
#include "model/content_scores.h"
#include "model/counting/ranking.h"
#include "scorer/lists/vectors.h"

enum { REASON_RECENT_ITEMS = 32 };

/* What the reasons of one list are found from; all pointers are borrowed. */
struct reasons {
    const struct served *served;                 /* NULL: no Transformer */
    const struct content_scores *content_scores; /* of this history; NULL: none */
    const struct alike_users *alike;             /* as well */
    const struct item_table *table;
    const int32_t *items; /* the history, oldest first */
    const float *weights;
    size_t count;
    bool picked; /* the rest is filled in by reasons_find() */
    size_t recent_count;
    int32_t recent[REASON_RECENT_ITEMS]; /* newest first, each once */
    const float *vectors[REASON_RECENT_ITEMS];
};

/* Returns an item's entry in a list, without its score. `member` adds most to the score; `counted`
 * is counting's own entry, NULL when counting did not choose the item. */
struct ranked reasons_find(struct reasons *reasons, int32_t item, int member,
                           const struct ranked *counted);

#endif
